"""Forced orders, from recorded Parquet: those of HYDRA's own venue; rows of other venues are refused (C124).

Columns: event_time, exchange, symbol, liquidated_position (LONG or SHORT), order_price, quantity and, where
it was recorded, received_time.
"""

from datetime import datetime
from typing import Final

import polars as pl

from hydra.exchange.archive.contents import FAULT, LINE, read_parquet
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.filename_checks import of_named_symbol
from hydra.exchange.archive.known_at import known_at
from hydra.exchange.archive.parquet_columns import VENUE
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.rules import (
    Rule,
    number,
    positive,
    possible_price,
    possible_size,
    possible_time,
    split_by_rules,
    unreadable,
    utc_instant,
)

_NUMBERS: Final = ("order_price", "quantity")
_COLUMNS: Final = ("event_time", "exchange", "symbol", "liquidated_position", *_NUMBERS)
_RECEIVED: Final = "received_time"
_KEY: Final = ("time", "liquidated_position", *_NUMBERS)


def parse_liquidations(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Single forced orders of one pair. Several may share an instant; the file's own stamp is the receipt.

    Raises:
        BadDataError: the file as a whole cannot be read.
    """
    raw = read_parquet(source, _COLUMNS, (_RECEIVED,))
    received = utc_instant(raw, _RECEIVED) if _RECEIVED in raw.columns else pl.lit(None)
    timed = raw.with_columns(utc_instant(raw, "event_time").alias("time"), received.alias("received_at"))
    columns = [name for name in raw.columns if name not in {LINE, FAULT}]
    split = split_by_rules(file.path, timed, _rules(file, raw, now), columns, _NUMBERS, _KEY)
    price, quantity = (number(name) for name in _NUMBERS)
    rows = split.kept.select(
        "time",
        known_at("liquidations", pl.col("time"), pl.col("received_at")),
        pl.col("liquidated_position").alias("side"),
        price.alias("price"),
        quantity.alias("quantity"),
        (price * quantity).alias("value_usd"),
    )
    lines = split.kept[LINE]
    return ParsedFile({"liquidations": rows}, split.rejected, raw.height, split.repeated, lines=lines)


def _rules(file: Recognised, raw: pl.DataFrame, now: datetime) -> tuple[Rule, ...]:
    side = pl.col("liquidated_position")
    return (
        Rule("of another venue: never enters features (C124)", pl.col("exchange").ne_missing(VENUE)),
        *of_named_symbol(file, raw),
        *possible_time(pl.col("time"), now),
        Rule("liquidated_position is not LONG or SHORT", side.is_null() | ~side.is_in(["LONG", "SHORT"])),
        *(unreadable(name) for name in _NUMBERS),
        *(positive(name) for name in _NUMBERS),
        possible_price("order_price"),
        possible_size("quantity"),
    )
