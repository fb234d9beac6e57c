"""A generated market in the database: under its own venue, stored once, all of it or nothing."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import polars as pl
import pytest
from psycopg import sql

from hydra.answers.status import read_coverage
from hydra.db.columns import columns_of
from hydra.db.engine import connect
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.simulated import store_market, venue_of
from hydra.sim.market.frames import MarketSlice
from hydra.sim.market.market import Market
from hydra.sim.market.settings import MarketSettings

START = datetime(2025, 3, 1, tzinfo=UTC)
MINUTES = 90
SETTINGS = MarketSettings(seed=7, start=START, pairs=9, book_interval_seconds=30, warm_up_days=0)


@pytest.fixture(scope="module")
def ids(database_url: str) -> tuple[int, ...]:
    with connect(database_url) as connection:
        ensure_instruments(connection)
    return store_market(database_url, SETTINGS, MINUTES)


def test_its_instruments_stand_beside_those_of_the_exchange(database_url: str, ids: tuple[int, ...]) -> None:
    with connect(database_url) as connection:
        rows = connection.execute(
            "SELECT instrument_id, exchange_symbol, venue, 'BTC' = ANY (aliases) FROM market.instruments"
            " ORDER BY instrument_id"
        ).fetchall()
    assert [row[0] for row in rows] == [*range(1, 9), *ids]
    assert rows[8][1:] == ("BTCUSDT", venue_of(SETTINGS, MINUTES), True)
    assert rows[16][1:] == ("SIM009USDT", venue_of(SETTINGS, MINUTES), False)


@pytest.mark.parametrize("table", ["instrument_filters", "leverage_brackets"])
def test_every_pair_has_its_terms(database_url: str, ids: tuple[int, ...], table: str) -> None:
    query = sql.SQL("SELECT count(DISTINCT instrument_id) FROM {} WHERE instrument_id = ANY (%s)")
    with connect(database_url) as connection:
        row = connection.execute(query.format(sql.Identifier("market", table)), (list(ids),)).fetchone()
    assert row == (9,)


def test_its_frames_have_the_columns_of_the_fact_tables(database_url: str) -> None:
    market = Market(replace(SETTINGS, with_trades=True, with_open_interest_polls=True)).advance(5)
    with connect(database_url) as connection:
        for field in fields(MarketSlice)[:-1]:
            columns = {column.name for column in columns_of(connection, f"market.{field.name}")}
            assert set(getattr(market, field.name).columns) == columns, field.name


@pytest.mark.parametrize("name", ["candles_1m", "liquidations", "order_books", "feed_heartbeats"])
def test_the_stored_facts_are_those_of_the_market(database_url: str, ids: tuple[int, ...], name: str) -> None:
    expected = getattr(Market(SETTINGS).advance(MINUTES), name)
    columns = expected.columns
    query = sql.SQL("SELECT {} FROM {} WHERE instrument_id = ANY (%s)").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("market", name)
    )
    with connect(database_url) as connection:
        rows = connection.execute(query, (list(ids),)).fetchall()
    stored = pl.DataFrame(rows, schema=expected.schema, orient="row")
    key = [column for column in ("feed", "instrument_id", "time", "side") if column in columns]
    own_id = dict(zip(range(1, 10), ids, strict=True))
    mapped = expected.with_columns(pl.col("instrument_id").replace_strict(own_id, return_dtype=pl.Int16))
    assert stored.height > 0
    assert stored.sort(key).equals(mapped.sort(key))


def test_the_rollups_cover_it(database_url: str, ids: tuple[int, ...]) -> None:
    with connect(database_url) as connection:
        row = connection.execute(
            "SELECT sum(row_count) FROM market.candles_15m WHERE instrument_id = %s", (ids[0],)
        ).fetchone()
    assert row == (MINUTES,)


def test_it_is_stored_once_and_labelled_simulated(database_url: str, ids: tuple[int, ...]) -> None:
    with connect(database_url) as connection:
        before = read_coverage(connection)
    assert store_market(database_url, SETTINGS, MINUTES) == ids
    with connect(database_url) as connection:
        assert read_coverage(connection) == before
    assert all(row.venue.startswith("simulated-") for row in before)
    assert before


@pytest.mark.usefixtures("ids")
def test_a_market_that_cannot_be_stored_leaves_nothing_behind(database_url: str) -> None:
    other = MarketSettings(seed=8, start=START, pairs=2, book_interval_seconds=0)

    def give_up(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_market(database_url, other, MINUTES, give_up)
    with connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM market.instruments WHERE venue = %s", (venue_of(other, MINUTES),)
        ).fetchone()
    assert row == (0,)
    assert len(store_market(database_url, other, MINUTES)) == 2
