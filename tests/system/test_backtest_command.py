"""`hydra backtest`, `sweep` and `check` as a user types them, on a generated market."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support import command_line
from tests.support.command_line import Answer
from tests.support.servers.databases import TestServer

MARKET = ("--market", "generated", "--seed", "6", "--from", "2025-06-01", "--to", "2025-06-01T06:00")
PAIRS = ("--pairs", "BTC,ETH,SOL", "--set", "signals.reversal_min_zscore=0")
"""Reversals that ask for no cascade behind them: enough trades in six hours."""
TRIALS = 20
"""Of the sweep that is killed after its third."""


@pytest.fixture(scope="module")
def environment(servers: dict[Edition, TestServer]) -> Iterator[Mapping[str, str]]:
    with servers[Edition.APACHE].migrated() as url:
        yield {**os.environ, "HYDRA_DATABASE_URL": url}


@pytest.fixture(scope="module")
def first(environment: Mapping[str, str]) -> dict[str, Any]:
    """What a backtest says for machines."""
    answer: dict[str, Any] = json.loads(hydra(environment, "backtest", *MARKET, *PAIRS, "--json").out)
    return answer


def hydra(environment: Mapping[str, str], *arguments: str, status: int = 0) -> Answer:
    done = answer_of(environment, *arguments)
    assert done.status == status, done.err
    return done


def answer_of(environment: Mapping[str, str], *arguments: str) -> Answer:
    """A sweep, which starts processes of its own, is one itself."""
    if arguments[0] != "sweep":
        return command_line.hydra(*arguments, environment=environment)
    command = [sys.executable, "-m", "hydra", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


def test_a_backtest_says_what_was_decided_and_how_fast(
    environment: Mapping[str, str], first: dict[str, Any]
) -> None:
    answer = first
    assert answer["label"] == "simulated"
    assert answer["decisions"] == 3 * answer["minutes"] == 3 * 360
    assert answer["trades"] >= 3
    assert set(answer["seconds"]) == {"read", "features", "bars", "rules", "portfolio", "write"}
    with connect(environment["HYDRA_DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT mode, end_reason, data_hash FROM hydra.runs WHERE run_id = %s", (answer["run_id"],)
        ).fetchone()
    assert row == ("backtest", "finished", answer["data_hash"])


def test_a_backtest_repeats_itself_and_obeys_its_settings(
    environment: Mapping[str, str], first: dict[str, Any]
) -> None:
    one, other = first, json.loads(hydra(environment, "backtest", *MARKET, *PAIRS, "--json").out)
    assert one["last_equity_usd"] == other["last_equity_usd"]
    assert one["data_hash"] == other["data_hash"]
    without = json.loads(
        hydra(environment, "backtest", *MARKET, *PAIRS, "--set", "MIN_SIGNAL_CONFIDENCE=0.99", "--json").out
    )
    assert without["trades"] == 0
    costly, the_same = (
        json.loads(hydra(environment, "backtest", *MARKET, *PAIRS, *how, "--json").out)
        for how in (
            ("--scenario", "fees_x2"),
            ("--set", "costs.maker_fee_bps=4", "--set", "costs.taker_fee_bps=10"),
        )
    )
    assert costly["last_equity_usd"] < one["last_equity_usd"]
    assert the_same["last_equity_usd"] == costly["last_equity_usd"]


def test_the_report_of_a_backtest_is_printed(environment: Mapping[str, str]) -> None:
    done = hydra(environment, "backtest", *MARKET, *PAIRS)
    assert "simulated" in done.out
    assert "Liquidation reversal" in done.out
    assert "the other side played by the same barriers" in " ".join(done.out.split())
    assert "decisions/s" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--set", "MAX_POSITION=3"), "did you mean MAX_POSITION"),
        (("--set", "signals.nothing=3"), "the rules have no parameter nothing"),
        (
            ("--set", "execution.latency_seconds=-60"),
            "--set execution.latency_seconds=-60: it has to be a number of at least 0 and at most 86,400",
        ),
        (("--scenario", "cascade"), "add --market generated"),
        (("--market", "exchange"), "a backtest needs history"),
        (("--from", "2031-01-01", "--to", "2031-01-02"), "no recorded market is stored"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    environment: Mapping[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in " ".join(hydra(environment, "backtest", *arguments, status=1).err.split())


def test_a_killed_sweep_goes_on_where_it_was(environment: Mapping[str, str]) -> None:
    variants = ",".join(str(minutes) for minutes in range(1, TRIALS + 1))
    arguments = ("sweep", "killed", *MARKET, *PAIRS, "--set", f"COOLDOWN_MINUTES={variants}", "--jobs", "2")
    running = subprocess.Popen(
        [sys.executable, "-m", "hydra", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    done = 0
    with connect(environment["HYDRA_DATABASE_URL"], autocommit=True) as connection:
        deadline = time.monotonic() + 120
        while done < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
            done = finished(connection, "killed")
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        before = finished(connection, "killed")
        assert 3 <= before < TRIALS
        answer = hydra(environment, *arguments)
        assert finished(connection, "killed") == TRIALS
    assert f"{TRIALS} trials are counted" in answer.out
    refused = hydra({**environment, "MAX_POSITIONS": "2"}, *arguments, status=1)
    assert "planned with other settings (MAX_POSITIONS was 5, is 2)" in " ".join(refused.err.split())


OPENED = """
SELECT
    t.run_id, t.net_pnl_usd, t.trades, t.metrics->>'random_side_draws',
    r.config->'rules'->'risk'->'limits'->>'max_positions',
    r.config->'rules'->'costs'->>'maker_fee_bps',
    (SELECT count(*) FROM hydra.positions AS p WHERE p.run_id = t.run_id AND p.state = 'CLOSED'),
    (SELECT e.equity_usd - 10000 FROM hydra.equity AS e WHERE e.run_id = t.run_id
        ORDER BY e.time DESC LIMIT 1)
