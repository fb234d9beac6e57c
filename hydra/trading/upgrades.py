"""Upgrades: another version continues a run from a stored minute on.

Source: docs/architecture.md, law 2.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

import psycopg

from hydra.db import queries
from hydra.domain import CycleState
from hydra.durations import MINUTE
from hydra.trading.runs import Run, locked_run, read_run, refuse_finished
from hydra.trading.versions import Version, own_version

_ENDED: Final = frozenset({CycleState.CLOSED, CycleState.SKIPPED})


@dataclass(frozen=True)
class DecidingVersion:
    """A version, and the first minute of the run that it decided (None: from the start)."""

    first_minute: datetime | None
    version: Version


def versions_of_run(connection: psycopg.Connection, run_id: int) -> list[DecidingVersion]:
    """The versions that decided a run, in order."""
    rows = connection.execute(queries.load("stages/versions"), {"run_id": run_id}).fetchall()
    return [DecidingVersion(first_minute, Version(*columns)) for first_minute, *columns in rows]


def upgrade_run(connection: psycopg.Connection, run: Run) -> Run:
    """Let this process's version continue `run`; returns the changed run.

    A row of hydra.run_versions stores the minute and how far its stages had come. The call waits for a stage
    that is working; after it no process of the earlier version opens or claims a minute of the run.

    Raises:
        StopError: the run is finished, or another process supervises it.
    """
    refuse_finished(run)
    if run.version == own_version():
        return run
    values = {"run_id": run.run_id, **asdict(own_version())}
    with locked_run(connection, run.run_id), connection.transaction():
        # Locked in the order of the clock and the stages: first the run, then its minute.
        connection.execute(queries.load("stages/hold_version"), values)
        row = connection.execute(queries.load("stages/run_time"), values).fetchone()
        if row is None:
            raise AssertionError("`run` is a stored run")
        time, state = row
        if state in _ENDED:
            time, state = time + MINUTE, None
        connection.execute(queries.load("stages/add_version"), {**values, "time": time, "state": state})
        connection.execute(queries.load("stages/set_version"), values)
    return read_run(connection, run.run_id)
