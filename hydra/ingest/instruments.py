"""The instruments of the universe, with their terms, as rows (C124, C127)."""

from dataclasses import asdict
from typing import Final

import psycopg

from hydra.db import queries
from hydra.exchange.instruments import load_instrument_terms

VENUE: Final = "binance"
PERPETUAL: Final = "perpetual"


def ensure_instruments(connection: psycopg.Connection) -> None:
    """Add the eight perpetuals, their filters and brackets where they are not stored yet; idempotent."""
    with connection.cursor() as cursor:
        for terms in load_instrument_terms():
            pair = terms.pair
            cursor.execute(
                queries.load("ingest/add_instruments"),
                {
                    "instrument_id": pair.instrument_id,
                    "venue": VENUE,
                    "kind": PERPETUAL,
                    "symbol": pair.symbol,
                    "exchange_symbol": pair.exchange_symbol,
                    "base": pair.base,
                    "quote": pair.quote,
                    "aliases": list(pair.aliases),
                },
            )
            key = {"instrument_id": pair.instrument_id}
            cursor.execute(queries.load("ingest/add_filters"), key | asdict(terms.filters))
            brackets = [key | asdict(bracket) for bracket in terms.brackets]
            cursor.executemany(queries.load("ingest/add_bracket"), brackets)
