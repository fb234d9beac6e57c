"""`make bench-peers`: rival backtesters and HYDRA on the same candles in the same run.

Each rival has an environment of its own below `.bench/peers`. After a run that is not counted, which fills
the caches that a system keeps on disk, all systems run in turn, as often as `--runs` says. Prints tables and
writes `.bench/peers.json`. Exit status 1 if a system did not run or did not do the same work, 2 without
recorded markets.
"""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from hydra.errors import StopError
from hydra.paths import PROJECT_ROOT
from tests.peers.environments import environment_python
from tests.peers.hydra_backtest import recorded_database, run_hydra
from tests.peers.outcome import Measured, Outcome, astray
from tests.peers.peers import HYDRA, HYDRA_DOES, PEERS, Peer
from tests.peers.process import run_measured
from tests.peers.table import shown, write_json
from tests.peers.work import Answer, Work, work_from

FOLDER = PROJECT_ROOT / ".bench" / "peers"
RESULTS = PROJECT_ROOT / ".bench" / "peers.json"


@dataclass
class System:
    """A system to be run: its outcome so far, and how one run of it is had."""

    outcome: Outcome
    prepare: Callable[[], Callable[[], Measured]]
    run: Callable[[], Measured] | None = None

    def attempt(self, *, counted: bool) -> None:
        """One run; the first failure is the last word."""
        if self.outcome.not_run:
            return
        try:
            self.run = self.run or self.prepare()
            measured = self.run()
        except StopError as reason:
            self.outcome = replace(self.outcome, runs=(), not_run=str(reason))
        else:
            self.outcome = replace(self.outcome, runs=(*self.outcome.runs, *[measured] * counted))


def main(words: list[str]) -> int:
    """Run the systems that the command line names (all if none)."""
    asked = arguments().parse_args(words)
    console = Console(width=150)
    FOLDER.mkdir(parents=True, exist_ok=True)
    work = written_work(tuple(asked.averages))
    if work is None:
        return 2
    with ExitStack() as stack:
        systems = [one for one in all_systems(work, stack) if wanted(one.outcome.name, asked.systems)]
        for number in range(asked.runs + 1):
            for system in systems:
                console.print(f"{system.outcome.name}, {f'run {number}' if number else 'not counted'}")
                system.attempt(counted=number > 0)
    outcomes = [system.outcome for system in systems]
    write_json(asked.results, work, outcomes)
    console.print(shown(outcomes))
    console.print(f"written to {asked.results}")
    return 1 if astray(outcomes) or any(one.not_run for one in outcomes) else 0


def arguments() -> argparse.ArgumentParser:
    """What the command line may say."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("systems", nargs="*", help="parts of their names; all by default")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each system")
    parser.add_argument("--averages", type=int, nargs=2, default=(20, 50), metavar=("FAST", "SLOW"))
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are written")
    return parser


def wanted(name: str, parts: list[str]) -> bool:
    """Whether a system is asked for."""
    return not parts or any(part.lower() in name.lower() for part in parts)


def written_work(averages: tuple[int, int]) -> Work | None:
    """The candles written for all peers, and the work; None, with a word, where they are not recorded."""
    path = FOLDER / "work.json"
    try:
        run_measured([sys.executable, "-m", "tests.peers.candles", str(FOLDER / "candles"), str(path)])
    except StopError as absent:
        print(f"NOT RUN: {absent}", file=sys.stderr)
        return None
    work = replace(work_from(path), fast=averages[0], slow=averages[1])
    work.write(path)
    return work


def all_systems(work: Work, stack: ExitStack) -> list[System]:
    """The rivals and HYDRA; what HYDRA's database needs at the end is left to `stack`."""
    rivals = [
        System(
            Outcome(one.name, one.release, one.filled_at, one.does, same_work=True), partial(prepared, one)
        )
        for one in PEERS
    ]
    hydra = Outcome(HYDRA, "", "its own model", HYDRA_DOES, same_work=False)
    return [*rivals, System(hydra, partial(prepared_hydra, work, stack))]


def prepared(peer: Peer) -> Callable[[], Measured]:
    """How a run of a rival is had, its environment made."""
    python = environment_python(FOLDER, peer.environment)
    return partial(run_peer, python, peer)


def run_peer(python: Path, peer: Peer) -> Measured:
    """One run of a rival's strategy as a process of its environment."""
    answer = FOLDER / "answer.json"
    answer.unlink(missing_ok=True)
    finished = run_measured([str(python), "-m", peer.module, str(FOLDER / "work.json"), str(answer)])
    found = Answer(**json.loads(answer.read_text(encoding="utf-8")))
    return Measured(found, finished.seconds, finished.cpu_seconds, finished.peak_mib)


def prepared_hydra(work: Work, stack: ExitStack) -> Callable[[], Measured]:
    """How a run of HYDRA is had, its database filled."""
    environment = stack.enter_context(recorded_database(FOLDER / "hydra", Path(work.recorded)))
    return partial(run_hydra, work, environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
