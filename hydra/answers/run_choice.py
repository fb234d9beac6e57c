"""Which run and which pair a question is about."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hydra.db import queries
from hydra.errors import StopError
from hydra.universe import find_pair

Row = Mapping[str, Any]


def rows_of(connection: psycopg.Connection, query: str, **values: object) -> list[dict[str, Any]]:
    """The rows that `sql/<query>.sql` answers, by column name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries.load(query), values).fetchall()


def decided_run(connection: psycopg.Connection, run_id: int | None) -> Row:
    """The run `run_id`, or the newest one that has decided a minute.

    Raises:
        StopError: there is none, or it has decided nothing yet.
    """
    found = rows_of(connection, "why/newest_run", run_id=run_id)
    if not found:
        raise _no_run(connection, run_id)
    (run,) = rows_of(connection, "why/run", run_id=found[0]["run_id"])
    return run


def _no_run(connection: psycopg.Connection, run_id: int | None) -> StopError:
    if run_id is None:
        return StopError("nothing has been decided yet: start a run with `hydra run`, or `make demo`")
    if rows_of(connection, "why/run", run_id=run_id):
        return StopError(f"run {run_id} has not decided a minute yet: ask again in a moment")
    return StopError(f"there is no run {run_id} in this database: leave --run out for the newest one")


def choose_instrument(connection: psycopg.Connection, run_id: int, name: str) -> Row:
    """The instrument of the run that goes by `name` (any alias of the universe, or its own names).

    Raises:
        StopError: the run decides about no such pair; the message lists those that it knows.
    """
    instruments = rows_of(connection, "why/instruments", run_id=run_id)
    pair = find_pair(name)
    wanted = {text.lower() for text in (name.strip(), pair.symbol if pair else name.strip())}
    for instrument in instruments:
        if wanted & {str(instrument[key]).lower() for key in ("symbol", "exchange_symbol", "base")}:
            return instrument
    raise StopError(_unknown_pair(name, run_id, [str(row["base"]) for row in instruments]))


def _unknown_pair(name: str, run_id: int, bases: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.strip().upper(), bases, n=1)
    suggestion = f" (did you mean {near[0]}?)" if near else ""
    return f"run {run_id} decides about no pair {name}{suggestion}; it has: {', '.join(bases)}"
