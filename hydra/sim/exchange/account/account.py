"""The account: what it may be asked, and what the market tells it.

Everything happens in the order of the calls; events of the user stream are handed to `emit` in the order in
which they happen. Times are the exchange's, milliseconds; money is exact. What is refused raises `Refusal`,
whose codes are named in `refusals`, and changes nothing.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from hydra.durations import DAY_MS
from hydra.sim.exchange.account import account_terms, refusals
from hydra.sim.exchange.account.book_orders import BookOrders
from hydra.sim.exchange.account.conditional_orders import ConditionalOrders
from hydra.sim.exchange.account.liquidations import Liquidations
from hydra.sim.exchange.account.market_view import MarketView
from hydra.sim.exchange.account.records import ConditionalOrder, Income, Order, Position, UserTrade
from hydra.sim.exchange.account.requests import (
    ConditionalKey,
    ConditionalRequest,
    OrderChange,
    OrderKey,
    OrderRequest,
    Span,
)
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.store import AccountStore
from hydra.sim.exchange.account.user_events import UserEvent
from hydra.sim.exchange.account.words import MarginType, WorkingType
from hydra.sim.exchange.books import Book, Update
from hydra.sim.exchange.piece import TradeRow
from hydra.sim.exchange.sources import ListedPair

_UNFILLED_KEPT_MS: Final = 3 * DAY_MS
_KEPT_MS: Final = 90 * DAY_MS
"""So long queries find an ended order: without a fill, and with one. Trades are found as long."""


class Account:
    """One account in one-way mode, USDT. `store`: what it has, for answers."""

    def __init__(
        self,
        pairs: Mapping[str, ListedPair],
        market: MarketView,
        emit: Callable[[UserEvent], None],
        now_ms: int,
        settings: AccountSettings = AccountSettings(),  # noqa: B008  # frozen
    ) -> None:
        self.store = AccountStore(pairs, market, emit, now_ms, settings)
        self._book_orders = BookOrders(self.store)
        self._conditional = ConditionalOrders(self.store, self._book_orders)
        self._liquidations = Liquidations(self.store, self._book_orders)

    @property
    def settings(self) -> AccountSettings:
        """Those about behaviour may be replaced while it runs."""
        return self.store.settings

    @settings.setter
    def settings(self, settings: AccountSettings) -> None:
        self.store.settings = settings

    # Orders of the book.

    def place(self, request: OrderRequest, now_ms: int) -> Order:
        """POST order."""
        self.on_time(now_ms)
        order = self._book_orders.place(request)
        self._settle(request.symbol)
        return order

    def modify(self, change: OrderChange, now_ms: int) -> Order:
        """PUT order; see `BookOrders.modify`."""
        self.on_time(now_ms)
        order = self._book_orders.modify(change)
        self._settle(order.symbol)
        return order

    def cancel(self, key: OrderKey, now_ms: int) -> Order:
        """DELETE order. Raises -2011."""
        self.on_time(now_ms)
        order = self._book_orders.found(key, refusals.UNKNOWN_ORDER)
        if not order.is_open:
            raise refusals.UNKNOWN_ORDER
        self._book_orders.cancel(order)
        self._settle(order.symbol)
        return order

    def cancel_all(self, symbol: str, now_ms: int) -> list[Order]:
        """DELETE allOpenOrders: not the conditional ones."""
        self.on_time(now_ms)
        return self._cancel_all(symbol)

    def _cancel_all(self, symbol: str) -> list[Order]:
        cancelled = list(self.store.of(symbol).resting)
        for order in cancelled:
            self._book_orders.cancel(order)
        self._settle(symbol)
        return cancelled

    def count_down(self, symbol: str, countdown_ms: int, now_ms: int) -> None:
        """POST countdownCancelAll: cancel all then, unless called again before. 0: never."""
        self.on_time(now_ms)
        self.store.of(symbol)
        self.store.countdowns.pop(symbol, None)
        if countdown_ms:
            self.store.countdowns[symbol] = now_ms + countdown_ms

    def order(self, key: OrderKey, now_ms: int) -> Order:
        """GET order. Raises -2013, for orders that ended long ago too."""
        self.on_time(now_ms)
        order = self._book_orders.found(key, refusals.NO_SUCH_ORDER)
        if not order.is_open and not _is_kept(order.created_ms, bool(order.filled), now_ms):
            raise refusals.NO_SUCH_ORDER
        return order

    def open_order(self, key: OrderKey) -> Order:
        """GET openOrder. Raises -2013."""
        order = self._book_orders.found(key, refusals.NO_SUCH_ORDER)
        if not order.is_open:
            raise refusals.NO_SUCH_ORDER
        return order

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """GET openOrders, in the order of their ids."""
        found = self.store.open_orders() if symbol is None else self.store.of(symbol).resting
        return sorted(found, key=lambda order: order.order_id)

    def orders(self, symbol: str | None, span: Span, now_ms: int) -> list[Order]:
        """GET allOrders, in the order of their ids."""
        self.on_time(now_ms)
        found = [
            order
            for order in self.store.orders.values()
            if symbol in (None, order.symbol)
            and (order.is_open or _is_kept(order.created_ms, bool(order.filled), now_ms))
        ]
        return span.of(found, lambda order: (order.order_id, order.created_ms))

    # Conditional orders.

    def place_conditional(self, request: ConditionalRequest, now_ms: int) -> ConditionalOrder:
        """POST algoOrder."""
        self.on_time(now_ms)
        order = self._conditional.place(request)
        self._settle(request.symbol)
        return order

    def cancel_conditional(self, key: ConditionalKey, now_ms: int) -> ConditionalOrder:
        """DELETE algoOrder. Raises -2011."""
        self.on_time(now_ms)
        order = self._conditional.found(key, refusals.UNKNOWN_ORDER)
        if not order.is_open:
            raise refusals.UNKNOWN_ORDER
        self._conditional.cancel(order)
        self._settle(order.symbol)
        return order

    def cancel_all_conditional(self, symbol: str, now_ms: int) -> list[ConditionalOrder]:
        """DELETE algoOpenOrders."""
        self.on_time(now_ms)
        return self._cancel_all_conditional(symbol)

    def _cancel_all_conditional(self, symbol: str) -> list[ConditionalOrder]:
        cancelled = list(self.store.of(symbol).waiting.values())
        for order in cancelled:
            self._conditional.cancel(order)
        self._settle(symbol)
        return cancelled

    def conditional_order(self, key: ConditionalKey, now_ms: int) -> ConditionalOrder:
        """GET algoOrder. Raises -2013, for a living one too (`hides_living_conditional`)."""
        self.on_time(now_ms)
        order = self._conditional.found(key, refusals.NO_SUCH_ORDER)
        if order.is_open and self.settings.hides_living_conditional:
            raise refusals.NO_SUCH_ORDER
        if not order.is_open and not _is_kept(order.created_ms, order.child is not None, now_ms):
            raise refusals.NO_SUCH_ORDER
        return order

    def open_conditional_orders(self, symbol: str | None = None) -> list[ConditionalOrder]:
        """GET openAlgoOrders, in the order of their ids."""
        chosen = self.store.symbols.values() if symbol is None else [self.store.of(symbol)]
        found = [order for one in chosen for order in one.waiting.values()]
        return sorted(found, key=lambda order: order.algo_id)

    def conditional_orders(self, symbol: str | None, span: Span, now_ms: int) -> list[ConditionalOrder]:
        """GET allAlgoOrders, in the order of their ids."""
        self.on_time(now_ms)
        found = [
            order
            for order in self.store.conditional.values()
            if symbol in (None, order.symbol)
            and (order.is_open or _is_kept(order.created_ms, order.child is not None, now_ms))
        ]
        return span.of(found, lambda order: (order.algo_id, order.created_ms))

    # The account's settings and money.

    def set_leverage(self, symbol: str, leverage: int, now_ms: int) -> Decimal:
        """POST leverage; gives the largest notional that it allows, USDT."""
        self.on_time(now_ms)
        return account_terms.set_leverage(self.store, symbol, leverage)

    def set_margin_type(self, symbol: str, margin_type: MarginType, now_ms: int) -> None:
        """POST marginType."""
        self.on_time(now_ms)
        account_terms.set_margin_type(self.store, symbol, margin_type)

    def position(self, symbol: str) -> Position:
        """The position, flat or not, with leverage and margin type."""
        return self.store.of(symbol).position

    def trades(self, symbol: str | None, span: Span, order_id: int | None = None) -> list[UserTrade]:
        """GET userTrades, in the order of their ids."""
        oldest_ms = self.store.updated_ms - _KEPT_MS
        found = [
            trade
            for trade in self.store.trades
            if symbol in (None, trade.symbol)
            and order_id in (None, trade.order_id)
            and trade.time_ms > oldest_ms
        ]
        return span.of(found, lambda trade: (trade.trade_id, trade.time_ms))

    def incomes(self, symbol: str | None, kind: str | None, span: Span) -> list[Income]:
        """GET income, oldest first. kind: see `IncomeKind`."""
        oldest_ms = self.store.updated_ms - _KEPT_MS
        found = [
            income
            for income in self.store.wallet.incomes
            if symbol in (None, income.symbol) and kind in (None, income.kind) and income.time_ms > oldest_ms
        ]
        return span.of(found, lambda income: (income.transaction_id, income.time_ms))

    def auto_deleverage(self, symbol: str, now_ms: int) -> None:
        """Close the position by ADL, at the mark; nothing if it is flat."""
        self.on_time(now_ms)
        self._liquidations.auto_deleverage(symbol)
        self._settle(symbol)

    # What the market tells (`MarketListener`).

    def on_time(self, now_ms: int) -> None:
        """What is due by time alone: countdowns."""
        due = [(end_ms, symbol) for symbol, end_ms in self.store.countdowns.items() if end_ms <= now_ms]
        for end_ms, symbol in sorted(due):
            del self.store.countdowns[symbol]
            self.store.instant(end_ms)
            self._cancel_all(symbol)
            if self.settings.countdown_takes_conditional:
                self._cancel_all_conditional(symbol)
        self.store.instant(now_ms)

    def on_trade(self, symbol: str, trade: TradeRow) -> None:
        """See `MarketListener`."""
        self.on_time(trade.time_ms)
        self._book_orders.serve(self.store.of(symbol).resting.served_by_trade(trade))
        price = Decimal(trade.price)
        self._conditional.on_price(symbol, WorkingType.CONTRACT_PRICE, price, trade.time_ms)
        self._settle(symbol)

    def on_depth(self, symbol: str, now_ms: int, update: Update) -> None:
        """See `MarketListener`."""
        self.on_time(now_ms)
        one = self.store.of(symbol)
        one.liquidity.renew(update)
        one.resting.shortened_by(update)
        self._settle(symbol)

    def on_book(self, symbol: str, book: Book) -> None:
        """See `MarketListener`."""
        self.on_time(book.time_ms)
        one = self.store.of(symbol)
        one.liquidity.renew(None)
        self._book_orders.serve(one.resting.served_by_book(book))
        self._settle(symbol)

    def on_mark(self, symbol: str, now_ms: int, mark_price: Decimal) -> None:
        """See `MarketListener`. Conditional orders fire before a liquidation."""
        self.on_time(now_ms)
        self._conditional.on_price(symbol, WorkingType.MARK_PRICE, mark_price, now_ms)
        self._liquidations.on_mark(symbol)
        # A liquidation of cross positions touches other symbols.
        for name in (symbol, *self.store.awake):
            self._settle(name)

    def on_funding(self, symbol: str, now_ms: int, rate: Decimal, mark_price: Decimal) -> None:
        """See `MarketListener`."""
        self.on_time(now_ms)
        account_terms.settle_funding(self.store, symbol, rate, mark_price)

    def _settle(self, symbol: str) -> None:
        """What follows from what has happened in a symbol."""
        self._conditional.follow(symbol)
        self.store.listen(symbol, self)


def _is_kept(created_ms: int, has_fill: bool, now_ms: int) -> bool:
    """Whether queries still find an ended order."""
    return now_ms - created_ms < (_KEPT_MS if has_fill else _UNFILLED_KEPT_MS)
