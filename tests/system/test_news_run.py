"""Runs of stored minutes with and without stored news, as a user types them, and what is told of them.

One market is decided by `hydra backtest` without news. Views are planted under that run by what it held; then
`hydra run` decides the market without news, and with these.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.domain import ScanOutcome
from tests.support import command_line
from tests.support.news_rows import add_scan, add_view
from tests.support.servers.databases import TestServer

MARKET = ("--market", "generated", "--seed", "11", "--from", "2025-06-01", "--to", "2025-06-01T04:00")
TRADES = (
    "SELECT instrument_id, decision_time, side, opened_time, closed_time, exit_reason_code, net_pnl_usd"
    " FROM hydra.positions WHERE run_id = %s AND closed_time IS NOT NULL"
    " ORDER BY decision_time, instrument_id"
)


@dataclass(frozen=True)
class Played:
    """A database with three runs: a backtest without news, a run without, and one with the planted views."""

    environment: Mapping[str, str]
    connection: psycopg.Connection
    backtest: int
    plain: int
    told: int

    def hydra(self, *arguments: str) -> str:
        done = command_line.hydra(*arguments, environment=self.environment)
        assert done.status == 0, done.out + done.err
        return done.out

    def trades(self, run_id: int) -> list[tuple[object, ...]]:
        return self.connection.execute(TRADES, (run_id,)).fetchall()


@pytest.fixture(scope="module")
def played(servers: dict[Edition, TestServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("state")
    with servers[Edition.APACHE].migrated() as url, connect(url, autocommit=True) as connection:
        environment = {
            **os.environ,
            "HYDRA_DATABASE_URL": url,
            "HYDRA_STATE_DIRECTORY": str(folder),
            "ANTHROPIC_API_KEY": "",
            "LLM_MODEL": "",
        }
        done = command_line.hydra("backtest", *MARKET, "--json", environment=environment)
        assert done.status == 0, done.err
        backtest = int(json.loads(done.out)["run_id"])
        plain = run(environment, folder, connection)
        plant(connection, backtest)
        told = run(environment, folder, connection, "--news", "replay", "--news-of", str(backtest))
        yield Played(environment, connection, backtest, plain, told)


def run(environment: Mapping[str, str], folder: Path, connection: psycopg.Connection, *news: str) -> int:
    """`hydra run` to its end; the run's number."""
    words = [sys.executable, "-m", "hydra", "run", "--mode", "paper", *MARKET, "--speed", "max", *news]
    done = subprocess.run(
        words, env=dict(environment), check=False, capture_output=True, text=True, timeout=300
    )
    log = "".join(path.read_text() for path in (folder / "logs").glob("*.log"))
    assert done.returncode == 0, done.stdout + done.stderr + log
    row = connection.execute("SELECT max(run_id) FROM hydra.runs").fetchone()
    assert row is not None
    return int(row[0])


def plant(connection: psycopg.Connection, run_id: int) -> None:
    """Half-way of each lasting position an exit, sure of the first, of the second by two scans in a row."""
    for number, (instrument_id, _, _, opened, closed, *_) in enumerate(
        row
        for row in connection.execute(TRADES, (run_id,)).fetchall()
        if row[4] - row[3] >= timedelta(minutes=10)
    ):
        half: datetime = (opened + (closed - opened) / 2).replace(second=0, microsecond=0)
        sure = number % 2 == 0
        for minute in (0,) if sure else (-2, 0):
            time = half + timedelta(minutes=minute)
            scan_id = add_scan(connection, run_id, time, ScanOutcome.ANALYZED)
            add_view(
                connection,
                run_id,
                instrument_id,
                time,
                "exit",
                "high" if sure else "low",
                known_at=time + timedelta(seconds=30),
                scan_id=scan_id,
            )


