"""The command line: every verb answers, and the kill switch does not wait for what others need."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hydra.cli.main import VERBS, app

HEAVY = ("alembic", "numba", "pandas", "hydra.backtest", "hydra.sim")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    answer = CliRunner().invoke(app, [verb, "--help"], prog_name="hydra")
    assert answer.exit_code == 0
    assert f"hydra {verb} " in answer.output


def test_help_lists_every_verb() -> None:
    answer = CliRunner().invoke(app, ["--help"])
    assert all(f"│ {verb} " in answer.output for verb in VERBS)


def test_an_unknown_verb_is_refused() -> None:
    answer = CliRunner().invoke(app, ["sell-everything"])
    assert answer.exit_code == 2
    assert "No such command" in answer.output


def test_the_kill_switch_loads_nothing_heavy() -> None:
    script = f"import sys, hydra.cli.main, hydra.cli.kill; print(*set({HEAVY}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
