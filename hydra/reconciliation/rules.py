"""What each kind of difference leads to. Nothing that HYDRA did not send is adopted or closed by itself.

Source: docs/exchange.md, "Reconciliation"; docs/practice.md, "Position management"; C45.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from hydra.domain import DifferenceKind, OrderState
from hydra.exchange.account import OrderSeen
from hydra.trading.pair_state import Order


class Action(StrEnum):
    """REPORT: only a person can say what is right. BOOK: the tables follow the exchange.

    CANCEL: the exchange follows the tables. PROTECT: a stop at once, else close at market.
    """

    REPORT = "REPORT"
    BOOK = "BOOK"
    CANCEL = "CANCEL"
    PROTECT = "PROTECT"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a difference leads to. blocks_entries: of its pair, while it stands. done: in words, once done."""

    action: Action
    blocks_entries: bool
    done: str


_LEFT_ALONE: Final = "HYDRA leaves it alone and enters nothing in this pair"

ANSWERS: Final = {
    DifferenceKind.ORDER_UNKNOWN: Answer(Action.REPORT, True, _LEFT_ALONE),
    DifferenceKind.ORDER_CHANGED: Answer(Action.REPORT, True, _LEFT_ALONE),
    DifferenceKind.ORDER_ARRIVED: Answer(Action.BOOK, False, "the order was asked for by its id: it is open"),
    DifferenceKind.ORDER_ENDED: Answer(Action.BOOK, False, "the order was asked for by its id: it has ended"),
    DifferenceKind.ORDER_NOT_FOUND: Answer(
        Action.BOOK,
        False,
        "the order was asked for by its id, twice: the exchange has none, it counts as ended",
    ),
    DifferenceKind.ORDER_LIVES_ON: Answer(Action.CANCEL, True, "it was cancelled at the exchange"),
    DifferenceKind.FILL_MISSED: Answer(Action.BOOK, False, "booked from the exchange's trades"),
    DifferenceKind.FILL_NOT_FOUND: Answer(
        Action.REPORT, True, "the fill stays as it was booked, and HYDRA enters nothing in this pair"
    ),
    DifferenceKind.FILL_DIFFERS: Answer(Action.REPORT, False, "the fill stays as it was booked"),
    DifferenceKind.POSITION_UNKNOWN: Answer(Action.REPORT, True, _LEFT_ALONE),
    DifferenceKind.POSITION_DIFFERS: Answer(Action.REPORT, True, _LEFT_ALONE),
    DifferenceKind.POSITION_CLOSED: Answer(
        Action.BOOK, True, "booked from the exchange's trades of others' orders"
    ),
    DifferenceKind.POSITION_UNPROTECTED: Answer(Action.PROTECT, True, "a stop was placed"),
    DifferenceKind.LEVERAGE_DIFFERS: Answer(
        Action.REPORT, True, "HYDRA counts with the leverage that it set, and enters nothing in this pair"
    ),
    DifferenceKind.BALANCE_DIFFERS: Answer(
        Action.REPORT, False, "HYDRA goes on with the balance of its tables"
    ),
    DifferenceKind.INCOME_DIFFERS: Answer(Action.REPORT, False, "the income stays as it was stored first"),
}


def end_of(order: Order, seen: OrderSeen) -> OrderState | None:
    """The state in which `order` ended at the exchange, once all its trades are booked; None: it goes on.

    A stop that found less than its quantity to close is FILLED for the exchange; the rest is EXPIRED here.
    """
    if not order.is_working:
        return None
    if seen.state is not OrderState.FILLED:
        return seen.state if seen.state in _ENDED else None
    return OrderState.EXPIRED if order.filled_quantity == seen.filled_quantity else None


_ENDED: Final = frozenset({OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED})


def end_of_unknown(order: Order) -> OrderState:
    """The state of an order that the exchange does not have: one without its id never came there."""
    return OrderState.REJECTED if order.exchange_order_id is None else OrderState.CANCELED


def stop_is_behind(direction: int, mark_price: Decimal | None, stop_price: Decimal) -> bool:
    """True if a stop would fire at once, so that the position is closed at market instead.

    direction: +1 LONG, -1 SHORT. mark_price: None: not known, the exchange will say it.
    """
    return mark_price is not None and direction * (mark_price - stop_price) <= 0
