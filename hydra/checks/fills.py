"""Two runs of the same minutes: where their fills differ, why, and whether each fill is one its bar allows.

Source: docs/architecture.md, law 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Final

from hydra.domain import OrderRole
from hydra.durations import MINUTE
from hydra.ledger.costs import PairCosts

ROOM_BPS: Final = Decimal(10)
"""Beyond spread and slippage of the cost model: for ticks, and for what an order itself moves."""

_BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class FillSeen:
    """A fill with its order. low, high: traded in its minute; None: no candle of it is stored."""

    base: str
    decision_time: datetime
    role: OrderRole
    is_buy: bool
    order_quantity: Decimal
    limit_price: Decimal | None
    time: datetime
    price: Decimal
    quantity: Decimal
    is_maker: bool
    evidence: str
    low: Decimal | None
    high: Decimal | None


def outside_its_bound(fill: FillSeen, costs: PairCosts) -> str:
    """Why the market does not allow a fill, in words; empty: it does.

    A resting order fills at its limit or better, and only if its minute traded there. A market order fills
    inside the traded range of its minute, with half the model's spread, its slippage and ROOM_BPS for room.
    """
    if fill.low is None or fill.high is None:
        return "no candle of its minute is stored"
    room = (costs.taker_spread_bps / 2 + costs.slippage_bps + ROOM_BPS) / _BPS
    lowest, highest = fill.low * (1 - room), fill.high * (1 + room)
    if not fill.is_maker:
        inside = lowest <= fill.price <= highest
        return "" if inside else f"not inside what its minute traded, {fill.low} to {fill.high}"
    if fill.limit_price is None:
        return "a maker's fill of an order without a limit"
    if fill.price > fill.limit_price if fill.is_buy else fill.price < fill.limit_price:
        return f"worse than its limit {fill.limit_price}"
    reached = fill.price >= lowest if fill.is_buy else fill.price <= highest
    return "" if reached else f"its minute did not trade there, only {fill.low} to {fill.high}"


class FillDifference(StrEnum):
    """How the fills of a decision in one role differ between two runs; the first that holds."""

    SAME = "same"
    NOT_FILLED = "not filled in one"
    PARTIAL = "partial fill"
    QUEUE = "queue position"
    TIME = "another minute"
    PRICE = "slippage model against book"


@dataclass(frozen=True, slots=True)
class FillsInRole:
    """All fills of one decision in one role. price: their average; time: of the first."""

    time: datetime
    price: Decimal
    quantity: Decimal
    maker_quantity: Decimal
    fills: int


@dataclass(frozen=True, slots=True)
class FilledPair:
    """What became of one decision in one role in two runs; None: nothing filled."""

    base: str
    decision_time: datetime
    role: OrderRole
    is_buy: bool
    one: FillsInRole | None
    other: FillsInRole | None

    @property
    def difference(self) -> FillDifference:
        """How the two differ."""
        if self.one is None or self.other is None:
            return FillDifference.NOT_FILLED
        if self.one.quantity != self.other.quantity:
            return FillDifference.PARTIAL
        if self.one.maker_quantity != self.other.maker_quantity:
            return FillDifference.QUEUE
        if abs(self.one.time - self.other.time) > MINUTE:
            both_rest = self.one.maker_quantity == self.one.quantity
            return FillDifference.QUEUE if both_rest else FillDifference.TIME
        return FillDifference.SAME if self.one.price == self.other.price else FillDifference.PRICE

    @property
    def time(self) -> datetime:
        """Of the first fill of either."""
        return min(filled.time for filled in (self.one, self.other) if filled is not None)

    @property
    def worse_bps(self) -> Decimal | None:
        """By how much the other's price is worse than the one's; None: one has no price."""
        if self.one is None or self.other is None:
            return None
        direction = 1 if self.is_buy else -1
        return direction * (self.other.price / self.one.price - 1) * _BPS

    @property
    def worse_usd(self) -> Decimal | None:
        """The same in USDT, on the quantity that both filled."""
        if self.one is None or self.other is None:
            return None
        direction = 1 if self.is_buy else -1
        return direction * (self.other.price - self.one.price) * min(self.one.quantity, self.other.quantity)


_Key = tuple[datetime, str, OrderRole, bool]


def pair_fills(one: Iterable[FillSeen], other: Iterable[FillSeen]) -> list[FilledPair]:
    """The fills of two runs side by side, by decision and role, in the order of the decisions."""
    ours, theirs = _filled(one), _filled(other)
    return [
        FilledPair(base, time, role, is_buy, ours.get(key), theirs.get(key))
        for key in sorted(ours.keys() | theirs.keys())
        for time, base, role, is_buy in [key]
    ]


def _filled(fills: Iterable[FillSeen]) -> dict[_Key, FillsInRole]:
    def key(fill: FillSeen) -> _Key:
        return fill.decision_time, fill.base, fill.role, fill.is_buy

    return {found: _sum(list(group)) for found, group in groupby(sorted(fills, key=key), key)}


def _sum(fills: Sequence[FillSeen]) -> FillsInRole:
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    return FillsInRole(
        time=min(fill.time for fill in fills),
        price=sum((fill.price * fill.quantity for fill in fills), Decimal(0)) / quantity,
        quantity=quantity,
        maker_quantity=sum((fill.quantity for fill in fills if fill.is_maker), Decimal(0)),
        fills=len(fills),
    )


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """What a run decided of a pair and minute: kind is the table, source the generator (or empty)."""

    base: str
    time: datetime
    kind: str
    source: str
    verdict: dict[str, object]


@dataclass(frozen=True, slots=True)
class VerdictDifference:
    """A verdict that differs; None: there is no such row."""

    base: str
    time: datetime
    kind: str
    source: str
    one: dict[str, object] | None
    other: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class ComparedVerdicts:
    """The verdicts of minutes of pairs that both runs assessed.

    later: risk decisions that differ from the first differing fill on: what is held, and the money, differ.
    """

    compared: int
    differing: list[VerdictDifference]
    later: list[VerdictDifference]


def compare_verdicts(
    one: Iterable[StoredVerdict], other: Iterable[StoredVerdict], fills_differ_from: datetime | None
) -> ComparedVerdicts:
    """Compare what both assessed. fills_differ_from: the first fill that differs; None: none does."""
    ours, theirs = ({(v.base, v.time, v.kind, v.source): v.verdict for v in side} for side in (one, other))
    both = _assessed(ours) & _assessed(theirs)
    keys = [
        key for key in sorted(ours.keys() | theirs.keys(), key=lambda key: (key[1], *key)) if key[:2] in both
    ]
    differing: list[VerdictDifference] = []
    later: list[VerdictDifference] = []
    for key in keys:
        if ours.get(key) != theirs.get(key):
            base, time, kind, source = key
            follows = kind == "risk_decisions" and fills_differ_from is not None
            is_later = follows and fills_differ_from is not None and time + MINUTE >= fills_differ_from
            found = VerdictDifference(base, time, kind, source, ours.get(key), theirs.get(key))
            (later if is_later else differing).append(found)
    return ComparedVerdicts(len(keys), differing, later)


def _assessed(verdicts: Iterable[tuple[str, datetime, str, str]]) -> set[tuple[str, datetime]]:
    return {(base, time) for base, time, kind, _ in verdicts if kind == "assessments"}
