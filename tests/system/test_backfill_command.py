"""`hydra backfill` on the simulated exchange, killed with -9 on the way: every row once, none asked twice."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.servers.databases import TestServer

DAYS: Final = 6
PAIRS: Final = 2
EXPECTED: Final = {
    "candles_1m": DAYS * 1440 * PAIRS,
    "mark_prices": DAYS * 1440 * PAIRS,
    "open_interest": DAYS * 288 * PAIRS,
    "positioning": DAYS * 288 * PAIRS,
    "funding_rates": DAYS * 3 * PAIRS,
}
IN_RANGE: Final = "time >= '2025-05-26 00:00Z' AND time < '2025-06-01 00:00Z'"


@contextmanager
def served_exchange() -> Iterator[str]:
    """The URL of a simulated exchange of two pairs at 2025-06-01."""
    words = ["exchange", "serve", "--pairs", "BTC,ETH", "--seed", "3", "--from", "2025-06-01", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hydra", *words],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", said)):
            line = process.stdout.readline()
            assert line, said
            said += line
        yield found[0]
    finally:
        process.kill()
        process.communicate()


def backfill(url: str, exchange_url: str) -> "subprocess.Popen[str]":
    words = ["backfill", "--days", str(DAYS), "--pairs", "BTC,ETH", "--exchange", "simulated"]
    return subprocess.Popen(
        [sys.executable, "-m", "hydra", *words],
        env={**os.environ, "HYDRA_DATABASE_URL": url, "EXCHANGE_URL": exchange_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_rows(url: str, process: "subprocess.Popen[str]", least: int) -> None:
    """Until `least` rows of candles are recorded as fetched, while `process` runs."""
    query = "SELECT coalesce(sum(rows_inserted), 0) FROM market.backfills WHERE target_table = 'candles_1m'"
    deadline = time.monotonic() + 120
    with connect(url, autocommit=True) as connection:
        while (connection.execute(query).fetchone() or (0,))[0] < least:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "nothing came"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def connection(servers: dict[Edition, TestServer]) -> Iterator[psycopg.Connection]:
    """A database that a backfill has filled which was killed on the way."""
    with servers[Edition.APACHE].migrated() as url, served_exchange() as exchange_url:
        killed = backfill(url, exchange_url)
        wait_for_rows(url, killed, 2_000)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        last = backfill(url, exchange_url)
        output, _ = last.communicate(timeout=300)
        assert last.returncode == 0, output
        with connect(url, autocommit=True) as opened:
            yield opened


@pytest.mark.parametrize("table", EXPECTED)
def test_every_row_of_the_range_is_there_once(connection: psycopg.Connection, table: str) -> None:
    query = f"SELECT count(*) FROM market.{table} WHERE {IN_RANGE}"  # noqa: S608
    assert connection.execute(query).fetchone() == (EXPECTED[table],)


def test_what_was_fetched_was_not_fetched_again(connection: psycopg.Connection) -> None:
    """A kill loses at most the page of each series that was on its way."""
    query = "SELECT sum(rows_unchanged)::bigint, sum(rows_revised)::bigint FROM market.import_batches"
    assert connection.execute(query).fetchone() == (0, 0)


def test_nothing_is_missing_and_no_audit_complains(connection: psycopg.Connection) -> None:
    assert connection.execute("SELECT count(*) FROM market.gaps").fetchone() == (0,)
    assert [found.audit for found in run_audits(connection) if not found.is_clean] == []
