"""Several writers of one bucket at the same time: no row is missing from the rollups afterwards."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from hydra.db.migrate import upgrade_to_head
from hydra.db.rollups import defer, refresh, uses_continuous_aggregates
from tests.support.rollup_expectation import assert_rollups_equal_facts, settle, stored
from tests.support.rows import add, candle

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def url(empty_database_url: str) -> str:
    """A migrated database of its own, whose chunks exist: creating one locks other writers out."""
    upgrade_to_head(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        insert(connection, 0, instrument=9)
        connection.execute("DELETE FROM market.candles_1m")
    return empty_database_url


def insert(connection: psycopg.Connection, minute: int, instrument: int = 1) -> None:
    time = START + minute * MINUTE
    add(connection, "market.candles_1m", candle(instrument, time, time + MINUTE))


def test_a_writer_that_waited_sees_what_the_other_has_committed(url: str) -> None:
    with psycopg.connect(url) as first, psycopg.connect(url, autocommit=True) as second:
        insert(first, 0)
        waiting = threading.Thread(target=insert, args=(second, 1))
        waiting.start()
        waiting.join(timeout=0.3)
        first.commit()
        waiting.join(timeout=20)
        assert not waiting.is_alive()
        assert [row["row_count"] for row in stored(second, "candles_4h")] == [2]
        assert_rollups_equal_facts(second)


def test_a_deferred_load_and_a_live_writer_share_a_bucket(url: str) -> None:
    with psycopg.connect(url) as bulk, psycopg.connect(url, autocommit=True) as live:
        defer(bulk)
        insert(bulk, 0)
        insert(live, 1)
        if not uses_continuous_aggregates(live):
            refresh(bulk, "candles_1m", START, START)
        bulk.commit()
        settle(live, "candles_1m", START, START + MINUTE)
        assert [row["row_count"] for row in stored(live, "candles_5m_rollup")] == [2]
        assert_rollups_equal_facts(live)


def test_a_rolled_back_writer_leaves_nothing_in_the_rollups(url: str) -> None:
    with psycopg.connect(url) as first, psycopg.connect(url, autocommit=True) as second:
        insert(first, 0)
        first.rollback()
        insert(second, 1)
        assert [row["row_count"] for row in stored(second, "candles_1h")] == [1]


def test_many_writers_of_the_same_buckets_lose_nothing(url: str) -> None:
    failures: list[BaseException] = []

    def hammer(offset: int) -> None:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                for minute in range(offset, 60, 4):
                    insert(connection, minute)
        except psycopg.Error as error:
            failures.append(error)

    writers = [threading.Thread(target=hammer, args=(offset,)) for offset in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert failures == []
    with psycopg.connect(url, autocommit=True) as connection:
        assert sum(row["row_count"] for row in stored(connection, "candles_5m_rollup")) == 60
        assert_rollups_equal_facts(connection)