FROM ml.trials AS t
JOIN ml.studies AS s USING (study_id)
JOIN hydra.runs AS r USING (run_id)
WHERE s.name = 'opened' AND t.number = 2
"""


def test_a_trial_is_opened_as_a_run_with_the_same_result(environment: Mapping[str, str]) -> None:
    """Under other settings of the environment, too: a trial is what its study was planned with."""
    sets = ("--set", "MAX_POSITIONS=1,3", "--set", "costs.maker_fee_bps=1")
    hydra(environment, "sweep", "opened", *MARKET, *PAIRS, *sets, "--jobs", "1")
    with connect(environment["HYDRA_DATABASE_URL"], autocommit=True) as connection:
        trials = connection.execute("SELECT count(*) FROM ml.trials").fetchone()
        said = hydra({**environment, "MAX_LEVERAGE": "1"}, "sweep", "opened", "--open", "2").out
        row = connection.execute(OPENED).fetchone()
        assert trials == connection.execute("SELECT count(*) FROM ml.trials").fetchone()
    assert row is not None
    run_id, net, trades, draws, most, maker_fee, stored_trades, stored_net = row
    assert said == f"Trial 2 of opened is run {run_id}: `hydra report {run_id}`\n"
    assert (most, maker_fee) == ("3", "1")
    assert (trades, net) == (stored_trades, stored_net)
    assert draws is not None
    again = " ".join(hydra(environment, "sweep", "opened", "--open", "2", status=1).err.split())
    assert f"trial 2 of opened is run {run_id} already" in again
    both = hydra(environment, "sweep", "opened", "--open", "2", *sets, status=1).err
    assert "leave out --set" in both
    assert "has no trial 7" in hydra(environment, "sweep", "opened", "--open", "7", status=1).err
    assert "there is no study closed" in hydra(environment, "sweep", "closed", "--open", "1", status=1).err


def finished(connection: object, study: str) -> int:
    row = connection.execute(  # type: ignore[attr-defined]
        "SELECT count(*) FROM ml.trials JOIN ml.studies USING (study_id) WHERE name = %s AND state = 'DONE'",
        (study,),
    ).fetchone()
    return int(row[0])


def test_a_sweep_is_spread_over_workers(environment: Mapping[str, str]) -> None:
    command = [
        sys.executable, "-m", "dramatiq", "--use-spawn", "-p", "1", "-t", "1", "workers.research",
        "--queues", "research",
    ]  # fmt: skip
    worker = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        answer = hydra(
            environment, "sweep", "spread", *MARKET, *PAIRS, "--set", "MAX_POSITIONS=1,2,3", "--on-workers"
        )
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait()
    assert "3 trials are counted" in answer.out


def test_parity_of_a_backtest_with_itself(environment: Mapping[str, str], first: dict[str, Any]) -> None:
    """Last: it changes rows of the first backtest."""
    run = ("check", "parity", "--run", str(first["run_id"]))
    done = json.loads(hydra(environment, *run, "--json").out)
    assert (done["run_id"], done["mismatches"]) == (first["run_id"], 0)
    assert done["rows"]["risk_decisions"] > 0
    assert any("not stored by the run (rows: signals)" in why for why in done["left_out"].values())
    with connect(environment["HYDRA_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "UPDATE hydra.risk_decisions SET reason_code = 'NO_EDGE'"
            " WHERE run_id = %s AND reason_code = 'COOLDOWN'",
            (first["run_id"],),
        )
    differing = hydra(environment, *run, status=1)
    said = " ".join(differing.out.split())
    assert "risk_decisions: reason_code of instrument" in said
    assert "expected NO_EDGE, found COOLDOWN" in said
    assert "left out: assessments.reason, signals.reason, signals.thesis" in said
