"""How long the orders of a run at an exchange took from their decision on, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from hydra.db import queries


@dataclass(frozen=True)
class OrderLatency:
    """Of the accepted entries, or of the accepted stops, targets and exits. Seconds of this machine's clock.

    From the commit of the decision to the call (sent), and to the exchange's answer (accepted).
    """

    is_entry: bool
    orders: int
    sent_p50_s: float
    sent_p99_s: float
    accepted_p50_s: float
    accepted_p99_s: float

    @property
    def words(self) -> str:
        """For example "12 entries: sent after 0.03 s (p99 0.09 s), accepted after 0.08 s (p99 0.21 s)"."""
        noun = ("entry", "entries") if self.is_entry else ("other order", "other orders")
        return (
            f"{self.orders:,} {noun[self.orders != 1]}: sent after {self.sent_p50_s:.3f} s (p99 "
            f"{self.sent_p99_s:.3f} s), accepted after {self.accepted_p50_s:.3f} s (p99 "
            f"{self.accepted_p99_s:.3f} s)"
        )


def read_order_latency(connection: psycopg.Connection, run_id: int) -> list[OrderLatency]:
    """Entries first, then the others; nothing for a run that sent no orders to an exchange."""
    with connection.cursor(row_factory=class_row(OrderLatency)) as cursor:
        return cursor.execute(queries.load("report/order_latency"), {"run_id": run_id}).fetchall()


def latency_sentence(latency: Sequence[OrderLatency]) -> Iterator[str]:
    """One sentence, if orders were accepted."""
    if latency:
        yield f"From decision to order, in the median: {'; '.join(one.words for one in latency)}."
