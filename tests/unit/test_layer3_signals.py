"""Layer 3: the five generators at their borders, and what a firing carries."""

import math
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from hydra.domain import ReasonCode, Regime, SignalSource, VolatilityRegime
from hydra.errors import BadDataError
from hydra.layers.generator import Generator
from hydra.layers.layer2_matrix import MatrixParameters
from hydra.layers.layer3_scoring import ScoringParameters, choose
from hydra.layers.layer3_signals import (
    GENERATORS,
    SignalParameters,
    apply_requirements,
    crowding_fade,
    funding_carry,
    funding_squeeze,
    generate,
    generator_of,
    limits_of,
    liquidation_imbalance,
    liquidation_reversal,
    oi_divergence,
    thesis_strength,
    thesis_words,
)
from hydra.layers.scorer import RuleBasedScorer, with_score

PRINTED = SignalParameters()
MINUTE = datetime(2026, 1, 1, 12, tzinfo=UTC)
SILENT: dict[str, Any] = {
    "instrument_id": 1,
    "time": MINUTE,
    "funding_rate": 0.0,
    "oi_delta_pct": 0.0,
    "liq_imbalance": 0.0,
    "return_24h": 0.0,
    "long_short_ratio": 1.0,
    "liq_zscore_max_1h": 2.5,
    "liq_velocity": 0.0,
    "gate_cascade_probability": 0.0,
    "regime": Regime.TRENDING_UP.value,
    "volatility_regime": VolatilityRegime.NORMAL.value,
}


FLOATS = dict.fromkeys(("liq_imbalance", "liq_zscore_max_1h", "liq_velocity"), pl.Float64())


def at(generator: Generator, **columns: float | None) -> tuple[float, ...]:
    """Direction and confidence of a generator in one row."""
    row = pl.DataFrame(
        {name: [value] for name, value in columns.items()}, schema=dict.fromkeys(columns, pl.Float64)
    )
    limits = limits_of(PRINTED)
    found = row.select(
        generator.direction(limits).alias("direction"), generator.confidence(limits).alias("confidence")
    )
    return found.row(0)


def fired(**changed: float | None) -> list[dict[str, Any]]:
    frame = pl.DataFrame([{**SILENT, **changed}], schema_overrides=FLOATS)
    return generate(frame, PRINTED).to_dicts()


def scored(**changed: float | None) -> pl.DataFrame:
    frame = pl.DataFrame([{**SILENT, **changed}], schema_overrides=FLOATS)
    return with_score(apply_requirements(generate(frame, PRINTED), PRINTED), RuleBasedScorer())


@pytest.mark.parametrize(
    ("funding", "oi_delta", "direction", "confidence"),
    [
        (0.0005, 0.01, 0, 0.25),
        (0.00051, 0.0, 0, 0.255),
        (0.00051, 1e-9, -1, 0.255),
        (-0.0005, 0.01, 0, 0.25),
        (-0.00051, 0.01, 1, 0.255),
        (0.0016, 0.01, -1, 0.8),
        (-0.003, 0.01, 1, 0.8),
        (-0.003, -0.01, 0, 0.8),
        (0.003, None, 0, 0.8),
    ],
)
def test_funding_squeeze_at_its_borders(
    funding: float, oi_delta: float | None, direction: int, confidence: float
) -> None:
    found = at(funding_squeeze(), funding_rate=funding, oi_delta_pct=oi_delta)
    assert found == pytest.approx((direction, confidence))


def test_liquidation_imbalance_is_zero_without_liquidations() -> None:
    liquidated = pl.DataFrame({"long": [0.0, 300.0, 0.0, 0.375], "short": [0.0, 100.0, 100.0, 0.125]})
    found = liquidated.select(liquidation_imbalance(pl.col("long"), pl.col("short"))).to_series()
    assert found.to_list() == [0.0, 0.5, -1.0, 0.5]


