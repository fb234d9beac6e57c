"""Which layout a file has, told from its name and folder alone: nothing is opened to find out.

The exchange's archive: SYMBOL-INTERVAL-DATE for klines (the folder tells mark price klines apart),
SYMBOL-fundingRate-DATE, SYMBOL-metrics-DATE, as csv or zip. Recorded Parquet: FOLDER/SYMBOL.parquet.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from hydra.universe import Pair, find_pair


class Layout(StrEnum):
    """What a file holds."""

    CANDLES = "candles"
    MARK_PRICES = "mark prices"
    FUNDING = "funding"
    METRICS = "metrics"


@dataclass(frozen=True)
class Recognised:
    """A file that HYDRA has a table for. timeframe_minutes is 0 where the layout has none."""

    path: Path
    layout: Layout
    pair: Pair
    timeframe_minutes: int


@dataclass(frozen=True)
class NotImported:
    """A file that HYDRA has no table for, and why in words."""

    path: Path
    reason: str


CANDLE_MINUTES: Final = (1, 5)
MARK_MINUTES: Final = (1, 60)

_DATE = r"\d{4}-\d{2}(?:-\d{2})?"
_KLINES: Final = re.compile(rf"([A-Z0-9]+)-(\d+[mhdwM]o?)-{_DATE}")
_FUNDING: Final = re.compile(rf"([A-Z0-9]+)-fundingRate-{_DATE}")
_METRICS: Final = re.compile(rf"([A-Z0-9]+)-metrics-{_DATE}")
_PARQUET_FOLDERS: Final = {
    "candles_1m": (Layout.CANDLES, 1),
    "candles_5m": (Layout.CANDLES, 5),
    "mark_1h": (Layout.MARK_PRICES, 60),
    "funding": (Layout.FUNDING, 0),
    "metrics_5m": (Layout.METRICS, 0),
}
_REASONS: Final = {
    "candles_5m_spot": "spot candles: only perpetuals are traded (C124)",
    "liquidations": "liquidations of other venues: they never enter Binance features (C124)",
    "news": "news: a later part of HYDRA reads it",
    "book_trades_raw": "raw order-book messages: recorded feeds, not history",
}
_MINUTES_PER_UNIT: Final = {"m": 1, "h": 60, "d": 1440}


def recognise(path: Path) -> Recognised | NotImported | None:
    """What `path` is; None for a checksum file, which belongs to the file beside it."""
    if path.suffix.upper() == ".CHECKSUM":
        return None
    if path.suffix == ".parquet":
        return _parquet(path)
    if path.suffix in {".csv", ".zip"}:
        return _archive(path)
    return NotImported(
        path, _REASONS.get(path.parent.name, "not a csv, zip or parquet file of market history")
    )


def _parquet(path: Path) -> Recognised | NotImported:
    known = _PARQUET_FOLDERS.get(path.parent.name)
    if known is None:
        reason = _REASONS.get(path.parent.name, f"no table for a Parquet file in a folder {path.parent.name}")
        return NotImported(path, reason)
    return _of_universe(path, known[0], path.stem, known[1])


def _archive(path: Path) -> Recognised | NotImported:
    name = path.stem
    if matched := _FUNDING.fullmatch(name):
        return _of_universe(path, Layout.FUNDING, matched[1], 0)
    if matched := _METRICS.fullmatch(name):
        return _of_universe(path, Layout.METRICS, matched[1], 0)
    if matched := _KLINES.fullmatch(name):
        return _klines(path, matched[1], matched[2])
    return NotImported(path, "the name is not one of the exchange's archive (SYMBOL-1m-2025-05.zip ...)")


def _klines(path: Path, symbol: str, interval: str) -> Recognised | NotImported:
    parents = {part.lower() for part in path.parts[:-1]}
    minutes = int(interval[:-1]) * _MINUTES_PER_UNIT.get(interval[-1], 0) if interval[:-1].isdigit() else 0
    if "spot" in parents:
        return NotImported(path, _REASONS["candles_5m_spot"])
    if "markpriceklines" in parents:
        if minutes in MARK_MINUTES:
            return _of_universe(path, Layout.MARK_PRICES, symbol, minutes)
        return NotImported(path, f"mark price bars of {interval}: 1m and 1h are used")
    if parents & {"indexpriceklines", "premiumindexklines"}:
        return NotImported(path, "index and premium klines: no table")
    if minutes in CANDLE_MINUTES:
        return _of_universe(path, Layout.CANDLES, symbol, minutes)
    return NotImported(path, f"candles of {interval}: they are rolled up from 1m")


def _of_universe(path: Path, layout: Layout, symbol: str, minutes: int) -> Recognised | NotImported:
    pair = find_pair(symbol)
    if pair is None or pair.exchange_symbol != symbol:
        return NotImported(path, f"unknown symbol {symbol}: not one of HYDRA's pairs")
    return Recognised(path, layout, pair, minutes)
