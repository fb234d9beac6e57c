"""Metrics: snapped times, empty cells, and what is refused."""

from datetime import timedelta
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
    assert all(recorded[table].equals(csv[table]) for table in csv)
