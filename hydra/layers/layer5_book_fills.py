"""Layer 5 on paper where trades and order books of the minute are recorded: the queue, the walk of the book.

A resting order joins the queue at its price behind all that the book shows there. Trades at the price, by
takers of the other side, serve the queue first, then the order; a trade beyond the price serves the order at
once. A later book that shows less than the queue shortens it to what it shows; any other cancellation is
taken to be behind the order: the field's risk-averse queue model, as in hftbacktest. A market order takes the
levels of the book, best first.
Source: C126; docs/practice.md, "Costs".
"""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Final, NamedTuple

from hydra.layers.layer4_filters import exact, floor_to

MOST_BOOK_AGE: Final = timedelta(seconds=10)
"""An older book says nothing of an instant: two of the recorded snapshots (5 s)."""


class RecordedBook(NamedTuple):
    """A recorded order book: prices in quote units, quantities in base units, best first."""

    time: datetime
    bid_prices: Sequence[float]
    bid_quantities: Sequence[float]
    ask_prices: Sequence[float]
    ask_quantities: Sequence[float]

    def side(self, *, is_buy: bool) -> tuple[Sequence[float], Sequence[float]]:
        """Prices and quantities of the bids or of the asks."""
        if is_buy:
            return self.bid_prices, self.bid_quantities
        return self.ask_prices, self.ask_quantities


class PublicTrade(NamedTuple):
    """A recorded trade. buyer_is_maker: the taker sold."""

    time: datetime
    price: float
    quantity: float
    buyer_is_maker: bool


class OrderFlow(NamedTuple):
    """The recorded books and trades of a pair around a minute, each in the order of time."""

    books: Sequence[RecordedBook]
    trades: Sequence[PublicTrade]

    def book_at(self, time: datetime) -> RecordedBook | None:
        """The last book by `time`; None where it is older than MOST_BOOK_AGE."""
        past = list(takewhile(lambda book: book.time <= time, self.books))
        return past[-1] if past and time - past[-1].time <= MOST_BOOK_AGE else None

    def book_after(self, time: datetime) -> RecordedBook | None:
        """The first book after `time`; None where none is recorded."""
        return next((book for book in self.books if book.time > time), None)


class QueueFill(NamedTuple):
    """A part of a resting order that a trade filled."""

    time: datetime
    quantity: Decimal


class RestingOrder(NamedTuple):
    """The fills of a resting order, and the base units ahead of it afterwards; None: not known."""

    fills: list[QueueFill]
    ahead: Decimal | None


def would_take(book: RecordedBook, limit_price: float, *, is_buy: bool) -> bool:
    """True if an order at `limit_price` would trade at once: the exchange refuses it as post-only (C41)."""
    prices, _ = book.side(is_buy=not is_buy)
    return len(prices) > 0 and (limit_price >= prices[0] if is_buy else limit_price <= prices[0])


def quantity_ahead(book: RecordedBook, limit_price: float, *, is_buy: bool) -> Decimal | None:
    """Base units that the book shows at the price of a resting order; None beyond its last recorded level.

    Formula: the displayed quantity at the limit price, 0 where the price has no level
    Source: docs/practice.md, "Costs"; C126.
    """
    prices, quantities = book.side(is_buy=is_buy)
    for price, quantity in zip(prices, quantities, strict=True):
        if price == limit_price:
            return exact(quantity)
    is_within = len(prices) > 0 and (limit_price > prices[-1] if is_buy else limit_price < prices[-1])
    return Decimal(0) if is_within else None


