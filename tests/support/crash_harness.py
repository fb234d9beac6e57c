"""Kills processes of a running `hydra run` with -9, and compares what two runs decided.

Works on any run command: the victims are found below the command's own process, the database server by its
data directory. A schedule is made from a seed, so that a failure can be repeated.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from hydra.db.columns import columns_of
from tests.support.own_processes import descendants

Rows = dict[str, list[str]]

VICTIM_TIMEOUT_S: Final = 20.0

# Ids and wall-clock columns, which may differ in a disturbed run. Instruments and orders are identified by
# the natural columns beside them.
_FREE: Final = frozenset(
    {
        "run_id", "order_id", "position_id", "fill_id", "kill_id", "event_id", "client_order_id", "trade_id",
        "exchange_order_id", "decided_at", "recorded_at", "opened_at", "closed_at",
    }
)  # fmt: skip
_OF_A_RUN: Final = (
    "cycles", "features", "assessments", "signals", "risk_decisions", "orders", "positions", "equity",
    "kill_switch",
)  # fmt: skip
_OF_A_PARENT: Final = {
    "order_events": ("orders", "order_id"),
    "fills": ("orders", "order_id"),
    "position_events": ("positions", "position_id"),
}


class Victim(StrEnum):
    """What is killed. WORKER_MASTER: the dramatiq command; WORKER: the process that it spawned."""

    WORKER = "worker"
    WORKER_MASTER = "worker master"
    CLOCK = "clock"
    SERVER = "database server"
    INGEST = "ingest"
    EXECUTION = "execution process"
    ALERTS = "alerts"
    SUPERVISOR = "supervisor"


OF_EVERY_RUN: Final = (Victim.WORKER, Victim.WORKER_MASTER, Victim.CLOCK, Victim.SERVER)
OF_A_LISTENING_RUN: Final = (*OF_EVERY_RUN, Victim.INGEST)


@dataclass(frozen=True)
class Kill:
    """One kill -9, this many seconds after the previous one."""

    pause_seconds: float
    victim: Victim


def kill_schedule(
    seed: int, kills: int, mean_pause_seconds: float, victims: Sequence[Victim] = OF_EVERY_RUN
) -> list[Kill]:
    """`kills` kills at exponentially distributed distances, every kind of victim in turn, then mixed."""
    chance = random.Random(seed)
    chosen = [victims[number % len(victims)] for number in range(kills)]
    chance.shuffle(chosen)
    return [Kill(chance.expovariate(1 / mean_pause_seconds), victim) for victim in chosen]


def run_disturbed(
    command: Sequence[str],
    environment: Mapping[str, str],
    schedule: Sequence[Kill],
    server_data: Path,
    *,
    time_limit_seconds: float,
    once_there: Victim | None = None,
    statuses: Sequence[int] = (0,),
) -> list[Kill]:
    """Start `command`, kill as scheduled while it runs, wait for its end; gives the kills that hit something.

    once_there: the process that the first kill waits for. statuses: with which the command may end.

    Raises:
        AssertionError: the command failed; its output is shown.
    """
    with subprocess.Popen(
        list(command),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while once_there and process.poll() is None:
            if find_victim(process.pid, once_there, server_data) is not None:
                break
            time.sleep(0.02)
        done = [kill for kill in schedule if _strike(process, kill, server_data)]
        try:
            output, _ = process.communicate(timeout=time_limit_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
    assert process.returncode in statuses, f"exit status {process.returncode}:\n{output}"
    return done


def _strike(process: "subprocess.Popen[str]", kill: Kill, server_data: Path) -> bool:
    """Kill the victim after its pause, as soon as it is there; False if the run ended before."""
    time.sleep(kill.pause_seconds)
    deadline = time.monotonic() + VICTIM_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        victim = find_victim(process.pid, kill.victim, server_data)
        if victim is not None:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                return True
        time.sleep(0.02)
    return False


def find_victim(ancestor: int, victim: Victim, server_data: Path) -> int | None:
    """The process to be killed, of the command `ancestor`; None: it is not there now."""
    if victim is Victim.SUPERVISOR:
        return ancestor
    if victim is Victim.SERVER:
        return _postmaster(server_data)
    mark = {
        Victim.CLOCK: "hydra.runtime.clock",
        Victim.WORKER_MASTER: "--use-spawn",
        Victim.WORKER: "--multiprocessing-fork",
        Victim.INGEST: "ingest",
        Victim.EXECUTION: "hydra.runtime.execution_process",
        Victim.ALERTS: "alerts",
    }[victim]
    return next((pid for pid, words in descendants(ancestor) if mark in words), None)


def _postmaster(data: Path) -> int | None:
    note = data / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        return int(note.read_text(encoding="utf-8").split()[0])
    return None


def decision_rows(connection: psycopg.Connection, run_id: int) -> Rows:
    """Everything that a run decided, table by table, as sorted texts without ids and wall-clock times."""
    rows = {table: _rows_of_run(connection, table, run_id) for table in _OF_A_RUN}
    for table, (parent, key) in _OF_A_PARENT.items():
        rows[table] = _rows_of_parent(connection, table, parent, key, run_id)
    return rows


def differences(one: Rows, other: Rows) -> list[str]:
    """A sentence for every table that differs, with the first rows that only one of the two has."""
    found = []
    for table in one:
        missing = [row for row in one[table] if row not in set(other[table])]
        added = [row for row in other[table] if row not in set(one[table])]
        if one[table] != other[table]:
            counts = f"{len(one[table])} and {len(other[table])} rows"
            found.append(
                f"{table}: {counts}; only in the first {missing[:3]}, only in the second {added[:3]}"
            )
    return found


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    return [column.name for column in columns_of(connection, f"hydra.{table}") if column.name not in _FREE]


def _rows_of_run(connection: psycopg.Connection, table: str, run_id: int) -> list[str]:
    query = sql.SQL("SELECT to_jsonb(kept) FROM (SELECT {} FROM {} WHERE run_id = %s) AS kept").format(
        sql.SQL(", ").join(map(sql.Identifier, _columns(connection, table))), sql.Identifier("hydra", table)
    )
    return _texts(connection.execute(query, (run_id,)).fetchall())


def _rows_of_parent(
    connection: psycopg.Connection, table: str, parent: str, key: str, run_id: int
) -> list[str]:
    own = [sql.Identifier("own", name) for name in _columns(connection, table)]
    natural = [sql.Identifier("parent", name) for name in ("instrument_id", "decision_time")]
    labelled = [
        sql.SQL("{} AS {}").format(column, sql.Identifier(f"column_{number}"))
        for number, column in enumerate([*natural, *own])
    ]
    query = sql.SQL(
        "SELECT to_jsonb(kept) FROM"
        " (SELECT {} FROM {} AS own JOIN {} AS parent USING ({}) WHERE parent.run_id = %s) AS kept"
    ).format(
        sql.SQL(", ").join(labelled),
        sql.Identifier("hydra", table),
        sql.Identifier("hydra", parent),
        sql.Identifier(key),
    )
    return _texts(connection.execute(query, (run_id,)).fetchall())


def _texts(rows: Sequence[tuple[object, ...]]) -> list[str]:
    return sorted(json.dumps(row[0], sort_keys=True) for row in rows)
