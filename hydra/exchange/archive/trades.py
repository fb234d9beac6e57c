"""Public trades: aggTrades of the exchange's archive.

Archive, without or with this header row:
    agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker
    26129,100.5,0.250,27781,27783,1700000040123,true
"""

from datetime import datetime
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
    number,
    positive,
    possible_price,
    possible_size,
    possible_time,
    split_by_rules,
    unreadable,
    utc_instant,
)

_COLUMNS: Final = (
    "agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"
)  # fmt: skip
_NUMBERS: Final = ("price", "quantity")
_ID: Final = pl.col("agg_trade_id").cast(pl.Int64, strict=False)
_IS_MAKER: Final = pl.col("is_buyer_maker").str.to_lowercase()


def parse_trades(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Aggregate trades. A hole in their ids is left to ingest and the audits: the archive has such holes.

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_csv(source, _COLUMNS)
    timed = raw.with_columns(utc_instant(raw, "transact_time").alias("time"), _ID.alias("trade_id"))
    columns = [name for name in raw.columns if name not in {LINE, FAULT}]
    split = split_by_rules(file.path, timed, _rules(file, now), columns, _NUMBERS, ("trade_id",))
    kept = split.kept.sort("time", "trade_id")
    rows = kept.select(
        "time",
        "trade_id",
        known_at("trades", pl.col("time"), pl.col("time")),
        *(number(name) for name in _NUMBERS),
        (_IS_MAKER == "true").alias("buyer_is_maker"),
    )
    return ParsedFile({"trades": rows}, split.rejected, raw.height, split.repeated, lines=kept[LINE])


def _rules(file: Recognised, now: datetime) -> tuple[Rule, ...]:
    return (
        *possible_time(pl.col("time"), now),
        *in_named_period(file.path),
        Rule("agg_trade_id is not a whole number", _ID.is_null() | (_ID < 0)),
        *(unreadable(name) for name in _NUMBERS),
        *(positive(name) for name in _NUMBERS),
        possible_price("price"),
        possible_size("quantity"),
        Rule(
            "is_buyer_maker is not true or false", ~_IS_MAKER.is_in(["true", "false"]).fill_null(value=False)
        ),
    )
