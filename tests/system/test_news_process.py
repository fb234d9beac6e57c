"""A run with its news process: it scans when due, and killed in the middle of a call disturbs nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.news.items import Headline
from hydra.news.store import store_headlines
from tests.support.command_line import hydra
from tests.support.messages_server import KEY, MessagesServer, Reply, analyses, messages_server
from tests.support.own_processes import descendants
from tests.support.servers.databases import TestServer
from tests.support.waiting import wait_until

START: Final = datetime(2025, 6, 1, tzinfo=UTC)
OPTIONS: Final = (
    "--exchange", "simulated", "--market", "generated", "--seed", "2", "--from", "2025-06-01T00:00",
    "--to", "2025-06-20T00:00", "--pairs", "BTC,ETH",
)  # fmt: skip
KILLS: Final = 2
AFTER: Final = 20
"""Minutes that have to be decided after the last kill."""
SOURCES: Final = """
[[source]]
name = "nobody"
url = "http://127.0.0.1:9/feed"
"""


def news_process(supervisor: int) -> int | None:
    """The id of the news process; None: it does not run."""
    found = [pid for pid, command in descendants(supervisor) if "workers.news" in command]
    return found[0] if found else None


def count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


@pytest.fixture(scope="module")
def server() -> Iterator[MessagesServer]:
    with messages_server(Reply(analyses("exit", "high"), delay_s=2.0)) as serving:
        yield serving


@pytest.fixture(scope="module")
def environment(
    servers: dict[Edition, TestServer], server: MessagesServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Of every command: database, analyst, sources. The database holds headlines of every half hour."""
    folder: Path = tmp_path_factory.mktemp("news")
    (folder / "sources.toml").write_text(SOURCES, encoding="utf-8")
    with servers[Edition.APACHE].migrated() as url:
        with closing(connect(url, autocommit=True)) as connection:
            times = [START + timedelta(minutes=10 * number) for number in range(2_000)]
            headlines = [
                (Headline("wire", f"Event {time:%m-%d %H:%M}", time, str(time)), time) for time in times
            ]
            store_headlines(connection, headlines)
            connection.execute("UPDATE market.news_items SET duplicate_of = NULL")
        yield {
            **os.environ,
            "HYDRA_DATABASE_URL": url,
            "HYDRA_STATE_DIRECTORY": str(folder),
            "ANTHROPIC_API_KEY": KEY,
            "LLM_MODEL": "claude-haiku-5-5",
            "LLM_BASE_URL": server.url,
            "NEWS_SOURCES_FILE": str(folder / "sources.toml"),
        }


def test_a_killed_news_process_disturbs_no_minute_and_the_next_one_scans(
    environment: dict[str, str], server: MessagesServer
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hydra", "run", *OPTIONS],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with closing(connect(environment["HYDRA_DATABASE_URL"], autocommit=True)) as connection:
        closed = "SELECT count(*) FROM hydra.cycles WHERE state = 'CLOSED'"
        killed = set()
        for number in range(KILLS):
            # In the middle of a call.
            wait_until(lambda n=number: len(server.asked) > n, f"call {number + 1}")  # type: ignore[misc]
            pid = news_process(process.pid)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
            minutes = count(connection, closed)
            wait_until(lambda m=minutes: count(connection, closed) >= m + AFTER, "minutes")  # type: ignore[misc]
        wait_until(lambda: count(connection, "SELECT count(*) FROM hydra.news_scans") > 0, "a scan")
        assert news_process(process.pid) not in killed
        minutes = count(connection, closed)
        wait_until(lambda: count(connection, closed) >= minutes + AFTER, "minutes after the scan")
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        output, _ = process.communicate(timeout=120)
        assert time.monotonic() - began < 30.0
        assert process.returncode == 0, output
        assert "news ended (" in output
        check_run(connection)


def check_run(connection: psycopg.Connection) -> None:
    """No minute is missing or waits; the scan's rows are whole; the audits find nothing."""
    states = connection.execute("SELECT state, reason_code FROM hydra.cycles ORDER BY time").fetchall()
    assert {state for state, _ in states[:-1]} <= {"CLOSED", "SKIPPED"}
    assert sum(state == "SKIPPED" for state, _ in states) == 0
    outcomes: list[Any] = connection.execute(
        "SELECT DISTINCT outcome, trigger FROM hydra.news_scans"
    ).fetchall()
    assert outcomes == [("ANALYZED", "schedule")]
    late = "SELECT count(*) FROM hydra.news_views WHERE known_at <= time"
    assert count(connection, "SELECT count(*) FROM hydra.news_views") >= 2
    assert count(connection, late) == 0
    found = {one.audit: one.first_rows for one in run_audits(connection) if not one.is_clean}
    assert found == {}


def test_on_demand_it_is_scanned_and_shown_with_its_age(environment: dict[str, str]) -> None:
    scanned = hydra("news", "scan", "--force", "--run", "1", environment=environment)
    assert scanned.status == 0, scanned
    assert "ANALYZED: 8 pairs analyzed" in scanned.out
    assert " USD, " in scanned.out
    shown = hydra("news", "show", "--run", "1", environment=environment)
    assert shown.status == 0, shown
    assert "exit" in shown.out
    assert "told by the test" in shown.out
    assert KEY not in shown.out + shown.err + scanned.out + scanned.err


def test_doctor_says_what_is_wrong_with_the_analyst(environment: dict[str, str]) -> None:
    retired = hydra("doctor", environment={**environment, "LLM_MODEL": "claude-3-5-sonnet-20241022"})
    assert "its price is not known" in retired.out
    none = hydra("doctor", environment={**environment, "ANTHROPIC_API_KEY": ""})
    assert "ANTHROPIC_API_KEY is not set" in none.out
