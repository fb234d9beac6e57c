"""The account's resting orders of one symbol, in price-time priority, each with the queue before it.

An order joins behind all that the book shows at its price. Trades at the price, by takers of the other side,
serve the queue first, then the order. A trade beyond the price serves the order at once, up to its quantity.
A book or depth update that shows less than the queue shortens it to what it shows; other cancellations are
taken to be behind the order (the risk-averse queue model). Where the book does not reach as deep as the
price, the queue is what the price shows when it first appears. A book whose other side stands at the price or
beyond would have met the order first: it serves it, up to what it shows there. A trade serves only orders
that were there before it, and all of them together no more than its quantity.
"""

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from hydra.sim.exchange.account.liquidity import Liquidity
from hydra.sim.exchange.account.records import ZERO, Order
from hydra.sim.exchange.account.words import OrderSide
from hydra.sim.exchange.books import Book, BookSide, Update
from hydra.sim.exchange.piece import TradeRow

_SIDES: Final = (OrderSide.BUY, OrderSide.SELL)


class Match(NamedTuple):
    """A part of a resting order that the market serves, at the order's price."""

    order: Order
    quantity: Decimal


@dataclass(slots=True)
class Resting:
    """An order in the book. ahead: of others before it; None while the book does not show its level."""

    order: Order
    joined_ms: int
    number: int
    ahead: Decimal | None

    @property
    def level(self) -> str:
        """Its price as the book writes it."""
        return format(self.order.price, "f")

    @property
    def priority(self) -> tuple[Decimal, int]:
        """Smaller is served first."""
        return -self.order.side.sign * self.order.price, self.number

    def shorten(self, shown: Decimal) -> None:
        """The book shows so much at its price."""
        self.ahead = shown if self.ahead is None else min(self.ahead, shown)


class RestingOrders:
    """Orders of one symbol. Whoever takes a match fills the order before it asks for the next one."""

    def __init__(self, liquidity: Liquidity) -> None:
        self._sides: dict[OrderSide, list[Resting]] = {side: [] for side in _SIDES}
        self._liquidity = liquidity
        self._joined = 0

    def __len__(self) -> int:
        return sum(map(len, self._sides.values()))

    def __iter__(self) -> Iterator[Order]:
        """By side, then by priority."""
        return (resting.order for side in _SIDES for resting in list(self._sides[side]))

    def of_side(self, side: OrderSide) -> list[Order]:
        """The orders of a side, by priority."""
        return [resting.order for resting in self._sides[side]]

    def join(self, order: Order, book: Book | None, now_ms: int) -> None:
        """Queue an order."""
        self._joined += 1
        resting = Resting(order, now_ms, self._joined, None)
        if book is not None:
            resting.ahead = _shown(_side(book, order.side), resting)
        insort(self._sides[order.side], resting, key=lambda one: one.priority)

    def leave(self, order: Order) -> None:
        """Take an order out, if it is here."""
        side = self._sides[order.side]
        side[:] = [resting for resting in side if resting.order is not order]

    def ahead(self, order: Order) -> Decimal | None:
        """What is before an order; None: not known, or it is not here."""
        return next((one.ahead for one in self._sides[order.side] if one.order is order), None)

    def served_by_trade(self, trade: TradeRow) -> Iterator[Match]:
        """What a trade of others fills."""
        price, left = Decimal(trade.price), Decimal(trade.quantity)
        hit = OrderSide.BUY if trade.buyer_is_maker else OrderSide.SELL
        for side in _SIDES:
            for resting in list(self._sides[side]):
                beyond = side.sign * (resting.order.price - price)
                if beyond < 0 or left <= 0:
                    break
                came_later = trade.time_ms <= resting.joined_ms
                if came_later or (beyond == 0 and side is not hit) or not resting.order.is_open:
                    continue
                queue = resting.ahead or ZERO if beyond == 0 else ZERO
                resting.ahead = max(ZERO, queue - left)
                if left > queue:
                    before = resting.order.filled
                    yield Match(resting.order, min(left - queue, resting.order.open_quantity))
                    left -= resting.order.filled - before

    def shortened_by(self, update: Update) -> None:
        """Take in what a depth update shows at the prices of the orders."""
        for side, changes in ((OrderSide.BUY, update.bids), (OrderSide.SELL, update.asks)):
            if self._sides[side]:
                told = {level: quantity for level, quantity in changes}
                for resting in self._sides[side]:
                    if resting.level in told:
                        resting.shorten(Decimal(told[resting.level]))

    def served_by_book(self, book: Book) -> Iterator[Match]:
        """Take in a whole book; gives what its other side fills."""
        for side in _SIDES:
            for resting in list(self._sides[side]):
                shown = _shown(_side(book, side), resting)
                if shown is not None:
                    resting.shorten(shown)
                yield from self._met(resting.order, book)

    def _met(self, order: Order, book: Book) -> Iterator[Match]:
        for offer in self._liquidity.offers(book, order.side, order.price):
            if not order.is_open or not order.open_quantity:
                return
            before = order.filled
            yield Match(order, min(offer.quantity, order.open_quantity))
            self._liquidity.take(order.side, offer, order.filled - before)


def _side(book: Book, side: OrderSide) -> BookSide:
    return book.bids if side is OrderSide.BUY else book.asks


def _shown(side: BookSide, resting: Resting) -> Decimal | None:
    """What the book shows at the price of an order; None: it does not reach so deep."""
    levels: Mapping[str, str] = side.levels
    shown = levels.get(resting.level)
    if shown is not None:
        return Decimal(shown)
    own = -resting.order.side.sign * float(resting.order.price)
    return ZERO if not side.keys or own < side.keys[-1] else None
