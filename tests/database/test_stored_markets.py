"""A generated market is deleted whole; recorded history keeps its instruments and can be imported again."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from hydra.answers.status import read_condition
from hydra.db import queries
from hydra.db.engine import connect
from hydra.errors import StopError
from hydra.ingest.instruments import VENUE, ensure_instruments
from hydra.ingest.rollup_freshness import add_batch, finish_rollups
from hydra.ingest.simulated import store_market
from hydra.ingest.stored_markets import StoredMarket, delete_market, stored_markets
from hydra.sim.market.settings import MarketSettings

START = datetime(2025, 3, 1, tzinfo=UTC)
MINUTES = 30
BTC = 1


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """Two generated markets of three pairs, and ten recorded minutes of BTC as an imported file."""
    with closing(connect(database_url, autocommit=True)) as opened:
        ensure_instruments(opened)
        for seed in (1, 2):
            store_market(database_url, MarketSettings(seed=seed, start=START, pairs=3), MINUTES)
        opened.execute(
            "INSERT INTO market.candles_1m SELECT %s, t, t + interval '62 s', 100, 101, 99, 100, 5"
            " FROM generate_series(%s::timestamptz, %s::timestamptz + interval '9 min', '1 min') AS t",
            (BTC, START, START),
        )
        last = START.replace(minute=9)
        span = {"first_time": START, "last_time": last, "rollups_fresh": False}
        add_batch(
            opened,
            {"path": "BTC.csv", "sha256": "s", "layout": "candles", "target_table": "candles_1m", **span},
        )
        finish_rollups(opened)
        yield opened


def market(connection: psycopg.Connection, name: str) -> StoredMarket:
    return next(one for one in stored_markets(connection) if one.venue.startswith(name))


def test_a_generated_market_is_no_imported_file(connection: psycopg.Connection) -> None:
    assert read_condition(connection).imported_files == 1


def rows_by_table(connection: psycopg.Connection, one: StoredMarket) -> dict[str, int]:
    """How many rows every table and rollup of facts holds of a market."""
    tables = [row[0] for row in connection.execute(queries.load("housekeeping/tables_of_instruments"))]
    count = sql.SQL("SELECT count(*) FROM {} WHERE instrument_id = ANY(%s)")
    found = {}
    for table in sorted({*tables, "candles_1h", "candles_5m"}):
        row = connection.execute(
            count.format(sql.Identifier("market", table)), (one.instrument_ids,)
        ).fetchone()
        assert row is not None
        found[table] = int(row[0])
    return found


def test_every_market_is_listed_with_its_pairs_and_range(connection: psycopg.Connection) -> None:
    listed = {one.venue: one for one in stored_markets(connection)}
    recorded, generated = listed[VENUE], market(connection, "simulated-1")
    assert (len(recorded.pairs), recorded.is_generated) == (8, False)
    assert (generated.pairs, generated.is_generated) == (["BTC", "ETH", "SOL"], True)
    assert (generated.first_time, generated.last_time) == (START, START.replace(minute=MINUTES - 1))


def test_a_market_with_runs_is_refused(connection: psycopg.Connection) -> None:
    one = market(connection, "simulated-1")
    with_runs = StoredMarket(one.venue, one.pairs, one.instrument_ids, one.first_time, one.last_time, [3, 4])
    with pytest.raises(StopError, match=r"has runs \(3 4\): delete them first with `hydra runs delete 3 4`"):
        delete_market(connection, with_runs)
    assert rows_by_table(connection, one)["candles_1m"] == 3 * MINUTES


def test_a_generated_market_leaves_nothing_and_the_others_stay(connection: psycopg.Connection) -> None:
    one, other, recorded = (market(connection, name) for name in ("simulated-1", "simulated-2", VENUE))
    kept = rows_by_table(connection, other), rows_by_table(connection, recorded)
    assert rows_by_table(connection, one)["candles_1h"] == 3
    delete_market(connection, one)
    assert set(rows_by_table(connection, one).values()) == {0}
    assert (rows_by_table(connection, other), rows_by_table(connection, recorded)) == kept
    assert one.venue not in {left.venue for left in stored_markets(connection)}


def test_recorded_history_goes_with_the_records_of_its_files(connection: psycopg.Connection) -> None:
    recorded = market(connection, VENUE)
    assert rows_by_table(connection, recorded)["candles_1m"] == 10
    delete_market(connection, recorded)
    left = rows_by_table(connection, recorded)
    terms = {left.pop(name) for name in ("instrument_filters", "leverage_brackets")}
    assert (set(left.values()), 0 in terms) == ({0}, False)
    assert len(market(connection, VENUE).pairs) == 8
    layouts = connection.execute("SELECT layout FROM market.import_batches").fetchall()
    assert set(layouts) == {("generated market",)}
