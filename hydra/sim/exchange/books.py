"""From one order book to the next in depth updates, with the exchange's ids.

An update's last id is a function of its instant, so the REST snapshot and the stream agree by construction.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from hydra.durations import SECOND_MS

STEP_UPDATES: Final = 5
"""Updates from one book to the next: one a second."""
IDS_PER_SECOND: Final = 1_000

Change = list[str]
"""[price, quantity] as the exchange writes them; quantity "0" removes the level."""


class BookSide(NamedTuple):
    """One side of a book, best first: `keys` rise from the best on (asks: prices; bids: negative prices)."""

    keys: list[float]
    levels: dict[str, str]


class Book(NamedTuple):
    """A book of an instant, milliseconds since 1970."""

    time_ms: int
    bids: BookSide
    asks: BookSide


class Update(NamedTuple):
    """What changes, as a depth update lists it."""

    bids: list[Change]
    asks: list[Change]


def empty_book(instant_ms: int) -> Book:
    """A book without levels."""
    return Book(instant_ms, BookSide([], {}), BookSide([], {}))


def last_id(instant_ms: int) -> int:
    """The id of the update that is sent at this instant (whole seconds)."""
    return instant_ms // SECOND_MS * IDS_PER_SECOND


def first_id(instant_ms: int) -> int:
    """The first id of that update: as on the real exchange not the one after the previous last one."""
    second = instant_ms // SECOND_MS
    return last_id(instant_ms) - (second * 7_919) % (IDS_PER_SECOND - 1)


def previous_id(instant_ms: int) -> int:
    """The last id of the update a second before."""
    return last_id(instant_ms) - IDS_PER_SECOND


def side_of(
    prices: Sequence[float], quantities: Sequence[float], sign: int, digits: tuple[int, int]
) -> BookSide:
    """A side from floats, best first. sign: 1 asks, -1 bids. digits: decimals of price and quantity."""
    price_digits, quantity_digits = digits
    levels = {
        f"{price:.{price_digits}f}": f"{quantity:.{quantity_digits}f}"
        for price, quantity in zip(prices, quantities, strict=True)
    }
    return BookSide([sign * price for price in prices], levels)


def updates_between(before: Book, after: Book, count: int = STEP_UPDATES) -> list[Update]:
    """`count` updates that lead exactly from `before` to `after`, through books that never cross.

    The best levels change with the last update only: what is behind them changes before.
    """
    bids, asks = _split(before.bids, after.bids), _split(before.asks, after.asks)
    early = count - 1
    updates = [Update(bids[0][place::early], asks[0][place::early]) for place in range(early)]
    return [*updates, Update(bids[1], asks[1])]


def first_updates(first: Book, count: int = STEP_UPDATES) -> list[Update]:
    """The same from nothing to the market's first book, which is there with the first update.

    So a snapshot from before it, which is empty, has what follows too.
    """
    return updates_between(empty_book(first.time_ms), first, count)[::-1]


def _split(before: BookSide, after: BookSide) -> tuple[list[Change], list[Change]]:
    """The changes of one side that may come early, and those of the last update."""
    early: list[Change] = []
    late: list[Change] = []
    old, new = before.levels, after.levels
    best = next(iter(old), None)
    for price in old:
        if price not in new:
            (late if price == best else early).append([price, "0"])
    inside = bisect_left(after.keys, before.keys[0]) if before.keys else len(after.keys)
    for place, (price, quantity) in enumerate(new.items()):
        if old.get(price) != quantity:
            (late if place < inside or price == best else early).append([price, quantity])
    return early, late


def changed(before: Book, updates: Sequence[Update], instant_ms: int) -> Book:
    """The book after some updates, at an instant."""
    bids, asks = dict(before.bids.levels), dict(before.asks.levels)
    for update in updates:
        for levels, changes in ((bids, update.bids), (asks, update.asks)):
            for price, quantity in changes:
                if quantity == "0":
                    levels.pop(price, None)
                else:
                    levels[price] = quantity
    return Book(instant_ms, _ordered(bids, -1), _ordered(asks, 1))


def _ordered(levels: dict[str, str], sign: int) -> BookSide:
    keyed = sorted((sign * float(price), price) for price in levels)
    return BookSide([key for key, _ in keyed], {price: levels[price] for _, price in keyed})
