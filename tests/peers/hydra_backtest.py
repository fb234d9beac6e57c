"""HYDRA's side: `hydra backtest` over the same minutes, from a database with the recorded markets."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hydra.errors import StopError
from tests.peers.outcome import Measured
from tests.peers.process import run_measured
from tests.peers.work import Answer, Work

HYDRA_COMMAND = (sys.executable, "-m", "hydra")
FOLDERS = ("candles_1m", "candles_5m", "mark_1h", "funding", "metrics_5m")


@contextmanager
def recorded_database(state: Path, recorded: Path) -> Iterator[Mapping[str, str]]:
    """A private server with its data in `state` and the recorded markets imported; stopped at the end.

    Gives the environment in which `hydra` finds it. Raises StopError where a command fails.
    """
    environment = {name: value for name, value in os.environ.items() if name != "HYDRA_DATABASE_URL"}
    environment["HYDRA_STATE_DIRECTORY"] = str(state)
    run_measured([*HYDRA_COMMAND, "db", "up"], environment)
    try:
        folders = [str(recorded / name) for name in FOLDERS]
        run_measured([*HYDRA_COMMAND, "import", *folders], environment)
        yield environment
    finally:
        run_measured([*HYDRA_COMMAND, "db", "down"], environment)


def run_hydra(work: Work, environment: Mapping[str, str]) -> Measured:
    """One backtest over the minutes of `work`; raises StopError where it fails or answers otherwise."""
    span = [f"{datetime.fromisoformat(time):%Y-%m-%dT%H:%M}" for time in (work.start, work.end)]
    words = [*HYDRA_COMMAND, "backtest", "--from", span[0], "--to", span[1], "--json"]
    finished = run_measured(words, environment)
    return Measured(answer_of(finished.output), finished.seconds, finished.cpu_seconds, finished.peak_mib)


def answer_of(output: str) -> Answer:
    """What `hydra backtest --json` says, in the terms of the peers.

    A decision is a pair at a minute: a bar. Reading is loading; all stages but reading and writing are the
    backtest.
    """
    try:
        said = json.loads(output)
        seconds: dict[str, float] = said["seconds"]
        reading, writing = seconds["read"], seconds["write"]
        bars, trades = said["decisions"], said["trades"]
    except (ValueError, KeyError, TypeError) as fault:
        raise StopError(f"hydra backtest --json said something unexpected: {fault!r}") from fault
    return Answer(
        loading_seconds=reading,
        backtest_seconds=sum(seconds.values()) - reading - writing,
        bars=bars,
        trades=trades,
        writing_seconds=writing,
    )
