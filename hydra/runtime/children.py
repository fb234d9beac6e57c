"""The processes of a run: started together, started again when one dies, stopped together."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hydra.die_with_parent import bound
from hydra.paths import PROJECT_ROOT

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 15.0
# A process that cannot start ends sooner than this.
HEALTHY_AFTER_S: Final = 5.0
STOP_TIMEOUT_S: Final = 15.0
# Variables that name a folder, perhaps from the current one, which the processes leave.
_FOLDERS: Final = ("HYDRA_STATE_DIRECTORY", "XDG_CACHE_HOME")


@dataclass(frozen=True)
class Program:
    """What to run. One that `ends_by_itself` is not started again after exit status 0.

    starts_after_s: how long after the others it starts.
    """

    name: str
    command: tuple[str, ...]
    ends_by_itself: bool = False
    starts_after_s: float = 0.0


@dataclass
class Child:
    """A program and its process; `pause` is how long it waits before its next start."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = FIRST_PAUSE_S
    deaths: int = 0
    is_done: bool = field(default=False)


class Children:
    """The processes of one run. Their output goes to `log`; none of them outlives this process."""

    def __init__(
        self,
        programs: Sequence[Program],
        log: Path,
        environment: Mapping[str, str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._children = [Child(program, start_at=now() + program.starts_after_s) for program in programs]
        self.log = log
        folders = {name: str(Path(os.environ[name]).absolute()) for name in _FOLDERS if os.environ.get(name)}
        self._environment = {**os.environ, **folders, **environment}
        self._now = now

    def add(self, program: Program) -> None:
        """Let `program` run too, from now on."""
        self._children.append(Child(program, start_at=self._now() + program.starts_after_s))

    def replace(self, program: Program) -> None:
        """From its next start on, the program of this name is `program`."""
        for child in self._children:
            if child.program.name == program.name:
                child.program = program

    def deaths(self, name: str) -> int:
        """How often the program `name` ended without being asked to."""
        return sum(child.deaths for child in self._children if child.program.name == name)

    def keep_alive(self) -> list[str]:
        """Start the processes that must run; returns a sentence for each that ended since the last call."""
        return [sentence for child in self._children for sentence in self._keep_one(child)]

    def has_finished(self, name: str) -> bool:
        """Whether the program `name` has ended by itself."""
        return any(child.is_done for child in self._children if child.program.name == name)

    def process_ids(self) -> dict[str, int]:
        """Name and id of every process that runs."""
        return {
            child.program.name: child.process.pid for child in self._children if child.process is not None
        }

    def stop(self) -> None:
        """Ask every process to end, wait, and kill what does not."""
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = self._now() + STOP_TIMEOUT_S
        for process in running:
            try:
                process.wait(max(0.0, deadline - self._now()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _keep_one(self, child: Child) -> list[str]:
        said = []
        if child.process is not None and (status := child.process.poll()) is not None:
            child.process = None
            if status == 0 and child.program.ends_by_itself:
                child.is_done = True
            else:
                said.append(self._note_death(child, status))
        if child.process is None and not child.is_done and self._now() >= child.start_at:
            self._start(child)
        return said

    def _start(self, child: Child) -> None:
        with self.log.open("ab") as output:
            child.process = subprocess.Popen(
                bound(list(child.program.command)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                # `python -m` and dramatiq import from the current folder first, which may be anybody's.
                cwd=PROJECT_ROOT,
                # Ctrl-C on the terminal reaches only the supervisor, which stops the others in order.
                start_new_session=True,
            )
        child.started_at = self._now()

    def _note_death(self, child: Child, status: int) -> str:
        if self._now() - child.started_at > HEALTHY_AFTER_S:
            child.pause = FIRST_PAUSE_S
        child.start_at = self._now() + child.pause
        sentence = (
            f"{child.program.name} ended ({_how(status)}), starting it again in {child.pause:g} s; "
            f"see {self.log}"
        )
        child.pause = min(2 * child.pause, LONGEST_PAUSE_S)
        child.deaths += 1
        return sentence


def _how(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
