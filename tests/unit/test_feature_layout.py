"""Facts in rows: no window reaches another segment, whatever is read; ranks count the same both ways."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hydra.arrays import Integers
from hydra.features.engine import plan, trailing_rank
from hydra.features.engine.layout import NO_ROW, lay_out
from hydra.features.engine.plan import GridPlan
from hydra.features.engine.trailing_rank import previous_ranks

pytestmark = pytest.mark.slow

REACH, LONGEST_HOLE = 7, 2


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
    laid = lay_out(rank, position, LONGEST_HOLE, REACH, int(read.max()))
    for one, at, row in zip(read_rank, read, laid.rows_of(read_rank, read), strict=True):
        segment = _segment([position for instrument, position in ordered if instrument == one], at)
        window = [(one, at - back) if at - back in segment else None for back in range(REACH + 1)]
        if row == NO_ROW:
            assert window == [None] * (REACH + 1)
        else:
            first = laid.offsets[laid.offsets <= row].max()
            back_to = [row - back if row - back >= first else NO_ROW for back in range(REACH + 1)]
            sources = [NO_ROW if one == NO_ROW else laid.source[one] for one in back_to]
            assert [None if s == NO_ROW else ordered[s] for s in sources] == window


def test_a_segment_is_followed_by_rows_as_far_as_is_read_but_no_further_than_a_window_reaches() -> None:
    rank, position = np.repeat(np.arange(2), 20), np.tile(np.arange(20), 2)
    rows = [len(lay_out(rank, position, LONGEST_HOLE, REACH, last).source) for last in (19, 22, 1000)]
    assert rows == [2 * 20, 2 * (20 + 3), 2 * (20 + REACH)]


@pytest.mark.parametrize("long_segment", [0, 10**6], ids=["slice by slice", "grouped"])
def test_a_segment_is_computed_as_if_it_were_alone(
    long_segment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices of 1e5 beside prices of 1e-5: a running sum that passed from one to the other would show."""
    monkeypatch.setattr(plan, "_LONG_SEGMENT", long_segment)
    rng = np.random.default_rng(1)
    parts = [pl.DataFrame({"price": level * rng.lognormal(0, 1, 300)}) for level in (1e5, 1e-5, 3.0)]
    price, mean = pl.col("price"), pl.col("mean")
    stages = (
        (price.rolling_mean(20).alias("mean"), price.rolling_std(20, ddof=1).alias("deviation")),
        ((price - mean).ewm_mean(span=9).alias("average"), mean.shift(1).cum_sum().alias("sum")),
    )
    steps = GridPlan(("price",), stages, ("mean", "deviation", "average", "sum"))
    together = steps.run(pl.concat(parts), np.array([0, 300, 600]))
    assert_frame_equal(together, pl.concat([steps.run(part) for part in parts]), check_exact=True)


def _counted(values: list[float | None], cut: int, window: int, row: int) -> tuple[int | None, int | None]:
    if row == NO_ROW:
        return None, None
    before = [
        value for value in values[max(cut if row >= cut else 0, row - window) : row] if value is not None
    ]
    own = values[row]
    return (None if own is None else sum(value <= own for value in before)), len(before)


@pytest.mark.parametrize("scan_cost", [0, 10**6], ids=["scanned", "rolling rank"])
@given(
    values=st.lists(st.none() | st.integers(0, 4).map(float), min_size=1, max_size=60),
    cut=st.integers(0, 60),
    window=st.integers(1, 20),
    picks=st.lists(st.integers(-1, 59), min_size=1, max_size=8),
)
def test_both_ways_of_ranking_count_what_counting_one_by_one_gives(
    scan_cost: int, values: list[float | None], cut: int, window: int, picks: list[int]
) -> None:
    """A segment ends before the row `cut`; the counts of the next begin there."""
    begins = np.array([0, cut] if 0 < cut < len(values) else [0])
    rows: Integers = np.array([min(pick, len(values) - 1) for pick in picks], dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trailing_rank, "_SCAN_COST", scan_cost)
        found = previous_ranks(pl.Series(values, dtype=pl.Float64), begins, window, rows)
    assert found.rows() == [_counted(values, cut, window, int(row)) for row in rows]
