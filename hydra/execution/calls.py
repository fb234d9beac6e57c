"""Which calls to the exchange are due, given the orders of a pair and what was heard of them.

Source: docs/architecture.md, "Live orders"; docs/architecture.md, law 5.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hydra.domain import OrderRole, OrderState, ReasonCode
from hydra.execution import exit_life, protection
from hydra.execution.news import PairMemory
from hydra.execution.order_life import has_fired, needs_answer
from hydra.execution.pair_orders import PairOrders
from hydra.trading.pair_state import Order

QUIET: Final = timedelta(seconds=2)
"""An order that may fill and of which nothing is heard for so long is asked for: the stream may be silent."""

LISTED_EVERY: Final = timedelta(seconds=10)
"""The stops of a position are proven again after so long."""

MEASURED_EVERY: Final = timedelta(seconds=30)
"""The exchange's own view of a position is asked for again after so long."""

_SOON: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Send:
    """Place the order; its row is committed."""

    order: Order


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel the order, and ask what became of it."""

    order: Order


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for the order by its id."""

    order: Order


@dataclass(frozen=True, slots=True)
class SetLeverage:
    """Set isolated margin and the leverage of the pair, before the order is sent."""

    order: Order
    leverage: int


@dataclass(frozen=True, slots=True)
class ListStops:
    """List the conditional orders of the pair that wait."""


@dataclass(frozen=True, slots=True)
class ListTrades:
    """List the trades since a time."""

    start: datetime


@dataclass(frozen=True, slots=True)
class AskPosition:
    """Ask for the position of the pair."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Ask for the best prices now."""


Call = Send | Cancel | Ask | SetLeverage | ListStops | ListTrades | AskPosition | Quote

_PROTECTING: Final = frozenset({OrderRole.STOP, OrderRole.EXIT})
_URGENCY: Final = (OrderRole.STOP, OrderRole.EXIT, OrderRole.TARGET, OrderRole.ENTRY)


def calls_of(pair: PairOrders, memory: PairMemory, time: datetime) -> list[Call]:
    """The calls that are due now, the most urgent first. Orders to send are marked as sent.

    One that was withdrawn before it was sent ends here.
    """
    found: list[Call] = []
    for order in sorted(pair.working(), key=lambda one: _URGENCY.index(one.role)):
        call = _sending(pair, memory, order, time) if order.sent_time is None else None
        if order.sent_time is not None and call is None:
            call = _following(pair, memory, order, time)
        if call is not None:
            found.append(call)
    return [*found, *_of_pair(pair, memory, time)]


def _sending(pair: PairOrders, memory: PairMemory, order: Order, time: datetime) -> Call | None:
    if order.is_withdrawn:
        order.enter(time, OrderState.CANCELED, detail={"sent": False})
        return None
    if not memory.may("send", order.client_order_id, time):
        return None
    if order.role is OrderRole.ENTRY:
        return _entering(pair, memory, order, time)
    if order.role is OrderRole.EXIT and not exit_life.may_send(pair, memory, order, time):
        return None
    # The exchange sets margin and leverage only while the pair has no orders: before the stop of an entry.
    is_early = pair.position is None and not any(one.sent_time for one in pair.working(OrderRole.ENTRY))
    if is_early and (pair.state.plan is None or memory.leverage != pair.wanted_leverage):
        return None
    return _send(memory, order, time)


def _entering(pair: PairOrders, memory: PairMemory, order: Order, time: datetime) -> Call | None:
    """Leverage, then the stop, then the entry; none before tables and exchange were compared."""
    if not pair.is_compared:
        return None
    complaint = pair.off_filters(order)
    if complaint is not None:
        detail = {"off_filters": complaint, "sent": False}
        order.enter(time, OrderState.CANCELED, ReasonCode.EXCHANGE_REFUSED, detail)
        return None
    wanted = pair.wanted_leverage
    if memory.leverage != wanted:
        return _paced(memory, "leverage", "", time, SetLeverage(order, wanted))
    return _send(memory, order, time) if protection.may_enter(pair, memory) else None


def _send(memory: PairMemory, order: Order, time: datetime) -> Send:
    """The row says that it was sent before it is."""
    memory.sending.add(order.client_order_id)
    memory.made("send", order.client_order_id, time)
    memory.made("ask", order.client_order_id, time)
    order.sent_time = time
    order.enter(time, order.state, detail={"sent": True})
    return Send(order)


