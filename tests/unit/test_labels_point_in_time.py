"""A label depends on nothing before its decision and on nothing after its end."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from hydra.arrays import Floats, Integers
from hydra.durations import MINUTE_US
from hydra.features.engine.decision_frame import DECISION_DELAY_US
from hydra.training.labels.close_to_close import direction_labels, five_class_labels, fixed_horizon_labels
from hydra.training.labels.exit_now import exit_labels
from hydra.training.labels.forward_regime import REGIME_INPUTS, forward_regime_labels
from hydra.training.labels.minute_prices import MinutePrices
from hydra.training.labels.triple_barrier import triple_barrier_labels

DAYS, PAIRS = 9, 3
ROWS = DAYS * 1440
FIRST = 29_000_000
GARBAGE = 3.7

Labeller = Callable[[MinutePrices, pl.DataFrame], pl.DataFrame]


@cache
def prices() -> MinutePrices:
    """Random walks of three pairs with settlements every eight hours."""
    draws = np.random.default_rng(3)
    shape = (ROWS, PAIRS)
    closes = 100 * np.exp(np.cumsum(draws.normal(0, 0.0008, shape), axis=0))
    opens = np.vstack([np.full((1, PAIRS), 100.0), closes[:-1]])
    reach = np.exp(np.abs(draws.normal(0, 0.0004, shape)))
    highs, lows = np.maximum(opens, closes) * reach, np.minimum(opens, closes) / reach
    settles = (np.arange(ROWS) % 480 == 0)[:, None] & np.ones(shape, np.bool_)
    return MinutePrices(
        instrument_ids=(1, 2, 3),
        bases=("BTC", "ETH", "SOL"),
        first_minute=FIRST,
        traded=(opens, highs, lows, closes),
        marked=(opens, highs, lows),
        is_played=np.ones(shape, np.bool_),
        funding=np.where(settles, -0.01, 0.0),
        funding_row=np.where(settles, np.arange(ROWS)[:, None] + 1, -1),
        as_of_us=(FIRST + np.arange(ROWS)) * MINUTE_US + DECISION_DELAY_US,
        last_rows=np.full(PAIRS, ROWS - 1),
    )


def decided(rows: Integers, pair: int) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"instrument_id": [pair] * len(rows), "time": (FIRST + rows) * MINUTE_US + DECISION_DELAY_US}
    )
    return frame.with_columns(
        pl.col("instrument_id").cast(pl.Int16),
        pl.col("time").cast(pl.Datetime("us", "UTC")),
        side=pl.lit("SHORT"),
        holding_period_minutes=pl.lit(45),
        entry_price=pl.lit(100.5),
        sigma=pl.lit(0.0008),
    )


def features() -> pl.DataFrame:
    draws = np.random.default_rng(4)
    every = decided(np.arange(ROWS), 2).select("instrument_id", "time")
    return every.with_columns(pl.Series(name, draws.uniform(0, 0.06, ROWS)) for name in REGIME_INPUTS)


def regimes(now: MinutePrices, decisions: pl.DataFrame) -> pl.DataFrame:
    """Features outside of the label's own hour are garbage, but for the hours before it (C63)."""
    begins, ends = decisions["time"].item(), decisions["time"].item() + pl.duration(minutes=60)
    at = pl.col("time")
    is_garbage = (now is not prices()) & (at != ends) & (at > begins)
    changed = features().with_columns(
        pl.when(is_garbage).then(GARBAGE).otherwise(pl.col(name)).alias(name) for name in REGIME_INPUTS
    )
    return forward_regime_labels(now, decisions, changed)


LABELLERS: dict[str, Labeller] = {
    "fixed horizon": fixed_horizon_labels,
    "direction": direction_labels,
    "five classes": five_class_labels,
    "exit": exit_labels,
    "triple barrier": triple_barrier_labels,
    "forward regime": regimes,
}


def changed_outside(now: MinutePrices, begin: int, end: int) -> MinutePrices:
    """Every number of a row before `begin` or after `end` is another one."""
    is_outside = (np.arange(ROWS) < begin) | (np.arange(ROWS) > end)

    def spoiled(values: Floats) -> Floats:
        return np.where(is_outside[:, None], values * GARBAGE, values)

    opens, highs, lows, closes = (spoiled(values) for values in now.traded)
    return replace(
        now,
        traded=(opens, highs, lows, closes),
        marked=(opens, highs, lows),
        funding=spoiled(now.funding),
        is_played=now.is_played & ~is_outside[:, None],
    )


@pytest.mark.parametrize("kind", LABELLERS)
def test_nothing_outside_of_a_labels_span_changes_it(kind: str) -> None:
    for row in (8 * 1440 + 477, 8 * 1440 + 600, 8 * 1440 + 955):
        decisions = decided(np.array([row]), 2)
        whole = LABELLERS[kind](prices(), decisions)
        assert whole["label"].null_count() == 0
        last_end = int(whole["label_end"].to_physical().max())  # type: ignore[arg-type]
        end = (last_end - DECISION_DELAY_US) // MINUTE_US - FIRST
        found = LABELLERS[kind](changed_outside(prices(), row, end), decisions)
        # Bars that a label does not need may be missing; those that end it must be there.
        assert found.equals(whole), kind


@pytest.mark.parametrize("kind", LABELLERS)
def test_the_last_minute_of_its_span_can_change_a_label(kind: str) -> None:
    """Else the test above would pass for a label that says nothing."""
    changed = 0
    for row in range(8 * 1440, 8 * 1440 + 200, 5):
        decisions = decided(np.array([row]), 2)
        whole = LABELLERS[kind](prices(), decisions)
        last = int(whole["label_end"].to_physical().max())  # type: ignore[arg-type]
        end = (last - DECISION_DELAY_US) // MINUTE_US - FIRST
        is_last = np.arange(ROWS)[:, None] == end
        opens, highs, lows, closes = (np.where(is_last, one * 1.05, one) for one in prices().traded)
        shifted = replace(prices(), traded=(opens, highs, lows, closes))
        changed += not LABELLERS[kind](shifted, decisions)["label"].equals(whole["label"])
    assert changed > 0
