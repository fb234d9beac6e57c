"""The execution process killed by kill -9 again and again while the exchange fails: nothing doubled or lost.

The process is the one that a run starts; database and exchange are those of the test.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from hydra.db.edition import Edition
from hydra.domain import Side
from hydra.trading.kill_switch import clear, latch, read_latched
from tests.support.executed_run import ExecutedRun, ExecutionStage
from tests.support.servers.databases import TestServer

KILLS: Final = 8
ROUNDS: Final = 4
FAULTS: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "timeout_after", "endpoint": "order", "probability": 0.1, "seed": 1},
    {"kind": "unknown_before", "endpoint": "algoOrder", "probability": 0.1, "seed": 2},
    {"kind": "lost_answer", "endpoint": "algoOrder", "probability": 0.1, "seed": 3},
    {"kind": "empty_answer", "endpoint": "order", "probability": 0.1, "seed": 4},
    {"kind": "half_filled", "endpoint": "order", "probability": 0.2, "seed": 5},
    {"kind": "drop", "stream": "user", "probability": 0.2, "seed": 6},
    {"kind": "double", "stream": "user", "probability": 0.2, "seed": 7},
    {"kind": "reorder", "stream": "user", "probability": 0.2, "seed": 8},
)


class Killed:
    """The process, and who kills it and starts it again, as a supervisor does."""

    def __init__(self, run: ExecutedRun, environment: dict[str, str], log: Path) -> None:
        self._command = [
            sys.executable, "-m", "hydra.runtime.execution_process", "--run", str(run.run.run_id)
        ]  # fmt: skip
        self._environment, self._log = {**os.environ, **environment}, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its words go to the log."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=output, stderr=output
            )

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait()

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None


@pytest.fixture(scope="module")
def stage(
    servers: dict[Edition, TestServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ExecutionStage, Path]]:
    folder: Path = tmp_path_factory.mktemp("killed")
    with (
        pytest.MonkeyPatch.context() as patch,
        servers[Edition.APACHE].migrated() as url,
        asyncio.Runner() as runner,
    ):
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder))
        stage = ExecutionStage(runner, url, folder / "account.toml")
        stage.open()
        yield stage, folder
        stage.close()


def test_without_a_comparison_a_position_is_left_and_nothing_is_entered(
    stage: tuple[ExecutionStage, Path],
) -> None:
    one, folder = stage
    log = folder / "compared.txt"

    async def act(run: ExecutedRun) -> None:
        killed = Killed(run, one.environment, log)
        killed.start()
        try:
            await run.decide_entry()
            await run.until(lambda: "PROTECTED" in run.position_events())
            killed.kill()
            await run.client.set_faults({"kind": "http_5xx", "endpoint": "income"})
            await run.leave()
            killed.start()
            await run.until(lambda: run.rows("SELECT DISTINCT state FROM hydra.positions") == [("CLOSED",)])
            await run.decide_entry()
            await asyncio.sleep(3.0)
            planned = run.rows(
                "SELECT state, sent_time FROM hydra.orders WHERE role = 'ENTRY' ORDER BY order_id"
            )
            assert planned[1:] == [("PLANNED", None)]
            await run.client.set_faults()
            await run.until(lambda: run.orders().count(("ENTRY", "FILLED")) == 2)
            assert "nothing is entered until" in log.read_text()
        except BaseException as error:
            error.add_note(log.read_text()[-2_000:])
            raise
        finally:
            await run.client.set_faults()
            killed.kill(signal.SIGTERM)

    one.play(act)


def test_kill_9_and_faults_double_no_order_and_lose_no_fill(stage: tuple[ExecutionStage, Path]) -> None:
    one, folder = stage
    log = folder / "log.txt"

    async def act(run: ExecutedRun) -> None:
        killed = Killed(run, one.environment, log)
        chance = random.Random(7)
        killed.start()
        await run.client.set_faults(*FAULTS)
        kills = 0
        try:
            for number in range(ROUNDS):
                await run.decide_entry(Side.LONG if number % 2 else Side.SHORT)
                for _ in range(KILLS // ROUNDS):
                    await asyncio.sleep(chance.uniform(0.2, 4.0))
                    assert killed.is_alive, log.read_text()
                    killed.kill()
                    kills += 1
                    killed.start()
                latch(run.owner, run.run.run_id, run.now(), None, "the round ends", {})
                await run.until(lambda: not run.is_at_work())
                latched = [item.kill_id for item in read_latched(run.owner, run.run.run_id)]
                clear(run.owner, latched, run.now(), "a test", "the next round", None)
        except BaseException as error:
            error.add_note(log.read_text()[-2_000:])
            raise
        finally:
            killed.kill(signal.SIGTERM)
        assert kills == KILLS
        entries = run.rows("SELECT count(DISTINCT decision_time) FROM hydra.orders WHERE role = 'ENTRY'")
        assert entries == [(ROUNDS,)]

    one.play(act)
