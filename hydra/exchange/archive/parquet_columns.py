"""Which recorded layout a Parquet file has whose folder does not say it: told from its columns."""

from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

_BAR: Final = {"open_time", "open", "high", "low", "close"}
_CANDLE_FOLDERS: Final = {1: "candles_1m", 5: "candles_5m"}


class ToldLayout(NamedTuple):
    """The folder in which files of this layout lie; empty, with the reason in words, if there is none."""

    folder: str
    why_not: str = ""


def layout_of_columns(path: Path) -> ToldLayout:
    """Look at the columns, and for candles at the distance of the rows."""
    try:
        names = set(pl.read_parquet_schema(path))
        if {"funding_time_raw", "funding_rate"} <= names:
            return ToldLayout("funding")
        if {"create_time", "sum_open_interest"} <= names:
            return ToldLayout("metrics_5m")
        if {*_BAR, "volume"} <= names:
            return _candles(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        return ToldLayout("", f"not a readable Parquet file ({str(error).splitlines()[0]})")
    if names >= _BAR:
        return ToldLayout("", "bars without volume: mark-price bars belong into a folder mark_1h")
    return ToldLayout("", "no table for a Parquet file with these columns")


def _candles(path: Path) -> ToldLayout:
    times = pl.read_parquet(path, columns=["open_time"])["open_time"]
    if not times.dtype.is_temporal() or times.len() < 2:  # noqa: PLR2004 - one distance takes two rows
        return ToldLayout("", "candles of no known interval: put them into a folder candles_1m or candles_5m")
    distances = times.sort().diff().drop_nulls().dt.total_minutes()
    minutes = int(distances.value_counts(sort=True).row(0)[0])
    folder = _CANDLE_FOLDERS.get(minutes, "")
    return ToldLayout(folder, f"candles of {minutes} min: 1 and 5 min are used")
