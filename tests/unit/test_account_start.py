"""What a run whose orders go to an exchange is refused for before anything is asked there."""

from decimal import Decimal
from typing import Any

import pytest

from hydra.domain import TradingMode
from hydra.errors import StopError
from hydra.runtime.account_start import refuse_unmeant, warning_of
from hydra.settings import CONFIRMATION, Settings

LIVE, TESTNET = TradingMode.LIVE, TradingMode.TESTNET


def settings(mode: TradingMode, **more: Any) -> Settings:
    return Settings.model_construct(trading_mode=mode, **more)


@pytest.mark.parametrize(
    ("given", "exchange", "sentence"),
    [
        (settings(LIVE, live_confirmation=CONFIRMATION), None, "name it with --exchange"),
        (settings(TESTNET), None, "name it with --exchange"),
        (settings(LIVE), "simulated", f'set LIVE_CONFIRMATION="{CONFIRMATION}"'),
        (settings(LIVE, live_confirmation="yes"), "binance", f'set LIVE_CONFIRMATION="{CONFIRMATION}"'),
        (settings(LIVE, live_confirmation=CONFIRMATION), "binance", "choose --mode testnet"),
        (settings(TESTNET, binance_testnet=False), "binance", "the account with your money"),
    ],
)
def test_what_nobody_meant_is_refused_with_what_to_set(
    given: Settings, exchange: str | None, sentence: str
) -> None:
    with pytest.raises(StopError) as refused:
        refuse_unmeant(given, exchange)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("given", "exchange"),
    [
        (settings(TESTNET), "simulated"),
        (settings(TESTNET), "binance"),
        (settings(LIVE, live_confirmation=CONFIRMATION), "simulated"),
        (settings(LIVE, live_confirmation=CONFIRMATION, binance_testnet=False), "binance"),
    ],
)
def test_what_is_meant_is_not(given: Settings, exchange: str) -> None:
    refuse_unmeant(given, exchange)


def test_who_trades_money_is_told_what_is_unverified() -> None:
    words = warning_of(settings(LIVE, binance_testnet=False, live_size_cap_usd=Decimal(100)), "binance")
    assert words is not None
    assert "LIVE_SIZE_CAP_USD small (now 100)" in words
    assert warning_of(settings(LIVE), "simulated") is None
    assert warning_of(settings(TESTNET, binance_testnet=True), "binance") is None
