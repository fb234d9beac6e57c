"""A round of the audits stores what it found, takes its turn, and never waits for long."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from hydra.answers.audit_rounds import ROUND_EVERY_S, audit_if_due, audit_words, newest_round
from hydra.answers.audits import audit_names
from hydra.db import locks
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.paths import PROJECT_ROOT
from hydra.runtime.message_broker import make_broker
from hydra.runtime.notifications import UPKEEP_QUEUE, notify_upkeep
from hydra.settings import load_settings
from tests.support.planted_defects import DEFECTS
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import ON_APACHE_ALONE
from tests.support.servers.logins import as_role
from tests.support.trade_scenario import write_scenario

PLANTED = "order_disagrees_with_fills"


@pytest.fixture
def url(servers: dict[Edition, TestServer], edition: Edition) -> Iterator[str]:
    """A database with the scenario committed, in which the audits find nothing."""
    with servers[edition].migrated() as database_url:
        with connect(database_url) as connection:
            write_scenario(connection)
            connection.commit()
        yield database_url


@pytest.fixture
def writer(url: str) -> Iterator[psycopg.Connection]:
    with closing(connect(as_role(url, Role.WORKER), autocommit=True)) as connection:
        yield connection


@pytest.fixture
def reader(url: str) -> Iterator[psycopg.Connection]:
    with closing(connect(as_role(url, Role.READER), autocommit=True)) as connection:
        yield connection


def plant(url: str) -> None:
    with connect(url, autocommit=True) as connection:
        connection.execute(DEFECTS[PLANTED])


def let_pass(url: str, seconds: float) -> None:
    """As if all rounds had begun so much earlier."""
    with connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE hydra.audit_rounds SET started_at = started_at - %s", (timedelta(seconds=seconds),)
        )


def test_a_clean_round_asks_every_audit_and_is_stored(
    reader: psycopg.Connection, writer: psycopg.Connection
) -> None:
    assert newest_round(reader) is None
    assert audit_words(None).startswith("audits of the running system: none yet")
    done = audit_if_due(reader, writer)
    assert done is not None
    assert (done.asked, done.unanswered, done.findings) == (len(audit_names()), [], [])
    assert newest_round(reader) == done
    assert audit_words(done).endswith(f"UTC: {done.asked} of {done.asked} found nothing")


def test_a_planted_violation_is_reported_with_its_rows(
    url: str, reader: psycopg.Connection, writer: psycopg.Connection
) -> None:
    plant(url)
    audit_if_due(reader, writer)
    newest = newest_round(reader)
    assert newest is not None
    found = {item["audit"]: item for item in newest.findings}
    assert found[PLANTED]["rows_found"] == len(found[PLANTED]["first_rows"]) == 1
    assert "order_id=" in found[PLANTED]["first_rows"][0]
    assert f"{PLANTED} (1 rows)" in audit_words(newest)


def test_a_round_is_due_so_long_after_the_last_one_began(
    url: str, reader: psycopg.Connection, writer: psycopg.Connection
) -> None:
    assert audit_if_due(reader, writer) is not None
    assert audit_if_due(reader, writer) is None
    let_pass(url, ROUND_EVERY_S - 60)
    assert audit_if_due(reader, writer) is None
    let_pass(url, 61)
    assert audit_if_due(reader, writer) is not None


def test_one_round_at_a_time(url: str, reader: psycopg.Connection, writer: psycopg.Connection) -> None:
    with closing(connect(as_role(url, Role.WORKER), autocommit=True)) as other:
        assert locks.take(other, locks.AUDITS)
        assert audit_if_due(reader, writer) is None
        locks.release(other, locks.AUDITS)
    assert audit_if_due(reader, writer) is not None


def test_an_audit_that_takes_too_long_is_given_up_and_named(
    url: str, reader: psycopg.Connection, writer: psycopg.Connection
) -> None:
    with connect(url) as blocking:
        blocking.execute("LOCK TABLE hydra.fills IN ACCESS EXCLUSIVE MODE")
        done = audit_if_due(reader, writer, "300ms")
        blocking.rollback()
    assert done is not None
    assert "fill_without_order" in done.unanswered
    assert "impossible_candle" not in done.unanswered
    assert "not answered in time: " in audit_words(done)


def test_the_audits_read_as_a_role_that_cannot_write(reader: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("DELETE FROM hydra.audit_rounds")


@ON_APACHE_ALONE
def test_a_ring_wakes_the_upkeep_process_and_status_shows_what_it_found(url: str, tmp_path: Path) -> None:
    plant(url)
    environment = {**os.environ, "HYDRA_DATABASE_URL": url, "COLUMNS": "200"}
    command = [sys.executable, "-m", "dramatiq", "--use-spawn", "-p", "1", "-t", "1", "workers.upkeep"]
    log = tmp_path / "upkeep.log"
    with pytest.MonkeyPatch.context() as patch, log.open("wb") as output:
        patch.setenv("HYDRA_DATABASE_URL", url)
        broker = make_broker(load_settings(Path("no-such-file.env")), [])
        process = subprocess.Popen(
            [*command, "--queues", UPKEEP_QUEUE],
            stdout=output,
            stderr=output,
            env=environment,
            cwd=PROJECT_ROOT,
        )
        try:
            with closing(connect(url, autocommit=True)) as connection:
                deadline = time.monotonic() + 120
                while newest_round(connection) is None:
                    assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
                    notify_upkeep(broker)
                    time.sleep(1)
        finally:
            process.terminate()
            process.wait(30)
            broker.close()
    assert PLANTED in log.read_text(encoding="utf-8")
    status = subprocess.run(
        [sys.executable, "-m", "hydra", "status"],
        env=environment,
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert f"found errors: {PLANTED} (1 rows)" in status.stdout
