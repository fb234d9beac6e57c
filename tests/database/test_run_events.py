"""What happens in a run is told once, in order, with profit and reason; so is the want of data."""

from collections.abc import Iterator

import psycopg
import pytest

from hydra.answers.run_events import DataCoverage, RunEvents, read_data_coverage
from tests.support.why_scenario import write_why_scenario


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=America/New_York") as opened:
        write_why_scenario(opened)
        yield opened
        opened.rollback()


def sentences(events: RunEvents, connection: psycopg.Connection) -> list[str]:
    return [event.sentence for event in events.read(connection)]


def test_entries_fills_exits_and_kills_are_told_in_the_order_of_the_runs_clock(
    connection: psycopg.Connection,
) -> None:
    assert sentences(RunEvents(7), connection) == [
        "2025-06-01 10:00 UTC  BTC LONG entry sent: 10 at 99.9, FUNDING_SQUEEZE",
        "2025-06-01 10:01 UTC  BTC LONG entry filled: 10 at 99.9",
        "2025-06-01 10:02 UTC  SOL LONG entry sent: 50 at 20, OI_DIVERGENCE",
        "2025-06-01 10:02 UTC  SOL LONG entry canceled: the entry was not filled in time",
        "2025-06-01 10:03 UTC  SOL kill switch latched: Funding spike > 0.5%",
        "2025-06-01 10:07 UTC  all pairs skipped for 1 minute up to here: it was too late to decide this "
        "minute honestly",
        "2025-06-01 12:00 UTC  BTC LONG closed: 10 at 102.9, net 29.19 USDT: the target was reached",
    ]


def test_an_event_is_told_once(connection: psycopg.Connection) -> None:
    events = RunEvents(7)
    assert len(events.read(connection)) == 7
    assert sentences(events, connection) == []
    connection.execute(
        "UPDATE hydra.kill_switch SET cleared_time = '2025-06-01 11:30Z', cleared_by = 'me',"
        " clear_reason = 'funding is back'"
    )
    connection.execute(
        "INSERT INTO hydra.fills (fill_id, order_id, trade_id, time, price, quantity, fee_usd, is_maker)"
        " OVERRIDING SYSTEM VALUE VALUES (33, 21, 't3', '2025-06-01 12:01Z', 99.8, 2, 0.04, true)"
    )
    assert sentences(events, connection) == [
        "2025-06-01 11:30 UTC  SOL kill switch cleared: funding is back",
        "2025-06-01 12:01 UTC  BTC LONG entry filled: 2 at 99.8",
    ]


def test_an_entry_that_works_on_is_told_when_it_ends(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE hydra.orders SET state = 'OPEN', reason_code = NULL WHERE order_id = 23")
    events = RunEvents(7)
    assert "canceled" not in " ".join(sentences(events, connection))
    connection.execute(
        "UPDATE hydra.orders SET state = 'CANCELED', reason_code = 'KILL_SWITCH',"
        " finished_time = '2025-06-01 10:03Z' WHERE order_id = 23"
    )
    assert sentences(events, connection) == [
        "2025-06-01 10:03 UTC  SOL LONG entry canceled: the kill switch is latched"
    ]


def test_a_minute_has_no_data_where_every_pair_is_blocked_by_its_data(connection: psycopg.Connection) -> None:
    """Seven minutes of three pairs; one pair alone without data is no minute without data."""
    assert read_data_coverage(connection, 7) == DataCoverage(7, 0)
    connection.execute(
        "UPDATE hydra.assessments SET tradability = 'BLOCK', reason_code = 'DATA_MISSING'"
        " WHERE time >= '2025-06-01 10:05Z'"
    )
    found = read_data_coverage(connection, 7)
    assert (found, found.share_without_data) == (DataCoverage(7, 2), 2 / 7)
    assert read_data_coverage(connection, 8).share_without_data == 0
