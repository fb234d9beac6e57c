"""The decision frame says the last close and the age of everything, from what was known then."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hydra.arrays import TIME
from hydra.errors import StopError
from hydra.features.engine.decision_frame import (
    DECISION_SCHEMA,
    decision_frame,
    decision_frames,
    decision_minutes,
    newest_known_at,
    newest_known_each,
)
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.facts import LAYER_SOURCES, SOURCES, MarketFacts, empty_frame
from hydra.features.reading.five_minute_bars import bars_as_of
from tests.support.synthetic_market import facts_from_scratch, make_rows, utc

T = utc(2025, 6, 10, 12, 0, 2)


def _facts(**rows: Sequence[tuple[object, ...]]) -> MarketFacts:
    frames = {name: empty_frame(name) for name in LAYER_SOURCES}
    given = {
        name: pl.DataFrame(found, schema=SOURCES[name].columns, orient="row") for name, found in rows.items()
    }
    return MarketFacts(**{**frames, **given})


def _candle(time: datetime, known_at: datetime, close: float) -> tuple[object, ...]:
    return (1, time, known_at, close, close, close, close, 1.0, None, None)


def test_ages_by_hand() -> None:
    facts = _facts(
        candles_1m=[_candle(utc(2025, 6, 10, 11, 59), T, 50.0)],
        funding_rates=[(1, utc(2025, 6, 10, 8), utc(2025, 6, 10, 8, 0, 5), 1e-4, 8)],
        open_interest_5m=[(1, utc(2025, 6, 10, 11, 55), utc(2025, 6, 10, 11, 56), 10.0, 500.0)],
        positioning=[(1, utc(2025, 6, 10, 11, 50), utc(2025, 6, 10, 11, 51), 1.5, None)],
        order_book_tops=[(1, T - timedelta(seconds=4.5), T - timedelta(seconds=4), 49.0, 51.0, 1.0, 1.0)],
        heartbeats=[
            (1, T - timedelta(seconds=30), T - timedelta(seconds=30), "liquidations"),
            (1, T - timedelta(seconds=3), T - timedelta(seconds=3), "order_book"),
            (1, T - timedelta(seconds=20), T - timedelta(seconds=19), "clock"),
        ],
    )
    (row,) = decision_frame(facts, T).rows(named=True)
    assert row == {
        "instrument_id": 1,
        "time": T,
        "last_close": 50.0,
        "candle_age_seconds": 2.0,
        "funding_age_seconds": 4 * 3600 + 2.0,
        "open_interest_age_seconds": 302.0,
        "positioning_age_seconds": 602.0,
        "order_book_age_seconds": 4.5,
        "liquidation_feed_age_seconds": 30.0,
        "order_book_feed_age_seconds": 3.0,
        "clock_age_seconds": 20.0,
    }


def test_what_is_not_known_has_no_age() -> None:
    facts = _facts(candles_1m=[_candle(utc(2025, 6, 10, 11, 59), T + timedelta(seconds=1), 50.0)])
    (row,) = decision_frame(facts, T).rows()
    assert row == (1, T, *[None] * 9)


def test_what_lies_before_the_anchor_is_unknown_however_far_the_facts_reach() -> None:
    """Books are read from five minutes before the hour on: the one of 11:54:59 is not there at 12:00:02."""
    for second, age in ((0, 302.0), (-1, None)):
        at = utc(2025, 6, 10, 11, 55) + timedelta(seconds=second)
        facts = _facts(order_book_tops=[(1, at, at, 49.0, 51.0, 1.0, 1.0)])
        asked = pl.DataFrame(
            {"instrument_id": [1], "time": [T]}, schema={"instrument_id": pl.Int16(), "time": TIME}
        )
        assert decision_frames(facts, asked)["order_book_age_seconds"].to_list() == [age]


def test_a_day_old_candle_is_a_day_old() -> None:
    """C08: the age is the whole distance, not its part below a day."""
    facts = _facts(candles_1m=[_candle(utc(2025, 6, 9, 11, 59), utc(2025, 6, 9, 12, 0, 2), 50.0)])
    assert decision_frame(facts, T)["candle_age_seconds"].to_list() == [86402.0]


def test_open_interest_of_zero_or_null_is_no_open_interest() -> None:
    """C19."""
    times = [utc(2025, 6, 10, 11, 45), utc(2025, 6, 10, 11, 50), utc(2025, 6, 10, 11, 55)]
    rows = [(1, time, time, contracts, 1.0) for time, contracts in zip(times, [5.0, 0.0, None], strict=True)]
    assert decision_frame(_facts(open_interest_5m=rows), T)["open_interest_age_seconds"].to_list() == [902.0]


def test_a_late_old_candle_does_not_replace_a_newer_one() -> None:
    new = _candle(utc(2025, 6, 10, 11, 58), utc(2025, 6, 10, 11, 59, 2), 50.0)
    old = _candle(utc(2025, 6, 10, 11, 40), utc(2025, 6, 10, 11, 59, 30), 40.0)
    assert decision_frame(_facts(candles_1m=[old, new]), T)["last_close"].to_list() == [50.0]


def test_decision_minutes_are_two_seconds_after_each_full_minute_within_the_range() -> None:
    found = decision_minutes([2, 1], utc(2025, 6, 10, 11, 59, 30), utc(2025, 6, 10, 12, 1, 2))
    assert found.rows() == [(pair, utc(2025, 6, 10, 12, minute, 2)) for minute in (0, 1) for pair in (1, 2)]
    assert found.schema == {"instrument_id": pl.Int16(), "time": TIME}


def test_decision_minutes_need_a_zone() -> None:
    with pytest.raises(StopError, match="with a time zone"):
        decision_minutes([1], datetime(2025, 6, 10), utc(2025, 6, 11))  # noqa: DTZ001


@pytest.mark.parametrize("seed", range(5))
def test_one_instant_gives_what_the_batch_gives(seed: int) -> None:
    """With late facts of every kind: the batch at t equals the frame of what was known at t."""
    start, end = utc(2025, 6, 10, 8), utc(2025, 6, 10, 12)
    rows = make_rows(seed=seed, start=start, end=end, pairs=(1, 2), late_share=0.3)
    facts = facts_from_scratch(rows, start, end)
    decisions = decision_minutes([1, 2], start, end)
    batch = decision_frames(facts, decisions)
    assert batch.select("instrument_id", "time").equals(decisions)
    for instant in Random(seed).sample(decisions["time"].unique().to_list(), 12):
        alone = decision_frames(facts.known_by(instant), decisions.filter(pl.col("time") == instant))
        assert_frame_equal(alone, batch.filter(pl.col("time") == instant))
        assert_frame_equal(decision_frame(facts, instant), alone)


@pytest.mark.parametrize("seed", range(3))
def test_the_newest_fact_of_each_decision_is_that_of_what_was_known_then(seed: int) -> None:
    start, end = utc(2025, 6, 10, 8), utc(2025, 6, 10, 12)
    rows = make_rows(seed=seed, start=start, end=end, pairs=(1, 2), late_share=0.3)
    facts = facts_from_scratch(rows, start, end)
    decisions = decision_minutes([1, 2, 3], start, end).sample(fraction=0.05, shuffle=True, seed=seed)
    newest = newest_known_each(facts, decisions)
    for (pair, instant), found in zip(decisions.rows(), newest, strict=True):
        assert found == newest_known_at(facts_from_scratch(rows, start, instant), GridMemory()).get(pair)


def test_a_bar_of_few_candles_is_known_at_its_end_though_others_of_it_come_later() -> None:
    opened = utc(2025, 6, 10, 11, 55)
    late = utc(2025, 6, 10, 12, 3)
    minutes = [
        _candle(opened, utc(2025, 6, 10, 11, 57), 50.0),
        _candle(opened + timedelta(minutes=1), late, 51.0),
    ]
    rows = {name: empty_frame(name) for name in LAYER_SOURCES} | {
        "candles_1m": pl.DataFrame(minutes, schema=SOURCES["candles_1m"].columns, orient="row")
    }
    end, after = utc(2025, 6, 10, 12), utc(2025, 6, 10, 12, 4, 2)
    facts = MarketFacts(
        **{
            **rows,
            "candles_5m": bars_as_of(
                empty_frame("candles_5m"), rows["candles_1m"], empty_frame("candles_5m"), after
            ),
        }
    )
    asked = [end - timedelta(seconds=1), T, after]
    decisions = pl.DataFrame({"instrument_id": [1] * 3, "time": asked}, schema=DECISION_SCHEMA)
    assert newest_known_each(facts, decisions).to_list() == [utc(2025, 6, 10, 11, 57), end, late]