def _following(pair: PairOrders, memory: PairMemory, order: Order, time: datetime) -> Call | None:
    """What is to be done about an order that was sent."""
    identity = order.client_order_id
    if order.state in {OrderState.PLANNED, OrderState.UNKNOWN}:
        return _unknown(pair, memory, order, time)
    if order.cancel_wanted_time is not None:
        return _paced(memory, "cancel", identity, time, Cancel(order))
    if _is_quiet(memory, order, time):
        return _paced(memory, "ask", identity, time, Ask(order))
    memory.succeeded("ask", identity)
    return None


def _unknown(pair: PairOrders, memory: PairMemory, order: Order, time: datetime) -> Call | None:
    """Nobody knows whether it is there: ask; if it never came, send the same again, or give it up.

    A call that is under way may still come, and an id works twice once its first order has ended. Only what
    protects something held without a stop does not wait for that: two of them cannot do more than one.
    """
    identity = order.client_order_id
    if identity in memory.sending:
        return None
    answer = memory.not_found.get(identity)
    if answer is not None and answer.time >= (order.sent_time or time):
        if order.cancel_wanted_time is not None and answer.is_final:
            order.enter(time, OrderState.CANCELED, detail={"at_exchange": "no such order"})
            return None
        can_go = order.cancel_wanted_time is None and memory.may("send", identity, time)
        if order.role is OrderRole.ENTRY:
            can_go = can_go and pair.is_compared and protection.may_enter(pair, memory)
        if can_go and (answer.is_final or _protects_now(pair, memory, order)):
            return _send(memory, order, time)
    return _paced(memory, "ask", identity, time, Ask(order))


def _protects_now(pair: PairOrders, memory: PairMemory, order: Order) -> bool:
    """True if something is held that, as the newest list shows, has no stop, and the order ends that."""
    if pair.position is None or memory.listed_at is None or order.role not in _PROTECTING:
        return False
    return protection.proven_stop(pair, memory) is None


def _is_quiet(memory: PairMemory, order: Order, time: datetime) -> bool:
    """True if the newest of an order is not known."""
    identity, heard = order.client_order_id, memory.heard_at.get(order.client_order_id)
    shown = memory.shown.get(identity)
    if shown is not None and needs_answer(shown):
        return True
    if not order.order_type.is_conditional or has_fired(order):
        return heard is None or time - heard >= QUIET
    is_missing = identity not in memory.listed and memory.listed_at is not None
    return is_missing and (heard is None or heard < (memory.listed_at or time))


def _of_pair(pair: PairOrders, memory: PairMemory, time: datetime) -> list[Call]:
    found: list[Call] = []
    if pair.held > 0 or pair.working():
        if memory.needs_trades:
            found += _optional(_paced(memory, "trades", "", time, ListTrades(_since(pair, time))))
        else:
            memory.succeeded("trades", "")
    if _must_list(pair, memory, time):
        found += _optional(_paced(memory, "list", "", time, ListStops()))
    else:
        memory.succeeded("list", "")
    if pair.position is not None:
        if _must_measure(pair, memory, time):
            found += _optional(_paced(memory, "position", "", time, AskPosition()))
        else:
            memory.succeeded("position", "")
    if memory.requote is not None and memory.quoted is None:
        found += _optional(_paced(memory, "quote", "", time, Quote()))
    else:
        memory.succeeded("quote", "")
    return found


def _must_measure(pair: PairOrders, memory: PairMemory, time: datetime) -> bool:
    """True if the newest view of the position is old, in doubt, or not what a passive exit needs."""
    shown = memory.position
    if memory.doubted_at is not None or shown is None or time - shown.time >= MEASURED_EVERY:
        return True
    is_waiting = any(one.sent_time is None for one in pair.passive_exits)
    return is_waiting and not protection.is_alone(pair, memory)


def _must_list(pair: PairOrders, memory: PairMemory, time: datetime) -> bool:
    """True if a stop of a position or an entry was taken and is not proven, or the newest list is old."""
    taken = [one for one in pair.working(*protection.GUARDS) if one.state is OrderState.OPEN]
    waiting = [one for one in taken if not has_fired(one)]
    if memory.listed_at is None or time - memory.listed_at >= LISTED_EVERY:
        return bool(waiting)
    stop = protection.covering(pair, OrderRole.STOP)
    return stop in waiting and not protection.is_proven(stop, memory)


def _since(pair: PairOrders, time: datetime) -> datetime:
    return min((one.placed_time for one in pair.working()), default=time) - _SOON


def _paced(memory: PairMemory, what: str, of: str, time: datetime, call: Call) -> Call | None:
    if not memory.may(what, of, time):
        return None
    memory.made(what, of, time)
    return call


def _optional(call: Call | None) -> list[Call]:
    return [] if call is None else [call]
