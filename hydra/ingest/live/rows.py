"""Rows of facts on their way: gathered as tuples, handed on as columns.

A row is (instrument_id, known_at, then the fields of its message but the symbol); times are microseconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import polars as pl

from hydra.exchange.messages import ClosedCandle, PremiumIndex, Trade
from hydra.exchange.order_book import BookTop

Row = tuple[Any, ...]

_STAMP: Final = ("instrument_id", "known_at")


def _fields_of(message: type[NamedTuple], **renamed: str) -> tuple[str, ...]:
    names = (name for name in message._fields if name != "symbol")
    return (*_STAMP, *(renamed.get(name, name.removesuffix("_us")) for name in names))


COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "trades": _fields_of(Trade),
    "candles_1m": _fields_of(ClosedCandle),
    "premium_index": _fields_of(PremiumIndex),
    "liquidations": (*_STAMP, "time", "side", "price", "quantity", "value_usd"),
    "order_books": _fields_of(BookTop, last_id="last_update_id"),
    "mark_prices": (*_STAMP, "time", "timeframe_minutes", "open", "high", "low", "close"),
    "feed_heartbeats": (*_STAMP, "time", "feed"),
}
"""The columns of the rows that streams make, by table."""

INSTANT: Final = pl.Datetime("us", "UTC")
_TYPES: Final[dict[str, pl.DataType]] = {
    "instrument_id": pl.Int16(),
    "timeframe_minutes": pl.Int16(),
    "trade_id": pl.Int64(),
    "last_update_id": pl.Int64(),
    "trade_count": pl.Int32(),
    "buyer_is_maker": pl.Boolean(),
    "side": pl.String(),
    "feed": pl.String(),
    **dict.fromkeys(("time", "known_at", "next_settlement"), INSTANT),
    **dict.fromkeys(("bid_prices", "bid_quantities", "ask_prices", "ask_quantities"), pl.List(pl.Float64)),
}


class Record(NamedTuple):
    """A row beside the facts, e.g. an interruption: the query that writes it (a file of sql/), its values."""

    query: str
    values: dict[str, Any]


@dataclass(slots=True)
class Gathered:
    """What has been heard since the last hand-over: rows by table, frames of REST, records."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    frames: list[tuple[str, pl.DataFrame]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.rows.values())) + sum(frame.height for _, frame in self.frames)

    def tables(self) -> dict[str, pl.DataFrame]:
        """All rows as one frame a table; of two rows with one key in different frames, both."""
        tables = {name: columns_of_rows(name, rows) for name, rows in self.rows.items() if rows}
        for name, frame in self.frames:
            tables[name] = joined([tables[name], frame]) if name in tables else frame
        return tables


def columns_of_rows(table: str, rows: Sequence[Row]) -> pl.DataFrame:
    """`rows` of `table` as columns."""
    columns = zip(*rows, strict=True)
    return pl.DataFrame([_series(name, values) for name, values in zip(COLUMNS[table], columns, strict=True)])


def _series(name: str, values: Iterable[Any]) -> pl.Series:
    dtype = _TYPES.get(name, pl.Float64())
    if dtype == INSTANT:
        return pl.Series(name, values, pl.Int64).cast(INSTANT)
    return pl.Series(name, values, dtype)


def joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows of `frames` in their order; a column that one lacks is null there."""
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")


def stamped(frame: pl.DataFrame, known_us: int, **constants: Any) -> pl.DataFrame:
    """`frame` of an answer with its known_at, never before its time, and constant columns."""
    known = pl.lit(known_us, pl.Int64).cast(INSTANT)
    fixed = [pl.lit(value, _TYPES.get(name)).alias(name) for name, value in constants.items()]
    return frame.with_columns(pl.max_horizontal(known, "time").alias("known_at"), *fixed)


def row_count(tables: Mapping[str, pl.DataFrame]) -> int:
    """The rows of all tables."""
    return sum(frame.height for frame in tables.values())