@pytest.mark.parametrize(
    ("imbalance", "cascade", "direction"),
    [
        (0.7, 0.0, 0),
        (0.71, 0.0, 1),
        (0.71, 0.3, 0),
        (0.71, 0.299, 1),
        (-0.7, 0.0, 0),
        (-0.71, 0.299, -1),
        (-0.71, 0.3, 0),
        (None, 0.0, 0),
    ],
)
def test_liquidation_reversal_at_its_borders(imbalance: float | None, cascade: float, direction: int) -> None:
    found = at(liquidation_reversal(), liq_imbalance=imbalance, gate_cascade_probability=cascade)
    assert found == (direction, 0.65)


@pytest.mark.parametrize(
    ("price", "oi_delta", "direction"),
    [
        (0.02, -0.03, 0),
        (0.021, -0.03, -1),
        (0.021, -0.02, 0),
        (0.021, 0.03, 0),
        (-0.02, -0.03, 0),
        (-0.021, -0.021, 1),
        (-0.021, None, 0),
    ],
)
def test_oi_divergence_at_its_borders(price: float, oi_delta: float | None, direction: int) -> None:
    assert at(oi_divergence(), return_24h=price, oi_delta_pct=oi_delta) == (direction, 0.55)


@pytest.mark.parametrize(
    ("ratio", "funding", "direction"),
    [
        (2.0, 0.0004, 0),
        (2.01, 0.0003, 0),
        (2.01, 0.00031, -1),
        (2.01, -0.0004, 0),
        (0.5, -0.0004, 0),
        (0.49, -0.0003, 0),
        (0.49, -0.00031, 1),
        (0.49, 0.0004, 0),
        (None, 0.01, 0),
    ],
)
def test_crowding_fade_at_its_borders(ratio: float | None, funding: float, direction: int) -> None:
    assert at(crowding_fade(), long_short_ratio=ratio, funding_rate=funding) == (direction, 0.6)


@pytest.mark.parametrize(
    ("funding", "regime", "volatility", "direction"),
    [
        (0.0005, Regime.RANGING, VolatilityRegime.NORMAL, 0),
        (0.00051, Regime.RANGING, VolatilityRegime.ELEVATED, -1),
        (0.00051, Regime.RANGING, VolatilityRegime.HIGH, 0),
        (0.00051, Regime.RANGING, VolatilityRegime.EXTREME, 0),
        (0.00051, Regime.TRENDING_UP, VolatilityRegime.NORMAL, 0),
        (-0.0005, Regime.RANGING, VolatilityRegime.NORMAL, 0),
        (-0.00051, Regime.RANGING, VolatilityRegime.NORMAL, 1),
    ],
)
def test_funding_carry_at_its_borders(
    funding: float, regime: Regime, volatility: VolatilityRegime, direction: int
) -> None:
    found = at(funding_carry(), funding_rate=funding, regime=regime, volatility_regime=volatility)
    assert found == (direction, 0.5)


def test_a_silent_minute_fires_nothing_and_null_inputs_neither() -> None:
    assert fired() == []
    nothing = dict.fromkeys(("funding_rate", "oi_delta_pct", "liq_imbalance", "return_24h"), None)
    frame = pl.DataFrame([{**SILENT, **nothing, "long_short_ratio": None}]).cast(
        dict.fromkeys((*nothing, "long_short_ratio"), pl.Float64)
    )
    assert generate(frame, PRINTED).height == 0


def test_a_firing_carries_what_the_printed_signal_carries() -> None:
    (row,) = fired(liq_imbalance=0.9)
    assert (row["source"], row["side"], row["direction"]) == ("LIQUIDATION_REVERSAL", "LONG", 1)
    assert (row["expected_return"], row["expected_adverse_excursion"]) == (0.02, 0.01)
    assert (row["confidence"], row["thesis_strength"]) == (0.65, 0.9)


