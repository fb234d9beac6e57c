"""The kill switch stops every run that goes on, whatever is said with it; nothing is cleared by accident."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings

from hydra.answers.run_list import list_runs
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.outside_text import shown, storable
from hydra.trading.runs import end_run, lock_run, supervised_runs
from tests.support.command_line import Answer, hydra
from tests.support.outside_texts import arguments, that_act
from tests.support.servers.databases import TestServer
from tests.support.why_scenario import write_why_scenario

TRADES, DEAD, ENDED, BACKTEST = 7, 8, 9, 10
"""The runs of the scene: the one that trades is the oldest."""

FURTHER_RUNS = """
UPDATE hydra.runs SET ended_at = NULL, end_reason = NULL WHERE run_id = 7;
INSERT INTO hydra.runs (run_id, mode, market_origin, label, feeds, config, config_hash, readings_hash,
        feature_set_version, cost_model_version, code_version, data_from, data_to, ended_at, end_reason)
    OVERRIDING SYSTEM VALUE
    SELECT run_id, mode, market_origin, label, feeds, config, config_hash, readings_hash, feature_set_version,
        cost_model_version, code_version, data_from, data_to, ended_at, end_reason
    FROM (VALUES (9, 'paper', now(), 'stopped'), (10, 'backtest', NULL, NULL))
        AS further (run_id, mode, ended_at, end_reason)
    CROSS JOIN (SELECT market_origin, label, feeds, config, config_hash, readings_hash, feature_set_version,
        cost_model_version, code_version, data_from, data_to FROM hydra.runs WHERE run_id = 8) AS alike;
DELETE FROM hydra.kill_switch;
"""
LATER = "UPDATE hydra.kill_switch SET latched_time = latched_time - interval '2 hours'"


@pytest.fixture(scope="module")
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A database with the scene, on one edition: no table of facts is asked."""
    with servers[Edition.APACHE].migrated() as url, psycopg.connect(url) as connection:
        write_why_scenario(connection)
        connection.execute(FURTHER_RUNS)
        connection.commit()
        yield url


