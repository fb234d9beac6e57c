"""Layer 5, orders: what to send, under which deterministic id, at which price.

Law 5: the same decision always makes the same client order ids, so a repeated send finds its order.
Source: layers document, "LAYER 5: EXECUTION ENGINE"; C41 to C45.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hydra.domain import ExitUrgency, OrderRole, OrderType
from hydra.layers.layer4_filters import InstrumentFilters, round_passive

_DIGEST_LENGTH = 24


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """An order to be written down and then sent. is_buy False: sell. Prices in quote units."""

    client_order_id: str
    role: OrderRole
    order_type: OrderType
    is_buy: bool
    quantity: Decimal
    reduce_only: bool
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DecisionKey:
    """What an order follows from. account: tells HYDRA's databases on one exchange account apart."""

    account: str
    run_id: int
    instrument_id: int
    decision_time: datetime


def client_order_id(key: DecisionKey, role: OrderRole, attempt: int) -> str:
    """The id of the `attempt`-th order (from 0) of a role: at most 36 of the exchange's characters (C44)."""
    instant = int(key.decision_time.timestamp())
    text = f"{key.account}|{key.run_id}|{key.instrument_id}|{instant}|{role.value}|{attempt}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"hy-{role.value.lower()}-{digest}"


def entry_price(direction: int, best_bid: Decimal, best_ask: Decimal) -> Decimal:
    """The post-only price of an entry: its own side of the touch.

    Formula: best_bid if LONG else best_ask
    Source: layers document, "Entry Execution"; C41.
    """
    return best_bid if direction > 0 else best_ask


def exit_price(direction: int, best_bid: Decimal, best_ask: Decimal, *, is_passive: bool) -> Decimal:
    """The post-only price of an ordinary exit of a position.

    is_passive: C42's reading, a long is sold at the ask. As printed a long is sold at the bid, where a
    post-only order crosses and is refused.

    Formula: best_bid if LONG else best_ask (as printed); passive: best_ask if LONG else best_bid
    Source: layers document, "Exit Execution"; C42.
    """
    sells_at_ask = (direction > 0) == is_passive
    return best_ask if sells_at_ask else best_bid


def post_only_price(direction: int, touch: tuple[Decimal, Decimal], filters: InstrumentFilters) -> Decimal:
    """`entry_price` at the touch (best bid, best ask), rounded to the passive side of the grid (C41)."""
    return round_passive(entry_price(direction, *touch), filters.tick_size, is_buy=direction > 0)


def entry_order(
    key: DecisionKey,
    direction: int,
    quantity: Decimal,
    touch: tuple[Decimal, Decimal],
    filters: InstrumentFilters,
    attempt: int = 0,
) -> OrderPlan:
    """Post-only at the touch (best bid, best ask), see `post_only_price`."""
    identity = client_order_id(key, OrderRole.ENTRY, attempt)
    return OrderPlan(
        identity,
        OrderRole.ENTRY,
        OrderType.POST_ONLY,
        direction > 0,
        quantity,
        reduce_only=False,
        limit_price=post_only_price(direction, touch, filters),
    )


def protective_orders(
    key: DecisionKey, direction: int, filled: Decimal, exits: tuple[Decimal, Decimal], attempt: int = 0
) -> tuple[OrderPlan, OrderPlan]:
    """Stop and target for what is filled so far, from the first partial fill on; triggers on mark (C45).

    exits: (stop price, target price). attempt counts the replacements as fills arrive.
    """
    is_buy = direction < 0
    stop = OrderPlan(
        client_order_id(key, OrderRole.STOP, attempt),
        OrderRole.STOP,
        OrderType.STOP_MARKET,
        is_buy,
        filled,
        reduce_only=True,
        trigger_price=exits[0],
    )
    target = OrderPlan(
        client_order_id(key, OrderRole.TARGET, attempt),
        OrderRole.TARGET,
        OrderType.TAKE_PROFIT_MARKET,
        is_buy,
        filled,
        reduce_only=True,
        trigger_price=exits[1],
    )
    return stop, target


def exit_order(
    key: DecisionKey,
    direction: int,
    remaining: Decimal,
    urgency: ExitUrgency,
    touch: tuple[Decimal, Decimal],
    filters: InstrumentFilters,
    attempt: int = 0,
) -> OrderPlan:
    """Urgent: market at once (C43). Ordinary: first post-only on the passive side, from then on market (C42).

    remaining: what is still held (C44). attempt: 0 is the first order of this exit.
    """
    is_buy = direction < 0
    identity = client_order_id(key, OrderRole.EXIT, attempt)
    if urgency is ExitUrgency.URGENT or attempt > 0:
        return OrderPlan(identity, OrderRole.EXIT, OrderType.MARKET, is_buy, remaining, reduce_only=True)
    price = round_passive(exit_price(direction, *touch, is_passive=True), filters.tick_size, is_buy=is_buy)
    return OrderPlan(
        identity,
        OrderRole.EXIT,
        OrderType.POST_ONLY,
        is_buy,
        remaining,
        reduce_only=True,
        limit_price=price,
    )
