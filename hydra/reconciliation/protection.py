"""A position without a stop gets one at once, or is closed at market.

The order's row commits before the exchange is called.
Source: docs/exchange.md, "Reconciliation"; docs/architecture.md, law 5; C43, C45.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import psycopg

from hydra.db import queries
from hydra.domain import OrderRole, OrderState, OrderType, PositionEventKind, PositionState, ReasonCode
from hydra.errors import OrderRefusedError
from hydra.exchange.account import OrderSeen, TradingAccount
from hydra.layers.layer5_orders import DecisionKey, OrderPlan, market_exit_order, protective_orders
from hydra.reconciliation.rules import stop_is_behind
from hydra.reconciliation.sending import cancel, send
from hydra.trading.live_venue import lock_pairs, plan_of
from hydra.trading.pair_state import Order, PairState, Position, PositionEvent, planned_order
from hydra.trading.pair_state_rows import read_orders, read_pair_states, store_pair_states

KeyOfDecision = Callable[[int, datetime], DecisionKey]
"""See `Venue.key`."""


_NOT_ANSWERED: Final = frozenset({OrderState.PLANNED, OrderState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class PairAtRisk:
    """A pair of the run, its mark price (None: the exchange shows no position), and the exchange's time."""

    symbol: str
    instrument_id: int
    mark_price: Decimal | None
    time: datetime


