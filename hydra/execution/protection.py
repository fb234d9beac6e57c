"""Which stop and target a position must have, and which must go.

A stop counts as there only when the list of open conditional orders shows it. When a position grows, a stop
for all of it is proven before the smaller one goes. Nothing rests in the book: a resting reduce-only order
would make an emergency exit fail.
Source: docs/architecture.md, law 5; C45, C46; docs/practice.md, "Position management" (3).
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from hydra.domain import OrderRefusal, OrderRole, OrderState, ReasonCode
from hydra.execution.news import PairMemory
from hydra.execution.order_life import has_fired
from hydra.execution.pair_orders import PairOrders
from hydra.layers.layer5_orders import OrderPlan, protective_orders
from hydra.trading.pair_state import Order, Position

GIVEN_UP_AFTER: Final = timedelta(seconds=4)
"""So long a stop may take, see `PairMemory.uncovered`: then the position is closed; the limit is five."""

GUARDS: Final = (OrderRole.STOP, OrderRole.TARGET)


def covering(pair: PairOrders, role: OrderRole) -> Order | None:
    """The newest working order of a role for all that is held."""
    orders = [one for one in pair.working(role) if one.remaining >= pair.held and not one.is_withdrawn]
    return orders[-1] if orders else None


def is_proven(stop: Order | None, memory: PairMemory) -> bool:
    """True if the list of open conditional orders shows the stop, or it is firing."""
    return stop is not None and (stop.client_order_id in memory.listed or has_fired(stop))


def protect(pair: PairOrders, memory: PairMemory, time: datetime) -> None:
    """Plan the stop and the target that are missing, withdraw those that must go, give up what cannot be."""
    position = pair.position
    if position is None:
        pair.withdraw(pair.working(*GUARDS), time)
        memory.covered()
        memory.protected_quantity = Decimal(0)
        return
    stop, target = covering(pair, OrderRole.STOP), covering(pair, OrderRole.TARGET)
    for role, present in ((OrderRole.STOP, stop), (OrderRole.TARGET, target)):
        if present is None and memory.may("plan", role, time):
            memory.made("plan", role, time)
            _plan(pair, position, role, time)
    if not is_proven(stop, memory):
        if memory.uncovered(time) >= GIVEN_UP_AFTER:
            pair.leave_at_market(time, ReasonCode.UNPROTECTED)
        return
    memory.covered()
    _settle(pair, memory, position, (stop, target), time)


def _settle(
    pair: PairOrders,
    memory: PairMemory,
    position: Position,
    guards: tuple[Order | None, Order | None],
    time: datetime,
) -> None:
    """Everything held is covered: smaller orders go, and the protection is recorded."""
    for role, kept in zip(GUARDS, guards, strict=True):
        if kept is not None and kept.state is OrderState.OPEN:
            memory.succeeded("plan", role)
            pair.withdraw([one for one in pair.working(role) if one is not kept], time)
    is_whole = all(one is not None and one.state is OrderState.OPEN for one in guards)
    if is_whole and memory.protected_quantity != position.quantity:
        memory.protected_quantity = position.quantity
        position.protected(time)


def _plan(pair: PairOrders, position: Position, role: OrderRole, time: datetime) -> None:
    key, exits = pair.key(position.decision_time), (position.stop_price, position.target_price)
    stop, target = protective_orders(key, position.direction, position.quantity, exits, pair.attempt(role))
    plan: OrderPlan = stop if role is OrderRole.STOP else target
    pair.plan(plan, position.decision_time, plan.trigger_price or position.entry_price, time)


def leave_where_fired(pair: PairOrders, ended: list[Order], time: datetime) -> None:
    """If a stop or target came to its price and something is still held, close the rest at market.

    ended: orders that ended in this look. One that was cancelled, or refused before its price came, is
    planned again instead.
    """
    for order in ended:
        if order.role in GUARDS and pair.held > 0 and order.state is not OrderState.CANCELED:
            detail = order.events[-1].detail if order.events else {}
            would_trigger = OrderRefusal.WOULD_TRIGGER
            if detail.get("refusal", would_trigger) == would_trigger:
                pair.leave_at_market(time, _FIRED[order.role])


_FIRED: Final = {OrderRole.STOP: ReasonCode.STOP_HIT, OrderRole.TARGET: ReasonCode.TARGET_HIT}
