"""Holds the prices of a file against what is stored: rows that cannot be prices of its pair go to quarantine.

A file most of whose rows cannot be, or whose rows are another pair's, is refused as a whole.
Source: docs/architecture.md, law 3.
"""

from collections import Counter
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg
from psycopg import sql

from hydra.arrays import TIME
from hydra.db import queries
from hydra.errors import BadDataError
from hydra.exchange.archive.contents import LINE
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.rules import REASON
from hydra.ingest.price_continuity import Ranges, goes_on, odd_rows, ranges_of
from hydra.universe import UNIVERSE

ACCEPT: Final = '`hydra import --accept-prices --reason "..." FILE` takes them as they are'
ODD_PRICE: Final = "a price that its neighbours rule out (--accept-prices takes it)"

_PRICE_COLUMNS: Final = {
    "candles_1m": ("low", "high"),
    "candles_5m_recorded": ("low", "high"),
    "mark_prices": ("low", "high"),
    "liquidations": ("price", "price"),
    "trades": ("price", "price"),
}
_HOURS: Final = 24
"""Hours of a file in which stored prices are looked up: rows between them are held against the others."""
_SAMPLE: Final = 12
_ENOUGH: Final = 10


class OddPricesError(BadDataError):
    """The prices of a file are not those of its pair."""


class HeldPrices:
    """Holds the files of one import.

    A file that begins where the last one of its pair ended needs no look into the database.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._last: dict[tuple[str, int], Ranges] = {}

    def hold(self, file: Recognised, parsed: ParsedFile) -> ParsedFile:
        """`parsed` without the rows whose prices cannot be, which join its rejected ones.

        Raises:
            OddPricesError: most rows cannot be, or the rows are those of another pair.
        """
        for name, rows in parsed.tables.items():
            if name in _PRICE_COLUMNS and rows.height:
                return self._hold(file, parsed, name)
        return parsed

    def _hold(self, file: Recognised, parsed: ParsedFile, name: str) -> ParsedFile:
        rows = parsed.tables[name]
        low, high = _PRICE_COLUMNS[name]
        offered = ranges_of(rows.select("time", low=low, high=high))
        place = (name, file.pair.instrument_id)
        before = self._last.get(place)
        if before is None or not goes_on(before, offered):
            _refuse_rows_of_another_pair(self._connection, file, name, rows)
            before = _stored_ranges(self._connection, file, rows)
        flags = odd_rows(offered, before)
        odd = int(flags.sum())
        if odd * 2 > rows.height:
            raise OddPricesError(
                f"{file.path}: {odd:,} of {rows.height:,} prices cannot be those of "
                f"{file.pair.exchange_symbol}: they are more than 4 times away from what is stored or from "
                f"each other; restore its name, download it again, or {ACCEPT}"
            )
        self._last[place] = offered.at(np.flatnonzero(~flags)[-1:])
        return _without(parsed, name, pl.Series(flags)) if odd else parsed


def _without(parsed: ParsedFile, name: str, is_odd: pl.Series) -> ParsedFile:
    rows = parsed.tables[name]
    refused = _rejected(rows.filter(is_odd), _lines(parsed, rows).filter(is_odd))
    rejected = pl.concat([parsed.rejected, refused]).sort(LINE)
    return replace(parsed, tables={name: rows.filter(~is_odd)}, rejected=rejected)


def _lines(parsed: ParsedFile, rows: pl.DataFrame) -> pl.Series:
    return pl.Series(LINE, [None] * rows.height, pl.Int64) if parsed.lines is None else parsed.lines


def _rejected(rows: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    texts = rows.select(pl.struct(pl.all().cast(pl.String)).struct.json_encode().alias("raw"))
    return texts.select(lines.alias(LINE), pl.lit(ODD_PRICE).alias(REASON), "raw")


def _stored_ranges(connection: psycopg.Connection, file: Recognised, rows: pl.DataFrame) -> Ranges:
    hours = _spread(rows.select("time"), np.arange(rows.height), _HOURS)["time"].dt.truncate("1h").unique()
    values = {"hours": hours.to_list(), **_span(file, rows)}
    stored = connection.execute(queries.load("ingest/stored_prices"), values).fetchall()
    schema: dict[str, pl.DataType] = {"time": TIME, "low": pl.Float64(), "high": pl.Float64()}
    return ranges_of(pl.DataFrame(stored, schema=schema, orient="row"))


def _refuse_rows_of_another_pair(
    connection: psycopg.Connection, file: Recognised, name: str, rows: pl.DataFrame
) -> None:
    """A sample of bars that moved: by chance two pairs never have the same four prices in most of them."""
    if "open" not in rows.columns:
        return
    moved = np.flatnonzero(rows["high"].to_numpy() > rows["low"].to_numpy())
    if len(moved) < _ENOUGH:
        return
    sample = _spread(rows.select("time", "open", "high", "low", "close"), moved, _SAMPLE).rows()
    offered = {time: prices for time, *prices in sample}
    query = sql.SQL(queries.load("ingest/rows_of_other_pairs")).format(table=sql.Identifier("market", name))
    others = {pair.instrument_id: pair for pair in UNIVERSE if pair != file.pair}
    values = {"instrument_ids": list(others), "times": list(offered), **_span(file, rows)}
    stored = connection.execute(query, values).fetchall()
    shared = Counter(row[0] for row in stored)
    equal = Counter(number for number, time, *prices in stored if prices == offered[time])
    for number, count in equal.most_common(1):
        if count >= _ENOUGH and count * 2 > shared[number]:
            raise OddPricesError(
                f"{file.path}: its prices are those of {others[number].exchange_symbol} ({count} of "
                f"{shared[number]} sampled bars are equal); one of the two files has the wrong name: restore "
                f"it, download it again, or {ACCEPT}"
            )


def _spread(rows: pl.DataFrame, places: "npt.NDArray[np.intp]", count: int) -> pl.DataFrame:
    """At most `count` of the rows at `places`, evenly from the first to the last."""
    chosen = np.unique(np.linspace(0, len(places) - 1, count).astype(np.intp))
    return rows.select(pl.all().gather(places[chosen]))


def _span(file: Recognised, rows: pl.DataFrame) -> dict[str, Any]:
    return {
        "instrument_id": file.pair.instrument_id,
        "first_time": rows["time"][0],
        "last_time": rows["time"][-1],
    }
