"""A model in runs, backtests and sweeps as a user types them: a run takes up what is published."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.registry.publishing import publish
from tests.support import command_line
from tests.support.command_line import Answer
from tests.support.scorer_scene import publish_scorer, register_scorer
from tests.support.servers.databases import TestServer

MINUTES = 180
MARKET = ("--market", "generated", "--seed", "11", "--from", "2025-06-01", "--to", "2025-06-01T03:00")
PUBLISHED_AT = 40
TIMEOUT_S = 240.0
DECIDED = "SELECT count(*) FROM hydra.cycles WHERE run_id = %s AND state = 'CLOSED'"


@dataclass(frozen=True)
class Scene:
    """A database, and `hydra` on it."""

    environment: Mapping[str, str]
    connection: psycopg.Connection
    folder: Path

    def hydra(self, *arguments: str, scorer: str = "rule") -> Answer:
        return command_line.hydra(*arguments, environment={**self.environment, "SIGNAL_SCORER": scorer})

    def typed(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`hydra` in a process of its own."""
        words = [sys.executable, "-m", "hydra", *arguments]
        return subprocess.run(
            words, env=dict(self.environment), check=False, capture_output=True, text=True, timeout=TIMEOUT_S
        )

    def newest_run(self) -> int:
        row = self.connection.execute("SELECT coalesce(max(run_id), 0) FROM hydra.runs").fetchone()
        assert row is not None
        return int(row[0])

    def decided(self, run_id: int) -> int:
        row = self.connection.execute(DECIDED, (run_id,)).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def scene(servers: dict[Edition, TestServer], tmp_path: Path) -> Iterator[Scene]:
    with servers[Edition.APACHE].migrated() as url, connect(url, autocommit=True) as connection:
        environment = {**os.environ, "HYDRA_DATABASE_URL": url, "HYDRA_STATE_DIRECTORY": str(tmp_path)}
        yield Scene(environment, connection, tmp_path)


def test_a_run_takes_up_a_publication_without_a_missed_minute_and_is_the_same_again(scene: Scene) -> None:
    first, second = publish_scorer(scene.connection), register_scorer(scene.connection, seed=8)
    words = [sys.executable, "-m", "hydra", "run", "--mode", "paper", *MARKET, "--speed", "600"]
    with (scene.folder / "said").open("w") as said:
        going = subprocess.Popen(
            words,
            env={**scene.environment, "SIGNAL_SCORER": "published"},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            end = time.monotonic() + TIMEOUT_S
            while (run := scene.newest_run()) == 0 or scene.decided(run) < PUBLISHED_AT:
                assert going.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
            publish(scene.connection, second.title, "ann", "better")
            assert going.wait(TIMEOUT_S) == 0, (scene.folder / "said").read_text()
        finally:
            going.kill()
            going.wait()
    assert scene.decided(run) == MINUTES
    rows = scene.connection.execute(
        "SELECT time, score_kind, complaint FROM hydra.run_scorers WHERE run_id = %s ORDER BY time", (run,)
    ).fetchall()
    assert [row[1:] for row in rows] == [(first.title, None), (second.title, None)]
    minute = (rows[1][0] - datetime(2025, 6, 1, tzinfo=UTC)).total_seconds() / 60
    # At 600 times real time a minute is a tenth of a second.
    assert PUBLISHED_AT <= minute < MINUTES
    kinds = scene.connection.execute(
        "SELECT DISTINCT time >= %s, score_kind FROM hydra.signals WHERE run_id = %s", (rows[1][0], run)
    ).fetchall()
    assert sorted(kinds) == [(False, first.title), (True, second.title)]
    parity = scene.hydra("check", "parity", "--run", str(run))
    assert parity.status == 0, parity.out + parity.err
    for model in (first, second):
        again = json.loads(scene.hydra("models", "replay", model.title, "--json").out)
        assert again["differences"] == 0
        assert again["equal"] == again["compared"] > 0


def test_what_cannot_score_is_refused_before_anything_starts(scene: Scene) -> None:
    done = scene.hydra("run", "--mode", "paper", *MARKET, "--speed", "max", scorer="signal-scorer@9")
    assert done.status == 1
    assert "there is no model signal-scorer@9" in done.err
    assert "Nothing was started" in done.err
    assert scene.newest_run() == 0
    for words, sentence in (
        (("backtest", *MARKET, "--model", "signal-scorer@9"), "there is no model signal-scorer@9"),
        (("backtest", *MARKET, "--model", "rule"), "--model rule: a model is named name@version"),
        (
            ("backtest", *MARKET, "--model", "a@1", "--set", "SIGNAL_SCORER=rule"),
            "--model a@1 beside --set SIGNAL_SCORER: name the scorer once",
        ),
        (("backtest", *MARKET, "--set", "scoring.scorer=best"), "one of rule, published, or a model"),
        (("sweep", "s", *MARKET, "--set", "scoring.scorer=rule,published"), "would mean another version"),
    ):
        refused = scene.hydra(*words)
        assert refused.status == 1, refused.out
        assert sentence in " ".join(refused.err.split())
    assert scene.newest_run() == 0


def test_backtests_and_sweeps_take_a_model_out_of_sample_only(scene: Scene) -> None:
    clean = publish_scorer(scene.connection)
    leaky = register_scorer(scene.connection, trained_to=datetime(2025, 6, 1, 1, tzinfo=UTC))
    refused = scene.hydra("backtest", *MARKET, "--model", leaky.title)
    assert refused.status == 1
    assert f"{leaky.title} was trained on data to 2025-06-01 05:00 UTC" in refused.err
    refused = scene.hydra("sweep", "s", *MARKET, "--set", f"scoring.scorer=rule,{leaky.title}")
    assert refused.status == 1
    assert "was trained on data to" in refused.err
    loud = scene.hydra("backtest", *MARKET, "--model", leaky.title, "--in-sample")
    assert loud.status == 0, loud.err
    assert "IN SAMPLE" in loud.out
    done = scene.hydra("backtest", *MARKET, "--model", clean.title, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["label"] == "simulated"
    swept = scene.typed("sweep", "t", *MARKET, "--set", f"scoring.scorer=rule,{clean.title}", "--jobs", "1")
    assert swept.returncode == 0, swept.stderr
    trials = scene.connection.execute(
        "SELECT parameters ->> 'scoring.scorer', state, error FROM ml.trials JOIN ml.studies USING (study_id)"
        " WHERE name = 't' ORDER BY 1"
    ).fetchall()
    assert trials == [("rule", "DONE", None), (clean.title, "DONE", None)]
    opened = scene.hydra("sweep", "t", "--open", "2")
    assert opened.status == 0, opened.err
