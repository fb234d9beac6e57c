"""Layer 5, orders: type, price and deterministic client order id.

The same decision always gives the same ids, so a repeated send finds its order (law 5).
Source: layers document, "LAYER 5: EXECUTION ENGINE"; C41 to C45.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from hydra.domain import ExitUrgency, OrderRole, OrderType
from hydra.layers.layer4_filters import InstrumentFilters, round_passive

_DIGEST_LENGTH = 24


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """An order to be stored and then sent. Prices in quote units.

    closes_position: a stop that closes all that is held then, also beside exits that rest in the book.
    """

    client_order_id: str
    role: OrderRole
    order_type: OrderType
    is_buy: bool
    quantity: Decimal
    reduce_only: bool
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    closes_position: bool = False


@dataclass(frozen=True, slots=True)
class DecisionKey:
    """The decision of an order. account: differs between databases that share an exchange account."""

    account: str
    run_id: int
    instrument_id: int
    decision_time: datetime


def client_order_id(key: DecisionKey, role: OrderRole, attempt: int) -> str:
    """The id of the `attempt`-th order (from 0) of a role, at most 36 characters (C44)."""
    instant = int(key.decision_time.timestamp())
    text = f"{key.account}|{key.run_id}|{key.instrument_id}|{instant}|{role.value}|{attempt}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"hy-{role.value.lower()}-{digest}"


def entry_price(direction: int, best_bid: Decimal, best_ask: Decimal) -> Decimal:
    """The post-only price of an entry: the best price of its own side.

    Formula: best_bid if LONG else best_ask
    Source: layers document, "Entry Execution"; C41.
    """
    return best_bid if direction > 0 else best_ask


def exit_price(direction: int, best_bid: Decimal, best_ask: Decimal, *, is_passive: bool) -> Decimal:
    """The post-only price of an ordinary exit of a position.

    is_passive: a long is sold at the ask (C42). As printed it is sold at the bid, where a post-only order is
    refused.

    Formula: best_bid if LONG else best_ask (as printed); passive: best_ask if LONG else best_bid
    Source: layers document, "Exit Execution"; C42.
    """
    sells_at_ask = (direction > 0) == is_passive
    return best_ask if sells_at_ask else best_bid


def post_only_price(direction: int, touch: tuple[Decimal, Decimal], filters: InstrumentFilters) -> Decimal:
    """`entry_price` for touch (best bid, best ask), rounded to the passive side of the tick grid (C41)."""
    return round_passive(entry_price(direction, *touch), filters.tick_size, is_buy=direction > 0)


def entry_order(
    key: DecisionKey,
    direction: int,
    quantity: Decimal,
    touch: tuple[Decimal, Decimal],
    filters: InstrumentFilters,
    attempt: int = 0,
) -> OrderPlan:
    """A post-only order at `post_only_price`."""
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
    """Stop and target for the filled quantity, from the first partial fill on; the mark triggers (C45).

    exits: (stop price, target price). attempt: 0 at the first fill, one more at each replacement.
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


def closing_stop(
    key: DecisionKey, direction: int, held: Decimal, stop_price: Decimal, attempt: int
) -> OrderPlan:
    """The stop of a position that is left passively: it closes all of it, also beside the resting exit.

    A stop of a quantity would be refused there when it fires: what rests counts against the position.
    held: what it closes as far as is known. Source: docs/live.md, "What happens when"; C45.
    """
    stop, _ = protective_orders(key, direction, held, (stop_price, stop_price), attempt)
    return replace(stop, closes_position=True)


def exit_order(
    key: DecisionKey,
    direction: int,
    remaining: Decimal,
    urgency: ExitUrgency,
    touch: tuple[Decimal, Decimal],
    filters: InstrumentFilters,
    attempt: int = 0,
) -> OrderPlan:
    """Urgent: a market order (C43). Ordinary: first a passive post-only order, then market orders (C42).

    remaining: the quantity still held (C44). attempt: 0 for the first order of this exit.
    """
    if urgency is ExitUrgency.URGENT or attempt > 0:
        return market_exit_order(key, direction, remaining, attempt)
    is_buy = direction < 0
    identity = client_order_id(key, OrderRole.EXIT, attempt)
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


def market_exit_order(key: DecisionKey, direction: int, remaining: Decimal, attempt: int) -> OrderPlan:
    """Closes everything of a position at market (C43). remaining, attempt: see `exit_order`."""
    identity = client_order_id(key, OrderRole.EXIT, attempt)
    return OrderPlan(identity, OrderRole.EXIT, OrderType.MARKET, direction < 0, remaining, reduce_only=True)
