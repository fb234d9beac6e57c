"""The account: what it may be asked, and what the market tells it. The only class that others use.

Everything happens in the order of the calls; events of the user stream are handed to `emit` in the order in
which they happen. Times are the exchange's, milliseconds; money is exact.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

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
from hydra.sim.exchange.account.user_events import UserEvent
from hydra.sim.exchange.account.words import MarginType
from hydra.sim.exchange.books import Book, Update
from hydra.sim.exchange.piece import TradeRow
from hydra.sim.exchange.refusals import Refusal
from hydra.sim.exchange.sources import ListedPair


class Account:
    """One account in one-way mode, USDT."""

    def __init__(
        self,
        pairs: Mapping[str, ListedPair],
        market: MarketView,
        emit: Callable[[UserEvent], None],
        now_ms: int,
        settings: AccountSettings = AccountSettings(),  # noqa: B008  # frozen
    ) -> None:
        self.settings = settings

    # Orders of the book.

    def place(self, request: OrderRequest, now_ms: int) -> Order:
        """POST order. Raises Refusal, whose code is named in `refusals`."""
        raise NotImplementedError

    def place_batch(self, requests: Sequence[OrderRequest], now_ms: int) -> list[Order | Refusal]:
        """POST batchOrders: one after the other."""
        raise NotImplementedError

    def modify(self, change: OrderChange, now_ms: int) -> Order:
        """PUT order: it joins the queue anew, but for a smaller quantity at its price."""
        raise NotImplementedError

    def cancel(self, key: OrderKey, now_ms: int) -> Order:
        """DELETE order. Raises -2011."""
        raise NotImplementedError

    def cancel_batch(self, keys: Sequence[OrderKey], now_ms: int) -> list[Order | Refusal]:
        """DELETE batchOrders."""
        raise NotImplementedError

    def cancel_all(self, symbol: str, now_ms: int) -> list[Order]:
        """DELETE allOpenOrders: not the conditional ones."""
        raise NotImplementedError

    def count_down(self, symbol: str, countdown_ms: int, now_ms: int) -> None:
        """POST countdownCancelAll: cancel all then, unless called again before. 0: never."""
        raise NotImplementedError

    def order(self, key: OrderKey, now_ms: int) -> Order:
        """GET order. Raises -2013."""
        raise NotImplementedError

    def open_order(self, key: OrderKey) -> Order:
        """GET openOrder. Raises -2013."""
        raise NotImplementedError

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """GET openOrders, in the order of their ids."""
        raise NotImplementedError

    def orders(self, symbol: str | None, span: Span, now_ms: int) -> list[Order]:
        """GET allOrders, in the order of their ids."""
        raise NotImplementedError

    # Conditional orders.

    def place_conditional(self, request: ConditionalRequest, now_ms: int) -> ConditionalOrder:
        """POST algoOrder. Raises Refusal."""
        raise NotImplementedError

    def cancel_conditional(self, key: ConditionalKey, now_ms: int) -> ConditionalOrder:
        """DELETE algoOrder. Raises -2011."""
        raise NotImplementedError

    def cancel_all_conditional(self, symbol: str, now_ms: int) -> list[ConditionalOrder]:
        """DELETE algoOpenOrders."""
        raise NotImplementedError

    def conditional_order(self, key: ConditionalKey, now_ms: int) -> ConditionalOrder:
        """GET algoOrder. Raises -2013, for a living one too (`hides_living_conditional`)."""
        raise NotImplementedError

    def open_conditional_orders(self, symbol: str | None = None) -> list[ConditionalOrder]:
        """GET openAlgoOrders."""
        raise NotImplementedError

    def conditional_orders(self, symbol: str | None, span: Span, now_ms: int) -> list[ConditionalOrder]:
        """GET allAlgoOrders."""
        raise NotImplementedError

    # The account's settings and money.

    def set_leverage(self, symbol: str, leverage: int, now_ms: int) -> Decimal:
        """POST leverage; gives the largest notional that it allows, USDT."""
        raise NotImplementedError

    def set_margin_type(self, symbol: str, margin_type: MarginType, now_ms: int) -> None:
        """POST marginType."""
        raise NotImplementedError

    def transfer(self, amount_usd: Decimal, now_ms: int) -> None:
        """Money in (positive) or out."""
        raise NotImplementedError

    def position(self, symbol: str) -> Position:
        """The position, flat or not, with leverage and margin type."""
        raise NotImplementedError

    def trades(self, symbol: str | None, span: Span, order_id: int | None = None) -> list[UserTrade]:
        """GET userTrades."""
        raise NotImplementedError

    def incomes(self, symbol: str | None, kind: str | None, span: Span) -> list[Income]:
        """GET income."""
        raise NotImplementedError

    def auto_deleverage(self, symbol: str, now_ms: int) -> None:
        """Close the position by ADL, at the mark."""
        raise NotImplementedError

    def on_time(self, now_ms: int) -> None:
        """What is due by time alone: countdowns. Call it before a request and every second."""
        raise NotImplementedError

    # What the market tells (`MarketListener`).

    def on_trade(self, symbol: str, trade: TradeRow) -> None:
        """See `MarketListener`."""
        raise NotImplementedError

    def on_depth(self, symbol: str, now_ms: int, update: Update) -> None:
        """See `MarketListener`."""
        raise NotImplementedError

    def on_book(self, symbol: str, book: Book) -> None:
        """See `MarketListener`."""
        raise NotImplementedError

    def on_mark(self, symbol: str, now_ms: int, mark_price: Decimal) -> None:
        """See `MarketListener`."""
        raise NotImplementedError

    def on_funding(self, symbol: str, now_ms: int, rate: Decimal, mark_price: Decimal) -> None:
        """See `MarketListener`."""
        raise NotImplementedError
