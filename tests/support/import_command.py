"""The command `hydra import`, and files for it."""

import os
import sys
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from hydra.universe import find_pair
from tests.support.command_line import Answer, hydra

COMMAND = (sys.executable, "-m", "hydra", "import")
FIRST = datetime(2025, 3, 1, tzinfo=UTC)
DAYS_PER_FILE, ROWS_PER_FILE = 4, 4 * 1440


def environment(url: str) -> dict[str, str]:
    """That of the test, with the database and without buffers between us and what is printed."""
    return {**os.environ, "HYDRA_DATABASE_URL": url, "PYTHONUNBUFFERED": "1", "COLUMNS": "130"}


def hydra_import(url: str, *arguments: str, cwd: Path = Path()) -> Answer:
    """What the command leaves, called in the folder `cwd`."""
    with chdir(cwd):
        return hydra("import", *arguments, environment=environment(url))


def write_candles(folder: Path, symbol: str, number: int) -> Path:
    """A Parquet file of one-minute candles, the `number`-th stretch of days of `symbol`, at its own level."""
    start = FIRST + timedelta(days=number * DAYS_PER_FILE)
    times = pl.datetime_range(
        start, start + timedelta(minutes=ROWS_PER_FILE), "1m", closed="left", eager=True
    )
    pair = find_pair(symbol)
    level = pair.instrument_id if pair else 0
    wave = (pl.int_range(ROWS_PER_FILE) % 97).cast(pl.Float64) + level
    frame = pl.DataFrame({"open_time": times}).with_columns(
        (wave + 100).alias("open"),
        (wave + 102).alias("high"),
        (wave + 99).alias("low"),
        (wave + 101).alias("close"),
        (wave + 1).alias("volume"),
    )
    path = folder / f"{number}" / "candles_1m" / f"{symbol}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)
    return path
