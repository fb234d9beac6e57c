"""Which stop and target an entry and its position must have, and which must go.

A stop counts as there only when the list of open conditional orders shows it. That of an entry is proven
before the entry is sent, for all that the entry may buy: whatever dies afterwards, nothing is held without
it. An exchange that takes no stop without a position gets it with the first fill. When a position grows
beyond its stop, a stop for all of it is proven before the smaller one goes. An exit that rests in the book
would make the exchange refuse what a stop of a quantity becomes: before it goes out, a stop that closes the
position whatever rests is proven.
Source: docs/architecture.md, law 5; C45, C46; docs/practice.md, "Position management" (3).
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from hydra.domain import OrderRefusal, OrderRole, OrderState, ReasonCode
from hydra.execution.news import PairMemory
from hydra.execution.order_life import has_fired
from hydra.execution.pair_orders import PairOrders
from hydra.layers.layer5_orders import DecisionKey, OrderPlan, closing_stop, protective_orders
from hydra.trading.pair_state import Order, Position

GIVEN_UP_AFTER: Final = timedelta(seconds=4)
"""So long a stop may take, see `PairMemory.uncovered`: then the position is closed; the limit is five."""

GUARDS: Final = (OrderRole.STOP, OrderRole.TARGET)
_CLOSING: Final = "closing stop"


def covering(pair: PairOrders, role: OrderRole, quantity: Decimal | None = None) -> Order | None:
    """The newest working order of a role for `quantity`; None: for all that is held."""
    orders = _covering(pair, role, pair.held if quantity is None else quantity)
    return orders[-1] if orders else None


def _covering(pair: PairOrders, role: OrderRole, quantity: Decimal) -> list[Order]:
    return [one for one in pair.working(role) if one.remaining >= quantity and not one.is_withdrawn]


def proven_stop(pair: PairOrders, memory: PairMemory) -> Order | None:
    """The newest proven stop for all that is held; None: there is none."""
    proven = [one for one in _covering(pair, OrderRole.STOP, pair.held) if is_proven(one, memory)]
    return proven[-1] if proven else None


def is_alone(pair: PairOrders, memory: PairMemory) -> bool:
    """Whether the exchange shows just what is held, asked since a passive exit waits: all is ours."""
    shown, position = memory.position, pair.position
    if position is None or shown is None or shown.position is None:
        return False
    is_new = all(shown.time >= since for since in memory.first_looks.values())
    return is_new and shown.position.quantity * position.direction == position.quantity


def may_rest(pair: PairOrders, memory: PairMemory) -> bool:
    """Whether an exit may rest in the book: the stop that closes all beside it is proven."""
    stop = proven_stop(pair, memory)
    return stop is not None and stop.closes_position


def is_proven(stop: Order | None, memory: PairMemory) -> bool:
    """True if the list of open conditional orders shows the stop, or it is firing."""
    return stop is not None and (stop.client_order_id in memory.listed or has_fired(stop))


def protect(pair: PairOrders, memory: PairMemory, time: datetime) -> None:
    """Plan the stop and the target that are missing, withdraw those that must go, give up what cannot be."""
    position = pair.position
    if position is None:
        _protect_entry(pair, memory, time)
        memory.covered()
        memory.protected_quantity = Decimal(0)
        return
    stop, target = covering(pair, OrderRole.STOP), covering(pair, OrderRole.TARGET)
    for role, present in ((OrderRole.STOP, stop), (OrderRole.TARGET, target)):
        if present is None and _may_plan(memory, role, time):
            key, exits = pair.key(position.decision_time), (position.stop_price, position.target_price)
            _plan(pair, key, role, position.direction, exits, time)
    _plan_closing_stop(pair, memory, position, stop, time)
    proven = proven_stop(pair, memory)
    if proven is None:
        if memory.uncovered(time) >= GIVEN_UP_AFTER:
            pair.leave_at_market(time, ReasonCode.UNPROTECTED)
        return
    memory.covered()
    _settle(pair, memory, position, (proven, target), time)


def _plan_closing_stop(
    pair: PairOrders, memory: PairMemory, position: Position, stop: Order | None, time: datetime
) -> None:
    """Beside a passive exit the stop has to close the position whatever rests. stop: the newest."""
    is_wanted = any(not one.is_withdrawn for one in pair.passive_exits)
    if not is_wanted or stop is None or stop.closes_position or not is_alone(pair, memory):
        return
    if not _may_plan(memory, _CLOSING, time):
        return
    key, attempt = pair.key(position.decision_time), pair.attempt(OrderRole.STOP)
    plan = closing_stop(key, position.direction, pair.at_risk, position.stop_price, attempt)
    pair.plan(plan, position.decision_time, position.stop_price, time)


def _settle(
    pair: PairOrders,
    memory: PairMemory,
    position: Position,
    guards: tuple[Order | None, Order | None],
    time: datetime,
) -> None:
    """Everything held is covered: older orders go, and the protection is recorded."""
    for role, kept in zip(GUARDS, guards, strict=True):
        if kept is not None and kept.state is OrderState.OPEN:
            memory.succeeded(_planning(_CLOSING if kept.closes_position else role), "")
            orders = pair.working(role)
            pair.withdraw(orders[: orders.index(kept)], time)
    is_whole = all(one is not None and one.state is OrderState.OPEN for one in guards)
    if is_whole and memory.protected_quantity != position.quantity:
        memory.protected_quantity = position.quantity
        position.protected(time)
        for guard in guards:
            if guard is not None and guard.placed_time < position.opened_time:
                # Its row is linked to the position with its next event.
                guard.enter(time, guard.state, detail={"protects": "the position"})


def _may_plan(memory: PairMemory, what: str, time: datetime) -> bool:
    """Whether one may be planned now: what was refused would be at once, too."""
    if not memory.may(_planning(what), "", time):
        return False
    memory.made(_planning(what), "", time)
    return True


def _planning(what: str) -> str:
    return f"plan {what}"


def _plan(
    pair: PairOrders,
    key: DecisionKey,
    role: OrderRole,
    direction: int,
    exits: tuple[Decimal, Decimal],
    time: datetime,
) -> None:
    """A stop or target for all that the entry may still buy: later fills need no other."""
    stop, target = protective_orders(key, direction, pair.at_risk, exits, pair.attempt(role))
    plan: OrderPlan = stop if role is OrderRole.STOP else target
    pair.plan(plan, key.decision_time, exits[GUARDS.index(role)], time)


def _protect_entry(pair: PairOrders, memory: PairMemory, time: datetime) -> None:
    """Nothing is held yet: plan the stop of the entry, or withdraw what no entry needs any more."""
    entries = pair.working(OrderRole.ENTRY)
    if not entries and memory.requote is None:
        pair.withdraw(pair.working(*GUARDS), time)
        return
    wanted = [one for one in entries if not one.is_withdrawn]
    if not wanted or covering(pair, OrderRole.STOP, pair.at_risk) is not None:
        return
    is_refused = memory.stop_needs_position(wanted[-1].decision_time)
    if not is_refused and _may_plan(memory, OrderRole.STOP, time):
        key, plan = pair.key(wanted[-1].decision_time), pair.entry_plan
        _plan(pair, key, OrderRole.STOP, plan.direction, (plan.stop_price, plan.target_price), time)


def may_enter(pair: PairOrders, memory: PairMemory) -> bool:
    """Whether an entry may go out: its stop is proven, or the exchange takes none while nothing is held."""
    decided = pair.decision_time
    if pair.position is not None or (decided is not None and memory.stop_needs_position(decided)):
        return True
    stop = covering(pair, OrderRole.STOP, pair.at_risk)
    if stop is None or has_fired(stop) or not is_proven(stop, memory):
        return False
    memory.succeeded(_planning(OrderRole.STOP), "")
    return True


def leave_where_fired(pair: PairOrders, memory: PairMemory, ended: list[Order], time: datetime) -> None:
    """If a stop or target came to its price, nothing more is entered; what is still held is closed at market.

    ended: orders that ended in this look. One that was cancelled, or refused before its price came, is
    planned again instead. An entry of the same decision is withdrawn, also when its stop is refused.
    """
    for order in ended:
        if order.role not in GUARDS or order.state is OrderState.CANCELED:
            continue
        detail = order.events[-1].detail if order.events else {}
        refusal = detail.get("refusal", OrderRefusal.WOULD_TRIGGER)
        if pair.held > 0 and refusal == OrderRefusal.WOULD_TRIGGER:
            pair.leave_at_market(time, _FIRED[order.role])
        elif pair.held == 0 and refusal == OrderRefusal.NOTHING_TO_REDUCE:
            memory.refuse_stop(order.decision_time)
        elif pair.held == 0:
            of_decision = order.decision_time
            entries = [one for one in pair.working(OrderRole.ENTRY) if one.decision_time == of_decision]
            why = _FIRED[order.role] if has_fired(order) else ReasonCode.EXCHANGE_REFUSED
            pair.withdraw(entries, time, why)


_FIRED: Final = {OrderRole.STOP: ReasonCode.STOP_HIT, OrderRole.TARGET: ReasonCode.TARGET_HIT}
