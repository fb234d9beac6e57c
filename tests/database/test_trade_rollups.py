"""The rollups of trades and order books: equal to a from-scratch aggregate, late, and kept when facts go."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from hydra.db.migrate import upgrade_to_head
from hydra.db.rollups import refresh, refresh_marked, refresh_new, uses_continuous_aggregates
from tests.support.rollup_expectation import Row, assert_same_rows, floor, stored

START = datetime(2025, 6, 1, 20, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SIZES = (("below_1k", 0, 1e3), ("1k_to_10k", 1e3, 1e4), ("10k_to_100k", 1e4, 1e5), ("from_100k", 1e5, 1e12))


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[psycopg.Connection]:
    """A database of its own in autocommit mode."""
    upgrade_to_head(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as opened:
        yield opened


def trade(rng: random.Random, number: int, instrument: int = 1, minutes: float = 12) -> tuple[Any, ...]:
    time = START + rng.random() * minutes * MINUTE
    known_at = time + timedelta(seconds=rng.random())
    usd = 10 ** rng.uniform(1, 6)
    return (instrument, time, number, known_at, 100.0, usd / 100.0, rng.random() < 0.5)


def add_trades(connection: psycopg.Connection, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY market.trades FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def add_book(connection: psycopg.Connection, time: datetime, bids: list[Any], asks: list[Any]) -> None:
    sides = [[level[part] for level in side] for side in (bids, asks) for part in (0, 1)]
    connection.execute(
        "INSERT INTO market.order_books"
        " VALUES (1, %s, %s, %s::float8[], %s::float8[], %s::float8[], %s::float8[])",
        (time, time + timedelta(seconds=1), *sides),
    )


def settle(connection: psycopg.Connection, source: str = "trades") -> None:
    if uses_continuous_aggregates(connection):
        refresh(connection, source, START, START + timedelta(hours=1))
    refresh_marked(connection, datetime.now(UTC))


def flow(rows: list[Row], width: timedelta) -> list[Row]:
    """The flow of trades in buckets of `width`, from scratch."""
    groups: dict[tuple[int, datetime], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["instrument_id"], floor(row["time"], width)), []).append(row)
    result = []
    for (instrument, time), group in sorted(groups.items()):
        found: Row = {
            "instrument_id": instrument, "time": time, "known_at": max(row["known_at"] for row in group)
        }  # fmt: skip
        for unit in ("volume", "usd", "count"):
            for side, is_maker in (("buy", False), ("sell", True)):
                own = [row for row in group if row["buyer_is_maker"] is is_maker]
                one = {"volume": lambda row: row["quantity"], "usd": value, "count": lambda _row: 1}[unit]
                found[f"{side}_{unit}"] = sum(map(one, own)) if unit == "count" else float(sum(map(one, own)))
        for name, low, high in SIZES:
            for side, is_maker in (("buy", False), ("sell", True)):
                values = [value(row) for row in group if row["buyer_is_maker"] is is_maker]
                found[f"{side}_{name}_usd"] = float(sum(usd for usd in values if low <= usd < high))
        result.append({**found, "row_count": len(group)})
    return result


def value(row: Row) -> float:
    return float(row["price"] * row["quantity"])


def assert_flow_equals_trades(connection: psycopg.Connection) -> None:
    trades = stored(connection, "trades")
    assert_same_rows(stored(connection, "trade_flow_1m"), flow(trades, MINUTE))
    assert_same_rows(stored(connection, "trade_flow_5m"), flow(trades, 5 * MINUTE))


def test_the_flow_of_trades_is_what_the_trades_say(connection: psycopg.Connection) -> None:
    rng = random.Random(1)
    add_trades(connection, [trade(rng, k, 1 + k % 2) for k in range(400)])
    settle(connection)
    assert len(stored(connection, "trade_flow_1m")) > 20
    assert_flow_equals_trades(connection)


def test_late_trades_and_taken_ones_reach_their_minutes(connection: psycopg.Connection) -> None:
    rng = random.Random(2)
    add_trades(connection, [trade(rng, k) for k in range(300)])
    settle(connection)
    add_trades(connection, [trade(rng, k) for k in range(300, 320)])
    connection.execute("DELETE FROM market.trades WHERE trade_id < 20")
    connection.execute("UPDATE market.trades SET quantity = 7 WHERE trade_id BETWEEN 40 AND 50")
    settle(connection)
    assert_flow_equals_trades(connection)


def test_a_size_at_the_border_belongs_to_the_larger_ones(connection: psycopg.Connection) -> None:
    add_trades(
        connection, [(1, START, k, START, 100.0, usd / 100, False) for k, usd in enumerate((999, 1000))]
    )
    settle(connection)
    (row,) = stored(connection, "trade_flow_1m")
    assert (row["buy_below_1k_usd"], row["buy_1k_to_10k_usd"]) == (999.0, 1000.0)


def test_a_minute_that_is_still_open_keeps_its_marks(connection: psycopg.Connection) -> None:
    if uses_continuous_aggregates(connection):
        pytest.skip("runs on the Apache edition: continuous aggregates need no marks")
    rng = random.Random(3)
    add_trades(connection, [trade(rng, k, minutes=1) for k in range(50)])
    assert refresh_marked(connection, START + 0.5 * MINUTE) == 0
    assert stored(connection, "trade_flow_1m") == []
    assert refresh_marked(connection, START + MINUTE) == 1
    assert refresh_marked(connection, START + MINUTE) == 0
    assert_flow_equals_trades(connection)


def test_writers_and_refreshes_at_once_leave_no_trade_out(connection: psycopg.Connection) -> None:
    url = connection.info.dsn + f" password={connection.info.password}"

    def write(writer: int) -> None:
        rng = random.Random(writer)
        with psycopg.connect(url, autocommit=True) as own:
            for batch in range(20):
                first = writer * 10_000 + batch * 100
                add_trades(own, [trade(rng, first + k, minutes=3) for k in range(30)])

    def refresh_often(_number: int) -> None:
        with psycopg.connect(url, autocommit=True) as own:
            for _ in range(20):
                refresh_marked(own, datetime.now(UTC))

    with ThreadPoolExecutor(5) as pool:
        work = [pool.submit(write, number) for number in range(3)]
        work += [pool.submit(refresh_often, number) for number in range(2)]
        for one in work:
            one.result()
    settle(connection)
    assert len(stored(connection, "trades")) == 1800
    assert_flow_equals_trades(connection)


def test_an_order_book_minute_has_mean_and_last(connection: psycopg.Connection) -> None:
    """Mid 100: spreads 200 and 100 bps. Depths 99 and 101 USDT, then 995 and 100.5: mean 547 and
    100.75."""
    add_book(connection, START + timedelta(seconds=1), [(99, 1)], [(101, 1)])
    add_book(connection, START + timedelta(seconds=6), [(99.5, 10)], [(100.5, 1)])
    add_book(connection, START + MINUTE, [], [(101, 1)])
    settle(connection, "order_books")
    full, empty = stored(connection, "order_book_1m")
    assert (full["mean_spread_bps"], full["last_spread_bps"]) == pytest.approx((150, 100))
    assert full["last_imbalance"] == pytest.approx(894.5 / 1095.5)
    assert full["mean_imbalance"] == pytest.approx((547 - 100.75) / (547 + 100.75))
    assert (full["mean_bid_depth_usd"], full["mean_ask_depth_usd"]) == pytest.approx((547, 100.75))
    assert (full["last_bid_depth_usd"], full["last_ask_depth_usd"]) == pytest.approx((995, 100.5))
    assert (full["row_count"], full["known_at"]) == (2, START + timedelta(seconds=7))
    assert (empty["last_spread_bps"], empty["mean_imbalance"], empty["mean_bid_depth_usd"]) == (None,) * 3
    assert (empty["last_ask_depth_usd"], empty["row_count"]) == (101, 1)


def test_a_rollup_outlives_the_facts_that_were_dropped(connection: psycopg.Connection) -> None:
    rng = random.Random(4)
    add_trades(connection, [trade(rng, k) for k in range(100)])
    settle(connection)
    before = stored(connection, "trade_flow_5m")
    connection.execute("SELECT drop_chunks('market.trades', older_than => %s)", (START + timedelta(days=2),))
    add_trades(connection, [(1, START - timedelta(days=9), 1, START, 1.0, 1.0, False)])
    settle(connection)
    if uses_continuous_aggregates(connection):
        refresh(connection, "trades", START - timedelta(days=9), START + timedelta(days=1))
    assert stored(connection, "trade_flow_5m")[1:] == before


def test_facts_from_before_the_rollups_are_rolled_up_by_a_migration(connection: psycopg.Connection) -> None:
    rng = random.Random(5)
    add_trades(connection, [trade(rng, k) for k in range(100)])
    refresh_marked(connection, datetime.now(UTC))
    refresh_new(connection)
    assert_flow_equals_trades(connection)
