"""What an account sees of the market of a pair when it acts, and how the market wakes it."""

from decimal import Decimal
from typing import Protocol

from hydra.sim.exchange.books import Book, Update
from hydra.sim.exchange.piece import TradeRow


class MarketView(Protocol):
    """The market at the moment of a request or an event."""

    def book(self, symbol: str) -> Book | None:
        """The order book now; None: the market has none."""

    def mark_price(self, symbol: str) -> Decimal:
        """The mark price now; 0 before the first."""

    def last_price(self, symbol: str) -> Decimal:
        """The price of the last trade; 0 before the first."""

    def wake(self, symbol: str, listener: "MarketListener") -> None:
        """From now on tell `listener` what happens in `symbol`."""

    def let_sleep(self, symbol: str, listener: "MarketListener") -> None:
        """Tell it no more."""


class MarketListener(Protocol):
    """Whom the market tells what happens, in its order, where it has something at stake."""

    def on_trade(self, symbol: str, trade: TradeRow) -> None:
        """A trade of others."""

    def on_depth(self, symbol: str, now_ms: int, update: Update) -> None:
        """Levels behind the best ones changed."""

    def on_book(self, symbol: str, book: Book) -> None:
        """A whole new order book."""

    def on_mark(self, symbol: str, now_ms: int, mark_price: Decimal) -> None:
        """A new mark price, which the view tells already."""

    def on_funding(self, symbol: str, now_ms: int, rate: Decimal, mark_price: Decimal) -> None:
        """Funding is settled."""
