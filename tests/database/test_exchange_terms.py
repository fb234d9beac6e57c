"""An exchange's terms as dated rows: added by the worker, only where a number has changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from hydra.db import queries
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.errors import RetryError
from hydra.exchange.instruments import FeeRates, InstrumentTerms, load_instrument_terms
from hydra.ingest.instruments import description
from hydra.ingest.terms import ensure_venue, stored_terms
from hydra.ledger.costs import CostParameters
from hydra.trading.instrument_spec import read_terms
from hydra.universe import Pair
from tests.support.servers.databases import TestServer
from tests.support.servers.logins import as_role

NOW = datetime(2026, 7, 4, 12, tzinfo=UTC)
DEMO = "binance-demo"
PRINTED = load_instrument_terms()


@pytest.fixture
def worker(servers: dict[Edition, TestServer]) -> Iterator[psycopg.Connection]:
    """A connection as ingest has it."""
    with servers[Edition.APACHE].migrated() as url, connect(as_role(url, Role.WORKER)) as connection:
        yield connection


def told(number: int = 0, at: datetime = NOW, **filters: Any) -> InstrumentTerms:
    """What the exchange tells of a pair, without a key: the printed filters, read at `at`."""
    printed = PRINTED[number]
    changed = replace(printed.filters, valid_from=at, source="the exchange", **filters)
    return replace(printed, filters=changed, brackets=())


def rows(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM market.{table}").fetchone()  # noqa: S608  # a name of this file
    connection.rollback()
    return int(row[0]) if row else 0


def tick_size(connection: psycopg.Connection, instrument_id: int, at: datetime) -> Decimal:
    spec = read_terms(connection, [instrument_id], at, CostParameters())[instrument_id]
    connection.rollback()
    return spec.filters.tick_size


def test_binance_keeps_its_ids_and_each_environment_has_its_own_filters(worker: psycopg.Connection) -> None:
    real = ensure_venue(worker, "binance", [told(0), told(1)])
    demo = ensure_venue(worker, DEMO, [told(0, step_size=Decimal("0.0001")), told(1)])
    assert real == {"BTCUSDT": 1, "ETHUSDT": 2}
    assert set(real.values()).isdisjoint(demo.values())
    steps = [
        read_terms(worker, [one], NOW, CostParameters())[one].filters.step_size
        for one in (real["BTCUSDT"], demo["BTCUSDT"])
    ]
    assert steps == [Decimal("0.001"), Decimal("0.0001")]


def test_the_terms_of_an_instant_are_those_stored_for_it(worker: psycopg.Connection) -> None:
    """What the simulated exchange lists of recorded history."""
    ids = ensure_venue(worker, DEMO, [told()])
    ensure_venue(worker, DEMO, [told(at=NOW + timedelta(days=1), tick_size=Decimal("0.5"))])
    for days, tick in ((0, "0.1"), (2, "0.5")):
        found = stored_terms(worker, ids["BTCUSDT"], PRINTED[0], NOW + timedelta(days=days))
        assert found.filters.tick_size == Decimal(tick)
        assert found.brackets == PRINTED[0].brackets
    assert stored_terms(worker, -1, PRINTED[0], NOW) == PRINTED[0]


def test_equal_terms_add_nothing_and_changed_ones_hold_from_their_reading(worker: psycopg.Connection) -> None:
    ids = ensure_venue(worker, DEMO, [told()])
    before = rows(worker, "instrument_filters"), rows(worker, "leverage_brackets")
    day = NOW + timedelta(days=1)
    assert ensure_venue(worker, DEMO, [told(at=day)]) == ids
    assert (rows(worker, "instrument_filters"), rows(worker, "leverage_brackets")) == before
    ensure_venue(worker, DEMO, [told(at=day + timedelta(days=1), tick_size=Decimal("0.5"))])
    assert tick_size(worker, ids["BTCUSDT"], day) == Decimal("0.1")
    assert tick_size(worker, ids["BTCUSDT"], day + timedelta(days=2)) == Decimal("0.5")


def test_an_entry_is_no_larger_than_what_a_market_order_can_close(worker: psycopg.Connection) -> None:
    ids = ensure_venue(worker, DEMO, [told(max_quantity=Decimal(1000), max_market_quantity=Decimal(120))])
    spec = read_terms(worker, [ids["BTCUSDT"]], NOW, CostParameters())[ids["BTCUSDT"]]
    assert spec.filters.max_quantity == Decimal(120)


def test_the_first_terms_stand_for_all_the_past(worker: psycopg.Connection) -> None:
    ids = ensure_venue(worker, DEMO, [told()])
    assert tick_size(worker, ids["BTCUSDT"], NOW - timedelta(days=900)) == Decimal("0.1")


def test_told_brackets_replace_the_printed_ones(worker: psycopg.Connection) -> None:
    ids = ensure_venue(worker, DEMO, [told()])
    (first, *others) = PRINTED[0].brackets
    own = tuple(
        replace(one, valid_from=NOW + timedelta(days=1), source="the exchange")
        for one in (replace(first, initial_leverage=75), *others)
    )
    ensure_venue(worker, DEMO, [replace(told(at=NOW + timedelta(days=1)), brackets=own)])
    ensure_venue(worker, DEMO, [told(at=NOW + timedelta(days=2))])
    leverages = [
        read_terms(worker, list(ids.values()), NOW + timedelta(days=days), CostParameters())[
            ids["BTCUSDT"]
        ].leverage_brackets[0][1]
        for days in (0, 3)
    ]
    assert leverages == [125.0, 75.0]


def test_fees_and_the_new_columns_are_stored(worker: psycopg.Connection) -> None:
    fees = FeeRates(NOW, Decimal(2), Decimal(4), "the exchange")
    terms = told(funding_rate_cap=Decimal("0.02"), price_multiplier_up=Decimal("1.05"), is_trading=False)
    ids = ensure_venue(worker, DEMO, [replace(terms, fees=fees)])
    filters = worker.execute(
        "SELECT funding_rate_cap, funding_rate_floor, price_multiplier_up, is_trading"
        " FROM market.instrument_filters WHERE instrument_id = %s",
        [ids["BTCUSDT"]],
    ).fetchone()
    assert filters == (Decimal("0.02"), None, Decimal("1.05"), False)
    assert worker.execute("SELECT maker_fee_bps, taker_fee_bps FROM market.fee_rates").fetchone() == (2, 4)


def test_a_pair_outside_of_the_universe_gets_an_id_and_brackets(worker: psycopg.Connection) -> None:
    pair = Pair(0, "SIM009", 2.0, 0.5, 10)
    ids = ensure_venue(worker, "simulated-exchange-7-abc", [replace(told(), pair=pair)])
    assert list(ids) == ["SIM009USDT"]
    assert read_terms(worker, list(ids.values()), NOW, CostParameters())


def test_an_id_that_another_process_takes_at_the_same_time_is_not_shared(
    servers: dict[Edition, TestServer],
) -> None:
    """A generated market is being stored: its instruments have the next ids, and are not committed yet."""
    row = description(PRINTED[0].pair, "simulated-7") | {"instrument_id": 1000}
    with (
        servers[Edition.APACHE].migrated() as url,
        connect(as_role(url, Role.WORKER)) as other,
        connect(as_role(url, Role.WORKER)) as worker,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute(queries.load("ingest/add_instruments"), row)
        waiting = pool.submit(ensure_venue, worker, DEMO, [told()])
        while not other.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall():
            assert not waiting.done()
        other.commit()
        with pytest.raises(RetryError, match="another process has just added instruments"):
            waiting.result(10)
        assert ensure_venue(worker, DEMO, [told()]) == {"BTCUSDT": 1001}
