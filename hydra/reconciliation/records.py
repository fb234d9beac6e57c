"""The rows of a comparison: when it was made, what it found, and how long that stood.

Source: docs/architecture.md, law 1; docs/exchange.md, "Reconciliation".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg

from hydra.db import queries
from hydra.domain import ReconciliationCause
from hydra.reconciliation.differences import Difference
from hydra.reconciliation.rules import ANSWERS, Action
from hydra.reconciliation.snapshot import OrderName


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The end of a comparison. found: new differences; left_open: those that stand, older ones included."""

    reconciliation_id: int
    found: int
    left_open: int

    @property
    def is_clean(self) -> bool:
        """True if tables and exchange say the same."""
        return self.left_open == 0


def pairs_of_run(connection: psycopg.Connection, run_id: int) -> dict[str, int]:
    """The instruments of a run by the exchange's name."""
    rows = connection.execute(queries.load("reconcile/pairs"), {"run_id": run_id}).fetchall()
    return {symbol: instrument_id for instrument_id, symbol in rows}


def shown_since(connection: psycopg.Connection, run_id: int) -> datetime:
    """From when on trades and income have to be asked for."""
    row = connection.execute(queries.load("reconcile/shown_since"), {"run_id": run_id}).fetchone()
    if row is None:
        raise AssertionError("a query without FROM gives a row")
    since: datetime = row[0]
    return since


def orders_to_ask(connection: psycopg.Connection, run_id: int, open_ids: Sequence[str]) -> list[OrderName]:
    """The working orders of a run that are not among `open_ids`, the client ids of the open orders shown."""
    values = {"run_id": run_id, "open_ids": list(open_ids)}
    rows = connection.execute(queries.load("reconcile/orders_to_ask"), values).fetchall()
    return [OrderName(*row) for row in rows]


def known_ids(connection: psycopg.Connection, run_id: int, client_order_ids: Sequence[str]) -> set[str]:
    """Which of some client ids are those of the run's orders."""
    values = {"run_id": run_id, "client_order_ids": list(client_order_ids)}
    return {row[0] for row in connection.execute(queries.load("reconcile/known_ids"), values)}


def store_income(connection: psycopg.Connection, run_id: int, since: datetime) -> None:
    """Store the income shown in the temporary tables, and book funding to its positions."""
    values = {"run_id": run_id, "since": since}
    connection.execute(queries.load("reconcile/store_income"), values)
    connection.execute(queries.load("reconcile/book_funding"), values)


def begin(connection: psycopg.Connection, run_id: int, time: datetime, cause: ReconciliationCause) -> int:
    """Note that a comparison begins; returns its reconciliation_id."""
    values = {"run_id": run_id, "time": time, "cause": cause.value}
    row = connection.execute(queries.load("reconcile/begin"), values).fetchone()
    if row is None:
        raise AssertionError("INSERT ... RETURNING gives the row that it made")
    return int(row[0])


def note(
    connection: psycopg.Connection,
    run_id: int,
    reconciliation_id: int,
    time: datetime,
    differences: Iterable[Difference],
) -> None:
    """Add the differences that are new, and end those that are no longer there."""
    held = list(differences)
    for one in held:
        answer = ANSWERS[one.kind]
        values = {
            "run_id": run_id,
            "found_in": reconciliation_id,
            "found_time": time,
            "kind": one.kind.value,
            "symbol": one.symbol,
            "instrument_id": one.instrument_id,
            "subject": one.subject,
            "in_tables": one.in_tables,
            "at_exchange": one.at_exchange,
            "blocks_entries": answer.blocks_entries,
            "done": answer.done if answer.action is Action.REPORT else "",
        }
        connection.execute(queries.load("reconcile/add_difference"), values)
    names = [one.name for one in held]
    there = {
        "kinds": [kind for kind, _, _ in names],
        "symbols": [symbol for _, symbol, _ in names],
        "subjects": [subject for _, _, subject in names],
    }
    connection.execute(queries.load("reconcile/mend"), {"run_id": run_id, "time": time, **there})


def open_names(connection: psycopg.Connection, run_id: int) -> set[tuple[str, str, str]]:
    """The names (see `Difference.name`) of the differences that stand."""
    rows = connection.execute(queries.load("reconcile/open_names"), {"run_id": run_id}).fetchall()
    return {(kind, symbol, subject) for kind, symbol, subject in rows}


def note_done(connection: psycopg.Connection, run_id: int, difference: Difference, done: str) -> None:
    """Note what was done about a difference."""
    kind, symbol, subject = difference.name
    values = {"run_id": run_id, "kind": kind, "symbol": symbol, "subject": subject, "done": done}
    connection.execute(queries.load("reconcile/note_done"), values)


def end(
    connection: psycopg.Connection,
    reconciliation_id: int,
    duration_s: float,
    wallet_usd: Decimal,
    *,
    begins_ledger: bool,
) -> Reconciled:
    """Note that a comparison has come to its end. begins_ledger: an operator has taken over the wallet."""
    values = {
        "reconciliation_id": reconciliation_id,
        "duration_s": round(duration_s, 3),
        "wallet_usd": wallet_usd,
        "begins_ledger": begins_ledger,
    }
    row = connection.execute(queries.load("reconcile/end"), values).fetchone()
    if row is None:
        raise AssertionError("the comparison has a row since it began")
    return Reconciled(reconciliation_id, *row)