@pytest.mark.parametrize(
    ("source", "minutes", "strength", "changed"),
    [
        (SignalSource.FUNDING_SQUEEZE, 240, 0.0006, {"funding_rate": 0.0006, "oi_delta_pct": 0.01}),
        (SignalSource.LIQUIDATION_REVERSAL, 120, 0.8, {"liq_imbalance": -0.8}),
        (SignalSource.OI_DIVERGENCE, 360, 0.03, {"return_24h": 0.03, "oi_delta_pct": -0.03}),
        (
            SignalSource.CROWDING_FADE,
            480,
            math.log(3),
            {"long_short_ratio": 3.0, "funding_rate": 0.0004},
        ),
        (SignalSource.FUNDING_CARRY, 1440, 0.0006, {"funding_rate": 0.0006, "regime": 2}),
    ],
)
def test_every_source_has_its_holding_time_and_a_positive_thesis(
    source: SignalSource, minutes: int, strength: float, changed: dict[str, float]
) -> None:
    (row,) = fired(**changed)
    assert (row["source"], row["side"], row["holding_period_minutes"]) == (source.value, "SHORT", minutes)
    assert row["thesis_strength"] == pytest.approx(strength)
    assert (row["expected_return"], row["expected_adverse_excursion"]) == (0.02, 0.01)


def test_firings_stand_by_time_pair_and_generator() -> None:
    loud = {**SILENT, "funding_rate": -0.0006, "regime": 2, "oi_delta_pct": 0.01, "liq_imbalance": 0.9}
    frame = pl.DataFrame([{**loud, "instrument_id": 2}, {**loud, "instrument_id": 1}])
    rows = generate(frame, PRINTED)
    order = ["FUNDING_SQUEEZE", "LIQUIDATION_REVERSAL", "FUNDING_CARRY"]
    assert rows["instrument_id"].to_list() == [1, 1, 1, 2, 2, 2]
    assert rows["source"].to_list() == order * 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"funding_rate": 0.00125, "oi_delta_pct": 0.01}, "Longs paying 0.125%"),
        ({"funding_rate": -0.00125, "oi_delta_pct": 0.01}, "Shorts paying 0.125%"),
        ({"liq_imbalance": 0.9}, "Longs were forced out (imbalance +0.90): exhausted"),
        ({"liq_imbalance": -0.9}, "Shorts were forced out (imbalance -0.90): exhausted"),
        (
            {"return_24h": 0.031, "oi_delta_pct": -0.025},
            "Price +3.10% in 24 h while open interest changed -2.50%: a weak move",
        ),
        (
            {"long_short_ratio": 2.5, "funding_rate": 0.0004},
            "2.50 longs per short and longs paying 0.040%: crowded",
        ),
        (
            {"long_short_ratio": 0.4, "funding_rate": -0.0004},
            "0.40 longs per short and shorts paying 0.040%: crowded",
        ),
        ({"funding_rate": 0.0006, "regime": 2}, "Ranging market: receive 0.060% of funding per 8 h"),
    ],
)
def test_the_thesis_says_what_the_trade_bets_on(changed: dict[str, float], words: str) -> None:
    (row,) = fired(**changed)
    assert thesis_words(row) == words


def test_a_thesis_without_its_number_says_so() -> None:
    (row,) = fired(liq_imbalance=0.9)
    assert thesis_words({**row, "liq_imbalance": None}) == "Longs were forced out (imbalance +nan): exhausted"


@pytest.mark.parametrize(
    ("funding", "chosen", "strict_entry"),
    [(0.00099, False, True), (0.001, True, True), (0.00101, True, False)],
)
def test_funding_squeeze_reachability(funding: float, chosen: bool, strict_entry: bool) -> None:
    """C05: confidence 500 x funding reaches 0.50 at 0.10 %, where RESTRICT starts.

    Under the strict reading only the single point 0.10 % itself could open a trade; C04's reading keeps
    entries allowed above it.
    """
    rows = choose(scored(funding_rate=funding, oi_delta_pct=0.01), ScoringParameters())
    assert rows["chosen"].to_list() == [chosen]
    assert (funding <= MatrixParameters().funding_restrict) is strict_entry


