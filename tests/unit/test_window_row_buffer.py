"""Rows held in memory are the union of what was merged, in order, whatever came in which order."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hydra.arrays import TIME
from hydra.features.reading.row_buffer import RowBuffer
from tests.support.synthetic_market import utc

ORIGIN = utc(2025, 6, 10)
SCHEMA = {"instrument_id": pl.Int16(), "time": TIME, "known_at": TIME, "value": pl.Int64()}

Row = tuple[int, datetime, datetime, int]

# Minutes over half a day, so that rows fall before and behind the cut, which follows the newest by an hour.
_row = st.tuples(st.sampled_from([1, 2, 3]), st.integers(0, 720), st.integers(0, 3), st.integers(0, 99)).map(
    lambda parts: (
        parts[0],
        ORIGIN + timedelta(minutes=parts[1]),
        ORIGIN + timedelta(minutes=parts[1] + parts[2]),
        parts[3],
    )
)
_batches = st.lists(st.lists(_row, max_size=12), max_size=12)


def _frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(_batches)
def test_of_two_rows_with_one_key_the_later_arrival_stays(batches: list[list[Row]]) -> None:
    held = RowBuffer(_frame([]), [1, 2, 3], ("time",), latest=None)
    expected: dict[tuple[int, datetime], Row] = {}
    for batch in batches:
        held.merge(_frame(batch))
        expected |= {row[:2]: row for row in batch}
    assert held.frame().rows() == [expected[key] for key in sorted(expected)]


@given(_batches)
def test_of_two_rows_with_one_key_the_larger_in_the_ordering_column_stays(batches: list[list[Row]]) -> None:
    held = RowBuffer(_frame([]), [1, 2, 3], ("time",), latest="known_at")
    expected: dict[tuple[int, datetime], Row] = {}
    for batch in batches:
        held.merge(_frame(batch))
        for row in batch:
            other = expected.get(row[:2])
            if other is None or row[2] >= other[2]:
                expected[row[:2]] = row
    assert held.frame().rows() == [expected[key] for key in sorted(expected)]


@given(_batches, st.integers(0, 720))
def test_since_and_forgetting_cut_by_time(batches: list[list[Row]], minutes: int) -> None:
    start = ORIGIN + timedelta(minutes=minutes)
    held = RowBuffer(_frame([]), [1, 2, 3], ("time",), latest=None)
    for batch in batches:
        held.merge(_frame(batch))
    kept = [row for row in held.frame().rows() if row[1] >= start]
    assert held.since(start).rows() == kept
    held.forget_before(start)
    assert held.frame().rows() == kept


def test_rows_with_several_events_at_one_instant_are_all_kept() -> None:
    held = RowBuffer(_frame([]), [1], ("time", "value"), latest=None)
    rows = [(1, ORIGIN, ORIGIN, value) for value in (3, 1, 2)]
    held.merge(_frame(rows))
    held.merge(_frame(rows[:1]))
    assert held.frame()["value"].to_list() == [1, 2, 3]
