"""`hydra kill` as a process: the runs are stopped, whatever its terminal, encoding and arguments are."""

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import make_url

from hydra.db.edition import Edition
from tests.support.outside_texts import that_act
from tests.support.servers.databases import TestServer
from tests.support.why_scenario import write_why_scenario

NOT_UTF_8 = b"\xff\xfe outage [/red] \x1b[31m \xe2\x80\xae"
STORED = "\\xff\\xfe outage [/red] \x1b[31m \u202e"


@pytest.fixture(scope="module")
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A database with one run that goes on, on one edition: no table of facts is asked."""
    with servers[Edition.APACHE].migrated() as url:
        with psycopg.connect(url) as connection:
            write_why_scenario(connection)
        yield url


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    """Nothing is latched."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM hydra.kill_switch")
        yield connection


def kill(url: str, shell: str = '"$@"', **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """`hydra kill` with a reason that is no UTF-8, called by the words of a shell."""
    command: list[str | bytes] = [sys.executable, "-m", "hydra", "kill", "--reason", NOT_UTF_8]
    return subprocess.run(
        ["/bin/bash", "-c", shell, "bash", *command],
        env={**os.environ, "HYDRA_DATABASE_URL": url, **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


def causes(connection: psycopg.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT cause FROM hydra.kill_switch").fetchall()]


def test_a_reason_that_is_no_utf_8_is_stored_and_shown_escaped(
    connection: psycopg.Connection, url: str
) -> None:
    done = kill(url)
    assert (done.returncode, done.stderr, causes(connection)) == (0, b"", [STORED])
    assert that_act(done.stdout.decode()) == []


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=str,
)
def test_an_ascii_terminal_stops_no_kill(
    connection: psycopg.Connection, url: str, environment: dict[str, str]
) -> None:
    done = kill(url, **environment)
    assert (done.returncode, done.stderr, causes(connection)) == (0, b"", [STORED])
    assert that_act(done.stdout.decode("latin-1")) == []


@pytest.mark.parametrize(
    "shell",
    [
        '"$@" >&-',
        '"$@" >&- 2>&- <&-',
        '"$@" >/dev/full 2>/dev/full',
        '"$@" | true',
    ],
)
def test_a_terminal_that_is_closed_full_or_gone_stops_no_kill(
    connection: psycopg.Connection, url: str, shell: str
) -> None:
    done = kill(url, f"set -o pipefail; {shell}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert causes(connection) == [STORED]


def test_a_reader_that_went_away_before_the_answer_stops_no_kill(
    connection: psycopg.Connection, url: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "hydra", "kill", "--reason", "nobody reads"],
        env={**os.environ, "HYDRA_DATABASE_URL": url},
        stdout=writing,
        stderr=writing,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert (done.returncode, causes(connection)) == (0, ["nobody reads"])


HOLDS_THE_RUN = """
import sys, time
from hydra.db.engine import connect
from hydra.trading.runs import lock_run
connection = connect(sys.argv[1], autocommit=True)
lock_run(connection, 8)
print("held", flush=True)
time.sleep(60)
"""


def test_a_run_is_live_until_its_process_is_killed(connection: psycopg.Connection, url: str) -> None:
    del connection
    holder = subprocess.Popen([sys.executable, "-c", HOLDS_THE_RUN, url], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == "held\n"
        assert b"It is live, 0 open positions." in kill(url).stdout
        holder.kill()
        holder.wait()
    assert b"It is dead, 0 open positions" in kill(url).stdout


def test_settings_that_are_wrong_stop_no_kill(connection: psycopg.Connection, url: str) -> None:
    """An operator changes `.env` for the next run while this one loses money."""
    done = kill(url, MAX_LEVERAGE="many", HYDRA_NO_SETTING="1", TRADING_MODE="backtest")
    assert (done.returncode, done.stderr, causes(connection)) == (0, b"", [STORED])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGHOSTADDR", "127.0.0.99"),
        ("PGSERVICE", "of_a_dashboard"),
        ("PGSSLMODE", "require"),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGREQUIREAUTH", "md5"),
    ],
)
def test_variables_for_other_databases_stop_no_kill(
    connection: psycopg.Connection, url: str, name: str, value: str
) -> None:
    """libpq reads them beside the URL: they led `hydra kill` to another server, or to none."""
    done = kill(url, **{name: value})
    assert (done.returncode, done.stderr, causes(connection)) == (0, b"", [STORED])


def test_a_kill_waits_until_a_full_server_lets_it_in(connection: psycopg.Connection, url: str) -> None:
    """Whoever reaches the port can take all connections for a while: no password is asked for before."""
    parts = make_url(url)
    login = struct.pack("!I", 196_608) + b"user\0hydra_reader\0database\0hydra\0\0"
    with ExitStack() as held:
        for _ in range(130):
            stranger = held.enter_context(socket.create_connection((parts.host or "", parts.port or 0)))
            stranger.sendall(struct.pack("!I", len(login) + 4) + login)
        command = [sys.executable, "-m", "hydra", "kill", "--reason", "full"]
        environment = {**os.environ, "HYDRA_DATABASE_URL": url}
        process = subprocess.Popen(command, env=environment)
        time.sleep(4.0)
        assert process.poll() is None
    assert (process.wait(60), causes(connection)) == (0, ["full"])
