"""A `hydra run` in live mode whose processes are killed at random, all of them, again and again."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.support.crash_harness import Victim, find_victim
from tests.support.own_processes import descendants, is_alive
from tests.support.waiting import wait_until

VICTIMS: Final = (
    Victim.EXECUTION, Victim.SERVER, Victim.SUPERVISOR, Victim.WORKER, Victim.WORKER_MASTER, Victim.CLOCK,
    Victim.INGEST, Victim.ALERTS, Victim.EXECUTION,
)  # fmt: skip
"""In turn, then mixed; the process that sends orders twice as often as the others."""

_END_TIMEOUT_S: Final = 180.0


class SoakRun:
    """The command, who starts it again, and who kills its processes.

    First a new run is started, afterwards run 1 is resumed. log: gets what every start of the command says.
    """

    def __init__(
        self, mode: str, names: Sequence[str], environment: Mapping[str, str], log: Path, data: Path
    ) -> None:
        self._mode, self._log, self._data = mode, log, data
        self._words = ("run", "--mode", mode, "--exchange", "simulated", "--pairs", ",".join(names))
        self._environment = {**os.environ, **environment}
        self.killed: Counter[str] = Counter()
        self.starts, self.ended_by_itself = 0, 0
        self._process: subprocess.Popen[bytes]

    def start(self) -> None:
        """Start the run, or resume it."""
        words = ("run", "--mode", self._mode, "--resume", "1") if self.starts else self._words
        self.starts += 1
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hydra", *words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def is_running(self) -> bool:
        """Whether the command runs."""
        return self._process.poll() is None

    def is_there(self, victim: Victim) -> bool:
        """Whether such a process lives."""
        found = find_victim(self._process.pid, victim, self._data)
        return found is not None and is_alive(found)

    def kill(self, victim: Victim) -> bool:
        """Kill -9 of one process; False: it was not there. After a supervisor the run is resumed."""
        self.go_on()
        found = find_victim(self._process.pid, victim, self._data)
        if found is None:
            return False
        self.killed[victim] += 1
        if victim is Victim.SUPERVISOR:
            self.end_all()
            self.start()
            return True
        with suppress(ProcessLookupError):
            os.kill(found, signal.SIGKILL)
        return True

    def kill_everything(self) -> None:
        """Kill -9 of the run with all its processes and of the database server, as a reboot does."""
        self.go_on()
        family = [self._process.pid, *(pid for pid, _ in descendants(self._process.pid))]
        server = find_victim(self._process.pid, Victim.SERVER, self._data)
        for pid in [*family, *([] if server is None else [server])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.killed["everything"] += 1
        self._process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in family), "the end of the run's children")
        self.start()

    def go_on(self) -> None:
        """Resume the run where its command has ended by itself, as a user does who reads its sentence."""
        if self._process.poll() is not None:
            self.ended_by_itself += 1
            self.start()

    def end_all(self) -> None:
        """Kill -9 of the run and its processes; the database server stays."""
        family = [pid for pid, _ in descendants(self._process.pid)]
        self._process.kill()
        self._process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in family), "the end of the run's children")

    def stop(self) -> int:
        """Ctrl-C; gives the status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(_END_TIMEOUT_S)

    def stop_hard(self) -> None:
        """End what still runs, if anything."""
        if self.starts and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_TIMEOUT_S)
            self._process.kill()


class Killer:
    """Decides when whom: every kind in turn, mixed, at exponential distances."""

    def __init__(self, run: SoakRun, chance: random.Random, mean_pause_s: float) -> None:
        self._run, self._chance, self._mean_pause_s = run, chance, mean_pause_s
        self._order: list[Victim | None] = []
        self._due = time.monotonic() + mean_pause_s

    def act(self) -> None:
        """Kill if it is time to, and if the run is back from the kill before."""
        if time.monotonic() < self._due or not self._run.is_there(Victim.EXECUTION):
            return
        if not self._order:
            self._order = [*VICTIMS, None]
            self._chance.shuffle(self._order)
        victim = self._order[-1]
        if victim is None:
            self._run.kill_everything()
        elif not self._run.kill(victim):
            # Not there now: another one first.
            self._chance.shuffle(self._order)
            return
        self._order.pop()
        self._due = time.monotonic() + self._chance.expovariate(1 / self._mean_pause_s)