def rest_in_queue(
    flow: OrderFlow,
    limit_price: float,
    remaining: Decimal,
    ahead: Decimal | None,
    since: datetime,
    step_size: Decimal,
    *,
    is_buy: bool,
) -> RestingOrder:
    """What the trades after `since` fill of an order that rests at `limit_price`.

    ahead: base units before it in the queue. Where they are not known (None), trades at the price fill
    nothing until a book shows the level. Of one instant trades come before books.

    Formula: a trade beyond the limit: min(remaining, its quantity); at the limit: min(remaining, max(0, its
        quantity - ahead)), and ahead falls by it; a book: ahead = min(ahead, displayed quantity)
    Source: docs/practice.md, "Costs"; C126.
    """
    fills: list[QueueFill] = []
    for event in _events_after(flow, since):
        if isinstance(event, RecordedBook):
            shown = quantity_ahead(event, limit_price, is_buy=is_buy)
            if shown is not None:
                ahead = shown if ahead is None else min(ahead, shown)
            continue
        quantity = exact(event.quantity)
        if event.price < limit_price if is_buy else event.price > limit_price:
            ahead = Decimal(0)
        elif event.price != limit_price or event.buyer_is_maker != is_buy or ahead is None:
            continue
        served = min(ahead, quantity)
        ahead -= served
        filled = min(remaining, floor_to(quantity - served, step_size))
        if filled > 0:
            fills.append(QueueFill(event.time, filled))
            remaining -= filled
        if remaining == 0:
            break
    return RestingOrder(fills, ahead)


def _events_after(flow: OrderFlow, since: datetime) -> Iterator[RecordedBook | PublicTrade]:
    events: Iterator[RecordedBook | PublicTrade] = heapq.merge(
        flow.trades, flow.books, key=lambda one: one.time
    )
    return (event for event in events if event.time > since)


def walk_book(
    book: RecordedBook, quantity: Decimal, slippage_bps: Decimal, *, is_buy: bool
) -> Decimal | None:
    """The mean price of a market order that takes the levels of `book`; None where it shows none.

    What exceeds the recorded levels pays the last one and the model's slippage.

    Formula: sum(price x taken quantity) / quantity
    Source: docs/practice.md, "Costs"; C126.
    """
    prices, quantities = book.side(is_buy=not is_buy)
    left, cost = quantity, Decimal(0)
    for price, shown in zip(prices, quantities, strict=True):
        taken = min(left, exact(shown))
        cost += taken * exact(price)
        left -= taken
        if left == 0:
            return cost / quantity
    if not prices:
        return None
    worse = (1 if is_buy else -1) * slippage_bps / 10_000
    return (cost + left * exact(prices[-1]) * (1 + worse)) / quantity


def market_price(
    flow: OrderFlow, time: datetime, quantity: Decimal, slippage_bps: Decimal, *, is_buy: bool
) -> Decimal | None:
    """The price of a market order that arrives at `time`; None where no book says it.

    Books are recorded every few seconds: of the last one by then and the next one, the worse counts.

    Formula: the worse of `walk_book` over the last book by the arrival and over the next one
    Source: docs/practice.md, "Costs"; C126.
    """
    last, following = flow.book_at(time), flow.book_after(time)
    if last is None:
        return None
    walked = [
        walk_book(book, quantity, slippage_bps, is_buy=is_buy)
        for book in (last, following)
        if book is not None
    ]
    return _worst([price for price in walked if price is not None], is_buy=is_buy)


def _worst(prices: Sequence[Decimal], *, is_buy: bool) -> Decimal | None:
    if not prices:
        return None
    return max(prices) if is_buy else min(prices)


def triggering_trade(
    trades: Sequence[PublicTrade], level: float, since: datetime, *, is_above: bool
) -> PublicTrade:
    """The trade at which a stop or target is taken to fire, of `trades` (at least one).

    is_above: the barrier lies above the price. The mark says that it fires (C114); where only the mark
    reached the level, it is the trade nearest to it.

    Formula: the first trade from `since` on at the level or beyond, else the nearest to it
    Source: docs/practice.md, "Costs"; C114, C126.
    """
    later = [trade for trade in trades if trade.time >= since] or trades[-1:]
    sign = 1 if is_above else -1
    reached = (trade for trade in later if sign * (trade.price - level) >= 0)
    return next(reached, None) or max(later, key=lambda trade: sign * trade.price)
