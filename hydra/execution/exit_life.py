"""The exits of a position: a passive order for a minute, then market orders until nothing is held.

Source: layers document, "Exit Execution"; C42, C43, C44; docs/practice.md, "Position management" (2).
"""

from datetime import datetime, timedelta
from typing import Final

from hydra.domain import ExitUrgency, OrderRole, OrderState, OrderType, PositionState, ReasonCode
from hydra.execution import protection
from hydra.execution.news import PairMemory
from hydra.execution.pair_orders import PairOrders
from hydra.layers.layer5_execution import OrderStep, exit_step
from hydra.layers.layer5_orders import exit_order
from hydra.trading.pair_state import Order, Position

STOP_AWAITED: Final = timedelta(seconds=10)
"""So long a passive exit waits for its stop after the first look at it; then all is closed at market."""


def leave(pair: PairOrders, memory: PairMemory, ended: list[Order], time: datetime) -> None:
    """Plan and withdraw exits as the position demands. ended: orders that ended in this look."""
    exits = pair.working(OrderRole.EXIT)
    position = pair.position
    if position is None:
        memory.succeeded("exit", "")
        pair.withdraw(exits, time)
        return
    if any(_was_in_vain(order) for order in ended):
        memory.made("exit", "", time)
    if pair.is_killed:
        pair.leave_at_market(time, ReasonCode.KILL_SWITCH)
    if position.state is not PositionState.CLOSING:
        return
    pair.withdraw(pair.working(OrderRole.ENTRY), time, _reason(pair, ended))
    for order in exits:
        if order.order_type is not OrderType.MARKET and _has_waited(pair, memory, order, time):
            pair.withdraw([order], time)
        if order.sent_time is None and order.quantity != position.quantity:
            pair.withdraw([order], time)
    if not pair.working(OrderRole.EXIT):
        _plan_market(pair, position, _reason(pair, [*exits, *ended]), time)


def _was_in_vain(order: Order) -> bool:
    """True if a market exit was refused or found no counterpart at all: the next one would at once, too.

    Without a pause they would use up the orders that the exchange allows in a minute.
    """
    is_market_exit = order.role is OrderRole.EXIT and order.order_type is OrderType.MARKET
    has_failed = order.state in {OrderState.REJECTED, OrderState.EXPIRED} and not order.filled_quantity
    return is_market_exit and has_failed


def _has_waited(pair: PairOrders, memory: PairMemory, order: Order, time: datetime) -> bool:
    """True if a passive exit has had its time, or the stop that it needs beside it does not come.

    It has had its time when the run is being stopped: nobody would follow it with a market order.
    """
    is_urgent = any(one.order_type is OrderType.MARKET for one in pair.working(OrderRole.EXIT))
    if pair.is_ending or is_urgent:
        return True
    if order.sent_time is None:
        return time - memory.first_looks.setdefault(order.client_order_id, time) >= STOP_AWAITED
    waited = (time - order.sent_time).total_seconds()
    step = exit_step(waited, float(order.remaining), pair.parameters, is_refused=False)
    return step is OrderStep.SEND_MARKET


def _plan_market(pair: PairOrders, position: Position, reason: ReasonCode, time: datetime) -> None:
    """A market order for what is still held."""
    touch = (position.entry_price, position.entry_price)
    plan = exit_order(
        pair.key(position.decision_time),
        position.direction,
        position.quantity,
        ExitUrgency.URGENT,
        touch,
        pair.spec.filters,
        pair.attempt(OrderRole.EXIT),
    )
    pair.plan(plan, position.decision_time, position.entry_price, time, reason)


def _reason(pair: PairOrders, orders: list[Order]) -> ReasonCode:
    """Why the position is left: as the newest exit says."""
    exits = [one for one in [*pair.working(OrderRole.EXIT), *orders] if one.role is OrderRole.EXIT]
    reasons = [one.reason_code for one in exits if one.reason_code is not None]
    return reasons[-1] if reasons else ReasonCode.UNPROTECTED


def may_send(pair: PairOrders, memory: PairMemory, order: Order, time: datetime) -> bool:
    """Whether an exit may go out now: alone in the book, and not while the position itself is in doubt.

    One that rests there goes out only beside a stop that closes the position whatever rests.
    """
    if order.order_type is not OrderType.MARKET and not protection.may_rest(pair, memory):
        return False
    if memory.doubted_at is not None or not memory.may("exit", "", time):
        return False
    others = [one for one in pair.working(OrderRole.EXIT) if one is not order and one.sent_time is not None]
    return not others