@dataclass(frozen=True)
class Protection:
    """Places the stops of one run's positions on its account."""

    connection: psycopg.Connection
    run_id: int
    account: TradingAccount
    key: KeyOfDecision

    async def protect(self, pair: PairAtRisk) -> str:
        """Place a stop for all that is held, or close it at market; what was done, in words.

        Raises:
            OrderRefusedError: the close is refused too.
            RetryError, StopError, BadDataError: see `TradingAccount`.
        """
        planned = await asyncio.to_thread(self._plan_stop, pair)
        if planned is None:
            return await self.close(pair)
        plan, replaced = planned
        try:
            seen = await send(self.account, pair.symbol, plan)
        except OrderRefusedError as error:
            await asyncio.to_thread(self._enter, pair, plan, OrderState.REJECTED, str(error))
            return f"the stop was refused; {await self.close(pair)}"
        await asyncio.to_thread(self._take, pair, plan, seen)
        if replaced is not None:
            await self.withdraw(pair, [replaced])
        return f"a stop was placed at {plan.trigger_price}"

    async def close(self, pair: PairAtRisk, reason: ReasonCode = ReasonCode.UNPROTECTED) -> str:
        """Close what is held by a market order; what was done, in words. Raises: see `protect`."""
        planned = await asyncio.to_thread(self._plan_exit, pair, reason)
        if planned is None:
            return "nothing is held any more, or it is being closed"
        plan, others = planned
        # Reduce-only orders in the book count against the position, and an entry would open it again.
        await self.withdraw(pair, others)
        try:
            seen = await send(self.account, pair.symbol, plan)
        except OrderRefusedError as error:
            await asyncio.to_thread(self._enter, pair, plan, OrderState.REJECTED, str(error))
            raise
        await asyncio.to_thread(self._take, pair, plan, seen)
        return "the position was closed at market"

    async def withdraw(self, pair: PairAtRisk, orders: list[Order]) -> None:
        """Cancel orders of the run at the exchange, and in the tables where it did. Raises: see `cancel`."""
        for order in orders:
            client_id, is_conditional = order.client_order_id, order.order_type.is_conditional
            if await cancel(self.account, pair.symbol, client_id, is_conditional=is_conditional):
                await asyncio.to_thread(self._enter_cancelled, pair, order)

    # What the tables say, each in a transaction that holds the pair.

    def _held(self, pair: PairAtRisk) -> PairState:
        lock_pairs(self.connection, self.run_id, pair.instrument_id)
        states = read_pair_states(self.connection, self.run_id)
        return states.get(pair.instrument_id, PairState(pair.instrument_id))

    def _sent(self, pair: PairAtRisk, position: Position, role: OrderRole) -> int:
        """How many orders of a role the decision behind the position has led to."""
        values = {
            "run_id": self.run_id,
            "instrument_id": pair.instrument_id,
            "decision_time": position.decision_time,
        }
        rows = self.connection.execute(queries.load("execution/orders_sent"), values).fetchall()
        return next((int(number) for name, number in rows if name == role), 0)

    def _plan_stop(self, pair: PairAtRisk) -> tuple[OrderPlan, Order | None] | None:
        """The stop that is missing, and the smaller one that it replaces; None: it would fire at once."""
        with self.connection.transaction():
            state = self._held(pair)
            position = state.position
            if position is None or not position.stop_price:
                return None
            if stop_is_behind(position.direction, pair.mark_price, position.stop_price):
                return None
            if state.stop is not None and is_on_its_way(state.stop, position.quantity):
                state.stop.sent_time = pair.time
                state.stop.enter(pair.time, state.stop.state, detail={"sent": "again"})
                store_pair_states(self.connection, self.run_id, [state])
                return plan_of(state.stop), None
            key = self.key(pair.instrument_id, position.decision_time)
            exits = (position.stop_price, position.target_price)
            attempt = self._sent(pair, position, OrderRole.STOP)
            plan, _ = protective_orders(key, position.direction, position.quantity, exits, attempt)
            replaced = state.stop
            stop = planned_order(plan, key, position.stop_price, pair.time)
            stop.sent_time = pair.time
            state.add(stop)
            store_pair_states(self.connection, self.run_id, [state])
        return plan, replaced

    def _plan_exit(self, pair: PairAtRisk, reason: ReasonCode) -> tuple[OrderPlan, list[Order]] | None:
        """The market order that closes the position, and the exit and entry that have to go before it."""
        with self.connection.transaction():
            state = self._held(pair)
            position = state.position
            if position is None or position.quantity == 0 or _is_closing(state):
                return None
            key = self.key(pair.instrument_id, position.decision_time)
            sent = self._sent(pair, position, OrderRole.EXIT)
            plan = market_exit_order(key, position.direction, position.quantity, sent)
            others = [one for one in (state.exit, state.entry) if one is not None]
            position.state = PositionState.CLOSING
            checked = PositionEventKind.CHECKED
            position.events.append(PositionEvent(pair.time, checked, reason_code=reason))
            price = pair.mark_price or position.entry_price
            exit_order = planned_order(plan, key, price, pair.time, reason)
            exit_order.sent_time = pair.time
            state.add(exit_order)
            store_pair_states(self.connection, self.run_id, [state])
        return plan, others

    def _take(self, pair: PairAtRisk, plan: OrderPlan, seen: OrderSeen) -> None:
        """The exchange has the order; its fills are booked by the next comparison."""
        with self.connection.transaction():
            state = self._held(pair)
            order = self._one(state, plan.client_order_id)
            if order.state not in _NOT_ANSWERED:
                return
            order.exchange_order_id = str(seen.exchange_order_id)
            order.enter(pair.time, OrderState.OPEN, detail={"at_exchange": seen.state.value})
            if order.role is OrderRole.STOP and state.position is not None:
                state.position.protected(pair.time)
            store_pair_states(self.connection, self.run_id, [state])

    def _enter(self, pair: PairAtRisk, plan: OrderPlan, end: OrderState, words: str) -> None:
        with self.connection.transaction():
            state = self._held(pair)
            order = self._one(state, plan.client_order_id)
            order.enter(pair.time, end, ReasonCode.EXCHANGE_REFUSED, {"at_exchange": words})
            store_pair_states(self.connection, self.run_id, [state])

    def _enter_cancelled(self, pair: PairAtRisk, order: Order) -> None:
        with self.connection.transaction():
            state = self._held(pair)
            ended = self._one(state, order.client_order_id)
            if ended.is_working:
                ended.enter(pair.time, OrderState.CANCELED, detail={"at_exchange": "cancelled"})
                store_pair_states(self.connection, self.run_id, [state])

    def _one(self, state: PairState, client_id: str) -> Order:
        """An order of the run as it is in `state`, added to it if another one has its place."""
        for order in state.orders:
            if order.client_order_id == client_id:
                return order
        ((order, _),) = read_orders(self.connection, self.run_id, [client_id])
        state.ended.append(order)
        return order


def _is_closing(state: PairState) -> bool:
    """True if a market exit works: a second one would close what somebody else may hold."""
    own = state.exit
    return own is not None and own.order_type is OrderType.MARKET and not own.is_withdrawn


def is_on_its_way(stop: Order, quantity: Decimal) -> bool:
    """True if a stop for `quantity` was planned and its answer is not known: the same is sent again."""
    is_wanted = stop.cancel_wanted_time is None
    return is_wanted and stop.state in _NOT_ANSWERED and stop.quantity >= quantity
