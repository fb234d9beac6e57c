"""Stores a generated market in the fact tables, under its own instruments and labelled simulated.

Its venue is `simulated-SEED-...`: generated facts never mix with recorded ones (C124), and equal settings
find their market already stored. One transaction per market: all of it or nothing.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any, Final

import polars as pl
import psycopg
from psycopg import sql

from hydra.db import locks, queries, rollups
from hydra.db.copy import copy_rows
from hydra.db.engine import connect
from hydra.errors import RetryError
from hydra.exchange.instruments import InstrumentTerms, load_instrument_terms
from hydra.ingest.instruments import PERPETUAL, add_instrument
from hydra.ingest.rollup_freshness import add_batch, finish_rollups, summarise_tables
from hydra.sim.market.frames import MarketSlice
from hydra.sim.market.market import Market
from hydra.sim.market.roster import SimulatedPair
from hydra.sim.market.settings import MarketSettings
from hydra.universe import find_pair

VENUE_PREFIX: Final = "simulated"
LAYOUT: Final = "generated market"

_FIRST_ID: Final = 1000
LONGEST_WAIT_S: Final = 1800.0
_PIECE_MINUTES: Final = 1440
_STORED: Final = tuple(field.name for field in fields(MarketSlice) if field.name != "premium_index")

Progress = Callable[[float], None]


def venue_of(settings: MarketSettings, minutes: int) -> str:
    """The venue under which this market is stored: readable, and different for other settings."""
    digest = hashlib.sha256(repr((asdict(settings), minutes)).encode()).hexdigest()[:8]
    return f"{VENUE_PREFIX}-{settings.seed}-{settings.start:%Y%m%d}-{digest}"


def store_market(
    url: str, settings: MarketSettings, minutes: int, progress: Progress = lambda _share: None
) -> tuple[int, ...]:
    """Generate `minutes` from settings.start (and the warm-up before) and store them, unless they are there.

    `progress` is called with the share done, 0..1. Returns the instrument ids in the order of the pairs.

    Raises:
        DatabaseError: the server cannot be used.
        RetryError: another process stores a market and does not end.
    """
    venue = venue_of(settings, minutes)
    with connect(url, autocommit=True) as connection:
        finish_rollups(connection)
        # The second process then finds what the first has stored.
        if not locks.take(connection, locks.GENERATED_MARKET, wait_s=LONGEST_WAIT_S):
            raise RetryError(
                f"another process has been storing a generated market for {LONGEST_WAIT_S / 60:.0f} minutes: "
                "try again when it is done"
            )
        with connection.transaction():
            ids = _stored_ids(connection, venue)
            if ids:
                return ids
            ids = _store(connection, venue, settings, minutes, progress)
        finish_rollups(connection)
        summarise_tables(connection, _STORED)
    return ids


def _stored_ids(connection: psycopg.Connection, venue: str) -> tuple[int, ...]:
    rows = connection.execute(queries.load("ingest/instruments_of_venue"), {"venue": venue}).fetchall()
    return tuple(row[0] for row in rows)


def _store(
    connection: psycopg.Connection, venue: str, settings: MarketSettings, minutes: int, progress: Progress
) -> tuple[int, ...]:
    market = Market(settings)
    ids = _add_instruments(connection, venue, market.pairs)
    own_id = {pair.instrument_id: stored for pair, stored in zip(market.pairs, ids, strict=True)}
    rollups.defer(connection)
    total = settings.warm_up_days * 1440 + minutes
    rows = 0
    for done in range(0, total, _PIECE_MINUTES):
        piece = market.advance(min(_PIECE_MINUTES, total - done))
        rows += sum(_copy(connection, name, getattr(piece, name), own_id) for name in _STORED)
        progress(min(1.0, (done + _PIECE_MINUTES) / total))
    connection.execute(queries.load("ingest/find_gaps_of_instruments"), {"instrument_ids": list(ids)})
    _record(connection, venue, market, rows, ids)
    return ids


def _copy(connection: psycopg.Connection, table: str, rows: pl.DataFrame, own_id: dict[int, int]) -> int:
    if not rows.height:
        return 0
    renamed = rows.with_columns(pl.col("instrument_id").replace_strict(own_id, return_dtype=pl.Int16))
    return copy_rows(connection, sql.Identifier("market", table), renamed)


def _record(
    connection: psycopg.Connection, venue: str, market: Market, rows: int, ids: tuple[int, ...]
) -> None:
    """Record the market like an imported file, and (Apache edition) refresh the rollups."""
    first = pl.Series([market.settings.first_minute, market.minute]) * 60_000_000
    span = first.cast(pl.Datetime("us", "UTC")).to_list()
    later = rollups.uses_continuous_aggregates(connection)
    sources = [name for name in _STORED if rollups.has_rollups(name)]
    if not later:
        for name in sources:
            rollups.refresh(connection, name, span[0], span[1], ids)
    add_batch(
        connection,
        {
            "path": venue,
            "sha256": hashlib.sha256(venue.encode()).hexdigest(),
            "layout": LAYOUT,
            "target_table": ", ".join(sources),
            "rows_read": rows,
            "rows_inserted": rows,
            "first_time": span[0],
            "last_time": span[1],
            "rollups_fresh": not later,
        },
    )


def _add_instruments(
    connection: psycopg.Connection, venue: str, pairs: tuple[SimulatedPair, ...]
) -> tuple[int, ...]:
    row = connection.execute(queries.load("ingest/next_instrument_id"), {"first_id": _FIRST_ID}).fetchone()
    first_id = row[0] if row else _FIRST_ID
    terms = {item.pair.exchange_symbol: item for item in load_instrument_terms()}
    ids = tuple(range(first_id, first_id + len(pairs)))
    for instrument_id, pair in zip(ids, pairs, strict=True):
        known = find_pair(pair.exchange_symbol)
        description: dict[str, Any] = {
            "instrument_id": instrument_id,
            "venue": venue,
            "kind": PERPETUAL,
            "symbol": pair.symbol,
            "exchange_symbol": pair.exchange_symbol,
            "base": pair.base,
            "quote": "USDT",
            "aliases": list(known.aliases) if known else [pair.base, pair.exchange_symbol],
        }
        add_instrument(connection, description, *_terms_of(pair, terms))
    return ids


def _terms_of(
    pair: SimulatedPair, terms: dict[str, InstrumentTerms]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Filters and brackets: the exchange's for the universe; an invented pair has those of the last one,
    on its own grids."""
    known = terms.get(pair.exchange_symbol) or list(terms.values())[-1]
    filters = asdict(known.filters)
    if pair.exchange_symbol not in terms:
        step = Decimal(1) / Decimal(int(pair.steps_per_unit))
        filters |= {"tick_size": Decimal(1) / Decimal(int(pair.ticks_per_unit)), "step_size": step}
        filters |= {"min_quantity": step, "source": LAYOUT}
    return filters, [asdict(bracket) for bracket in known.brackets]
