"""Every kind of alert finds what it is for, says it, and finds nothing else."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from hydra.alerts.conditions import Condition, Patience, kinds, read_conditions
from hydra.db import locks
from hydra.db.engine import connect
from hydra.db.roles import Role
from tests.support.alert_conditions import PLANTED, RUN, write_listening_run
from tests.support.servers.logins import as_role

VALUES: dict[str, Any] = {"drawdown": 0.03, "channels": ["webhook"]}


@pytest.fixture
def scene(database_url: str) -> Iterator[psycopg.Connection]:
    """The run, in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_listening_run(opened)
        yield opened
        opened.rollback()


@pytest.fixture
def supervised(database_url: str) -> Iterator[None]:
    """A session that holds the run's lock, as `hydra run` does."""
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as supervisor:
        assert locks.take(supervisor, locks.of_run(RUN))
        yield
        locks.release(supervisor, locks.of_run(RUN))


def found(connection: psycopg.Connection) -> dict[str, list[Condition]]:
    """The conditions of every kind that has any."""
    everything = {kind: read_conditions(connection, kind, VALUES) for kind in kinds()}
    return {kind: conditions for kind, conditions in everything.items() if conditions}


def test_every_kind_has_a_planted_condition() -> None:
    assert set(kinds()) == set(PLANTED)


@pytest.mark.usefixtures("supervised")
def test_of_a_run_that_fares_well_there_is_nothing_to_tell(scene: psycopg.Connection) -> None:
    assert found(scene) == {}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_kind_finds_its_condition_alone_and_its_end(
    scene: psycopg.Connection, request: pytest.FixtureRequest, kind: str
) -> None:
    planted = PLANTED[kind]
    if planted.is_supervised:
        request.getfixturevalue("supervised")
    scene.execute(planted.begin)
    conditions = found(scene)
    assert list(conditions) == [kind]
    (condition,) = conditions[kind]
    assert condition.subject.startswith(planted.subject)
    assert condition.severity == planted.severity
    assert [words for words in planted.words if words not in condition.happened] == []
    assert condition.done.endswith(".")
    assert condition.advice.endswith(".")
    assert condition.since is None or condition.since <= datetime.now(UTC)
    scene.execute(planted.end)
    assert kind not in found(scene)


def test_replays_of_history_and_backtests_alert_nobody(scene: psycopg.Connection) -> None:
    scene.execute(PLANTED["kill_switch"].begin)
    assert {"kill_switch", "run_dead"} == set(found(scene))
    scene.execute("UPDATE hydra.runs SET market_origin = 'recorded', label = 'recorded'")
    assert found(scene) == {}


@pytest.mark.parametrize(
    ("end", "is_silent"),
    [
        ("end_reason = 'stopped'", False),
        ("end_reason = 'the exchange refuses for good'", True),
    ],
)
def test_ingest_that_an_operator_ended_is_no_alert_unless_a_run_needs_it(
    scene: psycopg.Connection, request: pytest.FixtureRequest, end: str, *, is_silent: bool
) -> None:
    scene.execute("UPDATE hydra.runs SET ended_at = now(), end_reason = 'stopped'")
    scene.execute(f"UPDATE market.ingest_sessions SET ended_at = now(), {end}")  # noqa: S608
    assert ("ingest_silent" in found(scene)) == is_silent
    scene.execute("UPDATE hydra.runs SET ended_at = NULL")
    request.getfixturevalue("supervised")
    assert "ingest_silent" in found(scene)


def test_a_simulated_exchange_that_nobody_listens_to_any_more_alerts_nobody(
    scene: psycopg.Connection,
) -> None:
    scene.execute("UPDATE market.ingest_sessions SET environment = 'simulated'")
    scene.execute(PLANTED["ingest_silent"].begin)
    assert "ingest_silent" in found(scene)
    scene.execute("UPDATE hydra.runs SET ended_at = now(), end_reason = 'stopped'")
    assert found(scene) == {}


def test_a_position_whose_stop_the_exchange_does_not_show_is_unprotected_whatever_the_tables_say(
    scene: psycopg.Connection,
) -> None:
    scene.execute(
        "INSERT INTO hydra.account_differences (run_id, found_in, found_time, kind, symbol, instrument_id,"
        " subject, blocks_entries, done)"
        " SELECT 7, reconciliation_id, now(), 'POSITION_UNPROTECTED', 'ETHUSDT', 2, '', true,"
        " 'not mended yet: maintenance' FROM hydra.reconciliations"
    )
    (condition,) = found(scene)["unprotected_position"]
    assert condition.happened.endswith("not mended yet: maintenance")
    assert "reconciliation_difference" not in found(scene)


@pytest.mark.usefixtures("supervised")
def test_a_run_that_is_no_longer_compared_with_its_exchange_is_told(scene: psycopg.Connection) -> None:
    scene.execute("UPDATE hydra.reconciliations SET recorded_at = now() - interval '181 seconds'")
    (condition,) = found(scene)["reconciliation_difference"]
    assert (condition.subject, condition.severity) == ("run 7, comparison", "CRITICAL")


def test_a_condition_has_to_last_as_long_as_its_kind_says_and_begins_anew_after_it_was_gone() -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    feed = Condition("btc", "WARNING", None, timedelta(seconds=60), "dead", "nothing", "look")
    kill = Condition("run 3", "CRITICAL", None, timedelta(0), "killed", "closed", "look")
    assert patience.lasting("dead_feed", [feed, kill]) == [kill]
    now[0] = 59.0
    assert patience.lasting("dead_feed", [feed]) == []
    now[0] = 60.0
    assert patience.lasting("kill_switch", []) == []
    assert patience.lasting("dead_feed", [feed]) == [feed]
    assert patience.lasting("dead_feed", []) == []
    assert patience.lasting("dead_feed", [feed]) == []
