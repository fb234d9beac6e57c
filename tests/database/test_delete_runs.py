"""Runs are deleted whole, those that go on are refused, and markets and counted trials stay."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from hydra.db.engine import connect
from hydra.errors import StopError
from hydra.trading.delete_runs import delete_all_runs, delete_runs, run_words
from hydra.trading.runs import lock_run
from tests.support.why_scenario import write_why_scenario

KEPT = 8
"""The other run of the scenario; it gets a minute of its own here."""


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """Runs 7 and 8, a trial of run 7, and a candle, in a transaction that never commits."""
    with closing(connect(database_url)) as opened:
        write_why_scenario(opened)
        opened.execute(
            "INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)"
            " VALUES (8, '2025-06-01 10:00Z', 'CLOSED', '2025-06-01 10:00:02Z', 'abc')"
        )
        opened.execute(
            "INSERT INTO hydra.run_versions"
            " (run_id, number, code_version, readings_hash, feature_set_version, cost_model_version)"
            " VALUES (7, 1, 'abc', 'd', 'f', '1'), (8, 1, 'abc', 'd', 'f', '1')"
        )
        opened.execute(
            "INSERT INTO market.candles_1m VALUES"
            " (1, '2025-06-01 10:00Z', '2025-06-01 10:01:02Z', 100, 101, 99, 100, 5)"
        )
        opened.execute(
            "INSERT INTO ml.studies (study_id, name, kind, market, data_from, data_to, data_hash,"
            " specification, readings_hash, code_version) OVERRIDING SYSTEM VALUE"
            " VALUES (1, 's', 'backtest', 'm',"
            " '2025-06-01Z', '2025-06-02Z', 'h', '{}', 'd', 'c')"
        )
        opened.execute(
            "INSERT INTO ml.trials (study_id, number, parameters, state, run_id)"
            " VALUES (1, 1, '{}', 'PLANNED', 7)"
        )
        yield opened
        opened.rollback()


def rows_by_table(connection: psycopg.Connection, run_id: int) -> dict[str, int]:
    """How many rows each table of schema hydra with a run_id holds of a run."""
    tables = connection.execute(
        "SELECT table_name FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name)"
        " WHERE table_schema = 'hydra' AND column_name = 'run_id' AND table_type = 'BASE TABLE'"
    ).fetchall()
    return {
        name: count_of(connection, f"SELECT count(*) FROM hydra.{name} WHERE run_id = {run_id}")  # noqa: S608
        for (name,) in tables
    }


def count_of(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_a_deleted_run_leaves_no_row_and_another_run_stays(connection: psycopg.Connection) -> None:
    before, kept = rows_by_table(connection, 7), rows_by_table(connection, KEPT)
    assert min(before[name] for name in ("runs", "cycles", "assessments", "orders", "positions")) > 0
    delete_runs(connection, [7])
    assert set(rows_by_table(connection, 7).values()) == {0}
    assert count_of(connection, "SELECT count(*) FROM hydra.fills") == 0
    assert rows_by_table(connection, KEPT) == kept
    assert kept["cycles"] == 1


def test_a_trial_stays_counted_without_its_run(connection: psycopg.Connection) -> None:
    delete_runs(connection, [7])
    assert count_of(connection, "SELECT count(*) FROM ml.trials WHERE run_id IS NULL") == 1


def test_deleting_all_runs_keeps_the_markets(connection: psycopg.Connection) -> None:
    delete_all_runs(connection)
    assert set(rows_by_table(connection, 7).values()) | set(rows_by_table(connection, KEPT).values()) == {0}
    assert count_of(connection, "SELECT count(*) FROM market.candles_1m") == 1
    assert count_of(connection, "SELECT count(*) FROM ml.trials") == 1


def test_a_run_that_goes_on_is_refused_and_nothing_is_deleted(
    connection: psycopg.Connection, database_url: str
) -> None:
    with closing(connect(database_url, autocommit=True)) as supervisor:
        lock_run(supervisor, KEPT)
        with pytest.raises(StopError, match="run 8 is already supervised"):
            delete_runs(connection, [7, KEPT])
        with pytest.raises(StopError, match="run 8 is already supervised"):
            delete_all_runs(connection)
    assert rows_by_table(connection, 7)["runs"] == 1


def test_runs_are_named_in_a_sentence() -> None:
    assert [run_words(numbers) for numbers in ([3], [3, 4], [3, 4, 5])] == [
        "run 3",
        "runs 3 and 4",
        "runs 3, 4 and 5",
    ]
