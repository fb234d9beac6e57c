"""Runs of systems side by side: processes measured, failures said, the plain loop, what HYDRA answers."""

import sys
from pathlib import Path

import numpy as np
import pytest

from hydra.errors import StopError
from tests.peers.__main__ import System
from tests.peers.environments import environment_python, fingerprint, install
from tests.peers.hydra_backtest import answer_of
from tests.peers.outcome import Measured, Outcome
from tests.peers.peers import HYDRA_DOES
from tests.peers.process import last_words, run_measured
from tests.peers.strategies.plain_loop import trades_of
from tests.peers.work import Answer, Work

MEASURED = Measured(Answer(1.0, 2.0, 10, 3), 4.0, 3.0, 50.0)


def test_a_process_is_measured() -> None:
    """What it printed, its time, and the memory that it had at its highest."""
    program = "import time; held = bytearray(300 << 20); del held; time.sleep(0.2); print('done')"
    finished = run_measured([sys.executable, "-c", program])
    assert finished.output == "done\n"
    assert finished.seconds >= 0.2
    assert 0 < finished.cpu_seconds < 20
    assert finished.peak_mib >= 300


def test_a_failure_is_said_in_its_last_words() -> None:
    """Of what stands on its error stream."""
    with pytest.raises(StopError, match=r"^it is gone \(exit status 3\)$"):
        run_measured([sys.executable, "-c", "import sys; print('it is gone', file=sys.stderr); sys.exit(3)"])


def test_the_frame_around_a_message_is_no_word() -> None:
    """As a terminal's usage error has one."""
    assert last_words("╭─ Error ──╮\n│ No such command 'x'. │\n╰──────────╯\n") == "No such command 'x'."
    assert last_words("\n") == "it said nothing"


def test_what_cannot_be_installed_is_said(tmp_path: Path) -> None:
    """With the reason that pip gives."""
    requirements = tmp_path / "absent.txt"
    requirements.write_text(f"{tmp_path / 'absent-1.0-py3-none-any.whl'}\n", encoding="utf-8")
    with pytest.raises(StopError, match="cannot be installed: ERROR"):
        install(Path(sys.executable), requirements)


def test_an_environment_is_known_by_its_pins_and_its_place(tmp_path: Path) -> None:
    """So that other pins, or another place, make it anew."""
    requirements = tmp_path / "pins.txt"
    requirements.write_text("one==1\n", encoding="utf-8")
    before = fingerprint(tmp_path, requirements)
    assert fingerprint(tmp_path, requirements) == before
    assert fingerprint(tmp_path / "other", requirements) != before
    requirements.write_text("one==2\n", encoding="utf-8")
    assert fingerprint(tmp_path, requirements) != before
    assert environment_python(tmp_path, "") == Path(sys.executable)


def system(*answers: Measured | StopError) -> System:
    """A system whose runs give these, one by one."""
    ahead = iter(answers)

    def run() -> Measured:
        found = next(ahead)
        if isinstance(found, StopError):
            raise found
        return found

    return System(Outcome("one", "", "close", HYDRA_DOES, same_work=True), lambda: run)


def test_the_first_run_is_not_counted() -> None:
    """It fills caches."""
    one = system(MEASURED, MEASURED, MEASURED)
    for counted in (False, True, True):
        one.attempt(counted=counted)
    assert one.outcome.runs == (MEASURED, MEASURED)
    assert not one.outcome.not_run


def test_a_failure_ends_the_runs_of_a_system_and_is_kept() -> None:
    """Its good runs are no figures any more."""
    one = system(MEASURED, MEASURED, StopError("gone"), MEASURED)
    for counted in (False, True, True, True):
        one.attempt(counted=counted)
    assert (one.outcome.runs, one.outcome.not_run) == ((), "gone")


def test_the_plain_loop_trades_as_the_work_says() -> None:
    """By hand: averages of 1 and 2 closes, so above means a rise.

    Closes 10 9 11 12 11 10 12 13. Above:    - 0 1 1 0 0 1 1. Bought at the open after the third, 11.5; sold
    at the open after the fifth, 10.5; bought again after the seventh and never sold.
    1,000 USDT buy 1000 / 11.5 coins; they lose 1 each, and the fees are 0.1 % of 1000 / 11.5 * (11.5 + 10.5).
    """
    work = Work("", "", ("BTCUSDT",), "", "", fast=1, slow=2, stake_usdt=1_000.0, taker_fee=0.001)
    closes = np.array([10.0, 9, 11, 12, 11, 10, 12, 13])
    opens = np.array([10.0, 10, 9, 11.5, 12, 10.5, 10, 12])
    trades, net = trades_of(work, opens, closes)
    assert trades == 1
    assert net == pytest.approx(-86.956522 - 1.913043, abs=1e-6)


def test_a_rise_counts_only_after_a_fall() -> None:
    """A pair that is above from the beginning is not bought."""
    work = Work("", "", ("BTCUSDT",), "", "", fast=1, slow=2)
    closes = np.array([1.0, 2, 3, 4, 3, 2])
    assert trades_of(work, closes, closes) == (0, 0.0)


def test_hydras_stages_are_shared_out() -> None:
    """Reading is loading, writing is apart, the rest is the backtest."""
    said = (
        '{"decisions": 345528, "trades": 9, "seconds":'
        ' {"read": 1.0, "features": 0.5, "rules": 0.25, "portfolio": 0.125, "write": 2.0}}'
    )
    assert answer_of(said) == Answer(1.0, 0.875, 345_528, 9, None, writing_seconds=2.0)


@pytest.mark.parametrize("said", ["", "[]", '{"decisions": 1, "trades": 1, "seconds": {"read": 1}}'])
def test_what_hydra_says_otherwise_is_refused(said: str) -> None:
    """Rather than shown as a figure."""
    with pytest.raises(StopError, match="unexpected"):
        answer_of(said)
