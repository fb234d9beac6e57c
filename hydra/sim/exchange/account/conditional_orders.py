"""Conditional orders: they wait in a store of their own until their price comes, then enter the book.

NEW -> TRIGGERING -> TRIGGERED (the order exists, with the same client id) -> FINISHED; or CANCELED, EXPIRED,
REJECTED with a reason. Before the trigger neither margin nor position is looked at.
"""

from decimal import Decimal

from hydra.sim.exchange.account import refusals
from hydra.sim.exchange.account.book_orders import BookOrders
from hydra.sim.exchange.account.checks import check_client_id, check_conditional
from hydra.sim.exchange.account.records import ZERO, ConditionalOrder, Order
from hydra.sim.exchange.account.reports import tell_conditional
from hydra.sim.exchange.account.requests import ConditionalKey, ConditionalRequest, OrderRequest
from hydra.sim.exchange.account.store import AccountStore, SymbolStore
from hydra.sim.exchange.account.words import (
    CONDITIONAL_LIMIT_TYPES,
    ConditionalStatus,
    OrderType,
    TimeInForce,
    WorkingType,
)
from hydra.sim.exchange.refusals import Refusal
from hydra.sim.exchange.trading_rules import MOST_OPEN_ORDERS, TRIGGER_PROTECT

_STOPS = frozenset({OrderType.STOP, OrderType.STOP_MARKET})


