"""The instruments of the universe, with their terms, as rows (C124, C127)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import psycopg

from hydra.db import queries
from hydra.exchange.instruments import load_instrument_terms
from hydra.universe import Pair

VENUE: Final = "binance"
PERPETUAL: Final = "perpetual"


def ensure_instruments(connection: psycopg.Connection) -> None:
    """Add the eight perpetuals, their filters and brackets where they are not stored yet; idempotent."""
    for terms in load_instrument_terms():
        brackets = [asdict(bracket) for bracket in terms.brackets]
        add_instrument(connection, description(terms.pair), asdict(terms.filters), brackets)


def add_instrument(
    connection: psycopg.Connection,
    description: Mapping[str, Any],
    filters: Mapping[str, Any],
    brackets: Sequence[Mapping[str, Any]],
) -> None:
    """Add one instrument with its terms; existing rows are kept. Keys are column names."""
    key = {"instrument_id": description["instrument_id"]}
    with connection.cursor() as cursor:
        cursor.execute(queries.load("ingest/add_instruments"), description)
        cursor.execute(queries.load("ingest/add_filters"), {**key, **filters})
        cursor.executemany(queries.load("ingest/add_bracket"), [{**key, **row} for row in brackets])


def description(pair: Pair, venue: str = VENUE) -> dict[str, Any]:
    """The row of market.instruments for `pair`, under its own id."""
    return {
        "instrument_id": pair.instrument_id,
        "venue": venue,
        "kind": PERPETUAL,
        "symbol": pair.symbol,
        "exchange_symbol": pair.exchange_symbol,
        "base": pair.base,
        "quote": pair.quote,
        "aliases": list(pair.aliases),
    }
