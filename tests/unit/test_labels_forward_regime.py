"""The regime of the hour after a decision."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hydra.arrays import TIME, Floats
from hydra.domain import Regime
from hydra.durations import MINUTE_US
from hydra.features.engine.decision_frame import DECISION_DELAY, DECISION_DELAY_US
from hydra.training.labels.forward_regime import (
    REGIME_INPUTS,
    ForwardRegimeParameters,
    forward_regime,
    forward_regime_labels,
)
from hydra.training.labels.label_rows import Unlabelled
from hydra.training.labels.minute_prices import MinutePrices

START = datetime(2025, 6, 1, tzinfo=UTC)
DAYS = 8
ROWS = DAYS * 1440

CASES = [
    ((0.051, 0.002, 0.03, -0.03, 2.0), Regime.CASCADE_RISK),
    ((0.05, 0.0011, 0.021, -0.001, 2.0), Regime.SQUEEZE_SHORT),
    ((0.05, 0.0011, 0.021, 0.0, 2.0), Regime.HIGH_VOLATILITY),
    ((0.0, -0.0011, 0.021, 0.001, 2.0), Regime.SQUEEZE_LONG),
    ((0.0, -0.001, 0.021, 0.001, 1.01), Regime.HIGH_VOLATILITY),
    ((0.0, 0.002, 0.02, 0.021, 1.0), Regime.TRENDING_UP),
    ((0.0, 0.0, 0.0, -0.021, 0.5), Regime.TRENDING_DOWN),
    ((0.0, 0.0, 0.0, 0.02, 1.0), Regime.RANGING),
]
"""Velocity, funding, open interest, sum of returns, volatility against a limit of 1."""

NAMES = ("velocity", "funding", "oi_delta", "returns_sum", "volatility")


@pytest.mark.parametrize(("numbers", "regime"), CASES)
def test_the_printed_rules_in_their_order(numbers: tuple[float, ...], regime: Regime) -> None:
    assert regime_of(dict(zip(NAMES, numbers, strict=True))) is regime


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_quantity_leaves_the_regime_unknown(name: str) -> None:
    assert regime_of({**dict(zip(NAMES, CASES[0][0], strict=True)), name: None}) is None


def regime_of(numbers: dict[str, float | None]) -> Regime | None:
    frame = pl.DataFrame(numbers, schema=dict.fromkeys(NAMES, pl.Float64))
    velocity, funding, oi_delta, returns_sum, volatility = (pl.col(name) for name in NAMES)
    regime = forward_regime(
        velocity, funding, oi_delta, returns_sum, volatility, pl.lit(1.0), ForwardRegimeParameters()
    )
    code = frame.select(regime).item()
    return None if code is None else Regime(code)


def prices(closes: Floats) -> MinutePrices:
    """One pair; row r closes at START + r minutes."""
    column = closes[:, None]
    first = int(START.timestamp()) // 60
    return MinutePrices(
        instrument_ids=(1,),
        bases=("BTC",),
        first_minute=first,
        traded=(column, column, column, column),
        marked=(column, column, column),
        is_played=np.ones(column.shape, np.bool_),
        funding=np.zeros(column.shape),
        funding_row=np.full(column.shape, -1),
        as_of_us=(first + np.arange(len(closes))) * MINUTE_US + DECISION_DELAY_US,
        last_rows=np.array([len(closes) - 1]),
    )


def keys(rows: list[int]) -> pl.DataFrame:
    times = [START + timedelta(minutes=row) + DECISION_DELAY for row in rows]
    return pl.DataFrame(
        {"instrument_id": [1] * len(rows), "time": times},
        schema={"instrument_id": pl.Int16(), "time": TIME},
    )


def quiet_features() -> pl.DataFrame:
    """Every minute: nothing happens; volatility is 0.5, and at the whole hours 0.01, 0.02, ..."""
    volatility = [(row // 60 + 1) / 100 if row % 60 == 0 else 0.5 for row in range(ROWS)]
    zeros = {name: [0.0] * ROWS for name in REGIME_INPUTS}
    return keys(list(range(ROWS))).with_columns(
        pl.Series(name, value) for name, value in {**zeros, "volatility_1h": volatility}.items()
    )


def changed(features: pl.DataFrame, row: int, name: str, value: float | None) -> pl.DataFrame:
    values = features[name].to_list()
    values[row] = value
    return features.with_columns(pl.Series(name, values, pl.Float64))


FLAT = np.full(ROWS, 100.0)
DECIDED = 180 * 60 + 7


def label(features: pl.DataFrame, closes: Floats = FLAT, row: int = DECIDED) -> dict[str, object]:
    (found,) = forward_regime_labels(prices(closes), keys([row]), features).iter_rows(named=True)
    return found


def test_the_quantities_are_those_at_the_end_of_the_coming_hour() -> None:
    quiet = quiet_features()
    assert label(quiet)["label"] == Regime.RANGING
    assert label(changed(quiet, DECIDED + 60, "liq_velocity", 0.06))["label"] == Regime.CASCADE_RISK
    for row in (DECIDED, DECIDED + 59, DECIDED + 61):
        assert label(changed(quiet, row, "liq_velocity", 0.06))["label"] == Regime.RANGING
    found = label(quiet)
    assert found["label_end"] == START + timedelta(minutes=DECIDED + 60) + DECISION_DELAY


def test_the_trend_is_that_of_the_coming_hour() -> None:
    """A jump of 3 % in the minute of the decision is past, in the next sixty it counts."""
    quiet = quiet_features()
    for first, expected in ((DECIDED, Regime.RANGING), (DECIDED + 1, Regime.TRENDING_UP),
                            (DECIDED + 60, Regime.TRENDING_UP), (DECIDED + 61, Regime.RANGING)):  # fmt: skip
        closes = FLAT.copy()
        closes[first:] = 103.0
        assert label(quiet, closes)["label"] == expected, first


def test_high_volatility_is_measured_against_the_hours_before_the_decision() -> None:
    """Hours 0 to 180 have 0.01 to 1.81: their 95th percentile is 1.72, whatever comes later."""
    quiet = quiet_features()
    for value, expected in ((1.721, Regime.HIGH_VOLATILITY), (1.719, Regime.RANGING)):
        loud = changed(quiet, DECIDED + 60, "volatility_1h", value)
        assert label(loud)["label"] == expected
        for hour in (181, 190):
            loud = changed(loud, hour * 60, "volatility_1h", 50.0)
        assert label(loud)["label"] == expected


def test_a_week_of_hours_is_needed() -> None:
    quiet = quiet_features()
    assert label(quiet, row=166 * 60 + 30)["unlabelled"] == Unlabelled.MISSING_INPUT
    assert label(quiet, row=167 * 60 + 1)["label"] == Regime.RANGING


def test_an_unknown_hour_has_no_label() -> None:
    quiet = quiet_features()
    silent = changed(quiet, DECIDED + 60, "liq_velocity", None)
    assert label(silent)["unlabelled"] == Unlabelled.MISSING_INPUT
    holed = FLAT.copy()
    holed[DECIDED + 30] = np.nan
    assert label(quiet, holed)["unlabelled"] == Unlabelled.MISSING_BAR
    assert label(quiet, row=ROWS - 60)["unlabelled"] == Unlabelled.END_OF_DATA