@pytest.mark.parametrize(
    ("zscore", "velocity", "reason"),
    [
        (2.0, 0.0, ReasonCode.SIGNAL_CHOSEN),
        (None, 0.002, ReasonCode.SIGNAL_CHOSEN),
        (1.99, 0.00199, ReasonCode.NO_CASCADE),
        (1.99, None, ReasonCode.NO_CASCADE),
        (None, 0.00199, ReasonCode.NO_CASCADE),
        (None, None, ReasonCode.NO_CASCADE),
    ],
)
def test_a_reversal_asks_for_a_cascade_behind_it(
    zscore: float | None, velocity: float | None, reason: ReasonCode
) -> None:
    """C129: the printed function fires on imbalance alone; the step after it refuses without a cascade."""
    rows = choose(
        scored(liq_imbalance=0.9, liq_zscore_max_1h=zscore, liq_velocity=velocity), ScoringParameters()
    )
    assert rows.select("source", "reason_code", "approved").rows() == [
        ("LIQUIDATION_REVERSAL", reason.value, reason is ReasonCode.SIGNAL_CHOSEN)
    ]


def test_a_reversal_without_a_cascade_leaves_the_place_to_another_signal() -> None:
    """CROWDING_FADE has the lower confidence, 0.60 against 0.65, and is chosen all the same."""
    rows = choose(
        scored(liq_imbalance=0.9, liq_zscore_max_1h=0.0, long_short_ratio=3.0, funding_rate=0.0004),
        ScoringParameters(),
    )
    assert rows.select("source", "chosen").rows() == [
        ("CROWDING_FADE", True),
        ("LIQUIDATION_REVERSAL", False),
    ]


@pytest.mark.parametrize("off", ["reversal_min_zscore", "reversal_min_velocity"])
def test_a_limit_of_zero_asks_for_nothing_behind_a_reversal(off: str) -> None:
    frame = pl.DataFrame(
        [{**SILENT, "liq_imbalance": 0.9, "liq_zscore_max_1h": None}], schema_overrides=FLOATS
    )
    parameters = SignalParameters(**{off: 0.0})  # type: ignore[arg-type]
    assert apply_requirements(generate(frame, parameters), parameters)["refusal"].to_list() == [None]


def test_every_source_has_one_generator_and_an_unknown_source_has_none() -> None:
    assert tuple(GENERATORS) == tuple(SignalSource)
    for source in SignalSource:
        assert generator_of(source).source is source
    with pytest.raises(BadDataError, match="no generator FUNDING_SQUEEZ; known are FUNDING_SQUEEZE, "):
        generator_of("FUNDING_SQUEEZ")
    with pytest.raises(BadDataError, match="no generator"):
        thesis_strength("SOMETHING", 1, 0.5)  # type: ignore[arg-type]


def test_every_limit_of_a_generator_is_a_parameter() -> None:
    names = limits_of(PRINTED).keys()
    for generator in GENERATORS.values():
        required = generator.requirement.any_of if generator.requirement else ()
        for condition in (*generator.long.conditions, *generator.short.conditions, *required):
            assert not isinstance(condition.limit, str) or condition.limit in names
        assert generator.holding_hours in names


@pytest.mark.parametrize(
    ("source", "value", "short"),
    [
        (SignalSource.FUNDING_SQUEEZE, 0.001, 0.001),
        (SignalSource.FUNDING_CARRY, 0.001, 0.001),
        (SignalSource.CROWDING_FADE, 3.0, math.log(3)),
        (SignalSource.OI_DIVERGENCE, 0.04, 0.04),
        (SignalSource.LIQUIDATION_REVERSAL, 0.8, -0.8),
    ],
)
def test_each_source_has_its_own_thesis(source: SignalSource, value: float, short: float) -> None:
    """The same strength as a number and as a column, and unknown where the input is."""
    assert thesis_strength(source, -1, value) == pytest.approx(short)
    assert thesis_strength(source, 1, value) == pytest.approx(-short)
    thesis = generator_of(source).thesis
    row = pl.DataFrame({"direction": [-1, 1], thesis.column: [value, value]})
    assert row.select(thesis.expression()).to_series().to_list() == pytest.approx([short, -short])
    assert math.isnan(thesis_strength(source, 1, math.nan))
