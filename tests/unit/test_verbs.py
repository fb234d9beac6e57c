"""The command line: every verb answers, and the kill switch does not wait for what others need."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hydra.cli.main import VERBS, app

HEAVY = ("alembic", "numba", "pandas", "sqlalchemy", "hydra.backtest", "hydra.sim")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    answer = CliRunner().invoke(app, [verb, "--help"], prog_name="hydra")
    assert answer.exit_code == 0
    assert f"hydra {verb} " in answer.output


@pytest.mark.parametrize("verb", ["run", "backtest", "sweep", "check lookahead"])
def test_no_choice_is_broken_over_two_lines_of_80_columns(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 80)
    answer = CliRunner().invoke(app, [*verb.split(), "--help"], prog_name="hydra")
    assert max(map(len, answer.output.splitlines())) == 80
    assert not re.search(r"<[^>\n]*\|[^>\n]*$", answer.output, re.MULTILINE), answer.output


def test_help_lists_every_verb() -> None:
    answer = CliRunner().invoke(app, ["--help"])
    assert all(f"│ {verb} " in answer.output for verb in VERBS)


def test_an_unknown_verb_is_refused() -> None:
    answer = CliRunner().invoke(app, ["sell-everything"])
    assert answer.exit_code == 2
    assert "No such command" in answer.output


def loaded(modules: tuple[str, ...], heavy: tuple[str, ...]) -> list[str]:
    """Which of the heavy modules a process has loaded that imports some modules."""
    script = f"import sys, {', '.join(modules)}; print(*set({heavy}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_the_kill_switch_loads_nothing_heavy() -> None:
    assert loaded(("hydra.cli.main", "hydra.cli.kill"), HEAVY) == []


def test_the_processes_of_a_run_load_only_what_they_use() -> None:
    """A run starts ten processes, and each one that dies is started again."""
    modules = ("hydra.cli.run", "hydra.runtime.clock", "workers.layer5", "workers.upkeep")
    heavy = ("alembic", "numba", "pandas", "pyarrow.dataset", "sqlalchemy", "ccxt")
    assert loaded(modules, heavy) == []


@pytest.mark.parametrize("module", ["hydra.cli.run", "hydra.cli.backtest"])
def test_a_run_on_paper_loads_nothing_that_speaks_to_an_account(module: str) -> None:
    assert loaded((module,), ("aiohttp", "hydra.runtime.execution_process", "hydra.reconciliation")) == []
