"""`hydra alerts` as processes: killed, two at a time, without a channel, against a receiver that fails."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.alert_conditions import PLANTED, write_listening_run
from tests.support.alert_receiver import Receiver, receiver
from tests.support.servers.databases import TestServer

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
    return {**os.environ, "HYDRA_DATABASE_URL": url, "COLUMNS": "200", **channel}


def hydra(url: str, kept: Receiver | None, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hydra", *words]
    return subprocess.run(
        command, env=environment(url, kept), capture_output=True, text=True, check=False, timeout=60
    )


@contextmanager
def sending(url: str, kept: Receiver) -> Iterator["subprocess.Popen[str]"]:
    """`hydra alerts send`; it has ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hydra", "alerts", "send"],
        env=environment(url, kept),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
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
    with sending(url, kept) as process:
        said(process, "alerts go to webhook")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(KILL.end)
        said(process, "took alert")
    assert keys(kept) == ["1-1", "1-1", "1-2"]
    assert kept.taken[-1]["phase"] == "OVER"


def test_of_two_senders_one_waits_and_goes_on_when_the_other_is_killed(url: str, kept: Receiver) -> None:
    with sending(url, kept) as first:
        said(first, "took alert 1-1")
        with sending(url, kept) as second:
            said(second, "another process sends the alerts")
            first.kill()
            first.wait()
            said(second, "alerts go to webhook")
    assert keys(kept) == ["1-1"]


def test_a_sender_waits_for_a_database_that_ends_its_session(url: str, kept: Receiver) -> None:
    with sending(url, kept) as process:
        said(process, "took alert 1-1")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'hydra_worker'"
            )
            said(process, "the database server is back")
            connection.execute(KILL.end)
        said(process, "took alert 1-2")
    assert keys(kept) == ["1-1", "1-2"]


def test_the_commands_say_what_is_sent_what_lasts_and_what_fails_and_no_secret(
    url: str, kept: Receiver
) -> None:
    refused = hydra(url, None, "alerts", "test")
    assert refused.returncode == 1
    assert "set ALERT_WEBHOOK_URL or ALERT_URLS" in refused.stderr
    tested = hydra(url, kept, "alerts", "test")
    assert (tested.returncode, tested.stdout) == (0, "webhook took the test alert\n")
    assert kept.requests[0][0]["Hydra-Signature"].startswith("sha256=")
    kept.status = 500
    tested = hydra(url, kept, "alerts", "test")
    assert (tested.returncode, tested.stdout) == (1, "webhook did not take it: it answered with status 500\n")
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
