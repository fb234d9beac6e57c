"""What an account asks for, after the parameters of the request have been read. Numbers are exact."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from hydra.sim.exchange.account.words import OrderSide, OrderType, TimeInForce, WorkingType

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """POST order. type: LIMIT or MARKET. client_id: None lets the exchange make one.

    time_in_force: of LIMIT only.
    """

    symbol: str
    side: OrderSide
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderKey:
    """An order named by the exchange's id or, without one, by the client's."""

    symbol: str
    order_id: int | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderChange:
    """PUT order: a new quantity and price of a resting LIMIT order. price: None keeps it."""

    key: OrderKey
    side: OrderSide
    quantity: Decimal
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ConditionalRequest:
    """POST algoOrder. price: of STOP and TAKE_PROFIT only. quantity: None with close_position only."""

    symbol: str
    side: OrderSide
    type: OrderType
    trigger_price: Decimal
    quantity: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    price_protect: bool = False
    close_position: bool = False
    reduce_only: bool = False
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class ConditionalKey:
    """A conditional order named by the exchange's id (algoId) or, without one, by the client's."""

    algo_id: int | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of a list: times in ms (inclusive), from an id on, at most `limit`.

    The oldest of them if a start is named, else the newest; always oldest first.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    from_id: int | None = None
    limit: int = 500

    def of(self, rows: Iterable[Row], place: Callable[[Row], tuple[int, int]]) -> list[Row]:
        """The rows chosen. place: id and time of a row."""
        placed = sorted(((place(row), row) for row in rows), key=lambda one: one[0])
        chosen = [
            row
            for (number, time_ms), row in placed
            if (self.from_id is None or number >= self.from_id)
            and (self.start_ms is None or time_ms >= self.start_ms)
            and (self.end_ms is None or time_ms <= self.end_ms)
        ]
        from_start = self.from_id is not None or self.start_ms is not None
        return chosen[: self.limit] if from_start else chosen[-self.limit :]
