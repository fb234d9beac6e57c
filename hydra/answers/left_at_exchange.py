"""What a run has at its exchange while none of its processes lives, in words."""

from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.domain import OrderRole, Side


@dataclass(frozen=True)
class LeftAtExchange:
    """An open position of a pair, or what of its entry still works (side ENTRY). Prices are triggers."""

    base: str
    side: str
    quantity: Decimal
    entry_price: Decimal | None
    stop_price: Decimal | None
    target_price: Decimal | None

    @property
    def words(self) -> str:
        """For example "BTC LONG 0.012 (stop 60450, target 62800)"."""
        if self.side == OrderRole.ENTRY:
            return f"an entry of {self.base}, {self.quantity.normalize():f} unfilled"
        exits = f"stop {_price(self.stop_price)}, target {_price(self.target_price)}"
        return f"{self.base} {self.side} {self.quantity.normalize():f} ({exits})"


def read_left_at_exchange(
    connection: psycopg.Connection, run_id: int, instrument_id: int | None = None
) -> list[LeftAtExchange]:
    """What the tables say of a run's positions and entries at its exchange, or of one pair's."""
    values = {"run_id": run_id, "instrument_id": instrument_id}
    with connection.cursor(row_factory=class_row(LeftAtExchange)) as cursor:
        return cursor.execute(queries.load("report/left_at_exchange"), values).fetchall()


def left_sentence(left: list[LeftAtExchange]) -> str:
    """One sentence on what stays at the exchange when a run is stopped."""
    positions = [one.words for one in left if one.side in set(Side)]
    entries = [one.base for one in left if one.side == OrderRole.ENTRY]
    held = f"stops and targets stay for {', '.join(positions)}" if positions else "no position is open"
    ended = "entries are cancelled"
    if entries:
        ended = f"entries of {', '.join(entries)} may still work: they end 120 s after their decision"
    return f"At the exchange {held}; {ended}."


def _price(price: Decimal | None) -> str:
    return "NOT THERE" if price is None else f"{price.normalize():f}"
