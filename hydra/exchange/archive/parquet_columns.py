"""What a Parquet file's columns say: its layout and, for forced orders, venue and symbol."""

from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive.file_bytes import read_whole
from hydra.exchange.archive.parquet_bytes import column_names, read_columns
from hydra.exchange.archive.refusals import refused_if_unreadable

VENUE: Final = "binance"
"""The venue whose forced orders are imported."""

_TELLING_COLUMNS: Final = {
    "funding": {"funding_time_raw", "funding_rate"},
    "metrics_5m": {"create_time", "sum_open_interest"},
    "liquidations": {"event_time", "exchange", "liquidated_position"},
}
_BAR: Final = {"open_time", "open", "high", "low", "close"}
_MOST_WORDS: Final = 10
_CANDLE_FOLDERS: Final = {1: "candles_1m", 5: "candles_5m"}


class ToldLayout(NamedTuple):
    """The folder in which files of this layout lie; empty, with the reason in words, if there is none."""

    folder: str
    why_not: str = ""


def layout_of_columns(path: Path) -> ToldLayout:
    """Detect the layout by the columns, for candles also by the distance of the rows."""
    try:
        content = read_whole(path)
        names = set(column_names(path, content))
        for folder, columns in _TELLING_COLUMNS.items():
            if columns <= names:
                return ToldLayout(folder)
        if {*_BAR, "volume"} <= names:
            return _candles(path, content)
    except BadDataError as error:
        return ToldLayout("", _without(path, error))
    if names >= _BAR:
        return ToldLayout("", "bars without volume: mark-price bars belong into a folder mark_1h")
    return ToldLayout("", "no table for a Parquet file with these columns")


class ToldSymbol(NamedTuple):
    """The symbol of the venue's own forced orders in a file; empty, with the reason in words, if none."""

    symbol: str
    why_not: str = ""


def liquidated_symbol(path: Path) -> ToldSymbol:
    """The symbol of the venue's own forced orders in a file that may hold those of other venues (C124)."""
    try:
        rows = read_columns(path, read_whole(path), ("exchange", "symbol"))
    except BadDataError as error:
        return ToldSymbol("", _without(path, error))
    if "exchange" not in rows.columns:
        return ToldSymbol("", "forced orders without a column exchange: their venue is not known (C124)")
    own = rows.cast(pl.String, strict=False).filter(pl.col("exchange") == VENUE)
    if own.is_empty():
        venues = ", ".join(_words(rows["exchange"]))
        return ToldSymbol("", f"liquidations of {venues}: those of other venues never enter features (C124)")
    symbols = _words(own["symbol"]) if "symbol" in own.columns else []
    if len(symbols) != 1:
        found = ", ".join(symbols) or "no symbol"
        return ToldSymbol(
            "", f"liquidations of {found} in one file: write one file a symbol, with a column symbol"
        )
    return ToldSymbol(symbols[0])


def _words(column: pl.Series) -> list[str]:
    """Its values, and dots for those beyond the tenth."""
    values = column.cast(pl.String, strict=False).drop_nulls().unique().sort().to_list()
    return values[:_MOST_WORDS] + ["..."] * (len(values) > _MOST_WORDS)


def _without(path: Path, error: BadDataError) -> str:
    """What `error` says after the path, which stands beside it in the summary."""
    return str(error).removeprefix(f"{path}: ")


def _candles(path: Path, content: bytes) -> ToldLayout:
    times = read_columns(path, content, ("open_time",))["open_time"]
    if not times.dtype.is_temporal() or times.len() < 2:  # noqa: PLR2004 - one distance takes two rows
        return ToldLayout("", "candles of no known interval: put them into a folder candles_1m or candles_5m")
    with refused_if_unreadable(path, "candles of no known interval"):
        distances = times.sort().diff().drop_nulls().dt.total_minutes()
        minutes = int(distances.value_counts(sort=True).row(0)[0])
    folder = _CANDLE_FOLDERS.get(minutes, "")
    return ToldLayout(folder, f"candles of {minutes} min: 1 and 5 min are used")
