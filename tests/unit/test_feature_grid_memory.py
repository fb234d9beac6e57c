"""A memory of grids changes when a column is computed, never what it is."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hydra.features.engine.decision_frame import decision_frame, newest_known_at
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import SOURCES, MarketFacts
from tests.support.feature_market import MINUTE, SECOND, START, decisions_at, random_market

pytestmark = pytest.mark.slow

FRAME = pl.DataFrame({"value": [1.0, None, 3.0]})


def counted(calls: list[int], frame: pl.DataFrame) -> pl.DataFrame:
    calls.append(frame.height)
    return frame * 2


def test_the_same_rows_are_computed_once() -> None:
    memory, calls = GridMemory(), list[int]()
    for frame in (FRAME, FRAME.clone(), pl.DataFrame({"value": [1.0, None, 3.0]})):
        result = memory.recall("key", lambda read: counted(calls, read), frame)
        assert result["value"].to_list() == [2.0, None, 6.0]
    assert calls == [3]


def test_another_value_another_row_or_another_null_is_computed_anew() -> None:
    memory, calls = GridMemory(), list[int]()
    for values in ([1.0, None, 3.0], [1.0, None, 4.0], [1.0, 2.0, 4.0], [1.0, 2.0]):
        frame = pl.DataFrame({"value": values})
        result = memory.recall("key", lambda read: counted(calls, read), frame)
        assert result.equals(frame * 2)
    assert calls == [3, 3, 3, 2]


def test_keys_do_not_share_what_they_know() -> None:
    memory, calls = GridMemory(), list[int]()
    memory.recall("one", lambda read: counted(calls, read), FRAME)
    memory.recall("other", lambda read: counted(calls, read), FRAME)
    assert calls == [3, 3]


def test_kept_results_are_of_the_same_objects_and_the_same_values_beside() -> None:
    memory, calls = GridMemory(), list[int]()

    def compute() -> int:
        calls.append(1)
        return len(calls)

    frame = FRAME.clone()
    kept = [memory.keep("key", compute, (frame,), beside) for beside in (1, 1, 2, 2)]
    assert kept == [1, 1, 2, 2]
    assert memory.keep("key", compute, (FRAME.clone(),), 2) == 3
    assert memory.keep("key", compute, (frame,), 2) == 4


@pytest.mark.parametrize("split", [1, 2])
def test_rows_are_told_apart_whatever_pieces_they_come_in(split: int) -> None:
    memory, calls = GridMemory(), list[int]()
    whole = pl.DataFrame({"value": [1.0, None, 3.0]})
    pieces = pl.concat([whole[:split], whole[split:]], rechunk=False)
    changed = pl.concat([whole[:split], pl.DataFrame({"value": [None, 4.0][split - 1 :]})], rechunk=False)
    for frame, computed in ((whole, 1), (pieces, 1), (pieces.clone(), 1), (changed, 2), (whole, 3)):
        result = memory.recall("key", lambda read: counted(calls, read), frame)
        assert result.equals(frame * 2)
        assert len(calls) == computed


def test_frames_that_stay_the_same_objects_give_what_a_fresh_evaluation_gives() -> None:
    """As a window hands them out, into the next hour and the one after: candles alone change every minute."""
    memory, facts = GridMemory(), random_market(seed=4, days=9)
    first = START + timedelta(days=8, minutes=55) + 2 * SECOND
    shown = facts.known_by(first)
    for number in (*range(8), *range(63, 68)):
        as_of = first + number * MINUTE
        fresh, decisions = facts.known_by(as_of), decisions_at([as_of])
        frames = {name: (getattr(shown, name), getattr(fresh, name)) for name in SOURCES}
        shown = MarketFacts(**{name: old if old.equals(new) else new for name, (old, new) in frames.items()})
        remembered = feature_matrix(shown, decisions, memory=memory)
        assert_frame_equal(remembered, feature_matrix(fresh, decisions), check_exact=True)
        assert decision_frame(shown, as_of, memory).equals(decision_frame(fresh, as_of))
        assert newest_known_at(shown, memory) == newest_known_at(fresh, GridMemory())


def test_minute_after_minute_a_memory_gives_what_a_fresh_evaluation_gives() -> None:
    memory, facts = GridMemory(), random_market(seed=3, days=9)
    first = START + timedelta(days=8, minutes=50) + 2 * SECOND
    for number in range(14):
        as_of = first + number * MINUTE
        known, decisions = facts.known_by(as_of), decisions_at([as_of])
        remembered = feature_matrix(known, decisions, memory=memory)
        assert_frame_equal(remembered, feature_matrix(known, decisions), check_exact=True)


def test_a_fact_that_changed_long_ago_is_noticed() -> None:
    memory, facts = GridMemory(), random_market(seed=3, days=9)
    as_of = START + timedelta(days=8, minutes=50) + 2 * SECOND
    known, decisions = facts.known_by(as_of), decisions_at([as_of])
    before = feature_matrix(known, decisions, memory=memory)
    is_old = pl.col("time") < pl.lit(as_of - timedelta(days=1, hours=5))
    is_even = pl.col("time").dt.minute() % 2 == 0
    shaken = pl.when(is_old & is_even).then(pl.col("close") * 1.01).otherwise("close")
    altered = replace(known, candles_1m=known.candles_1m.with_columns(shaken.alias("close")))
    after = feature_matrix(altered, decisions, memory=memory)
    assert_frame_equal(after, feature_matrix(altered, decisions), check_exact=True)
    assert not after.equals(before)
