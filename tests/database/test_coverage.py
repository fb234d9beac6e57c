"""The coverage that `hydra status` shows: rows counted in small tables, estimated in large ones, by venue."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from hydra.answers.status import Coverage, read_coverage
from hydra.db import queries
from hydra.db.edition import Edition
from hydra.db.rollups import uses_continuous_aggregates

START = datetime(2025, 6, 1, tzinfo=UTC)
TRADES_A_PAIR = 4_000
LAST = START + (TRADES_A_PAIR - 1) * timedelta(minutes=1)
VENUES = {"binance": (1, 2, 3), "simulated-7": (101,)}
COUNTED = [
    Coverage("trades", venue, len(pairs), len(pairs) * TRADES_A_PAIR, False, START, LAST)
    for venue, pairs in VENUES.items()
]
ESTIMATED = [replace(one, is_estimate=True) for one in COUNTED]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """Trades of two venues in three chunks, none of them analyzed, in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        for venue, pairs in VENUES.items():
            opened.execute(
                "INSERT INTO market.instruments"
                " SELECT n, %s, 'perpetual', 'B' || n, 'B' || n, 'B' || n, 'USDT', '{}'"
                " FROM unnest(%s::smallint[]) AS n",
                (venue, list(pairs)),
            )
            opened.execute(
                "INSERT INTO market.trades SELECT n, t, s, t, 100, 1, true"
                " FROM unnest(%s::smallint[]) AS n, generate_series(0, %s) AS s,"
                " LATERAL (SELECT %s::timestamptz + s * interval '1 minute' AS t) AS at",
                (list(pairs), TRADES_A_PAIR - 1, START),
            )
        yield opened
        opened.rollback()


def test_a_small_table_is_counted_venue_by_venue(connection: psycopg.Connection) -> None:
    connection.execute("ANALYZE market.trades")
    assert read_coverage(connection) == COUNTED


def test_a_large_table_is_estimated_and_its_times_are_exact(connection: psycopg.Connection) -> None:
    connection.execute("ANALYZE market.trades")
    assert read_coverage(connection, counted_rows=1_000) == ESTIMATED


def test_a_large_table_without_statistics_is_counted(connection: psycopg.Connection) -> None:
    assert read_coverage(connection, counted_rows=1_000) == COUNTED


def test_a_chunk_without_statistics_is_estimated_by_its_size(connection: psycopg.Connection) -> None:
    chunks = connection.execute("SELECT c::text FROM show_chunks('market.trades') AS c").fetchall()
    for (chunk,) in chunks[:-1]:
        connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(*chunk.split("."))))
    for found, stored in zip(read_coverage(connection, counted_rows=1_000), COUNTED, strict=True):
        assert found.is_estimate
        assert found.row_count == pytest.approx(stored.row_count, rel=0.05)


def test_a_venue_that_the_statistics_do_not_know_is_counted(connection: psycopg.Connection) -> None:
    connection.execute("ANALYZE market.trades")
    connection.execute(
        "INSERT INTO market.instruments VALUES (9, 'bybit', 'perpetual', 'B', 'B', 'B', 'USDT', '{}')"
    )
    connection.execute("INSERT INTO market.trades VALUES (9, %s, 1, %s, 100, 1, true)", (START, START))
    assert Coverage("trades", "bybit", 1, 1, False, START, START) in read_coverage(connection, 1_000)


@pytest.mark.parametrize("edition", [Edition.COMMUNITY], indirect=True, ids=str)
def test_compressed_chunks_are_part_of_the_estimate(connection: psycopg.Connection) -> None:
    assert uses_continuous_aggregates(connection)
    connection.execute("ANALYZE market.trades")
    connection.execute(
        "ALTER TABLE market.trades"
        " SET (timescaledb.compress, timescaledb.compress_segmentby = 'instrument_id')"
    )
    connection.execute(
        "SELECT compress_chunk(c) FROM show_chunks('market.trades', older_than => %s) AS c", (LAST,)
    )
    assert read_coverage(connection, counted_rows=1_000) == COUNTED
    connection.execute("ANALYZE market.trades")
    assert read_coverage(connection, counted_rows=1_000) == ESTIMATED


def test_an_estimate_reads_a_handful_of_rows(connection: psycopg.Connection) -> None:
    """Of 16,000 trades: the first and the last of each pair."""
    connection.execute("ANALYZE market.trades")
    assert rows_read(connection, counted_rows=1_000) < 100
    assert rows_read(connection, counted_rows=1_000_000) > 16_000


def rows_read(connection: psycopg.Connection, counted_rows: int) -> int:
    """The rows that the scans of chunks of the query for trades gave, by its plan."""
    query = sql.SQL("EXPLAIN (ANALYZE, TIMING off, FORMAT json) " + queries.load("status/coverage")).format(
        facts=sql.Identifier("market", "trades")
    )
    values = {"fact": "trades", "table": "trades", "counted_rows": counted_rows}
    ((plan,),) = connection.execute(query, values).fetchall()
    scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name", "").startswith("_hyper")]
    return sum(node["Actual Rows"] * node["Actual Loops"] for node in scans)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan, and those below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