class ConditionalOrders:
    """The conditional orders of an account."""

    def __init__(self, store: AccountStore, book_orders: BookOrders) -> None:
        self._store = store
        self._book_orders = book_orders

    def place(self, request: ConditionalRequest) -> ConditionalOrder:
        """Check and keep a conditional order.

        Raises:
            Refusal: that of the form and the filters, -4116, -4045, -2022, -4509, -4130, -2021.
        """
        store, one = self._store, self._store.of(request.symbol)
        if request.client_id is not None:
            check_client_id(request.client_id, "clientAlgoId")
        check_conditional(one.contract, request)
        waiting = [order for each in store.symbols.values() for order in each.waiting.values()]
        if any(order.client_id == request.client_id for order in waiting):
            raise refusals.CLIENT_ID_DUPLICATED
        if len(waiting) >= MOST_OPEN_ORDERS:
            raise refusals.TOO_MANY_CONDITIONAL
        is_early = request.reduce_only and not one.position.reducible_by(request.side)
        if is_early and store.settings.refuses_early_stops:
            raise refusals.REDUCE_ONLY_REJECTED
        if request.time_in_force is TimeInForce.GTE_GTC:
            _check_tied_to_position(one, request)
        order = self._made(one, request)
        if self._has_come(order, self._price(order)):
            raise refusals.WOULD_TRIGGER
        store.conditional[order.algo_id] = one.waiting[order.algo_id] = order
        tell_conditional(store, order)
        return order

    def _made(self, one: SymbolStore, request: ConditionalRequest) -> ConditionalOrder:
        algo_id, now_ms = self._store.next_id(), self._store.updated_ms
        return ConditionalOrder(
            algo_id=algo_id,
            client_id=request.client_id or f"auto-{algo_id}",
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            quantity=one.contract.quantity(request.quantity or ZERO),
            price=one.contract.price(request.price or ZERO),
            trigger_price=one.contract.price(request.trigger_price),
            working_type=request.working_type,
            price_protect=request.price_protect,
            close_position=request.close_position,
            reduce_only=request.reduce_only,
            created_ms=now_ms,
            updated_ms=now_ms,
        )

    # The trigger.

    def _price(self, order: ConditionalOrder) -> Decimal:
        """The price that it watches; 0: there is none yet."""
        market = self._store.market
        by_mark = order.working_type is WorkingType.MARK_PRICE
        return market.mark_price(order.symbol) if by_mark else market.last_price(order.symbol)

    @staticmethod
    def _has_come(order: ConditionalOrder, price: Decimal) -> bool:
        """A stop fires once the price has gone its side's way to the trigger, a take-profit the other way."""
        way = order.side.sign if order.type in _STOPS else -order.side.sign
        return price > 0 and way * (price - order.trigger_price) >= 0

    def on_price(self, symbol: str, working_type: WorkingType, price: Decimal, time_ms: int) -> None:
        """Fire what waits for this price. time_ms: of the price; what was placed later does not see it."""
        one = self._store.of(symbol)
        for order in list(one.waiting.values()):
            watches = order.working_type is working_type and time_ms > order.created_ms
            if watches and order.is_open and self._has_come(order, price) and not self._is_protected(order):
                self._trigger(one, order)

    def _is_protected(self, order: ConditionalOrder) -> bool:
        """With priceProtect it waits while mark and last price are far apart."""
        if not order.price_protect:
            return False
        mark, last = self._store.mark(order.symbol), self._store.market.last_price(order.symbol)
        return abs(last - mark) > mark * TRIGGER_PROTECT

    def _trigger(self, one: SymbolStore, order: ConditionalOrder) -> None:
        self._turn(order, ConditionalStatus.TRIGGERING)
        order.triggered_ms = order.updated_ms
        del one.waiting[order.algo_id]
        quantity = order.quantity
        if order.close_position:
            quantity = one.position.reducible_by(order.side)
            if not quantity:
                self._turn(order, ConditionalStatus.EXPIRED)
                return

        def accepted(child: Order) -> None:
            order.child = child
            one.working_children[order.algo_id] = order
            self._turn(order, ConditionalStatus.TRIGGERED)

        try:
            self._book_orders.enter(self._child(order, quantity), accepted, closes=order.close_position)
        except Refusal as refused:
            order.reject_reason = _words(refused.with_traceback(None))
            self._turn(order, ConditionalStatus.REJECTED)

    def _child(self, order: ConditionalOrder, quantity: Decimal) -> OrderRequest:
        is_limit = order.type in CONDITIONAL_LIMIT_TYPES
        lasts = TimeInForce.GTC if order.time_in_force is TimeInForce.GTE_GTC else order.time_in_force
        return OrderRequest(
            symbol=order.symbol,
            side=order.side,
            type=OrderType.LIMIT if is_limit else OrderType.MARKET,
            quantity=quantity,
            price=order.price if is_limit else None,
            time_in_force=lasts,
            reduce_only=order.reduce_only or order.close_position,
            client_id=order.client_id,
        )

    # Ends.

    def follow(self, symbol: str) -> None:
        """Finish what has become of an order that ended, and what was tied to a position that is gone."""
        one = self._store.of(symbol)
        for order in list(one.working_children.values()):
            if order.child is not None and not order.child.is_open:
                del one.working_children[order.algo_id]
                self._turn(order, ConditionalStatus.FINISHED)
        for order in list(one.waiting.values()):
            tied = order.time_in_force is TimeInForce.GTE_GTC
            if tied and not one.position.reducible_by(order.side):
                self._end(order, ConditionalStatus.EXPIRED)

    def cancel(self, order: ConditionalOrder) -> None:
        """End it by the account's will."""
        self._end(order, ConditionalStatus.CANCELED)

    def _end(self, order: ConditionalOrder, status: ConditionalStatus) -> None:
        del self._store.of(order.symbol).waiting[order.algo_id]
        self._turn(order, status)

    def _turn(self, order: ConditionalOrder, status: ConditionalStatus) -> None:
        order.status, order.updated_ms = status, self._store.updated_ms
        tell_conditional(self._store, order)

    def found(self, key: ConditionalKey, refused: Refusal) -> ConditionalOrder:
        """The order of a key; with a client's id the waiting one, else the newest that had it.

        Raises:
            Refusal: `refused`, if there is none.
        """
        if key.algo_id is not None:
            order = self._store.conditional.get(key.algo_id)
            if order is None:
                raise refused
            return order
        named = [order for order in self._store.conditional.values() if order.client_id == key.client_id]
        if not named:
            raise refused
        return next((order for order in named if order.is_open), named[-1])


def _check_tied_to_position(one: SymbolStore, request: ConditionalRequest) -> None:
    """GTE_GTC needs a position, and with closePosition no other of its kind.

    Raises:
        Refusal: -4509, -4130.
    """
    if not one.position.reducible_by(request.side):
        raise refusals.GTE_WITHOUT_POSITION
    for order in one.waiting.values():
        is_tied = order.time_in_force is TimeInForce.GTE_GTC and order.close_position
        if request.close_position and is_tied and (order.side, order.type) == (request.side, request.type):
            raise refusals.CLOSING_ORDER_EXISTS


def _words(refused: Refusal) -> str:
    """The exchange's words in a refusal."""
    return refused.body if isinstance(refused.body, str) else str(refused.body["msg"])
