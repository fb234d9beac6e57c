"""The life of one order: its state follows from what the exchange shows, in whatever order that is heard.

A terminal state is only taken from the exchange, and once all fills that it tells of are booked.
Source: docs/architecture.md, law 5; C44, C45, C46.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

from hydra.domain import OrderRefusal, OrderRole, OrderState, ReasonCode
from hydra.exchange.account import OrderSeen
from hydra.execution.news import Refused, Shown
from hydra.reconciliation.rules import end_of
from hydra.trading.pair_state import ENDED, Order

_NOT_YET_SEEN: Final = frozenset({OrderState.PLANNED, OrderState.UNKNOWN})


def lacks_fills(order: Order, seen: OrderSeen) -> bool:
    """True if the exchange tells of fills that are not booked."""
    return order.filled_quantity < seen.filled_quantity


def needs_answer(news: Shown) -> bool:
    """True if only a question tells the end: a triggered order's event may lack its child's fills."""
    seen = news.order
    has_child = seen.is_conditional and seen.child_order_id is not None
    return has_child and seen.state in ENDED and not news.is_answer


def take(order: Order, news: Shown, time: datetime) -> None:
    """Bring an order to what the exchange shows of it. Twice, or out of order, changes nothing."""
    seen = news.order
    note_ids(order, seen)
    if not order.is_working:
        return
    is_whole = order.filled_quantity == seen.filled_quantity and not needs_answer(news)
    end = end_of(order, seen) if is_whole else None
    if end is not None:
        was_wanted = order.cancel_wanted_time is not None or order.reason_code is not None
        reason = None if was_wanted or end is OrderState.CANCELED else ReasonCode.EXCHANGE_REFUSED
        order.enter(time, end, reason, {"at_exchange": seen.reason} if seen.reason else {})
    elif order.state in _NOT_YET_SEEN:
        order.enter(time, OrderState.PARTIALLY_FILLED if order.filled_quantity else OrderState.OPEN)


def note_ids(order: Order, seen: OrderSeen) -> None:
    """Take the exchange's ids. They are stored with the next event; a lost one is told again."""
    if seen.is_conditional:
        order.exchange_order_id = str(seen.exchange_order_id)
        if seen.child_order_id is not None:
            order.child_order_id = str(seen.child_order_id)
    elif order.role in {OrderRole.STOP, OrderRole.TARGET}:
        order.child_order_id = str(seen.exchange_order_id)
    else:
        order.exchange_order_id = str(seen.exchange_order_id)


_REASONS: Final = {OrderRefusal.NO_MARGIN: ReasonCode.INSUFFICIENT_MARGIN}


def refuse(order: Order, news: Refused, time: datetime) -> None:
    """The exchange did not take the order. An id that works there already says that it did: ask."""
    if news.refusal is OrderRefusal.DUPLICATE_ID:
        doubt(order, time)
    elif order.state in _NOT_YET_SEEN:
        reason = _REASONS.get(news.refusal, ReasonCode.EXCHANGE_REFUSED)
        kept = None if order.role is OrderRole.EXIT else reason
        order.enter(
            time, OrderState.REJECTED, kept, {"refusal": news.refusal.value, "at_exchange": news.words}
        )


def doubt(order: Order, time: datetime) -> None:
    """Nobody knows whether the order has come to the exchange."""
    if order.state is OrderState.PLANNED:
        order.enter(time, OrderState.UNKNOWN)


def has_fired(order: Order) -> bool:
    """True if a stop or target was triggered."""
    return order.child_order_id is not None or order.filled_quantity > Decimal(0)
