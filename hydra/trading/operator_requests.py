"""What an operator asks of the process that trades at an exchange, and what came of it.

Nothing that HYDRA did not send is adopted or closed without such a request, which keeps who asked and why.
Source: docs/exchange.md, "Reconciliation"; docs/architecture.md, laws 1 and 4.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.domain import RequestVerb
from hydra.errors import StopError

CHANNEL: Final = "operator_requests"
"""Notified with the run's number when a request was added."""


@dataclass(frozen=True)
class OperatorRequest:
    """A request that waits. symbol: as the exchange names it, or USDT for the balance.

    instrument_id: None: no pair of the run. stop_price, target_price (quote units) and max_holding_hours are
    those of a position to be taken over.
    """

    request_id: int
    verb: RequestVerb
    symbol: str
    instrument_id: int | None
    stop_price: Decimal | None
    target_price: Decimal | None
    max_holding_hours: Decimal | None
    requested_by: str
    reason: str

    def __post_init__(self) -> None:
        """Convert the database's text to the enumeration."""
        object.__setattr__(self, "verb", RequestVerb(self.verb))


class RequestAnswer(NamedTuple):
    """What came of a request, in words; is_done False: it was refused."""

    words: str
    is_done: bool


@dataclass(frozen=True)
class AdoptedExits:
    """How a position is protected that an operator lets HYDRA take over."""

    stop_price: Decimal
    target_price: Decimal | None
    max_holding_hours: Decimal


def add_request(
    connection: psycopg.Connection,
    run_id: int,
    verb: RequestVerb,
    pair: tuple[str, int | None],
    exits: AdoptedExits | None,
    words: tuple[str, str],
) -> int:
    """Store a request and notify its process; returns its number.

    pair: symbol and instrument_id. exits: of a position to be taken over. words: who asks, and why.

    Raises:
        StopError: another request for the pair waits.
    """
    values = {
        "channel": CHANNEL,
        "run_id": run_id,
        "verb": verb.value,
        "symbol": pair[0],
        "instrument_id": pair[1],
        "stop_price": exits.stop_price if exits else None,
        "target_price": exits.target_price if exits else None,
        "max_holding_hours": exits.max_holding_hours if exits else None,
        "requested_by": words[0],
        "reason": words[1],
    }
    row = connection.execute(queries.load("stages/add_request"), values).fetchone()
    if row is None:
        raise StopError(f"another request for {pair[0]} waits in run {run_id}: it is carried out first")
    return int(row[0])


def waiting_requests(connection: psycopg.Connection, run_id: int) -> list[OperatorRequest]:
    """The requests to a run that nobody has answered, oldest first."""
    with connection.cursor(row_factory=class_row(OperatorRequest)) as cursor:
        return cursor.execute(queries.load("stages/waiting_requests"), {"run_id": run_id}).fetchall()


def answer_request(connection: psycopg.Connection, request_id: int, answer: RequestAnswer) -> None:
    """Store what came of a request."""
    values = {"request_id": request_id, "answer": answer.words, "is_done": answer.is_done}
    connection.execute(queries.load("stages/answer_request"), values)


def answer_of(connection: psycopg.Connection, request_id: int) -> RequestAnswer | None:
    """What came of a request; None while it waits."""
    row = connection.execute(queries.load("stages/answer_of_request"), {"request_id": request_id}).fetchone()
    return None if row is None else RequestAnswer(*row)
