"""The market as the account sees it: what was sent so far, and the book that a fault shows to one order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from hydra.sim.exchange.account.market_view import MarketListener
from hydra.sim.exchange.account.words import OrderSide
from hydra.sim.exchange.books import Book, BookSide
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.pair_sender import PairSender

ShownBook = Callable[[Book], Book]
"""What a fault makes of a book."""


class MarketSeen:
    """The account's view of the played market."""

    def __init__(self, market: PlayedMarket) -> None:
        self._market = market
        self._shown: ShownBook | None = None
        self._jumped: dict[str, Decimal] = {}

    def _sender(self, symbol: str) -> PairSender:
        return self._market.senders[self._market.place[symbol]]

    def book(self, symbol: str) -> Book | None:
        """The order book after the last second that was sent."""
        book = self._sender(symbol).book_at(self._market.sent_ms)
        return book if book is None or self._shown is None else self._shown(book)

    def mark_price(self, symbol: str) -> Decimal:
        """The mark price of that second."""
        return self._jumped.get(symbol) or self._sender(symbol).exact_mark

    def last_price(self, symbol: str) -> Decimal:
        """The price of the last trade; 0 before the first."""
        trade = self._sender(symbol).last_trade
        return Decimal(trade.price) if trade else Decimal(0)

    def wake(self, symbol: str, listener: MarketListener) -> None:
        """From now on tell `listener` what happens in `symbol`."""
        self._sender(symbol).listener = listener

    def let_sleep(self, symbol: str, _listener: MarketListener) -> None:
        """Tell it no more."""
        self._sender(symbol).listener = None

    @contextmanager
    def showing(self, shown: ShownBook | None) -> Iterator[None]:
        """Let the account see other books meanwhile."""
        self._shown = shown
        try:
            yield
        finally:
            self._shown = None

    @contextmanager
    def at_mark(self, symbol: str, mark_price: Decimal) -> Iterator[None]:
        """Let the account see another mark price meanwhile."""
        self._jumped[symbol] = mark_price
        try:
            yield
        finally:
            del self._jumped[symbol]


def with_offer(book: Book, taker: OrderSide, quantity: Decimal) -> Book:
    """The book with no more than `quantity` for a taker.

    Its prices are written with a zero more: what was taken from these levels before does not count.
    """
    side = book.asks if taker is OrderSide.BUY else book.bids
    levels: dict[str, str] = {}
    for price, shown in side.levels.items():
        taken = min(Decimal(shown), quantity)
        if taken <= 0:
            break
        levels[f"{price}0" if "." in price else f"{price}.0"] = str(taken)
        quantity -= taken
    return _with_side(book, taker, BookSide(side.keys[: len(levels)], levels))


def with_best(book: Book, taker: OrderSide, price: str) -> Book:
    """The book with a level for a taker at `price`, in place of all it had."""
    level = BookSide([taker.sign * float(price)], {price: "1"})
    return _with_side(book, taker, level)


def _with_side(book: Book, taker: OrderSide, side: BookSide) -> Book:
    return book._replace(asks=side) if taker is OrderSide.BUY else book._replace(bids=side)
