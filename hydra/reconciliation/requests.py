"""Carries out what an operator asks for: take a position over, or close and cancel everything of a pair.

Source: docs/exchange.md, "Reconciliation"; C45, C47.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Final

import psycopg

from hydra.domain import OrderRole, OrderState, OrderType, ReasonCode, RequestVerb
from hydra.errors import OrderRefusedError, RetryError
from hydra.exchange.account import PositionSeen, TradingAccount
from hydra.layers.layer5_orders import OrderPlan
from hydra.reconciliation import records
from hydra.reconciliation.adoption import adopt, let_go
from hydra.reconciliation.protection import PairAtRisk, Protection
from hydra.reconciliation.sending import cancel, send
from hydra.reconciliation.snapshot import AccountSnapshot
from hydra.trading.operator_requests import OperatorRequest, RequestAnswer
from hydra.trading.parameters import Rules

_OPEN: Final = frozenset({OrderState.OPEN, OrderState.PARTIALLY_FILLED})


@dataclass(frozen=True)
class RequestsAtExchange:
    """Carries out the requests to one run."""

    connection: psycopg.Connection
    run_id: int
    rules: Rules
    account: TradingAccount
    protection: Protection

    async def carry_out(self, request: OperatorRequest, snapshot: AccountSnapshot) -> RequestAnswer:
        """Do what is asked; what came of it. snapshot: the account before it.

        Raises:
            StopError, BadDataError: see `TradingAccount`.
        """
        try:
            if request.verb is RequestVerb.FLATTEN:
                return await self._flatten(request, snapshot)
            return await self._adopt(request, snapshot)
        except (OrderRefusedError, RetryError) as error:
            return RequestAnswer(f"it was not done to its end: {error}", is_done=False)

    async def _adopt(self, request: OperatorRequest, snapshot: AccountSnapshot) -> RequestAnswer:
        held = _position(snapshot, request.symbol)
        gone = await asyncio.to_thread(let_go, self.connection, self.run_id, request, held, snapshot.time)
        if gone is not None:
            return gone
        if held is None or request.instrument_id is None:
            return RequestAnswer(
                f"{request.symbol} has no position that this run can take over: `hydra flatten` cancels its "
                "orders",
                is_done=False,
            )
        answer = await asyncio.to_thread(
            adopt, self.connection, self.run_id, self.rules, request, held, snapshot.time
        )
        if not answer.is_done:
            return answer
        pair = PairAtRisk(request.symbol, request.instrument_id, held.mark_price, snapshot.time)
        protected = await self.protection.protect(pair)
        cancelled = await self._cancel_unknown(request.symbol, snapshot)
        return RequestAnswer(f"{answer.words}; {protected}{cancelled}", is_done=True)

    async def _cancel_unknown(self, symbol: str, snapshot: AccountSnapshot) -> str:
        """Cancel the orders of a pair that HYDRA did not send: its own stop stands now."""
        shown = [one for one in snapshot.orders if one.symbol == symbol]
        ids = [one.client_order_id for one in shown]
        own = await asyncio.to_thread(records.known_ids, self.connection, self.run_id, ids)
        unknown = [one for one in shown if one.state in _OPEN and one.client_order_id not in own]
        for one in unknown:
            await cancel(self.account, symbol, one.client_order_id, is_conditional=one.is_conditional)
        return f"; orders cancelled that HYDRA did not send: {len(unknown)}" if unknown else ""

    async def _flatten(self, request: OperatorRequest, snapshot: AccountSnapshot) -> RequestAnswer:
        """Orders in the book first: they count against the position; then the position; stops last."""
        orders = [one for one in snapshot.orders if one.symbol == request.symbol and one.state in _OPEN]
        for one in orders:
            if not one.is_conditional:
                await cancel(self.account, one.symbol, one.client_order_id, is_conditional=False)
        held = _position(snapshot, request.symbol)
        if held is not None:
            await self._close(request, held, snapshot)
        for one in orders:
            if one.is_conditional:
                await cancel(self.account, one.symbol, one.client_order_id, is_conditional=True)
        left = next((one for one in await self.account.positions() if one.symbol == request.symbol), None)
        if left is not None:
            return RequestAnswer(f"{left.quantity} of {request.symbol} are still held", is_done=False)
        closed = "nothing was held" if held is None else f"a position of {held.quantity} was closed at market"
        words = f"{closed}, {len(orders)} orders were cancelled: {request.symbol} is flat"
        return RequestAnswer(words, is_done=True)

    async def _close(self, request: OperatorRequest, held: PositionSeen, snapshot: AccountSnapshot) -> None:
        """The run's own part by an order of the run, the rest by one that belongs to the request."""
        if request.instrument_id is not None:
            pair = PairAtRisk(request.symbol, request.instrument_id, held.mark_price, snapshot.time)
            await self.protection.close(pair, ReasonCode.FLATTENED)
        rest = next((one for one in await self.account.positions() if one.symbol == request.symbol), None)
        if rest is not None:
            await send(self.account, request.symbol, flattening_order(self.run_id, request, rest))


def flattening_order(run_id: int, request: OperatorRequest, held: PositionSeen) -> OrderPlan:
    """The market order that closes a position; the same request gives the same id."""
    digest = hashlib.sha256(f"{run_id}|{request.request_id}|{request.symbol}".encode()).hexdigest()[:24]
    return OrderPlan(
        f"hy-flat-{digest}",
        OrderRole.EXIT,
        OrderType.MARKET,
        is_buy=held.quantity < 0,
        quantity=abs(held.quantity),
        reduce_only=True,
    )


def _position(snapshot: AccountSnapshot, symbol: str) -> PositionSeen | None:
    return next((one for one in snapshot.positions if one.symbol == symbol), None)
