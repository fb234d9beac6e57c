"""What the book offers to a taker: its levels, less what the account has taken from them.

A level that was taken from stays so until the market tells of it again: a depth update that names it, or a
whole new book.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from hydra.sim.exchange.account.records import ZERO
from hydra.sim.exchange.account.words import OrderSide
from hydra.sim.exchange.books import Book, Update


class Offer(NamedTuple):
    """A level: its price as the book writes it, and what is left of it."""

    level: str
    price: Decimal
    quantity: Decimal


class Liquidity:
    """The levels of one symbol that were taken from."""

    def __init__(self) -> None:
        self._taken: dict[tuple[OrderSide, str], Decimal] = {}

    @property
    def is_whole(self) -> bool:
        """Nothing is taken."""
        return not self._taken

    def offers(self, book: Book | None, taker: OrderSide, limit: Decimal | None = None) -> Iterator[Offer]:
        """What a taker finds, best first, up to the price `limit`."""
        if book is None:
            return
        levels = (book.asks if taker is OrderSide.BUY else book.bids).levels
        for level, shown in levels.items():
            price = Decimal(level)
            if limit is not None and taker.sign * (price - limit) > 0:
                return
            left = Decimal(shown) - self._taken.get((taker, level), ZERO)
            if left > 0:
                yield Offer(level, price, left)

    def take(self, taker: OrderSide, offer: Offer, quantity: Decimal) -> None:
        """A taker has taken `quantity` of an offer."""
        place = (taker, offer.level)
        self._taken[place] = self._taken.get(place, ZERO) + quantity

    def renew(self, update: Update | None) -> None:
        """The market tells of its levels again: of some, or (None) of all."""
        if update is None:
            self._taken.clear()
            return
        for taker, changes in ((OrderSide.SELL, update.bids), (OrderSide.BUY, update.asks)):
            for level, _quantity in changes:
                self._taken.pop((taker, level), None)
