"""Every audit finds its planted defect, and says nothing about clean rows."""

from collections.abc import Iterator

import psycopg
import pytest

from hydra.db import queries
from tests.database.trade_scenario import write_scenario

DEFECTS = {
    "crossed_book": "UPDATE market.order_books SET bid_prices = '{100.2}'",
    "impossible_candle": "UPDATE market.candles_1m SET high = 98 WHERE time = '2025-06-01 00:03Z'",
    "known_before_it_happened": "UPDATE market.funding_rates SET known_at = time - interval '1 s'",
    "unrecorded_gap": "DELETE FROM market.candles_1m WHERE time = '2025-06-01 00:04Z'",
    "unknown_instrument": "UPDATE market.mark_prices SET instrument_id = 99",
    "funding_off_the_hour": "UPDATE market.funding_rates SET time = time + interval '5 min'",
    "candle_off_the_grid": "UPDATE market.mark_prices SET time = time + interval '1 min'",
    "stale_rollup": "SET LOCAL hydra.rollups = 'deferred'; DELETE FROM market.liquidations",
    "import_without_rollups": """
        INSERT INTO market.import_batches (path, sha256, layout, target_table, rows_read, rows_inserted,
            rows_unchanged, rows_revised, rows_quarantined, rollups_fresh)
        VALUES ('a.csv', 'x', 'klines', 'candles_1m', 1, 1, 0, 0, 0, false)""",
    "position_without_stop": "UPDATE hydra.orders SET state = 'CANCELED' WHERE order_id = 24",
    "equity_does_not_add_up": "UPDATE hydra.equity SET cash_usd = cash_usd + 0.01",
    "position_does_not_add_up": "UPDATE hydra.positions SET funding_usd = 1 WHERE position_id = 11",
    "order_disagrees_with_fills": "UPDATE hydra.fills SET quantity = 9 WHERE fill_id = 31",
    "feature_newer_than_decision": "UPDATE hydra.features SET newest_known_at = '2025-06-01 00:05:03Z'",
    "veto_turned_into_trade": "UPDATE hydra.assessments SET tradability = 'BLOCK' WHERE instrument_id = 1",
    "entry_while_killed": """
        INSERT INTO hydra.kill_switch (run_id, scope, instrument_id, latched_time, cause)
        VALUES (7, 'pair', 1, '2025-06-01 00:04Z', 'cascade')""",
}


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url) as opened:
        write_scenario(opened)
        yield opened
        opened.rollback()


def findings(connection: psycopg.Connection, name: str) -> list[tuple[object, ...]]:
    return connection.execute(queries.load(f"audits/{name}")).fetchall()


def test_every_audit_has_a_planted_defect() -> None:
    assert sorted(f"audits/{name}" for name in DEFECTS) == list(queries.names("audits"))


@pytest.mark.parametrize("name", DEFECTS)
def test_an_audit_is_silent_on_clean_rows(connection: psycopg.Connection, name: str) -> None:
    assert findings(connection, name) == []


@pytest.mark.parametrize("name", DEFECTS)
def test_an_audit_finds_its_defect(connection: psycopg.Connection, name: str) -> None:
    for statement in DEFECTS[name].split(";"):
        connection.execute(statement)
    if name == "stale_rollup" and is_real_time(connection):
        pytest.skip("what was never refreshed is computed as it is read and cannot be stale")
    assert len(findings(connection, name)) == 1


def is_real_time(connection: psycopg.Connection) -> bool:
    row = connection.execute(queries.load("rollups/uses_continuous_aggregates")).fetchone()
    return bool(row and row[0])


def test_fees_that_are_not_those_of_the_fills_are_found(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE hydra.fills SET fee_usd = 0.3 WHERE fill_id = 31")
    assert [row[1] for row in findings(connection, "position_does_not_add_up")] == [11]


def test_a_recorded_gap_is_no_finding(connection: psycopg.Connection) -> None:
    connection.execute(DEFECTS["unrecorded_gap"])
    connection.execute(
        "INSERT INTO market.gaps VALUES ('candles_1m', 1, '2025-06-01 00:04Z', '2025-06-01 00:05Z', 1)"
    )
    assert findings(connection, "unrecorded_gap") == []


def test_an_entry_after_the_kill_switch_was_cleared_is_no_finding(connection: psycopg.Connection) -> None:
    connection.execute(DEFECTS["entry_while_killed"])
    connection.execute(
        "UPDATE hydra.kill_switch"
        " SET cleared_time = '2025-06-01 00:04:30Z', cleared_by = 'anna', clear_reason = 'ok'"
    )
    assert findings(connection, "entry_while_killed") == []