@pytest.fixture
def scene(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """Nothing is latched; a connection stands for the process that supervises the run that trades."""
    monkeypatch.setenv("HYDRA_DATABASE_URL", url)
    with closing(connect(url, autocommit=True)) as connection:
        connection.execute("DELETE FROM hydra.kill_switch")
        deadline = time.monotonic() + 20
        # The server ends the session of the test before a moment after its connection was closed.
        while TRADES in supervised_runs(connection):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        lock_run(connection, TRADES)
        yield connection


def latched(connection: psycopg.Connection) -> list[tuple[int, str]]:
    rows = connection.execute(
        "SELECT run_id, cause FROM hydra.kill_switch WHERE cleared_time IS NULL ORDER BY run_id"
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


def test_kill_stops_every_run_that_goes_on_and_names_each(scene: psycopg.Connection) -> None:
    """It stopped the newest run only, which was dead, while an older one traded on with open positions."""
    answer = hydra("kill", "--reason", "exchange outage")
    assert (answer.status, answer.err) == (0, "")
    assert latched(scene) == [(TRADES, "exchange outage"), (DEAD, "exchange outage")]
    first, second = answer.out.splitlines()
    assert first.startswith("Run 7: kill switch latched for the whole portfolio at 2025-06-01 10:07 UTC")
    assert "It is live, 1 open position." in first
    assert second.startswith("Run 8: kill switch latched")
    assert "It is dead, 0 open positions: no process moves it until `hydra run --resume 8`" in second


def test_a_kill_that_comes_twice_is_no_failure_and_the_first_cause_stays(scene: psycopg.Connection) -> None:
    hydra("kill", "--run", "7", "--reason", "first")
    answer = hydra("kill", "--reason", "second")
    assert answer.status == 0
    assert latched(scene) == [(TRADES, "first"), (DEAD, "second")]
    assert "Run 7: the kill switch was latched for the whole portfolio before" in answer.out


def test_kill_with_a_pair_passes_over_a_run_that_does_not_trade_it(scene: psycopg.Connection) -> None:
    config = "UPDATE hydra.runs SET config = config || %s::jsonb WHERE run_id = 8"
    scene.execute(config, ('{"instrument_ids": [1]}',))
    answer = hydra("kill", "--symbol", "sol", "--reason", "delisted")
    scene.execute(config, ('{"instrument_ids": [1, 2, 3]}',))
    assert answer.status == 0
    assert [run_id for run_id, _ in latched(scene)] == [TRADES]
    assert "Run 8: it does not trade SOL" in answer.out


def test_kill_with_a_pair_that_no_run_trades_says_that_nothing_is_stopped(scene: psycopg.Connection) -> None:
    answer = hydra("kill", "--symbol", "[/red]PEPE", "--reason", "delisted")
    assert (answer.status, latched(scene)) == (1, [])
    assert "Nothing is stopped" in answer.err


def test_kill_without_a_run_that_goes_on_says_so(scene: psycopg.Connection) -> None:
    with scene.transaction(force_rollback=True):
        scene.execute("UPDATE hydra.runs SET ended_at = now() WHERE run_id IN (7, 8)")
    for run_id in (TRADES, DEAD):
        end_run(scene, run_id, "stopped")
    answer = hydra("kill", "--reason", "late")
    scene.execute("UPDATE hydra.runs SET ended_at = NULL, end_reason = NULL WHERE run_id IN (7, 8)")
    assert (answer.status, "no run goes on" in answer.err) == (1, True)


def test_a_stage_that_hangs_in_its_minute_does_not_hold_the_kill_switch(
    scene: psycopg.Connection, url: str
) -> None:
    """The switch waited without end for the lock of the minute."""
    with psycopg.connect(url) as hanging:
        hanging.execute("SELECT FROM hydra.cycles WHERE run_id = 7 FOR UPDATE")
        answer = hydra("kill", "--reason", "it hangs")
        assert (answer.status, [run_id for run_id, _ in latched(scene)]) == (0, [TRADES, DEAD])
        hanging.rollback()


def test_a_run_that_cannot_be_stopped_keeps_no_other_from_it(scene: psycopg.Connection, url: str) -> None:
    with psycopg.connect(url) as hanging:
        hanging.execute(
            "INSERT INTO hydra.kill_switch (run_id, scope, latched_time, cause)"
            " VALUES (7, 'portfolio', '2025-06-01 10:00Z', 'latched by a process that hangs')"
        )
        answer = hydra("kill", "--reason", "it hangs")
        assert (answer.status, [run_id for run_id, _ in latched(scene)]) == (1, [DEAD])
        assert answer.err.startswith("Run 7 is NOT stopped: ")
        assert answer.out.startswith("Run 8: kill switch latched")
        hanging.rollback()


def test_kill_does_not_ask_for_the_name_of_its_user(
    scene: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container a user may have no name, and one from the environment may be any text."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert hydra("kill", "--reason", "no name").status == 0
    row = scene.execute("SELECT numbers ->> 'by' FROM hydra.kill_switch LIMIT 1").fetchone()
    assert row is not None
    assert row[0].startswith("user ")
    monkeypatch.setattr("getpass.getuser", lambda: "\udcff[/red]\x1b")
    assert hydra("kill", "--symbol", "ETH", "--reason", "odd name").status == 0


def test_status_says_which_run_is_live_and_which_is_dead(scene: psycopg.Connection, url: str) -> None:
    assert supervised_runs(scene) == {TRADES}
    lines = {line.split()[0]: line for line in hydra("status").out.splitlines() if line.strip()}
    assert " live " in lines["7"]
    assert " dead " in lines["8"]
    assert " stopped " in lines["9"]
    assert " not ended " in lines["10"]
    assert "Run 8 is dead" in hydra("status").out
    with closing(connect(url, autocommit=True)) as other:
        lock_run(other, DEAD)
        assert "dead" not in hydra("runs", "list").out


def test_status_says_what_is_stopped_and_fits_80_columns(
    scene: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One stopped pair looked like a stopped run, and the state of a run was cut."""
    del scene
    monkeypatch.setenv("COLUMNS", "80")
    hydra("kill", "--run", "7", "--symbol", "ETH", "--reason", "one pair")
    hydra("kill", "--run", "8", "--reason", "all of it")
    table, _, below = hydra("runs", "list").out.partition("Kill switch latched: ")
    assert below.startswith("run 8 (all pairs), run 7 (ETH)\n")
    assert "\u2026" not in table
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 80


def test_status_shows_a_run_that_goes_on_however_old_it_is(scene: psycopg.Connection) -> None:
    numbers = [run.run_id for run in list_runs(scene, 1)]
    assert numbers == [BACKTEST, DEAD, TRADES]


def test_resume_clears_the_one_run_that_is_stopped(scene: psycopg.Connection) -> None:
    hydra("kill", "--run", "7", "--reason", "an outage")
    scene.execute(LATER)
    answer = hydra("resume", "--reason", "calm")
    assert (answer.status, latched(scene)) == (0, [])
    assert answer.out.startswith(
        "Run 7: cleared the whole portfolio, latched 2025-06-01 08:07 UTC: an outage"
    )


def test_resume_asks_which_run_where_several_are_stopped(scene: psycopg.Connection) -> None:
    """It cleared the newest run, whichever the operator meant."""
    hydra("kill", "--reason", "an outage")
    scene.execute(LATER)
    answer = hydra("resume", "--reason", "calm")
    assert (answer.status, len(latched(scene))) == (1, 2)
    assert "2 runs are stopped, nothing is cleared: choose one with --run" in answer.err
    for named in ("run 7 (live, 1 open position)", "run 8 (dead, 0 open positions"):
        assert named in answer.err
    assert hydra("resume", "--run", "8", "--reason", "calm").status == 0
    assert [run_id for run_id, _ in latched(scene)] == [TRADES]


def test_resume_of_a_pair_means_the_run_in_which_it_is_stopped(scene: psycopg.Connection) -> None:
    hydra("kill", "--run", "7", "--symbol", "ETH", "--reason", "delisted")
    hydra("kill", "--run", "8", "--reason", "an outage")
    scene.execute(LATER)
    assert hydra("resume", "--symbol", "eth", "--reason", "listed").status == 0
    assert latched(scene) == [(DEAD, "an outage")]


def test_resume_with_nothing_to_clear_says_so(scene: psycopg.Connection) -> None:
    del scene
    answer = hydra("resume", "--reason", "calm")
    assert (answer.status, "nothing is latched in a run that goes on" in answer.err) == (1, True)


@example(reason=os.fsdecode(b"\xff [/red] \x1b[31m \xe2\x80\xae"))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reason=arguments)
def test_no_reason_makes_a_command_fail_or_reaches_an_output_raw(
    scene: psycopg.Connection, reason: str
) -> None:
    """`[/red]` was a MarkupError, a byte that is no UTF-8 latched nothing, ESC reached the terminal."""
    scene.execute("DELETE FROM hydra.kill_switch")
    answers = [hydra("kill", "--reason", reason)]
    assert latched(scene) == [(TRADES, storable(reason)), (DEAD, storable(reason))]
    answers += [hydra("resume", "--run", "7", "--reason", reason)]
    scene.execute(LATER)
    answers += [hydra("why", "SOL", "--at", "2025-06-01T10:03", "--run", "7"), hydra("report", "7")]
    answers += [hydra("status"), hydra("report", "7", "--json"), hydra("resume", "--reason", reason)]
    answers += [hydra("resume", "--run", "8", "--reason", reason), hydra("report", "8")]
    assert [answer.status for answer in answers] == [0, 1, 0, 0, 0, 0, 1, 0, 0], answers
    assert [that_act(answer.out + answer.err) for answer in answers] == [[]] * len(answers)
    assert seen_in(answers[2], reason)
    assert seen_in(answers[3], reason)
    row = scene.execute("SELECT clear_reason FROM hydra.kill_switch WHERE run_id = 8").fetchone()
    assert row == (storable(reason),)


def seen_in(answer: Answer, reason: str) -> bool:
    """Whether the reason stands in the answer, wherever its lines break."""
    return "".join(shown(reason).split()) in "".join(answer.out.split())


def test_the_page_and_the_tables_of_a_run_hold_no_reason_raw(
    scene: psycopg.Connection, tmp_path: Path
) -> None:
    hostile = "=1+1 </dd><script>alert(1)</script> \x1b[31m\u202e[/red]"
    hydra("kill", "--reason", hostile)
    scene.execute("UPDATE hydra.runs SET code_version = %s WHERE run_id = 7", (hostile,))
    assert hydra("report", "7", "--html", str(tmp_path / "run.html")).status == 0
    page = (tmp_path / "run.html").read_text(encoding="utf-8").partition("<script>")[0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; \\x1b[31m\\u202e[/red]" in page
    assert not {"\x1b", "\u202e"} & set(page)
    assert hydra("report", "7", "--csv", str(tmp_path)).status == 0
    facts = (tmp_path / "run-7-facts.csv").read_text(encoding="utf-8")
    assert "Code,'=1+1 </dd><script>alert(1)</script> \\x1b[31m\\u202e[/red]" in facts
