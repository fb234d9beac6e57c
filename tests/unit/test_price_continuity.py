"""Which prices cannot be: corrupted rows and another pair's, never a crash, a wick or a hole in the data."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.ingest.price_continuity import Ranges, goes_on, odd_rows, ranges_of
from tests.support.archive_samples import DAY
from tests.support.recorded_market import ABSENT, RECORDED, is_recorded

NOTHING = Ranges(np.empty(0, np.int64), np.empty(0), np.empty(0))
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def ranges(prices: list[float], step: timedelta = MINUTE, start: timedelta = timedelta(0)) -> Ranges:
    """Bars one `step` apart with these lows; each high is a thousandth above."""
    times = [DAY + start + number * step for number in range(len(prices))]
    rows = pl.DataFrame({"time": times, "low": prices, "high": [price * 1.001 for price in prices]})
    return ranges_of(rows.with_columns(pl.col("time").cast(pl.Datetime("us", "UTC"))))


def odd(offered: Ranges, stored: Ranges = NOTHING) -> list[int]:
    return np.flatnonzero(odd_rows(offered, stored)).tolist()


def test_a_file_goes_on_with_the_bar_before_if_it_touches_it_within_an_hour() -> None:
    last = ranges([100.0])
    assert goes_on(last, ranges([100.9] * 3, start=MINUTE))
    assert not goes_on(last, ranges([103.0] * 3, start=MINUTE))
    assert not goes_on(last, ranges([100.0] * 3, start=2 * HOUR))
    assert not goes_on(last, ranges([100.0] * 3))


def test_a_single_corrupted_row_is_odd_and_its_neighbours_are_not() -> None:
    prices = [2.5] * 60
    for place, wrong in ((0, 7e8), (17, 0.0001), (40, 100.0), (59, 12.0)):
        prices[place] = wrong
    assert odd(ranges(prices)) == [0, 17, 40, 59]


def test_a_bar_ten_times_as_high_as_low_is_odd_by_itself() -> None:
    offered = ranges([2.5] * 9)
    offered.high[4] = np.log(26.0)
    assert odd(offered) == [4]


def test_a_file_of_such_bars_alone_is_odd_as_a_whole() -> None:
    offered = ranges([2.5] * 3)
    offered.high[:] = np.log(26.0)
    assert odd(offered) == [0, 1, 2]


def test_another_pairs_prices_beside_stored_ones_are_odd_to_the_last_row() -> None:
    """A month under the wrong name: its last rows are 30 days away from what is stored, its first are not."""
    month = ranges([100_000.0] * 720, HOUR)
    before = ranges([2_500.0], HOUR, -HOUR)
    assert len(odd(month, before)) == 720
    assert odd(ranges([2_600.0] * 720, HOUR), before) == []


def test_a_corrupted_row_far_from_what_is_stored_is_odd_beside_the_rows_that_reach_it() -> None:
    """Fifty times away, 15 days after the stored hour: alone it might be, among the others it cannot be."""
    month = [2.5] * 720
    month[360] = 125.0
    assert odd(ranges(month, HOUR), ranges([2.5], HOUR, -HOUR)) == [360]


def test_the_same_hours_as_stored_decide_before_neighbours_do() -> None:
    stored = ranges([100.0, 100.0, 900.0, 900.0], HOUR)
    assert odd(ranges([100.0, 100.0, 900.0, 900.0], HOUR), stored) == []
    assert len(odd(ranges([0.1] * 4, HOUR), stored)) == 4


def test_a_crash_by_two_thirds_in_minutes_is_a_market() -> None:
    """As on 2025-10-10: each bar touches the one before, one has a wick to a third."""
    prices = [0.8 * 0.93**minute for minute in range(16)] + [0.27] * 20
    falling = ranges(prices)
    falling.high[1:] = falling.low[:-1]
    falling.low[20] -= np.log(3.0)
    assert odd(falling) == []
    assert odd(falling, ranges([0.85, 0.84], HOUR, -2 * HOUR)) == []


@pytest.mark.parametrize(
    ("hole", "times", "expected"),
    [
        (timedelta(hours=20), 11.0, 0),  # DOGE, January 2021
        (timedelta(days=25), 90.0, 0),
        (timedelta(days=400), 5000.0, 0),
        (timedelta(minutes=30), 6.0, 10),
        (timedelta(hours=20), 25.0, 10),
        (timedelta(days=25), 1000.0, 10),
    ],
)
def test_the_longer_the_hole_the_further_a_price_may_have_gone(
    hole: timedelta, times: float, expected: int
) -> None:
    after = ranges([0.01 * times] * 10, MINUTE, hole + HOUR)
    assert len(odd(after, ranges([0.01], HOUR))) == expected


def test_a_change_of_unit_is_held_back_from_the_shorter_side_on() -> None:
    """A redenomination 1 : 1000 looks like an error until the user accepts it."""
    assert odd(ranges([5.0] * 30 + [0.005] * 10)) == list(range(30, 40))


def test_a_change_of_unit_that_fills_a_hole_fits_both_ends() -> None:
    ends = [ranges([5.0], HOUR, -3 * HOUR), ranges([0.005], HOUR, timedelta(hours=40))]
    stored = Ranges(*(np.concatenate(parts) for parts in zip(*ends, strict=True)))
    assert odd(ranges([5.0], HOUR), stored) == []
    assert odd(ranges([0.005], HOUR, timedelta(hours=35)), stored) == []


def test_a_file_that_jumps_more_often_than_it_says_anything_is_odd_as_a_whole() -> None:
    assert len(odd(ranges([1.0, 100.0] * 1500))) == 3000


@given(st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=200), st.integers(0, 199))
def test_no_walk_is_odd_and_one_row_beyond_the_limit_always_is(steps: list[float], place: int) -> None:
    walk = np.exp(np.cumsum(steps)).tolist()
    assert odd(ranges(walk)) == []
    if len(walk) > 2:
        corrupted = list(walk)
        corrupted[place % len(walk)] = max(walk) * 1000
        assert odd(ranges(corrupted)) == [place % len(walk)]


@pytest.mark.skipif(not is_recorded(), reason=ABSENT)
@pytest.mark.parametrize("folder", ["candles_1m", "candles_5m", "mark_1h"])
def test_no_recorded_price_is_odd(folder: str) -> None:
    """Nor beside the first and last recorded hours, years of holes included."""
    for path in sorted((RECORDED / folder).glob("*.parquet")):
        rows = pl.read_parquet(path).sort("open_time").rename({"open_time": "time"})
        offered = ranges_of(rows.with_columns(pl.col("time").cast(pl.Datetime("us", "UTC"))))
        half = len(offered.time) // 2
        assert odd(offered) == [], path
        assert odd(offered.at(slice(half, None)), offered.at(slice(0, half, 60))) == [], path
