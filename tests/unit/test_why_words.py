"""Every reason has words and a gate; quantities say their unit; instants are read as people write them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hydra.answers.formatting import (
    duration,
    exact_text,
    fixed,
    label,
    minute_text,
    percent,
    price_text,
    usd,
    with_unit,
)
from hydra.answers.plain_values import plain
from hydra.answers.timestamps import parse_minute_or_clock
from hydra.domain import ReasonCode
from hydra.errors import StopError
from hydra.reason_words import WORDS, Gate, gate_of

AMOUNTS = st.floats(-1e9, 1e9) | st.decimals(-(10**9), 10**9, places=8)

NEWEST = datetime(2025, 6, 3, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_code_has_words_of_its_own(code: ReasonCode) -> None:
    assert len(WORDS[code]) > 10
    assert [other for other in ReasonCode if WORDS[other] == WORDS[code]] == [code]


@pytest.mark.parametrize("code", ReasonCode)
def test_no_words_repeat_the_code(code: ReasonCode) -> None:
    assert code.value not in WORDS[code]
    assert "_" not in WORDS[code]


@pytest.mark.parametrize(
    ("layer", "code", "gate"),
    [
        (2, ReasonCode.DATA_MISSING, Gate.DATA_HEALTH),
        (2, ReasonCode.DATA_STALE, Gate.DATA_HEALTH),
        (2, ReasonCode.SPREAD_WIDE, Gate.DATA_HEALTH),
        (2, ReasonCode.CASCADE, Gate.STATISTICAL),
        (2, ReasonCode.NORMAL, Gate.STATISTICAL),
        (3, ReasonCode.SCORE_LOW, Gate.SCORE),
        (3, ReasonCode.NEWS_HOLD, Gate.NEWS),
        (4, ReasonCode.NEWS_HOLD, Gate.NEWS),
        (4, ReasonCode.NO_SIGNAL, Gate.SCORE),
        (4, ReasonCode.SCORE_LOW, Gate.SCORE),
        (4, ReasonCode.KILL_SWITCH, Gate.RISK),
        (4, ReasonCode.APPROVED, Gate.RISK),
        (5, ReasonCode.ENTRY_TIMEOUT, Gate.EXECUTION),
    ],
)
def test_a_verdict_belongs_to_the_gate_that_gave_it(layer: int, code: ReasonCode, gate: Gate) -> None:
    assert gate_of(layer, code) is gate


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("funding_rate", 0.00061, "+0.0610 %"),
        ("oi_delta_pct", -0.0215, "-2.15 %"),
        ("final_size_usd", Decimal("1234.5"), "1,234.50 USDT"),
        ("spread_bps", 2.54, "2.5 bps"),
        ("funding_age_seconds", 7200.0, "2.0 h"),
        ("regime", 2, "RANGING"),
        ("volatility_regime", 4, "EXTREME"),
        ("long_short_ratio", 2.25, "2.25"),
        ("liquidation_price", 104523.4137, "104,523.4"),
        ("stop_loss_price", Decimal("0.57900"), "0.579"),
        ("recommended_leverage", 3.25, "3.25x"),
        ("hours_held", 1.6166, "97.0 min"),
        ("max_holding_hours", 6.0, "6.0 h"),
        ("minutes_since_exit", 59.0, "59.0 min"),
        ("liquidation_velocity", 0.00019572798, "0.02 %"),
        ("cascade_probability", 0.0019572798, "0.00196"),
        ("cascade_probability", 0.0000357, "0.000"),
        ("cascade_probability", 0.0, "0"),
        ("tradability", "BLOCK", "BLOCK"),
        ("regime_break_alert", True, "yes"),
    ],
)
def test_a_quantity_is_shown_with_its_unit(name: str, value: object, text: str) -> None:
    assert with_unit(name, value) == text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_unknown_is_a_dash_and_never_zero(value: object) -> None:
    assert with_unit("funding_rate", value) == "-"
    assert (usd(None), percent(None), duration(None)) == ("-", "-", "-")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2.0 min"), (7200, "2.0 h"), (172800, "2.0 d")]
)
def test_a_duration_takes_the_largest_fitting_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_price_keeps_its_digits_and_loses_its_zeros() -> None:
    assert [exact_text(Decimal(text)) for text in ("85900.60000000", "1000", "0.044", "0")] == [
        "85900.6",
        "1000",
        "0.044",
        "0",
    ]


def test_a_label_loses_underscores_and_unit() -> None:
    assert (label("stop_loss_price"), label("gross_pnl_usd")) == ("stop loss price", "gross pnl")


def test_a_size_says_what_bounds_it() -> None:
    """A newcomer asked what a "margin size" is."""
    assert label("margin_size_usd") == "largest size for the free margin"
    assert label("heat_size_usd") == "largest size for the portfolio heat"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-06-01T14:05", datetime(2025, 6, 1, 14, 5, tzinfo=UTC)),
        ("2025-06-01 14:05Z", datetime(2025, 6, 1, 14, 5, tzinfo=UTC)),
        ("2025-06-01T16:05+02:00", datetime(2025, 6, 1, 14, 5, tzinfo=UTC)),
        ("2025-06-01T14:05:59", datetime(2025, 6, 1, 14, 5, tzinfo=UTC)),
        ("10:30", NEWEST),
        ("9:05", datetime(2025, 6, 3, 9, 5, tzinfo=UTC)),
        ("10:31", datetime(2025, 6, 2, 10, 31, tzinfo=UTC)),
    ],
)
def test_an_instant_is_iso_or_the_last_such_time_of_day(text: str, moment: datetime) -> None:
    assert parse_minute_or_clock("--at", text, NEWEST) == moment


def test_a_time_is_written_in_utc_whatever_its_zone() -> None:
    in_new_york = datetime(2025, 6, 1, 10, 5, tzinfo=timezone(timedelta(hours=-4)))
    assert minute_text(in_new_york) == "2025-06-01 14:05"
    assert plain({"time": in_new_york}) == {"time": "2025-06-01T14:05:00+00:00"}
    assert minute_text(None) == "-"


@pytest.mark.parametrize("text", ["yesterday", "25:00", "12:60", ""])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(StopError, match="write 2025-06-01T14:05 or 14:05"):
        parse_minute_or_clock("--at", text, NEWEST)


@given(AMOUNTS)
@example(-0.0)
@example(-0.004)
@example(Decimal("-0.00000001"))
def test_what_rounds_to_zero_has_no_sign(value: float | Decimal) -> None:
    names = ("funding_rate", "net_usd", "spread_bps", "age_seconds", "drawdown", "long_short_ratio")
    texts = [
        usd(value),
        percent(value),
        fixed(value, signed=True),
        *(with_unit(name, value) for name in names),
    ]
    for text in texts:
        assert any(digit in text for digit in "123456789") or text[0] not in "+-", text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (Decimal("0.123456789"), "0.123457"), (87_629.2, "87629.2"), (123_456.7, "123,456.7")],
)
def test_prices_keep_six_digits(value: Decimal | float | None, text: str) -> None:
    assert price_text(value) == text
