"""Layer 5 on paper: the one rule for every simulated fill. Stated and conservative (C126, C131).

Where a barrier lies on the mark price and the fill on traded prices:

- A bar without volume fills nothing. What was triggered in it waits for the next bar with volume.
- A market order fills at the open of the bar. A stop or a target fills at its level, or at the open where the
  bar opens beyond it; where the bar never traded at the level, at the traded price nearest to it.
- A resting order fills at its limit once the bar trades beyond it.
- A liquidated position leaves at the traded price nearest to its bankruptcy price, and never at a worse one:
  it loses its margin, no more.

Scalars only, so that the backtest's loop can compile the same functions. Direction is +1 LONG, -1 SHORT.
"""

from decimal import Decimal
from enum import IntEnum
from typing import Final, TypeVar

Price = TypeVar("Price", float, Decimal)

VOLUME_SHARE: Final = 0.10


class BarrierHit(IntEnum):
    """Which barrier of a position a bar touched."""

    NONE = 0
    STOP = 1
    TARGET = 2
    LIQUIDATION = 3


def trades_through(limit_price: float, bar_high: float, bar_low: float, *, is_buy: bool) -> bool:
    """True where the bar traded beyond a resting limit; a touch alone proves no fill (C126)."""
    return bar_low < limit_price if is_buy else bar_high > limit_price


def passive_fill(
    limit_price: float, remaining: float, bar_high: float, bar_low: float, bar_volume: float, *, is_buy: bool
) -> float:
    """Base units of a resting order that a later bar fills, at its limit price.

    Formula: min(remaining, 10% of the bar's volume) if the bar trades through the limit, else 0
    Source: docs/practice.md, "Costs"; C126.
    """
    if not trades_through(limit_price, bar_high, bar_low, is_buy=is_buy):
        return 0.0
    return min(remaining, bar_volume * VOLUME_SHARE)


def is_liquidated(direction: int, liquidation_price: float, mark: float) -> bool:
    """True where the mark stands at the liquidation price or beyond it; 0: out of reach."""
    return liquidation_price > 0 and _reached(-direction, mark, liquidation_price)


def barrier_hit(
    direction: int,
    stop_price: float,
    target_price: float,
    liquidation_price: float,
    mark: tuple[float, float, float],
    *,
    has_volume: bool = True,
) -> BarrierHit:
    """The barrier that a bar touched, the worst first: liquidation at the open, stop, target.

    mark: (open, high, low) of the mark price, or of the last price where no mark is recorded.
    liquidation_price: 0 where out of reach. target_price: NaN where it does not count. Inside a bar the stop
    comes before the liquidation, which lies beyond it; an open beyond the liquidation skips the stop, and so
    does a bar without volume, in which no stop can fill.
    Source: C40, C114 (stop first when both are touched), C126, C131.
    """
    mark_open, high, low = mark
    worst, best = (low, high) if direction > 0 else (high, low)
    if is_liquidated(direction, liquidation_price, mark_open if has_volume else worst):
        return BarrierHit.LIQUIDATION
    if _reached(-direction, worst, stop_price):
        return BarrierHit.STOP
    if _reached(direction, best, target_price):
        return BarrierHit.TARGET
    return BarrierHit.NONE


def _reached(direction: int, price: Price, level: Price) -> bool:
    """True where `price` stands at `level` or beyond it in `direction`."""
    return price >= level if direction > 0 else price <= level


def barrier_price(direction: int, level: float, hit: BarrierHit, traded: tuple[float, float, float]) -> float:
    """The price at which a touched stop or target executes, before spread and slippage.

    traded: (open, high, low) of the traded prices.

    Formula: the open where the bar opens beyond the level, else min(max(level, low), high)
    Source: C114, C126, C131.
    """
    bar_open, high, low = traded
    towards = direction if hit == BarrierHit.TARGET else -direction
    return bar_open if _reached(towards, bar_open, level) else min(max(level, low), high)


def is_bankrupt(direction: int, price: Price, bankruptcy_price: Price) -> bool:
    """True where leaving at `price` would lose more than the margin: the exchange takes the position over."""
    return price < bankruptcy_price if direction > 0 else price > bankruptcy_price


def liquidation_fill_price(direction: int, bankruptcy_price: Price, bar_high: Price, bar_low: Price) -> Price:
    """The price at which a liquidated position leaves; what is left of its margin there is lost as well.

    Formula: LONG max(bankruptcy price, low), SHORT min(bankruptcy price, high)
    Source: C131 (a position loses its margin, no more).
    """
    return max(bankruptcy_price, bar_low) if direction > 0 else min(bankruptcy_price, bar_high)
