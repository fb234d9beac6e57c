"""Layer 2: volatility names, cascade, regime, the decision matrix and the whole assessment."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import ReasonCode, Regime, VolatilityRegime
from hydra.features.catalogue import CATALOGUE
from hydra.layers.layer2_data_health import DataHealthParameters, InputHealth
from hydra.layers.layer2_matrix import REASONS, MatrixParameters, decision_matrix, reasons_of
from hydra.layers.layer2_regime import (
    RegimeParameters,
    check_cascade,
    rule_based_regime,
)
from hydra.layers.layer2_statistical import StatisticalParameters, assess, assessment_words
from hydra.layers.layer2_volatility import (
    VolatilityParameters,
    annualised_volatility,
    check_volatility,
    consecutive_extremes,
)
from tests.support.layer2_inputs import GOOD, evaluated

PRINTED = StatisticalParameters()
ALL_FEEDS = StatisticalParameters(
    data_health=DataHealthParameters(feeds=frozenset({"order_book", "liquidations"}))
)
QUIET: dict[str, Any] = {
    **GOOD,
    "volatility_percentile": 0.4,
    "known_liq_velocity": 0.0,
    "oi_delta_pct": 0.0,
    "m5_price_vs_sma_50": 0.0,
}
TYPES = dict.fromkeys(QUIET, pl.Float64)


def assessed(parameters: StatisticalParameters = ALL_FEEDS, **changed: float | None) -> dict[str, Any]:
    return assess(pl.DataFrame([{**QUIET, **changed}], schema=TYPES), parameters).row(0, named=True)


def test_annualised_volatility_takes_the_factor_from_the_bar() -> None:
    assert annualised_volatility(0.01, 5) == pytest.approx(0.01 * math.sqrt(365 * 24 * 12))
    assert annualised_volatility(0.01, 1) == pytest.approx(0.01 * math.sqrt(365 * 24 * 60))


@pytest.mark.parametrize(
    ("percentile", "regime"),
    [
        (0.0, VolatilityRegime.NORMAL),
        (0.50, VolatilityRegime.NORMAL),
        (0.501, VolatilityRegime.ELEVATED),
        (0.80, VolatilityRegime.ELEVATED),
        (0.801, VolatilityRegime.HIGH),
        (0.95, VolatilityRegime.HIGH),
        (0.951, VolatilityRegime.EXTREME),
        (None, None),
    ],
)
def test_volatility_names_are_strict_at_their_borders(
    percentile: float | None, regime: VolatilityRegime | None
) -> None:
    column = pl.lit(percentile, dtype=pl.Float64)
    assert evaluated(check_volatility(column, VolatilityParameters())) == regime


def test_low_volatility_is_named_only_where_asked_for() -> None:
    parameters = VolatilityParameters(low_percentile=0.1)
    assert evaluated(check_volatility(pl.lit(0.09), parameters)) == VolatilityRegime.LOW
    assert evaluated(check_volatility(pl.lit(0.10), parameters)) == VolatilityRegime.NORMAL


def test_extreme_evaluations_count_in_a_row() -> None:
    extreme, high = VolatilityRegime.EXTREME.value, VolatilityRegime.HIGH.value
    assert consecutive_extremes(0, extreme) == 1
    assert consecutive_extremes(1, extreme) == 2
    assert consecutive_extremes(2, high) == 0


@pytest.mark.parametrize(
    ("velocity", "score"),
    [(0.0, 0.0), (0.01, 0.1), (0.02, 0.2), (0.021, 0.6), (0.05, 0.6), (0.051, 0.9), (None, None)],
)
def test_check_cascade_at_its_borders(velocity: float | None, score: float | None) -> None:
    found = evaluated(check_cascade(pl.lit(velocity, dtype=pl.Float64)))
    assert found == (score if score is None else pytest.approx(score))


def test_the_cascade_score_equals_the_feature_of_that_name() -> None:
    frame = pl.DataFrame({"liq_velocity": [None, 0.0, 0.01, 0.02, 0.03, 0.05, 0.06]})
    feature = CATALOGUE["cascade_probability"].expression.alias("feature")
    both = frame.select(feature, check_cascade(pl.col("liq_velocity")).alias("rule"))
    assert both["feature"].to_list() == both["rule"].to_list()


def regime_of(**changed: float | None) -> int | None:
    given_values = {"cascade": 0.0, "funding": 0.0, "oi": 0.0, "fast": 100.0, "slow": 100.0, **changed}
    columns = {name: pl.lit(value, dtype=pl.Float64) for name, value in given_values.items()}
    volatility = pl.lit(int(changed.get("volatility") or 1))
    averages = (columns["fast"], columns["slow"])
    rule = rule_based_regime(
        columns["cascade"], volatility, columns["funding"], columns["oi"], averages, RegimeParameters()
    )
    found: int | None = evaluated(rule)
    return found


@pytest.mark.parametrize(
    ("values", "regime"),
    [
        ({"cascade": 0.5}, Regime.RANGING),
        ({"cascade": 0.51, "volatility": 4}, Regime.CASCADE_RISK),
        ({"volatility": 4, "funding": 0.002, "oi": 0.03}, Regime.HIGH_VOLATILITY),
        ({"volatility": 3}, Regime.RANGING),
        ({"funding": 0.001, "oi": 0.03}, Regime.RANGING),
        ({"funding": 0.0011, "oi": 0.02}, Regime.RANGING),
        ({"funding": 0.0011, "oi": 0.021}, Regime.SQUEEZE_SHORT),
        ({"funding": -0.001, "oi": 0.03}, Regime.RANGING),
        ({"funding": -0.0011, "oi": 0.021, "fast": 200.0}, Regime.SQUEEZE_LONG),
        ({"fast": 102.0}, Regime.RANGING),
        ({"fast": 102.1}, Regime.TRENDING_UP),
        ({"fast": 98.0}, Regime.RANGING),
        ({"fast": 97.9}, Regime.TRENDING_DOWN),
        ({"oi": None, "funding": None}, Regime.RANGING),
        ({"fast": None}, None),
        ({"slow": None}, None),
        ({"slow": None, "cascade": 0.9}, Regime.CASCADE_RISK),
    ],
)
def test_rule_based_regime_as_printed(values: dict[str, float | None], regime: Regime | None) -> None:
    assert regime_of(**values) == regime


@pytest.mark.parametrize(
    ("changed", "status", "reason", "entries"),
    [
        ({}, "ALLOW", ReasonCode.NORMAL, True),
        ({"volatility_percentile": 0.6}, "ALLOW", ReasonCode.NORMAL, True),
        ({"candle_age_seconds": None}, "BLOCK", ReasonCode.DATA_MISSING, False),
        ({"open_interest_age_seconds": None}, "BLOCK", ReasonCode.DATA_MISSING, False),
        ({"candle_age_seconds": 62.0}, "BLOCK", ReasonCode.DATA_STALE, False),
        ({"spread_bps": 120.0}, "BLOCK", ReasonCode.SPREAD_WIDE, False),
        ({"known_liq_velocity": 0.06}, "BLOCK", ReasonCode.CASCADE, False),
        ({"volatility_percentile": 0.96}, "BLOCK", ReasonCode.VOLATILITY_EXTREME, False),
        ({"volatility_percentile": None}, "RESTRICT", ReasonCode.WARMING_UP, False),
        ({"known_liq_velocity": 0.03}, "RESTRICT", ReasonCode.CASCADE_WARNING, False),
        ({"volatility_percentile": 0.9}, "RESTRICT", ReasonCode.VOLATILITY_HIGH, False),
        ({"funding_rate": 0.001}, "ALLOW", ReasonCode.NORMAL, True),
        ({"funding_rate": 0.0011}, "RESTRICT", ReasonCode.FUNDING_EXTREME, True),
        ({"funding_rate": -0.0011}, "RESTRICT", ReasonCode.FUNDING_EXTREME, True),
    ],
)
def test_the_decision_matrix_row_by_row(
    changed: dict[str, float | None], status: str, reason: ReasonCode, entries: bool
) -> None:
    row = assessed(ALL_FEEDS, **changed)
    assert (row["tradability"], row["reason_code"], row["entries_allowed"]) == (status, reason.value, entries)
    assert reasons_of(row["reason_bits"]) == (reason,)


def test_every_reason_that_applied_is_kept_and_the_gravest_is_the_code() -> None:
    row = assessed(
        volatility_percentile=0.96, known_liq_velocity=0.06, funding_rate=0.002, candle_age_seconds=70.0
    )
    assert reasons_of(row["reason_bits"]) == (
        ReasonCode.DATA_STALE,
        ReasonCode.CASCADE,
        ReasonCode.VOLATILITY_EXTREME,
        ReasonCode.FUNDING_EXTREME,
    )
    assert row["reason_code"] == "DATA_STALE"


def test_funding_beside_another_restriction_stops_entries() -> None:
    row = assessed(funding_rate=0.002, volatility_percentile=0.9)
    assert (row["tradability"], row["entries_allowed"]) == ("RESTRICT", False)


def test_the_strict_reading_of_funding_stops_entries() -> None:
    strict = StatisticalParameters(
        data_health=ALL_FEEDS.data_health, matrix=MatrixParameters(funding_restrict_blocks_entries=True)
    )
    assert assessed(strict, funding_rate=0.002)["entries_allowed"] is False
    assert assessed(strict)["entries_allowed"] is True


def cascade_reasons(score: float) -> tuple[bool, bool]:
    frame = pl.DataFrame({f"health_{name}": [0] for name in ("candles", "history", "funding")}).with_columns(
        pl.lit(0).alias(f"health_{name}") for name in ("open_interest", "order_book", "liquidations")
    )
    applying = decision_matrix(pl.lit(1), pl.lit(score), pl.lit(0.0), MatrixParameters())
    row = frame.select(
        applying[ReasonCode.CASCADE].alias("block"), applying[ReasonCode.CASCADE_WARNING].alias("warning")
    ).row(0)
    return bool(row[0]), bool(row[1])


@pytest.mark.parametrize(
    ("score", "block", "warning"),
    [(0.59, False, False), (0.6, False, True), (0.7, False, True), (0.71, True, False)],
)
def test_cascade_warns_from_sixty_and_blocks_above_seventy_percent(
    score: float, block: bool, warning: bool
) -> None:
    """C10: read alone, the matrix would let 0.6 pass; the comment beside check_cascade restricts it."""
    assert cascade_reasons(score) == (block, warning)


def test_unrecorded_liquidations_count_as_zero_for_the_gate_only() -> None:
    row = assessed(PRINTED, known_liq_velocity=None, liquidation_feed_age_seconds=None)
    assert (row["gate_liquidation_velocity"], row["gate_cascade_probability"]) == (0.0, 0.0)
    assert row["known_liq_velocity"] is None
    assert row["health_liquidations"] == InputHealth.NOT_RECORDED
    assert row["tradability"] == "ALLOW"


def test_a_declared_feed_leaves_an_unknown_velocity_unknown() -> None:
    assert assessed(ALL_FEEDS, known_liq_velocity=None)["gate_cascade_probability"] is None


def test_the_regime_of_an_assessment_comes_from_both_averages() -> None:
    """Close 3 % above its 50-bar mean and on its 20-bar mean: sma_20 / sma_50 = 1.03 > 1.02."""
    assert assessed(m5_price_vs_sma_50=0.03)["regime"] == Regime.TRENDING_UP
    assert assessed(m5_price_vs_sma_20=0.03)["regime"] == Regime.TRENDING_DOWN
    assert assessed()["regime"] == Regime.RANGING
    assert assessed(known_liq_velocity=0.03)["regime"] == Regime.CASCADE_RISK
    assert assessed(funding_rate=0.002, oi_delta_pct=0.03)["regime"] == Regime.SQUEEZE_SHORT
    assert assessed(volatility_percentile=0.99)["regime"] == Regime.HIGH_VOLATILITY


def test_verdicts_are_of_a_closed_list_of_words() -> None:
    schema = assess(pl.DataFrame([QUIET], schema=TYPES), PRINTED).schema
    assert schema["reason_code"] == pl.Enum([code.value for code in ReasonCode])
    assert schema["tradability"] == pl.Enum(["ALLOW", "RESTRICT", "BLOCK"])


@settings(max_examples=40)
@given(
    st.sampled_from(["candle_age_seconds", "open_interest_age_seconds", "volatility_percentile"]),
    st.floats(0, 0.1),
    st.floats(-0.01, 0.01),
)
def test_a_missing_input_never_turns_a_veto_into_an_entry(
    missing: str, velocity: float, funding: float
) -> None:
    known = assessed(known_liq_velocity=velocity, funding_rate=funding)
    changed: dict[str, float | None] = {
        "known_liq_velocity": velocity,
        "funding_rate": funding,
        missing: None,
    }
    blind = assessed(ALL_FEEDS, **changed)
    assert blind["entries_allowed"] is False
    assert set(reasons_of(known["reason_bits"])) - {ReasonCode.NORMAL} <= set(
        reasons_of(blind["reason_bits"])
    )


def test_words_name_the_inputs_and_the_numbers() -> None:
    stale = assessment_words(assessed(candle_age_seconds=62.0, open_interest_age_seconds=None))
    assert stale == "BLOCK: missing: open_interest; stale: candles (62 s old)"
    assert assessment_words(assessed()) == "ALLOW: no reason against trading"
    nothing = assessed(candle_age_seconds=None, open_interest_age_seconds=None)
    assert assessment_words(nothing) == "BLOCK: missing: candles, open_interest"
    book = assessment_words(assessed(order_book_age_seconds=20.0, liquidation_feed_age_seconds=61.0))
    assert book == "BLOCK: stale: order_book (20 s old), liquidations (61 s old)"
    interest = assessment_words(assessed(open_interest_age_seconds=700.0))
    assert interest == "BLOCK: stale: open_interest (700 s old)"
    funding = assessment_words(assessed(funding_rate=None, funding_age_seconds=40_000.0))
    assert funding == "BLOCK: stale: funding (40000 s old)"
    high = assessment_words(assessed(volatility_percentile=0.9))
    assert high == "RESTRICT: volatility ranks at 90.0% of its last 30 days: high"


WORDS = {
    ReasonCode.CLOCK_OFF: "the clocks of this machine and the exchange have not agreed within 1 s for 60 s",
    ReasonCode.SPREAD_WIDE: "the spread is 1.0 bps",
    ReasonCode.CASCADE: "cascade score 0.00",
    ReasonCode.VOLATILITY_EXTREME: "volatility ranks at 40.0% of its last 30 days: extreme",
    ReasonCode.WARMING_UP: "there is too little history yet to rank the volatility: no entries",
    ReasonCode.CASCADE_WARNING: "cascade score 0.00",
    ReasonCode.VOLATILITY_HIGH: "volatility ranks at 40.0% of its last 30 days: high",
    ReasonCode.FUNDING_EXTREME: "funding +0.0100% per 8 h is extreme",
}


@pytest.mark.parametrize("code", [code for code in REASONS if not code.value.startswith("DATA")])
def test_every_reason_has_its_words(code: ReasonCode) -> None:
    row = {**assessed(), "reason_bits": 1 << REASONS.index(code), "tradability": "BLOCK"}
    assert assessment_words(row) == f"BLOCK: {WORDS[code]}"
