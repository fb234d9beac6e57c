"""Forced orders: liquidationSnapshot, as the exchange's archive served it until it took these files away.

Archive, with this header row:
    time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,accumulated_fill_quantity
    1687219212398,SELL,LIMIT,IOC,0.014,26432.63,26541.60,FILLED,0.014,0.014
Of each second the exchange published the last forced order of a symbol only. Source: C124.
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.exchange.archive.contents import FAULT, LINE, read_csv
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.filename_checks import in_named_period
from hydra.exchange.archive.known_at import known_at
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.rules import (
    Rule,
    not_negative,
    number,
    positive,
    possible_price,
    possible_size,
    possible_time,
    split_by_rules,
    unreadable,
    utc_instant,
)

_NUMBERS: Final = ("average_price", "accumulated_fill_quantity")
_COLUMNS: Final = (
    "time", "side", "order_type", "time_in_force", "original_quantity", "price", "average_price",
    "order_status", "last_fill_quantity", "accumulated_fill_quantity",
)  # fmt: skip
_POSITION: Final = {"SELL": "LONG", "BUY": "SHORT"}
"""A forced sale closes a long position."""
_PUBLISHED_WITHIN: Final = timedelta(seconds=1)


def parse_liquidation_snapshots(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Forced orders at the average price and with the quantity that were filled, as the stream tells them.

    An order of which nothing was filled yet is no liquidation yet: it counts as an empty row.

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_csv(source, _COLUMNS)
    timed = raw.rename({"time": "stated"}).with_columns(
        utc_instant(raw.rename({"time": "stated"}), "stated").alias("time")
    )
    columns = [name for name in timed.columns if name not in {LINE, FAULT, "time"}]
    key = ("time", "side", *_NUMBERS)
    split = split_by_rules(file.path, timed, _rules(file, now), columns, _NUMBERS, key)
    price, quantity = (number(name) for name in _NUMBERS)
    filled = split.kept.filter(quantity > 0)
    rows = filled.select(
        "time",
        known_at("liquidations", pl.col("time"), pl.col("time") + _PUBLISHED_WITHIN),
        pl.col("side").replace_strict(_POSITION, return_dtype=pl.String).alias("side"),
        price.alias("price"),
        quantity.alias("quantity"),
        (price * quantity).alias("value_usd"),
    )
    unfilled = split.kept.height - filled.height
    return ParsedFile(
        {"liquidations": rows}, split.rejected, raw.height, split.repeated, unfilled, lines=filled[LINE]
    )


def _rules(file: Recognised, now: datetime) -> tuple[Rule, ...]:
    side, is_filled = pl.col("side"), number("accumulated_fill_quantity") > 0
    return (
        *possible_time(pl.col("time"), now),
        *in_named_period(file.path),
        Rule("side is not BUY or SELL", ~side.is_in(list(_POSITION)).fill_null(value=False)),
        *(unreadable(name) for name in _NUMBERS),
        not_negative("accumulated_fill_quantity"),
        Rule("average_price is not above zero", positive("average_price").broken & is_filled),
        Rule(possible_price("average_price").reason, possible_price("average_price").broken & is_filled),
        possible_size("accumulated_fill_quantity"),
    )
