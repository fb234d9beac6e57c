"""`hydra alerts` as processes: killed, two at a time, without a channel, against a receiver that fails."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from typer.testing import CliRunner, Result

from hydra.cli.main import app
from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.alert_conditions import PLANTED, write_listening_run
from tests.support.alert_receiver import Receiver, receiver
from tests.support.servers.databases import TestServer

LIMIT_S = 120.0
KEY = "hush-hush-key"
KILL = PLANTED["kill_switch"]


@pytest.fixture
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A database with a run that an operator's kill switch has stopped; its position is closed."""
    with servers[Edition.APACHE].migrated() as url:
        with connect(url) as connection:
            write_listening_run(connection)
            connection.execute("UPDATE market.ingest_progress SET updated_at = now() + interval '1 day'")
            connection.execute(
                "UPDATE hydra.positions SET state = 'CLOSED', closed_time = opened_time, quantity = 0"
            )
            connection.execute(KILL.begin)
        yield url


@pytest.fixture
def kept() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


def environment(url: str, kept: Receiver | None) -> dict[str, str]:
    channel = {} if kept is None else {"ALERT_WEBHOOK_URL": kept.url, "ALERT_WEBHOOK_SECRET": KEY}
    return {"HYDRA_DATABASE_URL": url, "COLUMNS": "200", **channel}


def hydra(url: str, kept: Receiver | None, *words: str) -> Result:
    """A command in this process: those that send are processes of their own."""
    return CliRunner().invoke(app, list(words), env=environment(url, kept))


@contextmanager
def sending(url: str, kept: Receiver) -> Iterator["subprocess.Popen[str]"]:
    """`hydra alerts send`; it has ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hydra", "alerts", "send"],
        env={**os.environ, **environment(url, kept)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # A process that never says what is waited for.
    limit = threading.Timer(LIMIT_S, process.kill)
    limit.start()
    try:
        yield process
    finally:
        limit.cancel()
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]", words: str) -> None:
    """Wait for a line with these words."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return
    pytest.fail(f"it ended without {words!r}: {lines}")


def keys(kept: Receiver) -> list[str]:
    return [headers["Hydra-Message"] for headers, _ in kept.requests]


def test_a_sender_that_is_killed_while_a_message_goes_out_lets_that_one_go_out_twice_and_none_is_lost(
    url: str, kept: Receiver
) -> None:
    kept.delay_s = 5.0
    with sending(url, kept) as process:
        while not kept.requests:
            assert process.poll() is None, process.communicate()
        process.kill()
        process.wait()
    kept.delay_s = 0.0
    with sending(url, kept) as process:
        said(process, "took alert")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert keys(kept) == ["1-1", "1-1"]


def test_of_two_senders_one_waits_takes_over_from_a_killed_one_and_outlives_a_lost_session(
    url: str, kept: Receiver
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(sending(url, kept))
        said(first, "took alert 1-1")
        second = stack.enter_context(sending(url, kept))
        said(second, "another process sends the alerts")
        first.kill()
        said(second, "alerts go to webhook")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'hydra_worker'"
            )
            said(second, "the database server is back")
            connection.execute(KILL.end)
        said(second, "took alert 1-2")
    assert keys(kept) == ["1-1", "1-2"]
    assert kept.taken[-1]["phase"] == "OVER"


def test_the_commands_say_what_is_sent_what_lasts_and_what_fails_and_no_secret(
    url: str, kept: Receiver
) -> None:
    refused = hydra(url, None, "alerts", "test")
    assert "set ALERT_WEBHOOK_URL or ALERT_URLS" in str(refused.exception)
    tested = hydra(url, kept, "alerts", "test")
    assert (tested.exit_code, tested.stdout) == (0, "webhook took the test alert\n")
    assert kept.requests[0][0]["Hydra-Signature"].startswith("sha256=")
    kept.status = 500
    tested = hydra(url, kept, "alerts", "test")
    assert (tested.exit_code, tested.stdout) == (1, "webhook did not take it: it answered with status 500\n")
    with sending(url, kept) as process:
        said(process, "webhook did not take alert")
        listed = hydra(url, kept, "alerts")
        status = hydra(url, kept, "status")
    assert "kill_switch" in listed.stdout
    assert "DAILY_DRAWDOWN: 5.20% > 5%. `hydra why BTC --run 7`" in listed.stdout
    for answer in (listed, status):
        assert "Alerts go to webhook; 1 open alert" in answer.stdout
        assert "Alerts do not get through on webhook since " in answer.stdout
        assert KEY not in answer.stdout + answer.stderr
        assert kept.url not in answer.stdout + answer.stderr
    as_json = hydra(url, None, "alerts", "--json").stdout
    assert '"kind": "kill_switch"' in as_json
    assert kept.url not in as_json
