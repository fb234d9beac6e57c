"""Which whole buckets a refresh covers."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hydra.db.rollups import ROLLUP_SOURCES, has_rollups, whole_buckets

LATER = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIMES = st.integers(0, 10**8).map(
    lambda seconds: datetime(2019, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
WIDTHS = st.sampled_from([level.width for source in ROLLUP_SOURCES.values() for level in source.levels])


def at(hour: int, minute: int) -> datetime:
    return datetime(2025, 6, 1, hour, minute, tzinfo=UTC)


def test_a_range_inside_a_bucket_widens_to_the_bucket() -> None:
    assert whole_buckets(at(10, 7), at(10, 8), HOUR, LATER) == (at(10, 0), at(11, 0))


def test_a_last_time_on_the_edge_takes_the_bucket_that_it_opens() -> None:
    assert whole_buckets(at(10, 0), at(11, 0), HOUR, LATER) == (at(10, 0), at(12, 0))


def test_the_open_bucket_is_left_out() -> None:
    assert whole_buckets(at(10, 7), at(12, 8), HOUR, at(12, 30)) == (at(10, 0), at(12, 0))


def test_nothing_is_left_when_only_the_open_bucket_is_touched() -> None:
    assert whole_buckets(at(12, 7), at(12, 8), HOUR, at(12, 30)) is None


@given(TIMES, TIMES, WIDTHS)
def test_every_closed_bucket_of_the_range_is_covered(one: datetime, two: datetime, width: timedelta) -> None:
    first, last = min(one, two), max(one, two)
    span = whole_buckets(first, last, width, LATER)
    assert span is not None
    start, end = span
    assert start <= first < start + width
    assert end - width <= last < end
    assert (end - start) % width == timedelta()


def test_only_tables_with_rollups_are_sources() -> None:
    assert has_rollups("candles_1m")
    assert not has_rollups("funding_rates")