def test_without_the_analyst_trading_is_as_ever(played: Played) -> None:
    """No key, no model, no scan: every minute is decided, and the trades are those of the backtest."""
    row = played.connection.execute(
        "SELECT count(*) FILTER (WHERE state = 'CLOSED'), count(*) FROM hydra.cycles WHERE run_id = %s",
        (played.plain,),
    ).fetchone()
    assert row == (240, 240)
    assert played.trades(played.plain) == played.trades(played.backtest)
    assert len(played.trades(played.plain)) >= 3


def test_stored_views_close_positions_and_forbid_entries(played: Played) -> None:
    reasons = [row[5] for row in played.trades(played.told)]
    assert reasons.count("NEWS_EXIT") >= 2
    assert "NEWS_EXIT" not in [row[5] for row in played.trades(played.plain)]
    chosen = played.connection.execute(
        "SELECT count(*) FROM hydra.signals AS s JOIN hydra.news_views AS v USING (run_id, instrument_id)"
        " WHERE s.run_id = %s AND s.chosen AND s.time >= v.known_at AND s.time < v.time + interval '59 min'",
        (played.told,),
    ).fetchone()
    assert chosen == (0,)


def test_the_run_with_news_is_the_same_decided_again(played: Played) -> None:
    assert "0 mismatches of run" in played.hydra("check", "parity", "--run", str(played.told))


def test_nothing_of_it_looks_ahead(played: Played) -> None:
    out = played.hydra(
        "check", "lookahead", "--run", str(played.told), "--samples", "2", "--paths", "2", "--json"
    )
    answer = json.loads(out)
    assert answer["mismatches"] == 0
    assert "news" in json.dumps(answer), "the stored views are varied too"


def test_the_backtest_that_replays_them_trades_as_the_run(played: Played) -> None:
    news = ("--news", "replay", "--news-of", str(played.backtest))
    answer = json.loads(played.hydra("backtest", *MARKET, *news, "--json"))
    assert played.trades(answer["run_id"]) == played.trades(played.told)


def test_why_report_and_effect_tell_of_the_news(played: Played) -> None:
    closed = next(row for row in played.trades(played.told) if row[5] == "NEWS_EXIT")
    (base,) = played.connection.execute(
        "SELECT base FROM market.instruments WHERE instrument_id = %s", (closed[0],)
    ).fetchone() or ("",)
    # The minute at which the exit was demanded: the first after the view.
    (demanded,) = played.connection.execute(
        "SELECT min(e.time) FROM hydra.position_events AS e JOIN hydra.positions AS p USING (position_id)"
        " WHERE p.run_id = %s AND p.instrument_id = %s AND p.decision_time = %s"
        " AND e.reason_code = 'NEWS_EXIT'",
        (played.told, closed[0], closed[1]),
    ).fetchone() or (None,)
    assert isinstance(demanded, datetime)
    told = played.hydra("why", base, "--at", f"{demanded:%Y-%m-%dT%H:%M}", "--run", str(played.told))
    assert "the exit is confirmed: it closes a position that was open before" in told
    assert "the news analyst says exit" in told
    assert "positions closed: " in played.hydra("report", str(played.told))
    effect = json.loads(played.hydra("news", "effect", "--run", str(played.told), "--json"))
    assert {one["kind"] for one in effect["effect"]} >= {"EXIT", "TRADE"}
    assert all(one["mean_bps"] is None for one in effect["effect"]), "too few for a figure"
    assert effect["cost"] == [], "a replay asks nothing"
    assert "too few" in played.hydra("news", "effect", "--run", str(played.told))


def test_a_wrong_choice_of_news_is_refused_in_a_sentence(played: Played) -> None:
    for arguments, sentence in (
        (("backtest", *MARKET, "--news-of", "1"), "add --news replay"),
        (("backtest", *MARKET, "--news", "replay", "--news-of", str(played.plain)), "no scan of the news"),
        (("run", "--exchange", "simulated", "--news", "replay"), "leave --news out"),
    ):
        done = command_line.hydra(*arguments, environment=played.environment)
        assert done.status != 0
        assert sentence in " ".join(done.err.split())
