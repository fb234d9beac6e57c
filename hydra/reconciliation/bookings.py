"""The tables follow the exchange: missed fills, ends of orders, and what others did to a position.

All of a pair is booked in one transaction that holds its orders and its position; what is booked already is
left out, so that a second time changes nothing.
Source: docs/exchange.md, "Reconciliation"; docs/architecture.md, law 5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

import psycopg

from hydra.db import queries
from hydra.domain import DifferenceKind, OrderRole, OrderState, OrderType, ReasonCode
from hydra.exchange.account import IncomeSeen, OrderSeen, TradeSeen
from hydra.reconciliation.differences import Difference
from hydra.reconciliation.rules import end_of, end_of_unknown
from hydra.reconciliation.snapshot import AccountSnapshot
from hydra.trading.exchange_trades import book_trade, fill_of
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.live_venue import lock_pairs
from hydra.trading.pair_state import EntryPlan, Order, PairState, Position
from hydra.trading.pair_state_rows import read_orders, read_pair_states, store_pair_states

INSURANCE: Final = "INSURANCE_CLEAR"
"""The kind of income by which the exchange takes the costs of a liquidation."""


@dataclass(frozen=True)
class PairBooking:
    """What of one pair is to be booked. trades: of the run's orders, by client id; orders: as shown.

    not_found: client ids that the exchange does not have, and when it said so. others: trades of orders that
    are not the run's and closed the position or a part of it; insurance: what a liquidation cost.
    """

    instrument_id: int
    trades: dict[str, list[TradeSeen]] = field(default_factory=dict)
    orders: dict[str, OrderSeen] = field(default_factory=dict)
    not_found: dict[str, datetime] = field(default_factory=dict)
    others: list[TradeSeen] = field(default_factory=list)
    insurance: list[IncomeSeen] = field(default_factory=list)

    @property
    def client_order_ids(self) -> list[str]:
        """The run's orders that are concerned."""
        return sorted({*self.trades, *self.orders, *self.not_found})


def bookings_of(differences: Iterable[Difference], snapshot: AccountSnapshot) -> list[PairBooking]:
    """What the differences that are to be booked say of each pair of the run."""
    found: dict[int, PairBooking] = {}
    trades = {(one.symbol, str(one.trade_id)): one for one in snapshot.trades}
    orders = {(one.client_order_id, one.is_conditional): one for one in snapshot.orders}
    held = [one for one in differences if one.instrument_id is not None]
    missed = {(one.symbol, one.subject) for one in held if one.kind is DifferenceKind.FILL_MISSED}
    for one in held:
        booking = found.setdefault(one.instrument_id or 0, PairBooking(one.instrument_id or 0))
        if one.kind is DifferenceKind.FILL_MISSED:
            own_id = one.shown("client_order_id")
            booking.trades.setdefault(own_id, []).append(trades[one.symbol, one.subject])
        elif one.kind is DifferenceKind.ORDER_NOT_FOUND:
            booking.not_found[one.subject] = snapshot.time
        elif one.kind is DifferenceKind.POSITION_CLOSED:
            others = (key for key in trades if key[0] == one.symbol and key not in missed)
            booking.others.extend(trades[key] for key in others)
            booking.insurance.extend(
                row for row in snapshot.income if row.kind == INSURANCE and row.symbol == one.symbol
            )
        else:
            booking.orders[one.subject] = orders[one.subject, one.shown("is_conditional")]
    return list(found.values())


def book(connection: psycopg.Connection, run_id: int, booking: PairBooking, spec: InstrumentSpec) -> None:
    """Book what is to be booked of a pair, inside the caller's transaction."""
    lock_pairs(connection, run_id, booking.instrument_id)
    state = read_pair_states(connection, run_id).get(booking.instrument_id, PairState(booking.instrument_id))
    found = _concerned(connection, run_id, state, booking)
    known = _booked_trades(connection, run_id, booking)
    for trade, client_id in _in_order(booking, known):
        order, plan = found[client_id]
        book_trade(state, order, plan, fill_of(trade, spec.costs), spec)
    for order, _ in found.values():
        _take_state(order, booking)
    taken = _close_by_others(
        state, [one for one in booking.others if str(one.trade_id) not in known], booking, run_id, spec
    )
    state.drop_ended()
    store_pair_states(connection, run_id, [state])
    if taken and state.position is not None:
        _note_insurance(connection, run_id, state.position, taken)


