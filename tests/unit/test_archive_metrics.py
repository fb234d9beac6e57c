"""Metrics: snapped times, empty cells, and what is refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from hydra.errors import BadDataError
from tests.support.archive_samples import (
    DAY,
    METRICS_FILE,
    METRICS_HEADER,
    metrics_line,
    parsed,
    reasons,
    text_of,
)
from tests.support.recorded_market import RECORDED

NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
EMPTY = '"","","","","",""'


def test_one_row_feeds_open_interest_and_positioning(tmp_path: Path) -> None:
    tables = parsed(tmp_path / METRICS_FILE, text_of(METRICS_HEADER, metrics_line())).tables
    time, known_at = DAY + timedelta(minutes=5), DAY + timedelta(minutes=6)
    assert tables["open_interest"].row(0) == (time, known_at, 10.5, 1000.0)
    assert tables["positioning"].row(0, named=True) == {
        "time": time,
        "known_at": known_at,
        "top_account_long_short_ratio": 1.0,
        "top_position_long_short_ratio": 2.0,
        "long_short_ratio": 3.0,
        "taker_buy_sell_ratio": 4.0,
    }


def test_the_header_may_be_missing_and_the_last_row_may_be_the_next_midnight(tmp_path: Path) -> None:
    lines = [metrics_line("23:55:00"), metrics_line().replace("05-01 00:05", "05-02 00:00")]
    rows = parsed(tmp_path / METRICS_FILE, text_of(*lines)).tables["open_interest"]
    assert rows["time"][-1] == DAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("clock", "minute"), [("00:05:02", 5), ("00:07:30", 10), ("00:07:29", 5), ("00:02:31", 5)]
)
def test_times_are_snapped_to_the_nearest_five_minutes(tmp_path: Path, clock: str, minute: int) -> None:
    file = parsed(tmp_path / METRICS_FILE, text_of(METRICS_HEADER, metrics_line(clock)))
    assert file.tables["open_interest"]["time"].to_list() == [DAY + timedelta(minutes=minute)]


def test_of_two_rows_on_one_grid_point_the_nearer_is_kept(tmp_path: Path) -> None:
    lines = [
        metrics_line("00:05:09"),
        metrics_line("00:04:58", values="7,7,7,7,7,7"),
        metrics_line("00:10:00"),
    ]
    file = parsed(tmp_path / METRICS_FILE, text_of(METRICS_HEADER, *lines))
    assert reasons(file) == {2: "another row lies nearer to this grid point"}
    assert file.tables["open_interest"]["contracts"].to_list() == [7.0, 10.5]


def test_empty_cells_stay_null_and_a_row_without_any_value_is_counted(tmp_path: Path) -> None:
    lines = [metrics_line("00:05:00", values='10.5,1000,"","","",""'), metrics_line("00:10:00", values=EMPTY)]
    file = parsed(tmp_path / METRICS_FILE, text_of(METRICS_HEADER, *lines))
    assert (file.tables["open_interest"].height, file.tables["positioning"].height) == (1, 0)
    assert (file.empty, file.rejected.height) == (1, 0)


def test_an_open_interest_of_zero_is_stored_as_served(tmp_path: Path) -> None:
    rows = parsed(tmp_path / METRICS_FILE, text_of(metrics_line(values="0,0,1,1,1,1"))).tables[
        "open_interest"
    ]
    assert rows.select("contracts", "value_usd").row(0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (metrics_line("00:10:00", values="-1,1,1,1,1,1"), "sum_open_interest is negative"),
        (metrics_line("00:10:00", values="1,1,1,1,inf,1"), "count_long_short_ratio is not a number"),
        (metrics_line("25:10:00"), "time is not a time"),
        (metrics_line("00:10:00", symbol="ETHUSDT"), "symbol is not that of the file's name"),
        (metrics_line("00:10:00").replace("05-01", "05-03"), "time lies outside of the period"),
        (metrics_line("00:05:00", values="9,9,9,9,9,9"), "a second row for this time with other values"),
    ],
)
def test_an_impossible_row_is_quarantined(tmp_path: Path, line: str, reason: str) -> None:
    lines = [METRICS_HEADER, metrics_line("00:05:00"), line, metrics_line("00:15:00")]
    file = parsed(tmp_path / METRICS_FILE, text_of(*lines))
    assert [(at, found.startswith(reason)) for at, found in reasons(file).items()] == [(3, True)]
    assert file.tables["open_interest"].height == 2


def test_metrics_of_another_symbol_than_the_name_are_refused(tmp_path: Path) -> None:
    lines = [metrics_line(symbol="ETHUSDT"), metrics_line("00:10:00", symbol="ETHUSDT")]
    with pytest.raises(BadDataError, match="symbol is not that of the file's name"):
        parsed(tmp_path / METRICS_FILE, text_of(METRICS_HEADER, *lines))


def test_recorded_metrics_read_like_those_of_the_archive(tmp_path: Path) -> None:
    csv = parsed(tmp_path / METRICS_FILE, text_of(METRICS_HEADER, metrics_line())).tables
    path = tmp_path / "metrics_5m" / "BTCUSDT.parquet"
    path.parent.mkdir()
    names = [name for name in METRICS_HEADER.split(",") if name != "symbol"]
    values = [DAY + timedelta(minutes=5, seconds=1), 10.5, 1000.0, 1.0, 2.0, 3.0, 4.0]
    pl.DataFrame([values], schema=names, orient="row").write_parquet(path)
    recorded = parsed(path).tables
    a_second_later = pl.col("known_at") + timedelta(seconds=1)
    assert all(recorded[table].equals(csv[table].with_columns(a_second_later)) for table in csv)


# When a row was known (C133)


def test_a_label_after_its_grid_point_is_known_a_minute_after_the_label(tmp_path: Path) -> None:
    """00:07:29 is the row of 00:05: it was known at 00:08:29, not at 00:06."""
    rows = parsed(tmp_path / METRICS_FILE, text_of(METRICS_HEADER, metrics_line("00:07:29"))).tables
    known_at = DAY + timedelta(minutes=8, seconds=29)
    assert {table: frame["known_at"].to_list() for table, frame in rows.items()} == {
        "open_interest": [known_at],
        "positioning": [known_at],
    }


def a_day(first: int, *, day: str = "2025-05-01", count: int = 288) -> str:
    """The file of a day whose labels begin `first` minutes after its midnight, five minutes apart."""
    begin = datetime.fromisoformat(f"{day}T00:00:00")
    labels = [begin + timedelta(minutes=first + 5 * place) for place in range(count)]
    lines = [f"{label},BTCUSDT,{place},1000,1,2,3,4" for place, label in enumerate(labels)]
    return text_of(METRICS_HEADER, *lines)


@pytest.mark.parametrize("first", [0, 5], ids=["labels are starts", "labels are ends"])
@pytest.mark.parametrize("day", ["2025-05-01", "2026-07-01"])
def test_a_whole_day_is_stored_under_the_ends_of_its_periods_by_either_convention(
    tmp_path: Path, first: int, day: str
) -> None:
    """00:00 to 23:55 and 00:05 to 00:00 are the same 288 periods: the first ends at 00:05, known at 00:06."""
    file = parsed(tmp_path / f"BTCUSDT-metrics-{day}.csv", a_day(first, day=day), now=NEXT_YEAR)
    rows, midnight = file.tables["open_interest"], datetime.fromisoformat(f"{day}T00:00:00+00:00")
    ends = [midnight + timedelta(minutes=5 * place) for place in range(1, 289)]
    assert rows["time"].to_list() == ends
    assert rows["known_at"].to_list() == [end + timedelta(minutes=1) for end in ends]
    assert rows["contracts"].to_list() == list(range(288))
    assert (file.rejected.height, file.notes) == (0, ())


def test_a_day_with_both_midnights_fits_neither_convention_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="neither the starts"):
        parsed(tmp_path / METRICS_FILE, a_day(0, count=289))


@pytest.mark.parametrize(
    ("day", "ends_after", "word"), [("2026-06-24", 0, "ends"), ("2026-06-25", 5, "starts")]
)
def test_a_day_without_a_midnight_is_read_by_its_date_and_says_so(
    tmp_path: Path, day: str, ends_after: int, word: str
) -> None:
    file = parsed(tmp_path / f"BTCUSDT-metrics-{day}.csv", a_day(60, day=day, count=12), now=NEXT_YEAR)
    first = datetime.fromisoformat(f"{day}T01:00:00+00:00") + timedelta(minutes=ends_after)
    assert file.tables["positioning"]["time"][0] == first
    assert [f"its labels are the {word} of periods" in note for note in file.notes] == [True]


def test_a_recording_of_many_days_is_read_by_the_date_of_each_label(tmp_path: Path) -> None:
    """23:55 is an end; the label 00:00 of 2026-06-25 is the start of the period that ends at 00:05."""
    labels = [datetime(2026, 6, 24, 23, 55, tzinfo=UTC), datetime(2026, 6, 25, 0, 0, tzinfo=UTC)]
    names = [name for name in METRICS_HEADER.split(",") if name != "symbol"]
    path = tmp_path / "metrics_5m" / "BTCUSDT.parquet"
    path.parent.mkdir()
    pl.DataFrame(
        [[label, 1.0, 2.0, 1.0, 2.0, 3.0, 4.0] for label in labels], names, orient="row"
    ).write_parquet(path)
    times = parsed(path, now=NEXT_YEAR).tables["open_interest"]["time"].to_list()
    assert times == [labels[0], labels[1] + timedelta(minutes=5)]


SAMPLE = RECORDED / "archive_samples" / "BTCUSDT-metrics-2022-01-01.csv"


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the exchange's own file of metrics is not at hand")
def test_the_exchange_s_own_file_gives_the_same_rows_by_either_convention(tmp_path: Path) -> None:
    """The file as served runs 00:00 to 23:55; moved by five minutes it is labelled by ends."""
    as_served = parsed(SAMPLE).tables["open_interest"]
    lines = SAMPLE.read_text().splitlines()
    moved = [f"{datetime.fromisoformat(line[:19]) + timedelta(minutes=5)}{line[19:]}" for line in lines[1:]]
    by_ends = parsed(tmp_path / SAMPLE.name, text_of(lines[0], *moved)).tables["open_interest"]
    assert as_served.equals(by_ends)
    assert as_served["time"][0] == datetime(2022, 1, 1, 0, 5, tzinfo=UTC)
    assert as_served["known_at"][0] == datetime(2022, 1, 1, 0, 6, tzinfo=UTC)
