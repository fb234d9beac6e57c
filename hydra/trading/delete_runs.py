"""Runs are deleted whole: every row that a run left, in one transaction."""

from collections.abc import Sequence

import psycopg

from hydra.db import queries
from hydra.trading.runs import lock_run


def delete_runs(connection: psycopg.Connection, run_ids: Sequence[int]) -> None:
    """Delete the runs `run_ids`; markets stay, and what counted as a trial stays counted.

    Raises:
        StopError: one of them is going on; nothing is deleted.
    """
    _delete(connection, run_ids, "housekeeping/delete_runs")


def delete_all_runs(connection: psycopg.Connection) -> None:
    """Delete every run, and give the disk space of their rows back.

    Raises:
        StopError: one of them is going on; nothing is deleted.
    """
    rows = connection.execute(queries.load("housekeeping/run_numbers")).fetchall()
    _delete(connection, [row[0] for row in rows], "housekeeping/empty_run_tables")


def _delete(connection: psycopg.Connection, run_ids: Sequence[int], script: str) -> None:
    with connection.transaction():
        for run_id in run_ids:
            lock_run(connection, run_id)
        # Several statements with values: the client puts them in.
        psycopg.ClientCursor(connection).execute(queries.load(script), {"run_ids": list(run_ids)})


def run_words(run_ids: Sequence[int]) -> str:
    """ "run 3", "runs 3, 4 and 5"."""
    *first, last = map(str, run_ids)
    return f"runs {', '.join(first)} and {last}" if first else f"run {last}"
