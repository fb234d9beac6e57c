"""Rollups equal a from-scratch aggregate after whatever happens to the facts, on both editions."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from hydra.db.migrate import upgrade_to_head
from hydra.db.rollups import defer, refresh, uses_continuous_aggregates
from hydra.errors import StopError
from tests.support.rollup_expectation import assert_rollups_equal_facts, settle, stored
from tests.support.rows import add
from tests.support.rows import candle as plain_candle

START = datetime(2025, 6, 1, 20, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LAST = START + 600 * MINUTE
INSERT_CANDLE = (
    "INSERT INTO market.candles_1m VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (instrument_id, time) DO NOTHING"
)
INSERT_LIQUIDATION = (
    "INSERT INTO market.liquidations (instrument_id, time, known_at, side, price, quantity, value_usd)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
INSERT_OPEN_INTEREST = "INSERT INTO market.open_interest VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode to a database without facts."""
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened
        for source in ("candles_1m", "liquidations", "open_interest"):
            opened.execute(f"DELETE FROM market.{source}")  # noqa: S608
            settle(opened, source, START - timedelta(days=400), datetime.now(tz=UTC))
        opened.execute("DELETE FROM market.candles_5m_recorded")


@pytest.fixture
def untouched(empty_database_url: str) -> Iterator[psycopg.Connection]:
    """The same with a database of its own, of which nothing was ever refreshed."""
    upgrade_to_head(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as opened:
        yield opened


def candle(instrument: int, minute: int, rng: random.Random) -> tuple[object, ...]:
    time = START + minute * MINUTE
    low, high = sorted(100 + rng.random() for _ in range(2))
    complete = rng.random() < 0.7
    rest = [rng.random() * 9e4, rng.randrange(99), rng.random(), rng.random()] if complete else [None] * 4
    known_at = time + MINUTE + timedelta(seconds=rng.randrange(2, 400))
    return (instrument, time, known_at, low, high, low, high, rng.random() * 1000, *rest)


def write(connection: psycopg.Connection, query: str, rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(query, rows)


def copy_candles(connection: psycopg.Connection, rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY market.candles_1m FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def test_new_rows_are_in_every_rollup_at_once(untouched: psycopg.Connection) -> None:
    rng = random.Random(1)
    copy_candles(untouched, [candle(i, m, rng) for i in (1, 2) for m in range(500) if rng.random() < 0.9])
    assert len(stored(untouched, "candles_4h")) > 4
    assert_rollups_equal_facts(untouched)


def test_late_rows_reach_their_buckets(connection: psycopg.Connection) -> None:
    rng = random.Random(2)
    copy_candles(connection, [candle(1, minute, rng) for minute in range(0, 600, 2)])
    settle(connection, "candles_1m", START, LAST)
    copy_candles(connection, [candle(1, minute, rng) for minute in (1, 3, 251, 599)])
    settle(connection, "candles_1m", START, LAST)
    assert_rollups_equal_facts(connection)


def test_a_correction_changes_its_buckets(connection: psycopg.Connection) -> None:
    rng = random.Random(3)
    copy_candles(connection, [candle(1, minute, rng) for minute in range(300)])
    settle(connection, "candles_1m", START, LAST)
    connection.execute(
        "UPDATE market.candles_1m SET high = 500, volume = 7 WHERE time = %s", (START + MINUTE,)
    )
    settle(connection, "candles_1m", START, LAST)
    assert stored(connection, "candles_4h")[0]["high"] == 500
    assert_rollups_equal_facts(connection)


def test_a_row_moved_to_another_time_leaves_its_old_bucket(connection: psycopg.Connection) -> None:
    rng = random.Random(4)
    copy_candles(connection, [candle(1, minute, rng) for minute in (0, 7)])
    settle(connection, "candles_1m", START, LAST)
    moved = START + 40 * MINUTE
    connection.execute("UPDATE market.candles_1m SET time = %s WHERE time = %s", (moved, START))
    settle(connection, "candles_1m", START, LAST)
    assert len(stored(connection, "candles_5m_rollup")) == 2
    assert_rollups_equal_facts(connection)


def test_a_bucket_without_rows_goes(connection: psycopg.Connection) -> None:
    rng = random.Random(5)
    copy_candles(connection, [candle(1, minute, rng) for minute in range(10)])
    settle(connection, "candles_1m", START, LAST)
    connection.execute("DELETE FROM market.candles_1m WHERE time < %s", (START + 5 * MINUTE,))
    settle(connection, "candles_1m", START, LAST)
    assert len(stored(connection, "candles_5m_rollup")) == 1
    assert_rollups_equal_facts(connection)


def test_a_back_fill_years_before_is_rolled_up(connection: psycopg.Connection) -> None:
    rng = random.Random(6)
    copy_candles(connection, [candle(1, minute, rng) for minute in range(20)])
    settle(connection, "candles_1m", START, LAST)
    year = 365 * 24 * 60
    copy_candles(connection, [candle(2, minute - year, rng) for minute in range(600)])
    settle(connection, "candles_1m", START - year * MINUTE, START - year * MINUTE + 600 * MINUTE)
    assert_rollups_equal_facts(connection)


def test_a_duplicate_changes_nothing(connection: psycopg.Connection) -> None:
    rng = random.Random(7)
    rows = [candle(1, minute, rng) for minute in range(60)]
    copy_candles(connection, rows)
    settle(connection, "candles_1m", START, LAST)
    before = stored(connection, "candles_1h")
    write(connection, INSERT_CANDLE, rows)
    settle(connection, "candles_1m", START, LAST)
    assert stored(connection, "candles_1h") == before


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_of_changes_ends_in_the_same_rollups(connection: psycopg.Connection, seed: int) -> None:
    rng = random.Random(100 + seed)
    for _ in range(60):
        change_something(connection, rng)
    for source in ("candles_1m", "liquidations", "open_interest"):
        settle(connection, source, START, LAST)
    assert_rollups_equal_facts(connection)


def change_something(connection: psycopg.Connection, rng: random.Random) -> None:
    first = rng.randrange(550)
    time, later = START + first * MINUTE, START + (first + rng.randrange(40)) * MINUTE
    instrument, known_at, odd = (
        rng.randrange(1, 4),
        time + timedelta(hours=1),
        timedelta(seconds=rng.random() * 300),
    )
    match rng.randrange(8):
        case 0 | 1:
            rows = [candle(instrument, minute, rng) for minute in range(first, first + rng.randrange(1, 30))]
            write(connection, INSERT_CANDLE, rows)
        case 2:
            connection.execute(
                "UPDATE market.candles_1m SET close = close + 1, taker_buy_volume = NULL"
                " WHERE instrument_id = %s AND time BETWEEN %s AND %s",
                (instrument, time, later),
            )
        case 3:
            connection.execute(
                "DELETE FROM market.candles_1m WHERE instrument_id = %s AND time BETWEEN %s AND %s",
                (instrument, time, later),
            )
        case 4 | 5:
            side, price, quantity = rng.choice(["LONG", "SHORT"]), rng.random(), rng.random()
            row = (instrument, time + odd, known_at, side, price, quantity, price * quantity)
            write(connection, INSERT_LIQUIDATION, [row])
        case _:
            on_grid = rng.random() < 0.3
            moment = time if on_grid else time + odd
            write(connection, INSERT_OPEN_INTEREST, [(instrument, moment, known_at, rng.random(), None)])


def test_open_interest_belongs_to_the_grid_instant_at_its_end(untouched: psycopg.Connection) -> None:
    tick = timedelta(microseconds=1)
    grid = START + 5 * MINUTE
    known_at = START + timedelta(hours=1)
    times = [START, START + tick, grid - tick, grid, grid + tick]
    write(
        untouched,
        INSERT_OPEN_INTEREST,
        [(1, time, known_at, float(k), None) for k, time in enumerate(times)],
    )
    found = [
        (row["time"], row["contracts"], row["row_count"]) for row in stored(untouched, "open_interest_5m")
    ]
    assert found == [(START, 0.0, 1), (grid, 3.0, 3), (grid + 5 * MINUTE, 4.0, 1)]
    settle(untouched, "open_interest", START, grid + tick)
    assert_rollups_equal_facts(untouched)


def test_liquidations_are_summed_by_side(untouched: psycopg.Connection) -> None:
    rows = [
        (1, START, START, "LONG", 10.0, 2.0, 20.0),
        (1, START + timedelta(seconds=59), START, "LONG", 10.0, 3.0, 30.0),
        (1, START + MINUTE, START, "SHORT", 10.0, 1.0, 10.0),
    ]
    write(untouched, INSERT_LIQUIDATION, rows)  # type: ignore[arg-type]
    (five,) = stored(untouched, "liquidations_5m")
    assert (five["long_usd"], five["short_usd"], five["long_count"], five["short_count"]) == (50, 10, 2, 1)
    assert_rollups_equal_facts(untouched)


def test_a_bulk_load_defers_and_refreshes_once(connection: psycopg.Connection) -> None:
    rng = random.Random(8)
    with connection.transaction():
        defer(connection)
        copy_candles(connection, [candle(i, minute, rng) for i in (1, 2) for minute in range(300)])
        if not uses_continuous_aggregates(connection):
            assert stored(connection, "candles_5m_rollup") == []
            refresh(connection, "candles_1m", START, LAST)
    settle(connection, "candles_1m", START, LAST)
    assert_rollups_equal_facts(connection)


def test_after_a_deferred_transaction_the_triggers_work_again(connection: psycopg.Connection) -> None:
    rng = random.Random(9)
    with connection.transaction():
        defer(connection)
    copy_candles(connection, [candle(1, minute, rng) for minute in range(5)])
    settle(connection, "candles_1m", START, LAST)
    assert_rollups_equal_facts(connection)


def test_a_refresh_can_be_narrowed_to_instruments(connection: psycopg.Connection) -> None:
    if uses_continuous_aggregates(connection):
        pytest.skip("runs on the Apache edition: continuous aggregates refresh all instruments of a range")
    rng = random.Random(10)
    with connection.transaction():
        defer(connection)
        copy_candles(connection, [candle(i, minute, rng) for i in (1, 2) for minute in range(30)])
    refresh(connection, "candles_1m", START, LAST, instrument_ids=[2])
    assert {row["instrument_id"] for row in stored(connection, "candles_1h")} == {2}
    refresh(connection, "candles_1m", START, LAST)
    assert_rollups_equal_facts(connection)


def test_a_second_refresh_rewrites_no_row(connection: psycopg.Connection) -> None:
    rng = random.Random(11)
    copy_candles(connection, [candle(1, minute, rng) for minute in range(120)])
    refresh(connection, "candles_1m", START, LAST)
    query = "SELECT count(*), max(xmin::text::bigint) FROM market.candles_5m_rollup"
    if uses_continuous_aggregates(connection):
        query = "SELECT count(*), 0 FROM market.candles_5m_rollup"
    before = connection.execute(query).fetchone()
    refresh(connection, "candles_1m", START, LAST)
    assert connection.execute(query).fetchone() == before
    assert_rollups_equal_facts(connection)


def test_a_refresh_up_to_now_does_not_freeze_the_newest_buckets(untouched: psycopg.Connection) -> None:
    now = datetime.now(tz=UTC).replace(second=0, microsecond=0)
    for age in (9, 0, 3, 1):
        add(untouched, "market.candles_1m", plain_candle(1, now - age * MINUTE, now))
        refresh(untouched, "candles_1m", now - 9 * MINUTE, now)
    add(untouched, "market.candles_1m", plain_candle(1, now - 2 * MINUTE, now))
    assert_rollups_equal_facts(untouched)


def test_a_table_without_rollups_is_refused(connection: psycopg.Connection) -> None:
    with pytest.raises(StopError, match=r"nothing is rolled up from market\.mark_prices"):
        refresh(connection, "mark_prices", START, LAST)


def test_recorded_five_minute_candles_show_only_where_there_are_no_minutes(
    connection: psycopg.Connection,
) -> None:
    rng = random.Random(12)
    copy_candles(connection, [candle(1, minute, rng) for minute in range(5)])
    settle(connection, "candles_1m", START, LAST)
    for minute in (0, 5):
        time = START + minute * MINUTE
        row = plain_candle(1, time, time + 5 * MINUTE, (1, 3, 1, 2), 10)
        add(connection, "market.candles_5m_recorded", row)
    rolled, recorded = stored(connection, "candles_5m")
    assert (rolled["origin"], rolled["row_count"], rolled["time"]) == ("rollup", 5, START)
    assert (recorded["origin"], recorded["row_count"], recorded["time"]) == (
        "recorded",
        5,
        START + 5 * MINUTE,
    )
    assert (recorded["quote_volume"], recorded["quote_volume_recorded_rows"]) == (10 * (3 + 1 + 2) / 3, 0)
