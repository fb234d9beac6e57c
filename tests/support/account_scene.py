"""An account of the simulated exchange in a market that a test moves by hand."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from hydra.exchange.instruments import load_instrument_terms
from hydra.sim.exchange.account.account import Account
from hydra.sim.exchange.account.market_view import MarketListener
from hydra.sim.exchange.account.records import ConditionalOrder, Order
from hydra.sim.exchange.account.requests import ConditionalRequest, OrderKey, OrderRequest
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.user_events import UserEvent
from hydra.sim.exchange.account.words import MarginType, OrderSide, OrderType, TimeInForce, WorkingType
from hydra.sim.exchange.books import Book, BookSide, Update
from hydra.sim.exchange.piece import TradeRow
from hydra.sim.exchange.sources import ListedPair, listed_pair

PAIRS: dict[str, ListedPair] = {
    terms.pair.exchange_symbol: listed_pair(terms) for terms in load_instrument_terms()
}
BTC, ETH = "BTCUSDT", "ETHUSDT"
START_MS = 1_750_000_000_000

Levels = Sequence[tuple[str, str]]


def a_book(time_ms: int, bids: Levels, asks: Levels) -> Book:
    """A book of (price, quantity), best first."""
    return Book(
        time_ms,
        BookSide([-float(price) for price, _ in bids], dict(bids)),
        BookSide([float(price) for price, _ in asks], dict(asks)),
    )


class Scene:
    """The market, the account in it, and what the account's stream has said. Every step takes a second."""

    def __init__(self, settings: AccountSettings | None = None, mark: str = "50000") -> None:
        self.now_ms = START_MS
        self.events: list[UserEvent] = []
        self._books: dict[str, Book] = {}
        self._marks = {BTC: Decimal(mark), ETH: Decimal(2_500)}
        self._last = dict(self._marks)
        self._listeners: dict[str, MarketListener] = {}
        self._trade_ids = count(1)
        self.account = Account(
            PAIRS,
            self,
            self.events.append,
            START_MS,
            settings or AccountSettings(leverage=10, margin_type=MarginType.ISOLATED),
        )
        self.new_book(
            [("49999.9", "1.000"), ("49999.0", "5.000")], [("50000.1", "1.000"), ("50001.0", "5.000")]
        )

    # What the account sees.

    def book(self, symbol: str) -> Book | None:
        return self._books.get(symbol)

    def mark_price(self, symbol: str) -> Decimal:
        return self._marks.get(symbol, Decimal(0))

    def last_price(self, symbol: str) -> Decimal:
        return self._last.get(symbol, Decimal(0))

    def wake(self, symbol: str, listener: MarketListener) -> None:
        assert symbol not in self._listeners
        self._listeners[symbol] = listener

    def let_sleep(self, symbol: str, listener: MarketListener) -> None:
        assert self._listeners.pop(symbol) is listener

    @property
    def awake(self) -> set[str]:
        """Of which symbols the account is told."""
        return set(self._listeners)

    # What the market does.

    def tick(self) -> int:
        """A second passes."""
        self.now_ms += 1_000
        return self.now_ms

    def trade(self, price: str, quantity: str, *, seller_takes: bool, symbol: str = BTC) -> None:
        """A trade of others."""
        row = TradeRow(
            self.tick(), next(self._trade_ids), price, quantity, seller_takes, float(price), float(quantity)
        )
        self._last[symbol] = Decimal(price)
        if symbol in self._listeners:
            self._listeners[symbol].on_trade(symbol, row)

    def new_book(self, bids: Levels, asks: Levels, symbol: str = BTC) -> None:
        """A whole new book."""
        book = a_book(self.tick(), bids, asks)
        self._books[symbol] = book
        if symbol in self._listeners:
            self._listeners[symbol].on_book(symbol, book)

    def depth(self, bids: Levels = (), asks: Levels = (), symbol: str = BTC) -> None:
        """Some levels change."""
        now_ms, old = self.tick(), self._books[symbol]
        for side, changes in ((old.bids, bids), (old.asks, asks)):
            side.levels.update(changes)
        self._books[symbol] = old._replace(time_ms=now_ms)
        if symbol in self._listeners:
            update = Update([list(one) for one in bids], [list(one) for one in asks])
            self._listeners[symbol].on_depth(symbol, now_ms, update)

    def mark(self, price: str, symbol: str = BTC) -> None:
        """A new mark price."""
        self._marks[symbol] = Decimal(price)
        now_ms = self.tick()
        if symbol in self._listeners:
            self._listeners[symbol].on_mark(symbol, now_ms, Decimal(price))

    def funding(self, rate: str, symbol: str = BTC) -> None:
        """Funding is settled at the mark."""
        now_ms = self.tick()
        if symbol in self._listeners:
            self._listeners[symbol].on_funding(symbol, now_ms, Decimal(rate), self._marks[symbol])

    # What the account does.

    def place(
        self,
        side: OrderSide,
        quantity: str,
        price: str | None = None,
        lasts: TimeInForce = TimeInForce.GTC,
        *,
        reduce_only: bool = False,
        client_id: str | None = None,
        symbol: str = BTC,
    ) -> Order:
        """Place a LIMIT order, or without a price a MARKET order."""
        request = OrderRequest(
            symbol,
            side,
            OrderType.MARKET if price is None else OrderType.LIMIT,
            Decimal(quantity),
            None if price is None else Decimal(price),
            lasts,
            reduce_only,
            client_id,
        )
        return self.account.place(request, self.tick())

    def buy(self, quantity: str, price: str | None = None, **terms: Any) -> Order:
        """See `place`."""
        return self.place(OrderSide.BUY, quantity, price, **terms)

    def sell(self, quantity: str, price: str | None = None, **terms: Any) -> Order:
        """See `place`."""
        return self.place(OrderSide.SELL, quantity, price, **terms)

    def cancel(self, order: Order) -> Order:
        """Cancel an order."""
        return self.account.cancel(OrderKey(order.symbol, order.order_id), self.tick())

    def stop(
        self,
        side: OrderSide,
        trigger: str,
        kind: OrderType = OrderType.STOP_MARKET,
        quantity: str | None = None,
        price: str | None = None,
        **terms: Any,
    ) -> ConditionalOrder:
        """Place a conditional order on the mark; without a quantity it closes the position."""
        asked = {"working_type": WorkingType.MARK_PRICE, "close_position": quantity is None, **terms}
        request = ConditionalRequest(
            BTC,
            side,
            kind,
            Decimal(trigger),
            None if quantity is None else Decimal(quantity),
            None if price is None else Decimal(price),
            **asked,
        )
        return self.account.place_conditional(request, self.tick())

    # What has become of it.

    @property
    def amount(self) -> Decimal:
        """The position in BTC."""
        return self.account.position(BTC).amount

    @property
    def balance(self) -> Decimal:
        """The wallet."""
        return self.account.store.wallet.balance_usd