def _concerned(
    connection: psycopg.Connection, run_id: int, state: PairState, booking: PairBooking
) -> dict[str, tuple[Order, EntryPlan]]:
    """Its orders by client id: those that work as they are in `state`, the others added to it."""
    working = {one.client_order_id: one for one in state.orders}
    found = {}
    for order, plan in read_orders(connection, run_id, booking.client_order_ids):
        if order.client_order_id not in working:
            state.ended.append(order)
        found[order.client_order_id] = working.get(order.client_order_id, order), plan
    return found


def _booked_trades(connection: psycopg.Connection, run_id: int, booking: PairBooking) -> set[str]:
    wanted = [one for trades in booking.trades.values() for one in trades] + booking.others
    values = {
        "run_id": run_id,
        "instrument_id": booking.instrument_id,
        "trade_ids": [str(one.trade_id) for one in wanted],
    }
    return {row[0] for row in connection.execute(queries.load("reconcile/booked_trades"), values)}


def _in_order(booking: PairBooking, known: set[str]) -> list[tuple[TradeSeen, str]]:
    """The trades to be booked as they happened, with the client ids of their orders."""
    fresh = [
        (trade, client_id)
        for client_id, trades in booking.trades.items()
        for trade in trades
        if str(trade.trade_id) not in known
    ]
    return sorted(fresh, key=lambda one: (one[0].time, one[0].trade_id))


def _take_state(order: Order, booking: PairBooking) -> None:
    """Let an order be what the exchange says of it, once its trades are booked."""
    seen = booking.orders.get(order.client_order_id)
    if seen is not None:
        order.exchange_order_id = str(seen.exchange_order_id)
        order.child_order_id = None if seen.child_order_id is None else str(seen.child_order_id)
        state = end_of(order, seen)
        if state is None and order.state in {OrderState.PLANNED, OrderState.UNKNOWN}:
            state = OrderState.OPEN
        if state is not None:
            order.enter(seen.time, state, detail={"at_exchange": seen.state.value, "reason": seen.reason})
    elif order.client_order_id in booking.not_found and order.is_working:
        time = booking.not_found[order.client_order_id]
        order.enter(time, end_of_unknown(order), detail={"at_exchange": "not found"})


def _close_by_others(
    state: PairState, trades: Sequence[TradeSeen], booking: PairBooking, run_id: int, spec: InstrumentSpec
) -> list[IncomeSeen]:
    """Book trades of others' orders that closed the position or a part; the insurance is part of their fee.

    Returns the income that is in the fee.
    """
    position = state.position
    if position is None:
        return []
    is_buy = position.direction < 0
    exits = [one for one in trades if one.time >= position.opened_time]
    closed = sum((one.quantity for one in exits), Decimal(0))
    if not exits or closed > position.quantity or any(one.is_buy is not is_buy for one in exits):
        return []
    paid = [one for one in booking.insurance if one.time >= exits[0].time]
    reason = ReasonCode.LIQUIDATED if paid else ReasonCode.CLOSED_ELSEWHERE
    for exchange_order_id in dict.fromkeys(one.exchange_order_id for one in exits):
        own = [one for one in exits if one.exchange_order_id == exchange_order_id]
        order = _order_of_others(position, own, run_id, reason)
        state.ended.append(order)
        for trade in own:
            fill = fill_of(trade, spec.costs)
            if trade is exits[-1]:
                fill = replace(fill, fee_usd=fill.fee_usd - sum((one.amount for one in paid), Decimal(0)))
            order.fill(fill)
            position.reduce(fill, reason)
    return paid


def _order_of_others(
    position: Position, trades: Sequence[TradeSeen], run_id: int, reason: ReasonCode
) -> Order:
    first = trades[0]
    order = Order(
        instrument_id=position.instrument_id,
        client_order_id=f"exchange-{run_id}-{first.exchange_order_id}",
        decision_time=position.decision_time,
        role=OrderRole.EXIT,
        order_type=OrderType.MARKET,
        is_buy=first.is_buy,
        quantity=sum((one.quantity for one in trades), Decimal(0)),
        reference_price=first.price,
        placed_time=first.time,
        exchange_order_id=str(first.exchange_order_id),
    )
    order.enter(first.time, OrderState.OPEN, reason)
    return order


def _note_insurance(
    connection: psycopg.Connection, run_id: int, position: Position, paid: Sequence[IncomeSeen]
) -> None:
    values = {
        "run_id": run_id,
        "position_id": position.position_id,
        "kind": INSURANCE,
        "symbol": paid[0].symbol,
        "transaction_ids": [str(one.transaction_id) for one in paid],
    }
    connection.execute(queries.load("reconcile/book_income"), values)
