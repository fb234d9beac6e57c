"""The stored markets, and how to delete one; recorded history only on explicit request.

Source: docs/architecture.md (facts are written once; a market goes whole or not at all).
"""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from hydra.db import queries, rollups
from hydra.errors import StopError
from hydra.ingest.rollup_freshness import summarise_tables
from hydra.ingest.simulated import LAYOUT, VENUE_PREFIX


@dataclass(frozen=True)
class StoredMarket:
    """The pairs of a venue, their first and last one-minute candle (UTC), and the runs decided on them."""

    venue: str
    pairs: list[str]
    instrument_ids: list[int]
    first_time: datetime | None
    last_time: datetime | None
    run_ids: list[int]

    @property
    def is_generated(self) -> bool:
        """Whether it can be generated again; recorded history cannot."""
        return self.venue.startswith(VENUE_PREFIX)


def stored_markets(connection: psycopg.Connection) -> list[StoredMarket]:
    """Every market with a pair, by venue."""
    with connection.cursor(row_factory=class_row(StoredMarket)) as cursor:
        return cursor.execute(queries.load("housekeeping/markets")).fetchall()


def delete_market(connection: psycopg.Connection, market: StoredMarket) -> None:
    """Delete the facts of a market; for a generated one its instruments too. Needs an autocommit connection.

    Raises:
        StopError: runs were decided on it, which need it for checks and explanations.
    """
    if market.run_ids:
        numbers = " ".join(map(str, market.run_ids))
        raise StopError(
            f"{market.venue} has runs ({numbers}): delete them first with `hydra runs delete {numbers}`"
        )
    tables = [row[0] for row in connection.execute(queries.load("housekeeping/tables_of_instruments"))]
    with connection.transaction():
        statement = sql.SQL(queries.load("housekeeping/delete_facts"))
        for table in tables:
            if not market.is_generated and table in _KEPT_OF_RECORDED:
                continue
            named = statement.format(table=sql.Identifier("market", table))
            connection.execute(named, {"instrument_ids": market.instrument_ids})
        script = "delete_generated_market" if market.is_generated else "delete_recorded_files"
        values = {"venue": market.venue, "generated": LAYOUT}
        psycopg.ClientCursor(connection).execute(queries.load(f"housekeeping/{script}"), values)
    if rollups.uses_continuous_aggregates(connection) and market.first_time and market.last_time:
        for source in rollups.ROLLUP_SOURCES:
            rollups.refresh(connection, source, market.first_time, market.last_time)
    summarise_tables(connection, tables)


# Instruments of the exchange and their terms come from the checkout, not from imported files.
_KEPT_OF_RECORDED = frozenset({"instrument_filters", "leverage_brackets"})
