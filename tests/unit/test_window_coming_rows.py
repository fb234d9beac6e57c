"""Rows read ahead are handed out once, when they are known, and none before."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hydra.features.coming_rows import ComingRows
from hydra.features.facts import TIME
from tests.synthetic_market import utc

ORIGIN = utc(2025, 6, 10)
SCHEMA = {"time": TIME, "known_at": TIME, "measured_at": TIME, "value": pl.Int64()}

Row = tuple[datetime, datetime, datetime, int]


def at(seconds: int) -> datetime:
    return ORIGIN + timedelta(seconds=seconds)


_row = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 9)).map(
    lambda parts: (at(parts[0]), at(parts[1]), at(parts[2]), parts[3])
)


def frame_of(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(st.lists(_row, max_size=20), st.lists(st.integers(0, 70), max_size=6).map(sorted))
def test_each_row_is_handed_out_once_it_is_known_and_true(rows: list[Row], instants: list[int]) -> None:
    coming = ComingRows(frame_of(rows), "measured_at")
    handed_out: list[Row] = []
    for seconds in instants:
        taken = coming.take(at(seconds)).rows()
        assert all(max(row[1], row[2]) <= at(seconds) for row in taken)
        handed_out += taken
        assert sorted(handed_out) == sorted(row for row in rows if max(row[1], row[2]) <= at(seconds))


def test_of_two_rows_known_at_once_the_first_comes_first() -> None:
    rows = [(at(0), at(5), at(0), value) for value in (3, 1, 2)]
    assert ComingRows(frame_of(rows), "time").take(at(5))["value"].to_list() == [3, 1, 2]
