"""The local order book of one symbol: a snapshot and the updates after it, checked by their ids.

An update holds every change after `previous_id` up to `last_id`. So it continues the book if `previous_id`
is not beyond the book's last id, and is old if `last_id` is not beyond it: what the exchange prescribes
(after the snapshot U <= id <= u, then pu = the last u) follows from that, and two overlapping connections may
feed one book. Anything else is a gap: the book says so and gives no levels until a new snapshot. Updates that
come meanwhile are held and applied after it. Source: docs/exchange.md.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from math import inf
from typing import Final, NamedTuple

from hydra.exchange.messages import DepthSnapshot, DepthUpdate, Level

SNAPSHOT_LEVELS: Final = 1_000
"""The most levels that REST gives of a side; a side with fewer is whole."""

STORED_LEVELS: Final = 20
_LEVELS_IN_RESERVE: Final = 100
_HELD_UPDATES: Final = 1_000
"""Bound of the memory: 100 s of updates; a snapshot that is older than all that are held is stale."""

_ANEW_US: Final = 10_000_000
"""An update with an old id that is so much later than the book is no repetition: the ids have begun anew."""


class BookFaultKind(StrEnum):
    """Why a book cannot go on.

    GAP: updates are missing. CROSSED: the best bid is not below the best ask. STALE_SNAPSHOT: the snapshot is
    older than the updates that are at hand.
    """

    GAP = "GAP"
    CROSSED = "CROSSED"
    STALE_SNAPSHOT = "STALE_SNAPSHOT"


class BookFault(NamedTuple):
    """The book was right up to `last_id` at `last_time_us`; what came then does not follow it."""

    symbol: str
    kind: BookFaultKind
    last_id: int
    last_time_us: int
    found_id: int
    found_time_us: int


class BookTop(NamedTuple):
    """The best levels of a book, best first: prices in quote units, quantities in base units."""

    time_us: int
    last_id: int
    bid_prices: list[float]
    bid_quantities: list[float]
    ask_prices: list[float]
    ask_quantities: list[float]


class OrderBook:
    """The book of `symbol`.

    last_id: everything up to this update is in the book; None: there is no book, `top` gives None.
    needs_snapshot: ask REST for one and give it to `restart`. It may be true while there is a book: when the
    price has left the range of the last snapshot, levels further out are not known.
    repeated_updates: how many came that were in the book already.
    """

    def __init__(self, symbol: str, snapshot_levels: int = SNAPSHOT_LEVELS) -> None:
        self.symbol = symbol
        self.last_id: int | None = None
        self.time_us = 0
        self.needs_snapshot = True
        self.repeated_updates = 0
        self._snapshot_levels = snapshot_levels
        self._held: deque[DepthUpdate] = deque(maxlen=_HELD_UPDATES)
        self._bids = _Side(1.0)
        self._asks = _Side(-1.0)

    def update(self, change: DepthUpdate) -> BookFault | None:
        """Apply `change`, or hold it while there is no book; what was found wrong, if anything."""
        is_held = self.needs_snapshot
        if is_held:
            self._held.append(change)
        if self.last_id is None:
            return None
        fault = self._apply(change)
        if fault is not None and fault.kind is BookFaultKind.GAP and not is_held:
            self._held.append(change)
        return fault

    def restart(self, snapshot: DepthSnapshot) -> BookFault | None:
        """Begin again at `snapshot`, then apply the held updates; what was found wrong, if anything.

        A stale snapshot changes nothing: `needs_snapshot` stays true, and a book that there was goes on.
        """
        later = sorted(
            (change for change in self._held if change.last_id > snapshot.last_id),
            key=lambda one: one.last_id,
        )
        newer = self._newer_than(snapshot, later)
        if newer is not None:
            kind, (found_id, found_us) = BookFaultKind.STALE_SNAPSHOT, newer
            return BookFault(self.symbol, kind, snapshot.last_id, snapshot.time_us, found_id, found_us)
        self._bids = _Side(1.0, snapshot.bids, self._snapshot_levels)
        self._asks = _Side(-1.0, snapshot.asks, self._snapshot_levels)
        self.last_id, self.time_us, self.needs_snapshot = snapshot.last_id, snapshot.time_us, False
        self._held.clear()
        if self._is_crossed():
            return self._stop(BookFaultKind.CROSSED, snapshot.last_id, snapshot.time_us)
        return self._continue_with(later)

    def stop(self) -> None:
        """Forget the book: its connection is lost, so what follows may not be heard."""
        self._held.clear()
        self._forget()

    def _forget(self) -> None:
        self.last_id, self.needs_snapshot = None, True
        self._bids, self._asks = _Side(1.0), _Side(-1.0)

    def top(self, levels: int = STORED_LEVELS) -> BookTop | None:
        """The best `levels` of each side, or fewer where no more are known; None while there is no book."""
        if self.last_id is None:
            return None
        if self._bids.is_short() or self._asks.is_short():
            self.needs_snapshot = True
        return BookTop(self.time_us, self.last_id, *self._bids.best(levels), *self._asks.best(levels))

    def bids(self) -> dict[float, float]:
        """Quantities by price of every bid that is known; empty while there is no book."""
        return dict(self._bids.quantities)

    def asks(self) -> dict[float, float]:
        """The same of the asks."""
        return dict(self._asks.quantities)

    def _newer_than(self, snapshot: DepthSnapshot, later: list[DepthUpdate]) -> tuple[int, int] | None:
        """Id and time of what `snapshot` is too old for; None if it can be used."""
        if later and later[0].previous_id > snapshot.last_id:
            return later[0].previous_id, later[0].time_us
        is_refreshed = self.needs_snapshot and self.last_id is not None
        if is_refreshed and not later and snapshot.last_id < (self.last_id or 0):
            return self.last_id or 0, self.time_us
        return None

    def _continue_with(self, changes: list[DepthUpdate]) -> BookFault | None:
        for number, change in enumerate(changes):
            fault = self._apply(change)
            if fault is not None:
                self._held.extend(
                    changes[number:] if fault.kind is BookFaultKind.GAP else changes[number + 1 :]
                )
                return fault
        return None

    def _apply(self, change: DepthUpdate) -> BookFault | None:
        last_id = self.last_id
        is_anew = change.time_us - self.time_us > _ANEW_US
        if last_id is None or (change.last_id <= last_id and not is_anew):
            self.repeated_updates += 1
            return None
        if change.previous_id > last_id or change.last_id <= last_id:
            return self._stop(BookFaultKind.GAP, change.previous_id, change.time_us)
        self._bids.apply(change.bids)
        self._asks.apply(change.asks)
        if self._is_crossed():
            return self._stop(BookFaultKind.CROSSED, change.last_id, change.time_us)
        self.last_id, self.time_us = change.last_id, change.time_us
        return None

    def _is_crossed(self) -> bool:
        bids, asks = self._bids.keys, self._asks.keys
        return bool(bids and asks and bids[-1] >= -asks[-1])

    def _stop(self, kind: BookFaultKind, found_id: int, found_time_us: int) -> BookFault:
        fault = BookFault(self.symbol, kind, self.last_id or 0, self.time_us, found_id, found_time_us)
        self._forget()
        return fault


class _Side:
    """Bids or asks. `keys` are the prices times `sign`, ascending, so that the best is the last of them."""

    __slots__ = ("keys", "quantities", "reach", "sign")

    def __init__(
        self, sign: float, levels: Iterable[Level] = (), snapshot_levels: int = SNAPSHOT_LEVELS
    ) -> None:
        self.sign = sign
        self.quantities = {price: quantity for price, quantity in levels if quantity}
        self.keys = sorted(price * sign for price in self.quantities)
        self.reach = self.keys[0] if len(self.keys) >= snapshot_levels else -inf

    def apply(self, levels: Iterable[Level]) -> None:
        sign, keys, quantities = self.sign, self.keys, self.quantities
        for price, quantity in levels:
            if quantity:
                if price not in quantities:
                    insort(keys, price * sign)
                quantities[price] = quantity
            elif quantities.pop(price, None) is not None:
                del keys[bisect_left(keys, price * sign)]

    def is_short(self) -> bool:
        """Whether few of the known levels are left within the range of the snapshot."""
        if self.reach == -inf:
            return False
        return len(self.keys) < _LEVELS_IN_RESERVE or self.keys[-_LEVELS_IN_RESERVE] < self.reach

    def best(self, levels: int) -> tuple[list[float], list[float]]:
        keys = self.keys[-levels:]
        known = keys[bisect_left(keys, self.reach) :]
        prices = [key * self.sign for key in reversed(known)]
        return prices, [self.quantities[price] for price in prices]
