"""`hydra run --exchange simulated`: the market over REST and WebSocket, through ingest, clock and workers.

What such a run decides is what a backtest over the rows that ingest stored decides.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.alert_conditions import PLANTED
from tests.support.alert_receiver import Receiver, receiver
from tests.support.own_processes import descendants, is_alive
from tests.support.servers.databases import TestServer
from tests.support.waiting import wait_until

START: Final = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES: Final = 12
OPTIONS: Final = (
    "--exchange", "simulated", "--market", "generated", "--seed", "2", "--from", "2025-06-01T00:00",
    "--pairs", "BTC,ETH",
)  # fmt: skip


def hydra(url: str, *words: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "hydra", *words],
        env={**os.environ, "HYDRA_DATABASE_URL": url, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def told() -> Iterator[Receiver]:
    """Gets the alerts of the run."""
    with receiver() as opened:
        yield opened


@pytest.fixture(scope="module")
def decided_before_kill() -> list[datetime]:
    """The minutes that were decided when the run was killed; filled by `url`."""
    return []


@pytest.fixture(scope="module")
def url(
    servers: dict[Edition, TestServer], told: Receiver, decided_before_kill: list[datetime]
) -> Iterator[str]:
    """A database in which a run was killed half way, every process of it, and resumed to its end.

    Earlier audits found something, so that there is an alert.
    """
    end = START + timedelta(minutes=MINUTES + 1)
    with servers[Edition.APACHE].migrated() as url:
        with connect(url, autocommit=True) as connection:
            connection.execute(PLANTED["audit_finding"].begin)
        words = ("run", *OPTIONS, "--to", f"{end:%Y-%m-%dT%H:%M}")
        process = hydra(url, *words, ALERT_WEBHOOK_URL=told.url)
        wait_for_cycles(url, MINUTES // 2)
        family = [pid for pid, _ in descendants(process.pid)]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_until(lambda: not any(is_alive(pid) for pid in family), "the end of the run's children")
        with connect(url, autocommit=True) as connection:
            rows = connection.execute("SELECT time FROM hydra.cycles WHERE state = 'CLOSED'").fetchall()
        decided_before_kill += [row[0] for row in rows]
        finished(hydra(url, "run", "--resume", "1", ALERT_WEBHOOK_URL=told.url))
        yield url


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with connect(url, autocommit=True) as opened:
        yield opened


def wait_for_cycles(url: str, wanted: int) -> None:
    query = "SELECT FROM hydra.cycles WHERE state = 'CLOSED'"
    with connect(url, autocommit=True) as connection:
        wait_until(lambda: connection.execute(query).rowcount >= wanted, f"{wanted} decided minutes")


def test_every_minute_is_decided_or_skipped_with_a_reason(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT time, state, reason_code FROM hydra.cycles ORDER BY time").fetchall()
    assert [row[0] for row in rows] == [START + timedelta(minutes=1 + number) for number in range(MINUTES)]
    assert {row[1:] for row in rows} <= {("CLOSED", None), ("SKIPPED", "MINUTE_TOO_OLD")}
    assert sum(row[1] == "CLOSED" for row in rows) >= MINUTES // 2


def test_the_run_is_labelled_simulated_and_says_which_exchange_it_heard(
    connection: psycopg.Connection,
) -> None:
    row = connection.execute("SELECT label, market_origin, feeds, config FROM hydra.runs").fetchone()
    assert row is not None
    label, origin, feeds, config = row
    assert (label, origin, set(feeds)) == ("simulated", "exchange", {"order_book", "liquidations"})
    assert config["exchange"]["environment"] == "simulated"
    assert config["exchange"]["venue"].startswith("simulated-exchange-")
    assert config["speed"] == "max"


def test_only_its_own_pairs_were_fetched_and_heard(connection: psycopg.Connection) -> None:
    """Resumed, it asked for the history of every pair."""
    heard = connection.execute(
        "SELECT array_agg(DISTINCT base ORDER BY base) FROM market.candles_1m JOIN market.instruments"
        " USING (instrument_id)"
    ).fetchone()
    assert heard == (["BTC", "ETH"],)


def test_no_pair_was_blocked_for_want_of_data(
    connection: psycopg.Connection, decided_before_kill: list[datetime]
) -> None:
    """Books are whole before the exchange goes on, after the start and after the kill.

    What a killed ingest had heard and not stored is lost: the minute in which it was killed may lack it.
    """
    rows = connection.execute(
        "SELECT time, array_agg(reason) FROM hydra.assessments"
        " WHERE reason_code IN ('DATA_MISSING', 'DATA_STALE') GROUP BY time"
    ).fetchall()
    of_kill = max(decided_before_kill)
    assert all(of_kill < time <= of_kill + timedelta(minutes=2) for time, _ in rows), (of_kill, rows)
    assert len(rows) <= 1, rows


@pytest.mark.usefixtures("url")
def test_the_run_sends_alerts_and_tells_one_once(told: Receiver) -> None:
    new = [one["message"] for one in told.taken if (one["kind"], one["phase"]) == ("audit_finding", "NEW")]
    # A kill in the middle of it may let it go out twice.
    assert set(new) == {"1-1"}


def test_decided_again_from_what_ingest_stored_the_run_is_the_same(url: str) -> None:
    finished(hydra(url, "check", "parity", "--run", "1"))


def test_the_audits_find_nothing(connection: psycopg.Connection) -> None:
    found = {one.audit: one.first_rows for one in run_audits(connection) if not one.is_clean}
    assert found == {}
