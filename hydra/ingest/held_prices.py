"""Holds the prices of a file against what is stored: rows that cannot be prices of its pair go to quarantine.

A file most of whose rows cannot be, or whose rows are another pair's, is refused as a whole.
Source: docs/architecture.md, law 3.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
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
from hydra.ingest.price_continuity import Ranges, odd_rows, ranges_of

ACCEPT: Final = '`hydra import --accept-prices --reason "..." FILE` takes them as they are'
ODD_PRICE: Final = "a price that its neighbours rule out (--accept-prices takes it)"

_PRICE_COLUMNS: Final = {
    "candles_1m": ("low", "high"),
    "candles_5m_recorded": ("low", "high"),
    "mark_prices": ("low", "high"),
    "liquidations": ("price", "price"),
}
_SAMPLE: Final = 20
_ENOUGH: Final = 10


class OddPricesError(BadDataError):
    """The prices of a file are not those of its pair."""


def hold_prices(connection: psycopg.Connection, file: Recognised, parsed: ParsedFile) -> ParsedFile:
    """`parsed` without the rows whose prices cannot be, which join its rejected ones.

    Raises:
        OddPricesError: most rows cannot be, or the rows are those of another pair.
    """
    for name, rows in parsed.tables.items():
        if name in _PRICE_COLUMNS and rows.height:
            _refuse_rows_of_another_pair(connection, file, name, rows)
            return _without_odd_rows(connection, file, parsed, name)
    return parsed


def _without_odd_rows(
    connection: psycopg.Connection, file: Recognised, parsed: ParsedFile, name: str
) -> ParsedFile:
    rows = parsed.tables[name]
    low, high = _PRICE_COLUMNS[name]
    offered = ranges_of(rows.select("time", low=low, high=high))
    flags = odd_rows(offered, _stored_ranges(connection, file, rows))
    odd = int(flags.sum())
    if not odd:
        return parsed
    if odd * 2 > rows.height:
        raise OddPricesError(
            f"{file.path}: {odd:,} of {rows.height:,} prices cannot be those of {file.pair.exchange_symbol}: "
            f"they are more than 4 times away from what is stored or from each other; restore its name, "
            f"download it again, or {ACCEPT}"
        )
    is_odd = pl.Series(flags)
    refused = _rejected(rows.filter(is_odd), _lines(parsed, rows).filter(is_odd))
    rejected = pl.concat([parsed.rejected, refused]).sort(LINE)
    return replace(parsed, tables={name: rows.filter(~is_odd)}, rejected=rejected)


def _lines(parsed: ParsedFile, rows: pl.DataFrame) -> pl.Series:
    return pl.Series(LINE, [None] * rows.height, pl.Int64) if parsed.lines is None else parsed.lines


def _rejected(rows: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    texts = rows.select(pl.struct(pl.all().cast(pl.String)).struct.json_encode().alias("raw"))
    return texts.select(lines.alias(LINE), pl.lit(ODD_PRICE).alias(REASON), "raw")


def _stored_ranges(connection: psycopg.Connection, file: Recognised, rows: pl.DataFrame) -> Ranges:
    stored = connection.execute(queries.load("ingest/stored_prices"), _span(file, rows)).fetchall()
    schema: dict[str, pl.DataType] = {"time": TIME, "low": pl.Float64(), "high": pl.Float64()}
    return ranges_of(pl.DataFrame(stored, schema=schema, orient="row"))


def _refuse_rows_of_another_pair(
    connection: psycopg.Connection, file: Recognised, name: str, rows: pl.DataFrame
) -> None:
    """A sample of bars that moved: by chance two pairs never have the same four prices in most of them."""
    if "open" not in rows.columns:
        return
    moved = rows.filter(pl.col("high") > pl.col("low"))
    if moved.height < _ENOUGH:
        return
    sample = moved[np.unique(np.linspace(0, moved.height - 1, _SAMPLE).astype(np.int64)).tolist()]
    query = sql.SQL(queries.load("ingest/rows_of_other_pairs")).format(table=sql.Identifier("market", name))
    columns = {f"{column}s": sample[column].to_list() for column in ("time", "open", "high", "low")}
    values = {**columns, "closes": sample["close"].to_list(), **_span(file, rows)}
    found = connection.execute(query, values).fetchone()
    if found is not None and found[2] >= _ENOUGH and found[2] * 2 > found[1]:
        symbol, shared, equal = found
        raise OddPricesError(
            f"{file.path}: its prices are those of {symbol} ({equal} of {shared} sampled bars are equal); "
            f"one of the two files has the wrong name: restore it, download it again, or {ACCEPT}"
        )


def _span(file: Recognised, rows: pl.DataFrame) -> dict[str, Any]:
    return {
        "instrument_id": file.pair.instrument_id,
        "first_time": rows["time"][0],
        "last_time": rows["time"][-1],
    }
