"""Facts in rows: whatever is read, no window reaches another segment; ranks count the same both ways."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.arrays import Integers
from hydra.features.engine import trailing_rank
from hydra.features.engine.layout import NO_ROW, Separation, lay_out
from hydra.features.engine.trailing_rank import previous_ranks

REACH, LEAST, LONGEST_HOLE = 7, 3, 2


def _segment(positions: list[int], at: int) -> set[int]:
    """The positions up to `at`, back to the first hole that is too long to be filled."""
    found: list[int] = []
    for position in reversed([position for position in positions if position <= at]):
        if found and found[-1] - position > LONGEST_HOLE + 1:
            break
        found.append(position)
    return set(found)


@given(
    st.sets(st.tuples(st.integers(0, 2), st.integers(0, 15)), min_size=1),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 22)), min_size=1, max_size=3),
)
def test_a_window_that_is_read_holds_the_facts_of_its_own_positions_only(
    facts: set[tuple[int, int]], reads: list[tuple[int, int]]
) -> None:
    ordered = sorted(facts)
    rank, position = (np.array(column, dtype=np.int64) for column in zip(*ordered, strict=True))
    read_rank, read = (np.array(column, dtype=np.int64) for column in zip(*reads, strict=True))
    laid = lay_out(rank, position, LONGEST_HOLE, Separation(REACH, LEAST), read)
    for one, at, row in zip(read_rank, read, laid.rows_of(read_rank, read), strict=True):
        segment = _segment([position for instrument, position in ordered if instrument == one], at)
        window = [(one, at - back) if at - back in segment else None for back in range(REACH + 1)]
        if row == NO_ROW:
            assert window == [None] * (REACH + 1)
        else:
            sources = [laid.source[row - back] if row >= back else NO_ROW for back in range(REACH + 1)]
            assert [None if s == NO_ROW else ordered[s] for s in sources] == window


def test_one_read_at_the_end_of_long_segments_needs_no_more_than_the_least_rows_between() -> None:
    rank, position = np.repeat(np.arange(2), 20), np.tile(np.arange(20), 2)
    one = lay_out(rank, position, LONGEST_HOLE, Separation(REACH, LEAST), np.array([19]))
    every = lay_out(rank, position, LONGEST_HOLE, Separation(REACH, LEAST))
    assert (len(one.source), len(every.source)) == (2 * (20 + LEAST), 2 * (20 + REACH))


def _counted(values: list[float | None], window: int, row: int) -> tuple[int | None, int | None]:
    if row == NO_ROW:
        return None, None
    before = [value for value in values[max(0, row - window) : row] if value is not None]
    own = values[row]
    return (None if own is None else sum(value <= own for value in before)), len(before)


@pytest.mark.parametrize("scan_cost", [0, 10**6], ids=["scanned", "running rank"])
@given(
    values=st.lists(st.none() | st.integers(0, 4).map(float), min_size=1, max_size=60),
    window=st.integers(1, 20),
    picks=st.lists(st.integers(-1, 59), min_size=1, max_size=8),
)
def test_both_ways_of_ranking_count_what_counting_one_by_one_gives(
    scan_cost: int, values: list[float | None], window: int, picks: list[int]
) -> None:
    rows: Integers = np.array([min(pick, len(values) - 1) for pick in picks], dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trailing_rank, "_SCAN_COST", scan_cost)
        found = previous_ranks(pl.Series(values, dtype=pl.Float64), window, rows)
    assert found.rows() == [_counted(values, window, int(row)) for row in rows]
