"""market.gaps after imports: holes of every grid, and what a later back-fill leaves of them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.archive_samples import (
    DAY,
    DAY_MS,
    FUNDING_FILE,
    KLINE_FILE,
    METRICS_FILE,
    kline,
    metrics_line,
)
from tests.support.import_run import ImportRun, import_run

MINUTE = timedelta(minutes=1)
HOUR_MS = 3_600_000


@pytest.fixture
def importing(database_url: str, tmp_path: Path) -> Iterator[ImportRun]:
    """A database without facts, and a folder without files."""
    with import_run(database_url, tmp_path) as opened:
        yield opened


def gaps(importing: ImportRun, source: str) -> list[tuple[float, float, int]]:
    """Start and end in minutes of the day, and the number of missing rows."""
    found = importing.rows(
        f"SELECT gap_start, gap_end, missing_rows FROM market.gaps WHERE source_table = '{source}' ORDER BY 1"  # noqa: S608
    )
    return [((start - DAY) / MINUTE, (end - DAY) / MINUTE, missing) for start, end, missing in found]


def bars(importing: ImportRun, folder: str, *minutes: int, interval: int = 1) -> None:
    kind = "1m" if interval == 1 else "1h"
    lines = [kline(minute, interval) for minute in minutes]
    importing.counts(importing.write(f"{folder}/BTCUSDT-{kind}-2025-05.csv", *lines))


def test_a_hole_is_recorded_shrinks_and_vanishes_as_it_is_filled(importing: ImportRun) -> None:
    bars(importing, "a", 0, 1, 10, 11, 12)
    assert gaps(importing, "candles_1m") == [(2, 10, 8)]
    bars(importing, "b", 5, 6)
    assert gaps(importing, "candles_1m") == [(2, 5, 3), (7, 10, 3)]
    bars(importing, "c", 2, 3, 4, 7, 8, 9)
    assert gaps(importing, "candles_1m") == []


def test_a_hole_between_files_is_a_hole(importing: ImportRun) -> None:
    bars(importing, "b", 100, 101)
    bars(importing, "a", 0, 1)
    assert gaps(importing, "candles_1m") == [(2, 100, 98)]
    bars(importing, "c", 200)
    assert gaps(importing, "candles_1m") == [(2, 100, 98), (102, 200, 98)]


def test_a_refused_row_leaves_a_hole(importing: ImportRun) -> None:
    importing.run(importing.write(KLINE_FILE, kline(0), kline(1, high="1"), kline(2)))
    assert gaps(importing, "candles_1m") == [(1, 2, 1)]


def test_mark_price_bars_of_a_minute_and_of_an_hour_do_not_fill_each_other(importing: ImportRun) -> None:
    bars(importing, "markPriceKlines/a", 0, 1)
    bars(importing, "markPriceKlines/b", 0, 60, 240, interval=60)
    bars(importing, "markPriceKlines/c", 300, 301)
    assert gaps(importing, "mark_prices_60m") == [(120, 240, 2)]
    assert gaps(importing, "mark_prices_1m") == [(2, 300, 298)]


def test_metrics_have_a_hole_in_the_table_that_lacks_the_value(importing: ImportRun) -> None:
    empty = '10,10,"","","",""'
    lines = [metrics_line("00:05:00"), metrics_line("00:10:00", values=empty), metrics_line("00:20:00")]
    importing.run(importing.write(METRICS_FILE, *lines))
    assert gaps(importing, "open_interest") == [(15, 20, 1)]
    assert gaps(importing, "positioning") == [(10, 20, 2)]


def test_a_missing_settlement_is_measured_by_its_interval(importing: ImportRun) -> None:
    hours = ((0, 8), (8, 8), (24, 8), (28, 4), (32, 4))
    lines = [f"{DAY_MS + hour * HOUR_MS},{interval},0.0001" for hour, interval in hours]
    importing.run(importing.write(FUNDING_FILE, *lines))
    assert gaps(importing, "funding_rates") == [(16 * 60, 24 * 60, 1)]
