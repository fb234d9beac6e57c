"""The entry of a decision: post-only, quoted anew at most three times, given up after 120 seconds.

Source: layers document, "Entry Execution"; C41, C48.
"""

from datetime import datetime

from hydra.domain import OrderRefusal, OrderRole, OrderState, PositionState, ReasonCode
from hydra.execution.news import PairMemory, Quoted, Requote
from hydra.execution.pair_orders import PairOrders
from hydra.layers.layer5_execution import OrderStep, entry_step
from hydra.layers.layer5_orders import entry_order
from hydra.trading.pair_state import Order


def enter(pair: PairOrders, memory: PairMemory, ended: list[Order], time: datetime) -> None:
    """Withdraw entries whose time is over or that nobody wants any more; quote a refused one anew.

    ended: orders that ended in this look.
    """
    for order in pair.working(OrderRole.ENTRY):
        if pair.is_killed:
            pair.withdraw([order], time, ReasonCode.KILL_SWITCH)
        elif pair.is_ending:
            pair.withdraw([order], time)
        elif _step(pair, order, time, is_refused=False) is OrderStep.CANCEL:
            pair.withdraw([order], time, ReasonCode.ENTRY_TIMEOUT)
    for order in ended:
        if order.role is OrderRole.ENTRY and _was_too_late(order) and _may_requote(pair, order, time):
            memory.requote, memory.quoted = Requote(order, pair.entry_plan), None
    if memory.requote is not None and not _may_requote(pair, memory.requote.order, time):
        memory.requote = None
    if memory.requote is not None and memory.quoted is not None:
        _requote(pair, memory.requote, memory.quoted, time)
        memory.requote = None


def _was_too_late(order: Order) -> bool:
    """True if it was refused, or expired, because it would have taken liquidity."""
    if order.state is OrderState.EXPIRED:
        return order.cancel_wanted_time is None
    detail = order.events[-1].detail if order.events else {}
    return order.state is OrderState.REJECTED and detail.get("refusal") == OrderRefusal.WOULD_TAKE


def _may_requote(pair: PairOrders, order: Order, time: datetime) -> bool:
    position = pair.position
    is_leaving = position is not None and position.state is PositionState.CLOSING
    step = _step(pair, order, time, is_refused=True)
    return step is OrderStep.REQUOTE and not (is_leaving or pair.takes_no_entry or order.cancel_wanted_time)


def _step(pair: PairOrders, order: Order, time: datetime, *, is_refused: bool) -> OrderStep:
    """The wait counts from the decision, for all orders of it together."""
    waited = (time - order.decision_time).total_seconds()
    requotes = pair.attempt(OrderRole.ENTRY) - 1
    return entry_step(waited, float(order.remaining), requotes, pair.parameters, is_refused=is_refused)


def _requote(pair: PairOrders, requote: Requote, quoted: Quoted, time: datetime) -> None:
    """The rest of the refused entry at the best price of its side now."""
    if pair.working(OrderRole.ENTRY):
        return
    refused, pair.state.plan = requote.order, requote.plan
    plan = entry_order(
        pair.key(refused.decision_time),
        1 if refused.is_buy else -1,
        refused.remaining,
        (quoted.best_bid, quoted.best_ask),
        pair.spec.filters,
        pair.attempt(OrderRole.ENTRY),
    )
    pair.plan(plan, refused.decision_time, refused.reference_price, time)
