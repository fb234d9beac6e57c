"""Settled funding: the hour, the interval between settlements, and what is refused."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.exchange.archive.funding import hours_between
from tests.support.archive_samples import DAY, DAY_MS, FUNDING_FILE, FUNDING_HEADER, parsed, reasons, text_of

HOUR_MS = 3_600_000


def settlement(hour: float, hours: object = 8, rate: object = "0.00010000") -> str:
    return f"{DAY_MS + round(hour * HOUR_MS)},{hours},{rate}"


def recorded(tmp_path: Path, times: list[datetime]) -> Path:
    path = tmp_path / "funding" / "BTCUSDT.parquet"
    path.parent.mkdir(exist_ok=True)
    rates = {"funding_time_raw": times, "funding_rate": [0.0001] * len(times)}
    pl.DataFrame(rates).write_parquet(path)
    return path


def test_a_settlement_lies_on_its_hour_and_is_known_five_seconds_after_its_stamp(tmp_path: Path) -> None:
    """08:00:00.036 is known at 08:00:05.036; a stamp of 15:55:06 does not make 16:00 known earlier."""
    lines = [settlement(8.00001), settlement(16 - 4.9 / 60, rate="-0.0002")]
    rows = parsed(tmp_path / FUNDING_FILE, text_of(FUNDING_HEADER, *lines)).tables["funding_rates"]
    hours = [DAY + timedelta(hours=hour) for hour in (8, 16)]
    assert rows["time"].to_list() == hours
    stamped = [hours[0] + timedelta(milliseconds=36), hours[1]]
    assert rows["known_at"].to_list() == [moment + timedelta(seconds=5) for moment in stamped]
    assert rows["rate"].to_list() == [0.0001, -0.0002]
    assert rows["mark_price"].null_count() == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (settlement(8.1), "time is more than 5 min off the hour"),
        (settlement(8, rate=""), "last_funding_rate is missing"),
        (settlement(8, rate="nan"), "last_funding_rate is not a number"),
        (settlement(8, rate="-1.0"), "a rate of 100 % or more"),
        (settlement(8, hours=3), "funding_interval_hours is not 1, 2, 4 or 8"),
        (settlement(8, hours=0), "funding_interval_hours is not 1, 2, 4 or 8"),
        (settlement(8, hours="8h"), "funding_interval_hours is not a number"),
        (settlement(-8), "time lies outside of the period in the file's name"),
        (settlement(0, rate="0.0003"), "a second row for this time with other values"),
    ],
)
def test_an_impossible_settlement_is_quarantined(tmp_path: Path, line: str, reason: str) -> None:
    lines = [FUNDING_HEADER, settlement(0), line, settlement(16), settlement(24)]
    file = parsed(tmp_path / FUNDING_FILE, text_of(*lines))
    assert reasons(file) == {3: reason}
    assert file.tables["funding_rates"].height == 3


def test_a_stated_interval_wins_and_an_empty_one_is_measured(tmp_path: Path) -> None:
    lines = [settlement(0, 4), settlement(8, 4), settlement(12, ""), settlement(16, 8)]
    rows = parsed(tmp_path / FUNDING_FILE, text_of(FUNDING_HEADER, *lines)).tables["funding_rates"]
    assert rows["interval_hours"].to_list() == [4, 4, 4, 8]


@pytest.mark.parametrize(
    ("at_hours", "expected"),
    [
        ([0, 8, 16], [8, 8, 8]),
        ([0], [8]),  # nothing to measure: the exchange's usual interval
        ([0, 4, 8, 16, 20], [4, 4, 4, 4, 4]),  # a hole of one settlement
        ([0, 8, 40, 48], [8, 8, 8, 8]),  # a hole of three
        ([0, 4, 8, 16, 24], [4, 4, 4, 8, 8]),  # the interval became longer
        ([0, 8, 16, 20, 24], [8, 8, 8, 4, 4]),  # and shorter
        ([0, 4, 8, 16], [4, 4, 4, 4]),  # nothing after it tells a change from a hole
        ([0, 24, 32], [8, 8, 8]),
    ],
)
def test_the_interval_is_the_distance_and_a_hole_keeps_the_one_before(
    tmp_path: Path, at_hours: list[int], expected: list[int]
) -> None:
    file = parsed(recorded(tmp_path, [DAY + timedelta(hours=hour) for hour in at_hours]))
    assert file.tables["funding_rates"]["interval_hours"].to_list() == expected


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_an_interval_is_always_one_of_the_exchange(distances: list[int]) -> None:
    times = [DAY]
    for hours in distances:
        times.append(times[-1] + timedelta(hours=hours))
    found = pl.DataFrame({"time": times}).select(hours_between()).to_series()
    assert set(found) <= {1, 2, 4, 8}
