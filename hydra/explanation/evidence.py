"""The rows that an explanation is written from, each with an id.

Source: docs/news.md, "Explanations"; docs/architecture.md, "Asking why".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from hydra.answers.formatting import minute_text
from hydra.answers.run_choice import Row, choose_instrument, decided_run, rows_of
from hydra.answers.timestamps import parse_minute_or_clock
from hydra.errors import StopError

MOST_ROWS: Final = 120


@dataclass(frozen=True)
class EvidenceRow:
    """A row. row_id: unique within the evidence; columns: values as JSON has them."""

    row_id: str
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What is explained, in words, and the rows. left_out: how many did not fit."""

    subject: str
    rows: Sequence[EvidenceRow]
    left_out: int = 0


def evidence_of_run(connection: psycopg.Connection, run_id: int | None) -> Evidence:
    """The rows of a run; None: the newest that has decided anything.

    Raises:
        StopError: there is no such run.
    """
    run = decided_run(connection, run_id)
    rows = rows_of(connection, "explanation/run", run_id=run["run_id"])
    return _evidence(f"run {run['run_id']} ({run['label']}): what it did and what came of it", rows)


def evidence_of_trade(connection: psycopg.Connection, position_id: int) -> Evidence:
    """The rows of the decision that opened a position, and of the position.

    Raises:
        StopError: there is no such position.
    """
    found = rows_of(connection, "explanation/trade", position_id=position_id)
    if not found:
        raise StopError(f"there is no trade {position_id}: `hydra report` lists the trades of a run")
    return _evidence(
        f"the trade {position_id}: why it was opened and how it ended",
        rows_of(connection, "explanation/minute", **found[0]),
    )


def evidence_of_veto(
    connection: psycopg.Connection, symbol: str, at: str | None, run_id: int | None
) -> Evidence:
    """The rows of the minute `at` (ISO or HH:MM, UTC; None: the newest one) of a pair.

    Raises:
        StopError: there is no such run, pair or minute with rows.
    """
    run = decided_run(connection, run_id)
    instrument = choose_instrument(connection, run["run_id"], symbol)
    keys = {"run_id": run["run_id"], "instrument_id": instrument["instrument_id"]}
    (newest,) = rows_of(connection, "why/newest_minute", **keys)
    time = newest["time"] if at is None else parse_minute_or_clock("--at", at, newest["decided_until"])
    named = f"{instrument['base']} at {minute_text(time)} UTC in run {run['run_id']}"
    rows = rows_of(connection, "explanation/minute", **keys, time=time)
    if not any(row["row_id"] == "assessment" for row in rows):
        raise StopError(f"{named} has no rows: `hydra why {instrument['base']}` names the nearest minutes")
    return _evidence(f"{named}: why there was no trade, or what was decided", rows)


def _evidence(subject: str, rows: Sequence[Row]) -> Evidence:
    kept = [EvidenceRow(row["row_id"], row["columns"]) for row in rows[:MOST_ROWS]]
    return Evidence(subject, kept, len(rows) - len(kept))
