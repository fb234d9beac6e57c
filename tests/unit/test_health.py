"""The checks of `hydra doctor` at their borders."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hydra.domain import TradingMode
from hydra.runtime.health import (
    HealthVerdict,
    check_alerts,
    check_analyst,
    check_clock,
    check_disk,
    check_env_file,
    check_python,
    check_schema,
    check_settings,
)
from hydra.settings import Settings

GIB = 2**30


@pytest.mark.parametrize(
    ("free_bytes", "verdict"),
    [
        (5 * GIB - 1, HealthVerdict.FAIL),
        (5 * GIB, HealthVerdict.WARN),
        (20 * GIB - 1, HealthVerdict.WARN),
        (20 * GIB, HealthVerdict.OK),
    ],
)
def test_a_full_disk_fails_and_a_narrow_one_warns(free_bytes: int, verdict: HealthVerdict) -> None:
    check = check_disk(Path("/data"), free_bytes)
    assert check.verdict is verdict
    assert "/data" in check.seen
    assert bool(check.advice) == (verdict is not HealthVerdict.OK)


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10), HealthVerdict.FAIL), ((3, 11), HealthVerdict.OK), ((3, 13), HealthVerdict.OK)],
)
def test_python_is_3_11_or_newer(version: tuple[int, int], verdict: HealthVerdict) -> None:
    assert check_python(version).verdict is verdict


@pytest.mark.parametrize("difference_s", [1.001, -1.001])
def test_a_clock_more_than_a_second_off_fails_in_both_directions(difference_s: float) -> None:
    check = check_clock(difference_s)
    assert check.verdict is HealthVerdict.FAIL
    assert f"{difference_s:+.3f} s" in check.seen


@pytest.mark.parametrize("difference_s", [1.0, 0.0, -1.0])
def test_a_clock_within_a_second_passes(difference_s: float) -> None:
    assert check_clock(difference_s).verdict is HealthVerdict.OK


def test_an_old_or_missing_schema_says_how_to_migrate() -> None:
    assert check_schema("0007", "0007").verdict is HealthVerdict.OK
    for current in ("0006", None):
        check = check_schema(current, "0007")
        assert check.verdict is HealthVerdict.FAIL
        assert "hydra db up" in check.advice


@pytest.mark.parametrize("mode", [TradingMode.TESTNET, TradingMode.LIVE])
def test_orders_at_an_exchange_need_its_keys(mode: TradingMode) -> None:
    keyed = Settings.model_construct(
        trading_mode=mode, binance_api_key=SecretStr("k"), binance_api_secret=SecretStr("s")
    )
    assert check_settings(keyed).verdict is HealthVerdict.OK
    check = check_settings(Settings.model_construct(trading_mode=mode))
    assert (check.verdict, "BINANCE_API_KEY" in check.advice) == (HealthVerdict.FAIL, True)


def test_paper_needs_no_keys() -> None:
    settings = Settings.model_construct(trading_mode=TradingMode.PAPER)
    check = check_settings(settings)
    assert check.verdict is HealthVerdict.OK
    assert "not set" in check.seen


def test_alerts_without_a_channel_warn_and_a_wrong_address_fails_unrepeated() -> None:
    assert check_alerts(Settings.model_construct()).verdict is HealthVerdict.WARN
    well = check_alerts(Settings.model_construct(alert_webhook_url=SecretStr("https://example.org/hush")))
    wrong = check_alerts(Settings.model_construct(alert_webhook_url=SecretStr("hush")))
    assert (well.verdict, wrong.verdict) == (HealthVerdict.OK, HealthVerdict.FAIL)
    assert "webhook" in well.seen
    assert "hush" not in well.seen + wrong.seen


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [(0o600, HealthVerdict.OK), (0o640, HealthVerdict.WARN), (0o604, HealthVerdict.WARN)],
)
def test_a_file_of_secrets_that_others_can_read_warns(
    tmp_path: Path, mode: int, verdict: HealthVerdict
) -> None:
    path = tmp_path / ".env"
    assert check_env_file(path).verdict is HealthVerdict.OK
    path.write_text("ALERT_WEBHOOK_SECRET=hush\n")
    path.chmod(mode)
    assert check_env_file(path).verdict is verdict


ANALYST = {"anthropic_api_key": SecretStr("k"), "llm_model": "claude-haiku-5-5"}
PRICED = {"llm_input_usd_per_mtok": 3, "llm_output_usd_per_mtok": 15}


@pytest.mark.parametrize(
    ("changed", "verdict", "words"),
    [
        ({}, HealthVerdict.OK, "claude-haiku-5-5, 1 USD a day"),
        ({"anthropic_api_key": None, "llm_model": None}, HealthVerdict.OK, "no news analyst is set up"),
        ({"anthropic_api_key": None}, HealthVerdict.WARN, "ANTHROPIC_API_KEY is not set"),
        ({"llm_model": None}, HealthVerdict.WARN, "LLM_MODEL is not set"),
        ({"llm_provider": "openai"}, HealthVerdict.WARN, "OPENAI_API_KEY is not set"),
        ({"llm_model": "claude-sonnet-4-6"}, HealthVerdict.WARN, "its price is not known"),
        (
            {"llm_model": "claude-opus-4-5", **PRICED},
            HealthVerdict.WARN,
            "is deprecated and ends on 2027-01-22",
        ),
        ({"llm_model": "claude-sonnet-4-5", **PRICED}, HealthVerdict.WARN, "was retired on 2026-11-30"),
        (
            {"llm_model": "claude-3-5-sonnet-20241022", **PRICED},
            HealthVerdict.WARN,
            "the SDK does not name it",
        ),
        (
            {"llm_provider": "openai", "openai_api_key": SecretStr("k"), "llm_model": "gpt", **PRICED},
            HealthVerdict.OK,
            "openai gpt",
        ),
    ],
)
def test_the_analyst_warns_and_never_fails(
    changed: dict[str, Any], verdict: HealthVerdict, words: str
) -> None:
    settings = Settings(_env_file=None, **{**ANALYST, **changed})  # type: ignore[call-arg]
    check = check_analyst(settings, date(2026, 12, 1))
    assert (check.verdict, words in check.seen) == (verdict, True)
    assert bool(check.advice) == (verdict is HealthVerdict.WARN)
