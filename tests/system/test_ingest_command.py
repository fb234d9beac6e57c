"""`hydra ingest` as a process, on a small exchange of loopback: killed with -9, dropped, frozen, refused.

The exchange tells the same by streams and by REST, so that every trade that it made can be counted.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hydra.answers.feeds import read_ingest
from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.played_exchange import SYMBOLS, VENUE, played_exchange
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import ON_APACHE_ALONE
from tests.support.waiting import PATIENCE_S

pytestmark = ON_APACHE_ALONE
LOG = "ingest.log"


@contextmanager
def _ingest(url: str, exchange_url: str, state: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "HYDRA_DATABASE_URL": url,
        "EXCHANGE_URL": exchange_url,
        "HYDRA_STATE_DIRECTORY": str(state),
    }
    with (state / LOG).open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hydra", "ingest", "--exchange", "simulated", *more],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        # Shown by pytest where the test fails.
        print((state / LOG).read_text())


def _wait(connection: psycopg.Connection, query: str, holds: Callable[[Any], bool], within_s: float) -> Any:
    deadline = time.monotonic() + within_s
    while True:
        found = connection.execute(query, {"venue": VENUE}).fetchone()
        value = found[0] if found else None
        if value is not None and holds(value):
            return value
        assert time.monotonic() < deadline, f"{query}: {value}"
        time.sleep(0.2)


_OF_VENUE = "(SELECT instrument_id FROM market.instruments WHERE venue = %(venue)s)"
_TRADES = f"SELECT count(*) FROM market.trades WHERE instrument_id IN {_OF_VENUE}"  # noqa: S608
_CANDLES = f"SELECT count(*) FROM market.candles_1m WHERE instrument_id IN {_OF_VENUE}"  # noqa: S608
_LISTENER = (
    "SELECT s.process_id FROM market.ingest_progress JOIN market.ingest_sessions AS s USING (session_id)"
    " WHERE s.venue = %(venue)s"
)
_WAITING = (
    "SELECT process_id FROM market.ingest_sessions WHERE venue = %(venue)s AND ended_at = started_at"
    " ORDER BY session_id DESC LIMIT 1"
)
_HOLES = (
    "SELECT count(*) FROM market.interruptions "
    "WHERE venue = %(venue)s AND repair IS NULL AND cause <> 'START'"
)


def test_killed_dropped_and_stopped_it_has_every_trade_and_candle_once(
    database_url: str, tmp_path: Path
) -> None:
    """Kill -9 in the middle, connections dropped, then SIGTERM: nothing that REST has is missing."""
    with played_exchange() as exchange, connect(database_url, autocommit=True) as connection:
        with _ingest(database_url, exchange.url, tmp_path) as process:
            _wait(connection, _TRADES, lambda count: count > 50, PATIENCE_S)
            process.send_signal(signal.SIGKILL)
            process.wait()
        with _ingest(database_url, exchange.url, tmp_path) as process:
            before = _wait(connection, _TRADES, lambda _count: True, 1)
            _wait(connection, _TRADES, lambda count: count > before + 20, PATIENCE_S)
            exchange.drop_connections()
            dropped = _wait(connection, _TRADES, lambda _count: True, 1)
            _wait(connection, _TRADES, lambda count: count > dropped + 200, PATIENCE_S)
            _wait(connection, _CANDLES, lambda count: count >= 2, PATIENCE_S)
            _wait(connection, _HOLES, lambda count: count == 0, PATIENCE_S)
            made = {symbol: exchange.trades[symbol][-1]["a"] for symbol in SYMBOLS}
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        _assert_complete(connection, made)


def _assert_complete(connection: psycopg.Connection, made: dict[str, int]) -> None:
    """made: each symbol's last trade when it was asked to stop."""
    for symbol in SYMBOLS:
        ids = [
            row[0]
            for row in connection.execute(
                "SELECT trade_id FROM market.trades JOIN market.instruments USING (instrument_id)"
                " WHERE venue = %s AND exchange_symbol = %s ORDER BY trade_id",
                (VENUE, symbol),
            )
        ]
        assert ids == list(range(ids[0], ids[-1] + 1))
        # Some are on their way.
        assert made[symbol] - ids[-1] < 60
    ended = connection.execute(
        "SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FROM market.ingest_sessions"
        " WHERE venue = %s",
        (VENUE,),
    ).fetchone()
    assert ended == (1, 2)
    lost = connection.execute(
        "SELECT DISTINCT source_table FROM market.gaps JOIN market.instruments USING (instrument_id)"
        " WHERE venue = %s AND filled_at IS NULL",
        (VENUE,),
    ).fetchall()
    assert {row[0] for row in lost} == {"order_books", "liquidations", "premium_index"}
    early = connection.execute(
        "SELECT count(*) FROM market.candles_1m WHERE known_at < time + interval '1 minute'"
    ).fetchone()
    assert early == (0,)


