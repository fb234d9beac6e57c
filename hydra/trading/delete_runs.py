"""Deletes runs with all their rows, in one transaction."""

from collections.abc import Sequence

import psycopg

from hydra.db import queries
from hydra.trading.runs import lock_run


def delete_runs(connection: psycopg.Connection, run_ids: Sequence[int]) -> None:
    """Delete runs. Markets stay, and trials stay counted.

    Raises:
        StopError: one of the runs is still going on; nothing is deleted.
    """
    _delete(connection, run_ids, "housekeeping/delete_runs")


def delete_all_runs(connection: psycopg.Connection) -> None:
    """Delete every run and free the disk space of their rows.

    Raises:
        StopError: one of the runs is still going on; nothing is deleted.
    """
    rows = connection.execute(queries.load("housekeeping/run_numbers")).fetchall()
    _delete(connection, [row[0] for row in rows], "housekeeping/empty_run_tables")


def _delete(connection: psycopg.Connection, run_ids: Sequence[int], script: str) -> None:
    with connection.transaction():
        for run_id in run_ids:
            lock_run(connection, run_id)
        # Several statements with parameters: only a client-side cursor can send them.
        psycopg.ClientCursor(connection).execute(queries.load(script), {"run_ids": list(run_ids)})


def run_words(run_ids: Sequence[int]) -> str:
    """ "run 3", "runs 3, 4 and 5"."""
    *first, last = map(str, run_ids)
    return f"runs {', '.join(first)} and {last}" if first else f"run {last}"
