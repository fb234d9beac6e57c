"""The layout of a file: from its name and folder, or for a Parquet file elsewhere from its columns.

The exchange's archive: SYMBOL-INTERVAL-DATE for klines (the folder tells mark price klines apart),
SYMBOL-fundingRate-DATE and likewise metrics, aggTrades, bookTicker, liquidationSnapshot, as csv or zip.
Recorded Parquet: FOLDER/SYMBOL.parquet; forced orders say venue and symbol in their columns.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Final

from hydra.exchange.archive.parquet_columns import layout_of_columns, liquidated_symbol
from hydra.universe import Pair, find_pair


class FileLayout(StrEnum):
    """What a file holds."""

    CANDLES = "candles"
    MARK_PRICES = "mark prices"
    FUNDING = "funding"
    METRICS = "metrics"
    LIQUIDATIONS = "liquidations"
    LIQUIDATION_SNAPSHOTS = "liquidation snapshots"
    TRADES = "trades"
    BOOK_TICKERS = "book tickers"


@dataclass(frozen=True)
class Recognised:
    """A file that HYDRA has a table for. timeframe_minutes is 0 where the layout has none."""

    path: Path
    layout: FileLayout
    pair: Pair
    timeframe_minutes: int


@dataclass(frozen=True)
class NotImported:
    """A file that HYDRA has no table for, and why in words.

    table_without_symbol: the table that it would go into if its symbol were one of HYDRA's.
    """

    path: Path
    reason: str
    table_without_symbol: str | None = None


CANDLE_MINUTES: Final = (1, 5)
MARK_MINUTES: Final = (1, 60)
ARCHIVE_DATE: Final = re.compile(r"-(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?$")

_TABLES: Final = {
    (FileLayout.CANDLES, 1): "candles_1m",
    (FileLayout.CANDLES, 5): "candles_5m_recorded",
    (FileLayout.MARK_PRICES, 1): "mark_prices",
    (FileLayout.MARK_PRICES, 60): "mark_prices",
    (FileLayout.FUNDING, 0): "funding_rates",
    (FileLayout.METRICS, 0): "open_interest, positioning",
    (FileLayout.LIQUIDATIONS, 0): "liquidations",
    (FileLayout.LIQUIDATION_SNAPSHOTS, 0): "liquidations",
    (FileLayout.TRADES, 0): "trades",
    (FileLayout.BOOK_TICKERS, 0): "order_books",
}
_ARCHIVE_KINDS: Final = {
    "fundingRate": FileLayout.FUNDING,
    "metrics": FileLayout.METRICS,
    "liquidationSnapshot": FileLayout.LIQUIDATION_SNAPSHOTS,
    "aggTrades": FileLayout.TRADES,
    "bookTicker": FileLayout.BOOK_TICKERS,
}
_ARCHIVE_REASONS: Final = {
    "bookDepth": (
        "bookDepth: it sums the book within 1 to 5 % of the price; order books are stored level by level, "
        "and no feature reads such sums"
    ),
    "trades": "single trades: the aggregate ones (aggTrades) are stored, as they are streamed",
}
_NAME: Final = re.compile(r"(?P<symbol>[A-Z0-9]+)-(?P<kind>[A-Za-z0-9]+)")
_INTERVAL: Final = re.compile(r"(?P<count>\d+)(?P<unit>mo|[smhdwM])")
_MINUTES_PER_UNIT: Final = {"m": 1, "h": 60}
_PARQUET_FOLDERS: Final = {
    "candles_1m": (FileLayout.CANDLES, 1),
    "candles_5m": (FileLayout.CANDLES, 5),
    "mark_1h": (FileLayout.MARK_PRICES, 60),
    "funding": (FileLayout.FUNDING, 0),
    "metrics_5m": (FileLayout.METRICS, 0),
    "liquidations": (FileLayout.LIQUIDATIONS, 0),
}
_SPOT: Final = "spot candles: only perpetuals are traded (C124)"
_SPOT_OTHER: Final = "of the spot market: only perpetuals are traded (C124)"
_REASONS: Final = {
    "candles_5m_spot": _SPOT,
    "news": "news: `hydra news import FILE` reads recorded headlines",
    "book_trades_raw": "raw order-book messages: recorded feeds, not history",
}


def recognise(path: Path) -> Recognised | NotImported | None:
    """The layout of `path`; None for a checksum file, which belongs to the file beside it."""
    if path.suffix.upper() == ".CHECKSUM":
        return None
    folder = path.absolute().parent
    if path.suffix.lower() == ".parquet":
        return _parquet(path, folder.name)
    if path.suffix.lower() in {".csv", ".zip"}:
        return _archive(path, folder)
    return NotImported(path, _REASONS.get(folder.name, "not a csv, zip or parquet file of market history"))


def _parquet(path: Path, folder: str) -> Recognised | NotImported:
    if folder in _REASONS:
        return NotImported(path, _REASONS[folder])
    if "spot" in folder.lower():
        return NotImported(path, _SPOT)
    known = _PARQUET_FOLDERS.get(folder)
    if known is None:
        told = layout_of_columns(path)
        known = _PARQUET_FOLDERS.get(told.folder)
        if known is None:
            return NotImported(path, told.why_not)
    if known[0] is FileLayout.LIQUIDATIONS:
        said = liquidated_symbol(path)
        return (
            NotImported(path, said.why_not) if said.why_not else _of_universe(path, known[0], said.symbol, 0)
        )
    return _of_universe(path, known[0], path.stem, known[1])


def _archive(path: Path, folder: Path) -> Recognised | NotImported:
    date = ARCHIVE_DATE.search(path.stem)
    named = _NAME.fullmatch(path.stem[: date.start()]) if date else None
    if named is None:
        return NotImported(path, "the name is not one of the exchange's archive (SYMBOL-1m-2025-05.zip ...)")
    symbol, kind = named["symbol"], named["kind"]
    if kind in _ARCHIVE_REASONS:
        return NotImported(path, _ARCHIVE_REASONS[kind])
    if kind in _ARCHIVE_KINDS:
        return (
            NotImported(path, _SPOT_OTHER)
            if _is_spot(folder)
            else _of_universe(path, _ARCHIVE_KINDS[kind], symbol, 0)
        )
    interval = _INTERVAL.fullmatch(kind)
    if interval is None:
        return NotImported(path, f"{kind} of the exchange's archive: no table")
    minutes = int(interval["count"]) * _MINUTES_PER_UNIT.get(interval["unit"], 0)
    return _klines(path, folder, symbol, minutes)


def _klines(path: Path, folder: Path, symbol: str, minutes: int) -> Recognised | NotImported:
    if _is_spot(folder):
        return NotImported(path, _SPOT)
    parents = [part.lower() for part in folder.parts]
    if "markpriceklines" in parents:
        if minutes in MARK_MINUTES:
            return _of_universe(path, FileLayout.MARK_PRICES, symbol, minutes)
        return NotImported(path, "mark price bars of another interval than 1m and 1h")
    if {"indexpriceklines", "premiumindexklines"} & set(parents):
        return NotImported(path, "index and premium klines: no table")
    if minutes in CANDLE_MINUTES:
        return _of_universe(path, FileLayout.CANDLES, symbol, minutes)
    return NotImported(path, "candles of another interval than 1m and 5m: they are rolled up from 1m")


def _is_spot(folder: Path) -> bool:
    parents = [part.lower() for part in folder.parts]
    return bool({("spot", "daily"), ("spot", "monthly")} & set(pairwise(parents)))


def _of_universe(path: Path, layout: FileLayout, symbol: str, minutes: int) -> Recognised | NotImported:
    pair = find_pair(symbol)
    if pair is None or pair.exchange_symbol != symbol:
        reason = f"unknown symbol {symbol}: not one of HYDRA's pairs"
        return NotImported(path, reason, table_without_symbol=_TABLES[layout, minutes])
    return Recognised(path, layout, pair, minutes)
