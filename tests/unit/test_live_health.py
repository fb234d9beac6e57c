"""The checks of `hydra doctor --live` at their borders."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import SecretStr

from hydra.answers.alerts import AlertCondition, ChannelCondition
from hydra.exchange.account import AccountTerms, LimitLeft
from hydra.exchange.exchange_clock import ClockOffset
from hydra.exchange.instruments import FeeRates, InstrumentTerms, load_instrument_terms
from hydra.runtime.health import HealthVerdict, check_alerts, check_channels
from hydra.runtime.live_health import (
    check_exchange_clock,
    check_instruments,
    check_latency,
    check_limits,
    check_one_way,
    check_permissions,
    check_single_asset,
)
from hydra.settings import Settings

OK, WARN, FAIL = HealthVerdict
NOW = datetime(2026, 11, 1, tzinfo=UTC)
GOOD = AccountTerms(can_trade=True, can_withdraw=False, is_one_way=True, is_single_asset=True)


@pytest.mark.parametrize(
    ("offset_ms", "is_simulated", "verdict"),
    [(1_000.0, False, OK), (1_000.1, False, FAIL), (-1_000.1, False, FAIL), (9e9, True, OK)],
)
def test_a_clock_more_than_a_second_off_the_exchanges_fails(
    offset_ms: float, is_simulated: bool, verdict: HealthVerdict
) -> None:
    check = check_exchange_clock("binance", ClockOffset(0, offset_ms, 5.0), is_simulated=is_simulated)
    assert (check.verdict, bool(check.advice)) == (verdict, verdict is FAIL)


def test_a_clock_that_is_behind_is_told_as_behind() -> None:
    assert "-1.500 s off" in check_exchange_clock("x", ClockOffset(0, 1_500, 5), is_simulated=False).seen


@pytest.mark.parametrize(
    ("terms", "verdict"),
    [
        (GOOD, OK),
        (replace(GOOD, can_withdraw=None), WARN),
        (replace(GOOD, can_withdraw=True), FAIL),
        (replace(GOOD, can_trade=False), FAIL),
    ],
)
def test_a_key_may_trade_and_not_withdraw(terms: AccountTerms, verdict: HealthVerdict) -> None:
    check = check_permissions(terms)
    assert (check.verdict, bool(check.advice)) == (verdict, verdict is not OK)


def test_hedge_mode_and_several_assets_fail_and_other_assets_warn() -> None:
    assert check_one_way(GOOD).verdict is check_single_asset(GOOD).verdict is OK
    assert check_one_way(replace(GOOD, is_one_way=False)).verdict is FAIL
    assert check_single_asset(replace(GOOD, is_single_asset=False)).verdict is FAIL
    beside = check_single_asset(replace(GOOD, other_assets=("BNB",)))
    assert (beside.verdict, "BNB" in beside.seen) == (WARN, True)


@pytest.mark.parametrize(
    ("round_trips", "verdict"),
    [([300.0], OK), ([300.1], WARN), ([1_000.0], WARN), ([1_000.1], FAIL), ([5.0, 5.0, 9_000.0], OK)],
)
def test_the_median_of_signed_calls_decides(round_trips: list[float], verdict: HealthVerdict) -> None:
    assert check_latency(round_trips).verdict is verdict


def test_less_than_a_fifth_of_a_limit_warns() -> None:
    room = LimitLeft("orders in 10 s", 60, 300)
    assert check_limits([room]).verdict is OK
    assert check_limits([room, replace(room, left=59)]).verdict is WARN


def terms_told() -> list[InstrumentTerms]:
    fees = FeeRates(NOW, Decimal(2), Decimal(5), "told")
    return [replace(one, fees=fees) for one in load_instrument_terms()]


def test_every_pair_has_filters_brackets_and_fees() -> None:
    told = terms_told()
    symbols = [one.pair.exchange_symbol for one in told]
    assert check_instruments(symbols, told).verdict is OK
    assert check_instruments(symbols, []).verdict is FAIL
    for bare in (replace(told[1], brackets=()), replace(told[1], fees=None)):
        check = check_instruments(symbols, [told[0], bare, *told[2:]])
        assert (check.verdict, symbols[1] in check.seen) == (FAIL, True)
    halted = replace(told[2], filters=replace(told[2].filters, is_trading=False))
    for others in ([*told[:2], *told[3:]], [*told[:2], halted, *told[3:]]):
        check = check_instruments(symbols, others)
        assert (check.verdict, symbols[2] in check.seen) == (WARN, True)


def test_with_money_at_stake_alerts_have_to_get_through() -> None:
    assert check_alerts(Settings.model_validate({}), is_live=True).verdict is FAIL
    settings = Settings.model_validate({"alert_webhook_url": SecretStr("https://example.org/x")})
    assert check_alerts(settings, is_live=True).verdict is OK
    failing = ChannelCondition("webhook", 3, NOW, None, "HTTP 500", None)
    for is_live, verdict in ((True, FAIL), (False, WARN)):
        (check,) = check_channels(settings, AlertCondition(True, 0, [failing]), is_live=is_live)
        assert (check.verdict, "HTTP 500" in check.seen) == (verdict, True)
    works, old = replace(failing, failing_since=None), replace(failing, channel="discord")
    assert list(check_channels(settings, AlertCondition(True, 0, [works, old]), is_live=True)) == []
