"""Orders of the book: they are placed, matched, modified, cancelled; a fill changes position and wallet."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from hydra.sim.exchange.account import margins, refusals
from hydra.sim.exchange.account.checks import (
    check_client_id,
    check_limit_price,
    check_notional,
    check_order,
    check_quantity,
)
from hydra.sim.exchange.account.liquidity import Offer
from hydra.sim.exchange.account.position_changes import add_fill
from hydra.sim.exchange.account.records import ZERO, Order, UserTrade
from hydra.sim.exchange.account.reports import tell_account, tell_order
from hydra.sim.exchange.account.requests import OrderChange, OrderKey, OrderRequest
from hydra.sim.exchange.account.resting_orders import Match
from hydra.sim.exchange.account.store import AccountStore, SymbolStore
from hydra.sim.exchange.account.wallet import usd
from hydra.sim.exchange.account.words import (
    ExecutionType,
    ExpiryReason,
    IncomeKind,
    OrderStatus,
    OrderType,
    TimeInForce,
    UpdateReason,
)
from hydra.sim.exchange.refusals import Refusal
from hydra.sim.exchange.trading_rules import MARKET_BOUND, MOST_CHANGES, MOST_OPEN_ORDERS


class BookOrders:
    """The orders of an account that are or were in the book."""

    def __init__(self, store: AccountStore) -> None:
        self._store = store

    # Placing.

    def place(self, request: OrderRequest) -> Order:
        """Check and enter an order.

        Raises:
            Refusal: why it is refused.
        """
        one = self._store.of(request.symbol)
        if request.client_id is not None:
            check_client_id(request.client_id, "newClientOrderId")
        check_order(one.contract, request, self._store.mark(request.symbol))
        if any(order.client_id == request.client_id for order in self._store.open_orders()):
            raise refusals.CLIENT_ID_DUPLICATED
        if len(one.resting) >= MOST_OPEN_ORDERS:
            raise refusals.TOO_MANY_ORDERS
        return self.enter(request)

    def enter(
        self, request: OrderRequest, accepted: Callable[[Order], None] | None = None, *, closes: bool = False
    ) -> Order:
        """Enter an order that satisfies the filters, if position and margin allow it.

        accepted: called with the order before it works. closes: it closes the position, whatever rests.

        Raises:
            Refusal: -2022, -4118, -2027, -2019, -4131, -5021, -5022.
        """
        one = self._store.of(request.symbol)
        if request.reduce_only:
            _check_reduce_only(one, request, closes=closes)
        else:
            self._check_margin(one, request)
        order = self._made(one, request, closes=closes)
        crosses = next(self._offers(one, order), None) is not None
        if order.type is OrderType.MARKET:
            self._check_counterparty(one, order)
        if order.time_in_force is TimeInForce.FOK and not self._fills_at_once(one, order):
            raise refusals.FOK_UNFILLABLE
        if order.time_in_force is TimeInForce.GTX and crosses and self._store.settings.refuses_post_only:
            raise refusals.POST_ONLY_WOULD_TRADE
        self._store.add_order(order)
        if accepted is not None:
            accepted(order)
        tell_order(self._store, order, ExecutionType.NEW)
        self._work(one, order)
        return order

    def _made(self, one: SymbolStore, request: OrderRequest, *, closes: bool) -> Order:
        order_id, now_ms = self._store.next_id(), self._store.updated_ms
        is_limit = request.type is OrderType.LIMIT
        return Order(
            order_id=order_id,
            client_id=request.client_id or f"auto-{order_id}",
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force if is_limit else TimeInForce.GTC,
            quantity=one.contract.quantity(request.quantity),
            price=ZERO if request.price is None else one.contract.price(request.price),
            reduce_only=request.reduce_only,
            close_position=closes,
            created_ms=now_ms,
            updated_ms=now_ms,
            filled=one.contract.quantity(ZERO),
        )

    def _check_margin(self, one: SymbolStore, request: OrderRequest, instead_of: Order | None = None) -> None:
        price = request.price or margins.assumed_price(self._store, request.symbol, request.side)
        resting = sum(
            order.open_quantity
            for order in one.resting.of_side(request.side)
            if not order.reduce_only and order is not instead_of
        )
        reached = one.position.amount + request.side.sign * (resting + request.quantity)
        grows = abs(reached) > abs(one.position.amount)
        if grows and abs(reached) * price > one.contract.largest_notional(one.position.leverage):
            raise refusals.POSITION_TOO_LARGE
        cost = margins.cost_of_order(self._store, one, request.side, request.quantity, price, instead_of)
        if cost > 0 and cost > margins.available(self._store):
            raise refusals.MARGIN_INSUFFICIENT

    def _limit(self, one: SymbolStore, order: Order) -> Decimal | None:
        """The worst price at which an order may take."""
        if order.type is not OrderType.MARKET:
            return order.price
        mark = self._store.mark(one.contract.symbol)
        return mark * (1 + order.side.sign * MARKET_BOUND) if mark else None

    def _offers(self, one: SymbolStore, order: Order) -> Iterator[Offer]:
        return one.liquidity.offers(self._store.book(order.symbol), order.side, self._limit(one, order))

    def _check_counterparty(self, one: SymbolStore, order: Order) -> None:
        best = next(one.liquidity.offers(self._store.book(order.symbol), order.side), None)
        if best and next(self._offers(one, order), None) is None:
            raise refusals.NO_COUNTERPARTY_IN_BOUND

    def _fills_at_once(self, one: SymbolStore, order: Order) -> bool:
        return sum(offer.quantity for offer in self._offers(one, order)) >= order.quantity

    # Matching.

    def _work(self, one: SymbolStore, order: Order) -> None:
        """Match a new or changed order with the book; what is left rests or expires."""
        if order.time_in_force is TimeInForce.GTX and next(self._offers(one, order), None):
            self.expire(order, ExpiryReason.NONE)
            return
        for offer in self._offers(one, order):
            if not order.is_open:
                break
            before = order.filled
            self.fill(order, min(offer.quantity, order.open_quantity), offer.price, is_maker=False)
            one.liquidity.take(order.side, offer, order.filled - before)
        if not order.is_open:
            return
        if order.reduce_only and not one.position.reducible_by(order.side):
            self.expire(order, ExpiryReason.REDUCE_ONLY_KNOCKED_OUT)
        elif order.type is OrderType.MARKET:
            self.expire(order, ExpiryReason.MARKET_REST_UNFILLED)
        elif order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            self.expire(order, ExpiryReason.IOC_REST)
        else:
            one.resting.join(order, self._store.book(order.symbol), self._store.updated_ms)

    def serve(self, matches: Iterable[Match]) -> None:
        """Fill what the market serves."""
        for match in matches:
            self.fill(match.order, match.quantity, match.order.price, is_maker=True)

    def fill(
        self,
        order: Order,
        quantity: Decimal,
        price: Decimal,
        *,
        is_maker: bool,
        execution: ExecutionType = ExecutionType.TRADE,
    ) -> None:
        """Fill a part of an order; a reduce-only one as far as the position reaches, then it expires."""
        store, one = self._store, self._store.of(order.symbol)
        position = one.position
        if order.reduce_only:
            quantity = min(quantity, position.reducible_by(order.side))
            if not quantity:
                self.expire(order, ExpiryReason.REDUCE_ONLY_KNOCKED_OUT)
                return
        rate = store.fees.maker if is_maker else store.fees.taker
        if execution is ExecutionType.CALCULATED:
            rate = ZERO
        commission = usd(price * quantity * rate)
        realized = add_fill(position, order.side.sign * quantity, price)
        if position.amount:
            position.net_realized_usd -= commission
        position.updated_ms = order.updated_ms = store.updated_ms
        trade = UserTrade(
            store.next_id(), order.order_id, order.symbol, order.side, price, quantity, realized, commission,
            store.updated_ms, is_maker,
        )  # fmt: skip
        store.trades.append(trade)
        for kind, amount in ((IncomeKind.REALIZED_PNL, realized), (IncomeKind.COMMISSION, -commission)):
            store.wallet.book(kind, amount, store.updated_ms, order.symbol, str(trade.trade_id))
        order.filled += quantity
        order.filled_usd += price * quantity
        order.status = OrderStatus.PARTIALLY_FILLED if order.open_quantity else OrderStatus.FILLED
        if not order.is_open:
            one.resting.leave(order)
        tell_account(store, UpdateReason.ORDER, [order.symbol])
        tell_order(store, order, execution, trade)
        self._knock_out(one)

    def _knock_out(self, one: SymbolStore) -> None:
        """Expire reduce-only orders for which the position leaves nothing: first those served last."""
        for order_side in {order.side for order in one.resting if order.reduce_only}:
            left = one.position.reducible_by(order_side)
            for order in one.resting.of_side(order_side):
                if not order.reduce_only:
                    continue
                if left <= 0:
                    self.expire(order, ExpiryReason.REDUCE_ONLY_KNOCKED_OUT)
                left -= order.open_quantity

    # Ends.

    def expire(self, order: Order, reason: ExpiryReason) -> None:
        """End an order by the exchange's will."""
        order.expiry_reason = reason
        self._end(order, OrderStatus.EXPIRED, ExecutionType.EXPIRED)

    def cancel(self, order: Order) -> None:
        """End an order by the account's will."""
        self._end(order, OrderStatus.CANCELED, ExecutionType.CANCELED)

    def _end(self, order: Order, status: OrderStatus, execution: ExecutionType) -> None:
        order.status, order.updated_ms = status, self._store.updated_ms
        self._store.of(order.symbol).resting.leave(order)
        tell_order(self._store, order, execution)

    def found(self, key: OrderKey, refused: Refusal) -> Order:
        """The open order of a key, or with a client's id the newest one that had it.

        Raises:
            Refusal: `refused`, if there is none.
        """
        self._store.of(key.symbol)
        if key.order_id is not None:
            order = self._store.orders.get(key.order_id)
            if order is None or order.symbol != key.symbol:
                raise refused
            return order
        named = self._store.orders_by_client_id.get(key.client_id or "", [])
        of_symbol = [order for order in named if order.symbol == key.symbol]
        if not of_symbol:
            raise refused
        return next((order for order in of_symbol if order.is_open), of_symbol[-1])

    # Modification.

    def modify(self, change: OrderChange) -> Order:
        """Give an open LIMIT order another quantity and price.

        It joins the queue anew, but for a smaller quantity at its price. A quantity that is already filled
        cancels it, and so does a post-only order's price at which it would trade.

        Raises:
            Refusal: -2013, -5025, -5026, -5027, or as for a new order.
        """
        store, order = self._store, self.found(change.key, refusals.NO_SUCH_ORDER)
        one = store.of(order.symbol)
        if not order.is_open or order.side is not change.side:
            raise refusals.NO_SUCH_ORDER
        if order.type is not OrderType.LIMIT:
            raise refusals.ONLY_LIMIT_IS_CHANGED
        price = order.price if change.price is None else change.price
        if (change.quantity, price) == (order.quantity, order.price):
            raise refusals.NOTHING_TO_CHANGE
        if one.changes.get(order.order_id, 0) >= MOST_CHANGES:
            raise refusals.TOO_MANY_CHANGES
        self._check_change(one, order, change.quantity, price)
        one.changes[order.order_id] = one.changes.get(order.order_id, 0) + 1
        if change.quantity <= order.filled:
            self.cancel(order)
            return order
        keeps_place = price == order.price and change.quantity < order.quantity
        order.quantity, order.price = one.contract.quantity(change.quantity), one.contract.price(price)
        order.updated_ms = store.updated_ms
        if keeps_place:
            tell_order(store, order, ExecutionType.AMENDMENT)
            return order
        one.resting.leave(order)
        tell_order(store, order, ExecutionType.AMENDMENT)
        if order.time_in_force is TimeInForce.GTX and next(self._offers(one, order), None):
            self.cancel(order)
        else:
            self._work(one, order)
        return order

    def _check_change(self, one: SymbolStore, order: Order, quantity: Decimal, price: Decimal) -> None:
        check_quantity(one.contract, quantity, is_market=False)
        check_limit_price(one.contract, order.side, price, self._store.mark(order.symbol))
        check_notional(one.contract, quantity, price, reduce_only=order.reduce_only)
        left = max(ZERO, quantity - order.filled)
        wanted = OrderRequest(order.symbol, order.side, order.type, left, price)
        if order.reduce_only:
            _check_reduce_only(one, replace(wanted, reduce_only=True), instead_of=order)
        else:
            self._check_margin(one, wanted, instead_of=order)


def _check_reduce_only(
    one: SymbolStore, request: OrderRequest, *, closes: bool = False, instead_of: Order | None = None
) -> None:
    """A position to reduce, and not yet spoken for by other resting reduce-only orders.

    Raises:
        Refusal: -2022, -4118.
    """
    held = one.position.reducible_by(request.side)
    if not held:
        raise refusals.REDUCE_ONLY_REJECTED
    resting = sum(
        order.open_quantity
        for order in one.resting.of_side(request.side)
        if order.reduce_only and order is not instead_of
    )
    if resting and not closes and resting + request.quantity > held:
        raise refusals.REDUCE_ONLY_OVER_POSITION
