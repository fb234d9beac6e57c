"""Order books of one level: bookTicker of the exchange's archive, on the grid of five seconds.

Archive, without or with this header row; one line for each change of the best prices:
    update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time
    1027024,100.0,2.5,100.1,1.0,1700000040123,1700000040128
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
    number,
    positive,
    possible_price,
    possible_size,
    possible_time,
    split_by_rules,
    unreadable,
    utc_instant,
)

_LEVELS: Final = ("best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty")
_COLUMNS: Final = ("update_id", *_LEVELS, "transaction_time", "event_time")
_ID: Final = pl.col("update_id").cast(pl.Int64, strict=False)
_GRID: Final = "5s"
_STEP: Final = timedelta(seconds=5)


def parse_book_tickers(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Of each five seconds the last best prices, under the end of the five seconds, as books of one level.

    Five seconds without a change have no row: the file does not say whether the feed was alive.

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_csv(source, _COLUMNS)
    timed = raw.with_columns(
        utc_instant(raw, "transaction_time").alias("time"),
        utc_instant(raw, "event_time").alias("sent_at"),
        _ID.alias("last_update_id"),
    )
    columns = [name for name in raw.columns if name not in {LINE, FAULT}]
    split = split_by_rules(file.path, timed, _rules(file, now), columns, _LEVELS, ("last_update_id",))
    grid_end = (pl.col("time").dt.truncate(_GRID) + _STEP).alias("grid_end")
    last = (
        split.kept.sort("time", "last_update_id")
        .with_columns(grid_end)
        .unique("grid_end", keep="last", maintain_order=True)
    )
    names = ("bid_prices", "bid_quantities", "ask_prices", "ask_quantities")
    rows = last.select(
        pl.col("grid_end").alias("time"),
        known_at("order_books", pl.col("grid_end"), pl.col("sent_at")),
        *(pl.concat_list(number(name)).alias(column) for name, column in zip(_LEVELS, names, strict=True)),
        "last_update_id",
    )
    note = f"{file.path}: {raw.height:,} changes became {rows.height:,} books of one level, one in 5 s"
    return ParsedFile({"order_books": rows}, split.rejected, raw.height, split.repeated, notes=(note,))


def _rules(file: Recognised, now: datetime) -> tuple[Rule, ...]:
    return (
        *possible_time(pl.col("time"), now),
        *in_named_period(file.path),
        Rule("update_id is not a whole number", _ID.is_null() | (_ID < 0)),
        *(unreadable(name) for name in _LEVELS),
        *(positive(name) for name in _LEVELS),
        *(possible_price(name) for name in _LEVELS[::2]),
        *(possible_size(name) for name in _LEVELS[1::2]),
        Rule("the best bid is not below the best ask", number("best_bid_price") >= number("best_ask_price")),
    )
