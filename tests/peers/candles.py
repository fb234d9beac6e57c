"""The recorded candles of the eight pairs, written in the forms that the peers read.

`python -m tests.peers.candles FOLDER WORK_FILE` writes them below FOLDER and says in WORK_FILE what there is
to do. It is a process of its own, so that the memory it takes is not counted with that of the peers.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from hydra.errors import StopError
from hydra.universe import UNIVERSE
from tests.peers.work import Work
from tests.support.recorded_market import ABSENT, RECORDED, is_recorded

# The best stretch of the recorded markets: every minute of all eight pairs.
FIRST = datetime(2025, 5, 25, 10, 40, tzinfo=UTC)
END = datetime(2025, 6, 24, 10, 31, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PRICES = ("open", "high", "low", "close")


def write_work(folder: Path, first: datetime = FIRST, end: datetime = END) -> Work:
    """Write the candles with first <= open time < end for all peers; gives what there is to do.

    Raises StopError where the recorded markets are absent or a minute of a pair is.
    """
    if not is_recorded():
        raise StopError(ABSENT)
    for pair in UNIVERSE:
        candles = between(recorded("candles_1m", pair.exchange_symbol), "open_time", first, end)
        check_complete(candles, pair.exchange_symbol, first, end)
        write_array(candles, folder / "arrays" / f"{pair.exchange_symbol}.npy")
        write_freqtrade(candles, folder / "freqtrade" / "futures", f"{pair.base}_USDT_USDT")
        hours = (first - 2 * HOUR, end + 2 * HOUR)
        rates = between(recorded("funding", pair.exchange_symbol), "funding_hour", *hours)
        marks = between(recorded("mark_1h", pair.exchange_symbol), "open_time", *hours)
        write_freqtrade_funding(rates, marks, folder / "freqtrade" / "futures", f"{pair.base}_USDT_USDT")
    symbols = tuple(pair.exchange_symbol for pair in UNIVERSE)
    return Work(str(folder), str(RECORDED), symbols, first.isoformat(), end.isoformat())


def recorded(kind: str, symbol: str) -> pl.DataFrame:
    """A recorded file as it is, its times as UTC in ms."""
    frame = pl.read_parquet(RECORDED / kind / f"{symbol}.parquet")
    times = [name for name in ("open_time", "funding_hour") if name in frame.columns]
    return frame.with_columns(pl.col(times).cast(pl.Datetime("ms", "UTC")).dt.round("1m"))


def between(frame: pl.DataFrame, time: str, first: datetime, end: datetime) -> pl.DataFrame:
    """The rows with first <= time < end, each time once and in order."""
    inside = frame.filter(pl.col(time).is_between(first, end, closed="left"))
    return inside.unique(time, keep="first").sort(time)


def check_complete(candles: pl.DataFrame, symbol: str, first: datetime, end: datetime) -> None:
    """Raises StopError unless every minute is there: the peers would each bridge a hole in their own way."""
    wanted = (end - first) // MINUTE
    if candles.height != wanted:
        raise StopError(f"{symbol}: {candles.height} of {wanted} minutes are recorded from {first} to {end}")


def write_array(candles: pl.DataFrame, path: Path) -> None:
    """As float64 rows of (open time in ms, open, high, low, close, volume)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = pl.col("open_time").dt.timestamp("ms")
    np.save(path, candles.select(times, *PRICES, "volume").cast(pl.Float64).to_numpy())


def write_freqtrade(candles: pl.DataFrame, folder: Path, name: str) -> None:
    """As the file of freqtrade's data folder for one-minute futures candles."""
    columns = candles.select(pl.col("open_time").alias("date"), *PRICES, "volume")
    _write_feather(columns, folder / f"{name}-1m-futures.feather")


def write_freqtrade_funding(rates: pl.DataFrame, marks: pl.DataFrame, folder: Path, name: str) -> None:
    """As freqtrade's files of funding rates and of mark candles of an hour."""
    funding = rates.select(pl.col("funding_hour").alias("date"), "funding_rate")
    _write_feather(funding, folder / f"{name}-1h-funding_rate.feather")
    hourly = marks.select(pl.col("open_time").alias("date"), *PRICES, pl.lit(0.0).alias("volume"))
    _write_feather(hourly, folder / f"{name}-1h-mark.feather")


def _write_feather(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.with_columns(pl.exclude("date").cast(pl.Float64)).write_ipc(path, compression="lz4")


def main() -> int:
    """Exit status 2 where there are no recorded markets."""
    try:
        write_work(Path(sys.argv[1])).write(Path(sys.argv[2]))
    except StopError as absent:
        print(absent, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