@pytest.fixture
def own_url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A database that no other test has."""
    with servers[Edition.APACHE].migrated() as url:
        yield url


@pytest.mark.usefixtures("edition")
def test_an_exchange_whose_time_went_back_ends_it_and_every_further_start(
    own_url: str, tmp_path: Path
) -> None:
    """`hydra status` shows the sentence, nothing of then is stored. A second process ends with its row."""
    with played_exchange() as exchange, connect(own_url, autocommit=True) as connection:
        with _ingest(own_url, exchange.url, tmp_path) as process:
            _wait(connection, _TRADES, lambda count: count > 50, PATIENCE_S)
            with _ingest(own_url, exchange.url, tmp_path) as second:
                assert second.wait(PATIENCE_S) == 1
            assert _shown(connection) == [], "the first one goes on"
            exchange.went_back_ms = 3_600_000
            exchange.drop_connections()
            assert process.wait(PATIENCE_S) == 1
        stored = _wait(connection, _TRADES, lambda _count: True, 1)
        (first,) = _shown(connection)
        with _ingest(own_url, exchange.url, tmp_path) as process:
            assert process.wait(PATIENCE_S) == 1
        (again,) = _shown(connection)
        for reason in (first, again, (tmp_path / LOG).read_text()):
            assert reason is not None
            assert f"the time of {VENUE} went back to" in reason
            assert "--began" in reason
        assert _wait(connection, _TRADES, lambda _count: True, 1) == stored
        open_sessions = connection.execute(
            "SELECT count(*) FROM market.ingest_sessions WHERE venue = %s AND ended_at IS NULL", (VENUE,)
        ).fetchone()
        assert open_sessions == (0,)


@pytest.mark.usefixtures("edition")
def test_one_that_waits_follows_the_one_before_it(own_url: str, tmp_path: Path) -> None:
    with (
        played_exchange() as exchange,
        connect(own_url, autocommit=True) as connection,
        _ingest(own_url, exchange.url, tmp_path) as first,
    ):
        _wait(connection, _TRADES, lambda count: count > 50, PATIENCE_S)
        with _ingest(own_url, exchange.url, tmp_path, "--wait") as second:
            _wait(connection, _WAITING, lambda pid: pid == second.pid, PATIENCE_S)
            assert _wait(connection, _LISTENER, lambda _pid: True, 1) == first.pid
            first.send_signal(signal.SIGTERM)
            assert first.wait(PATIENCE_S) == 0
            _wait(connection, _LISTENER, lambda pid: pid == second.pid, PATIENCE_S)
            with _ingest(own_url, exchange.url, tmp_path, "--wait") as third:
                _wait(connection, _WAITING, lambda pid: pid == third.pid, PATIENCE_S)
                third.send_signal(signal.SIGTERM)
                assert third.wait(PATIENCE_S) == 0, "one that waits can be stopped"
            assert _wait(connection, _LISTENER, lambda _pid: True, 1) == second.pid


def _shown(connection: psycopg.Connection) -> list[str | None]:
    return [one.end_reason for one in read_ingest(connection) if not one.is_running]


def test_it_gives_up_in_one_sentence(database_url: str, tmp_path: Path) -> None:
    """Nobody answers; what answers is no exchange."""
    with played_exchange() as exchange:
        for url, sentence in (
            ("http://127.0.0.1:9", "cannot be reached"),
            (f"{exchange.url}/elsewhere", "is no simulated exchange"),
        ):
            with _ingest(database_url, url, tmp_path) as process:
                process.wait(60)
            said = (tmp_path / LOG).read_text()
            assert process.returncode == 1
            assert sentence in said
            assert "Traceback" not in said
