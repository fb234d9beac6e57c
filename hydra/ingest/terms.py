"""An exchange's terms of trading as dated rows: filters, brackets and fees of its instruments (C124, C127).

A row is added only where a number differs from the one that holds. The first terms of an instrument stand
for all its past, because what held before is not known; later ones hold from when they were read. Where an
exchange tells no brackets (without a key), those of instruments.toml stand in.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import dict_row

from hydra.db import locks, queries
from hydra.errors import RetryError
from hydra.exchange.instruments import (
    InstrumentTerms,
    LeverageBracket,
    OrderFilters,
    load_instrument_terms,
)
from hydra.ingest.instruments import VENUE, description, ensure_instruments

_FIRST_ID: Final = 1000
_LONGEST_WAIT_S: Final = 30.0
_NO_TERMS: Final = frozenset({"instrument_id", "valid_from", "source"})


class _Kind(NamedTuple):
    """One kind of terms: the queries that add a row and that read those in force."""

    add: str
    newest: str


_FILTERS: Final = _Kind("ingest/add_filters", "ingest/newest_filters")
_BRACKETS: Final = _Kind("ingest/add_bracket", "ingest/newest_brackets")
_FEES: Final = _Kind("ingest/add_fee_rates", "ingest/newest_fee_rates")


def ensure_venue(
    connection: psycopg.Connection, venue: str, terms: Sequence[InstrumentTerms]
) -> dict[str, int]:
    """Add the instruments of `venue` that are not there, and what has changed of their terms.

    Needs a connection outside of a transaction. Call it at every start and daily. Returns the instrument ids
    by the exchange's own symbols.

    Raises:
        RetryError: another process does the same and does not end.
    """
    if not locks.take(connection, locks.TERMS, wait_s=_LONGEST_WAIT_S):
        raise RetryError("another process has been storing terms for half a minute: try again")
    try:
        with connection.transaction():
            if venue == VENUE:
                ensure_instruments(connection)
            ids = _ensure_instruments(connection, venue, terms)
            for one in terms:
                _store_terms(connection, ids[one.pair.exchange_symbol], one)
    finally:
        locks.release(connection, locks.TERMS)
    return ids


def stored_terms(
    connection: psycopg.Connection, instrument_id: int, printed: InstrumentTerms, time: datetime
) -> InstrumentTerms:
    """Filters and brackets of an instrument as they are stored for `time`; where none are, the `printed`."""
    kinds = _FILTERS, _BRACKETS
    filters, brackets = (_newest(connection, kind, instrument_id, time) for kind in kinds)
    for row in (*filters, *brackets):
        del row["instrument_id"]
    return replace(
        printed,
        filters=OrderFilters(**filters[0]) if filters else printed.filters,
        brackets=tuple(LeverageBracket(**row) for row in brackets) or printed.brackets,
    )


def _ensure_instruments(
    connection: psycopg.Connection, venue: str, terms: Sequence[InstrumentTerms]
) -> dict[str, int]:
    ids = {
        str(symbol): int(instrument_id)
        for symbol, instrument_id in connection.execute(
            queries.load("ingest/symbols_of_venue"), {"venue": venue}
        )
    }
    for one in terms:
        symbol = one.pair.exchange_symbol
        if symbol not in ids:
            ids[symbol] = _next_id(connection)
            row = description(one.pair, venue) | {"instrument_id": ids[symbol]}
            if connection.execute(queries.load("ingest/add_instruments"), row).rowcount != 1:
                raise RetryError("another process has just added instruments: try again")
    return {one.pair.exchange_symbol: ids[one.pair.exchange_symbol] for one in terms}


def _next_id(connection: psycopg.Connection) -> int:
    row = connection.execute(queries.load("ingest/next_instrument_id"), {"first_id": _FIRST_ID}).fetchone()
    return int(row[0]) if row else _FIRST_ID


def _store_terms(connection: psycopg.Connection, instrument_id: int, terms: InstrumentTerms) -> None:
    time = terms.filters.valid_from
    brackets = terms.brackets or _fallback_brackets(connection, instrument_id, terms)
    for kind, told in (
        (_FILTERS, [asdict(terms.filters)]),
        (_BRACKETS, [asdict(bracket) for bracket in brackets]),
        (_FEES, [asdict(terms.fees)] if terms.fees else []),
    ):
        _store_changed(connection, kind, instrument_id, time, told)


def _fallback_brackets(
    connection: psycopg.Connection, instrument_id: int, terms: InstrumentTerms
) -> tuple[LeverageBracket, ...]:
    """Those of instruments.toml, while the instrument has none; for a pair not in it, its last one's."""
    if _newest(connection, _BRACKETS, instrument_id, terms.filters.valid_from):
        return ()
    printed = load_instrument_terms()
    known = (one for one in printed if one.pair.exchange_symbol == terms.pair.exchange_symbol)
    return next(known, printed[-1]).brackets


def _store_changed(
    connection: psycopg.Connection,
    kind: _Kind,
    instrument_id: int,
    time: datetime,
    told: list[dict[str, Any]],
) -> None:
    held = _newest(connection, kind, instrument_id, time)
    if not told or [_numbers(row) for row in told] == [_numbers(row) for row in held]:
        return
    valid_from = time if held else load_instrument_terms()[0].filters.valid_from
    rows = [{**row, "instrument_id": instrument_id, "valid_from": valid_from} for row in told]
    with connection.cursor() as cursor:
        cursor.executemany(queries.load(kind.add), rows)


def _newest(
    connection: psycopg.Connection, kind: _Kind, instrument_id: int, time: datetime
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        values = {"instrument_id": instrument_id, "time": time}
        return cursor.execute(queries.load(kind.newest), values).fetchall()


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _NO_TERMS}
