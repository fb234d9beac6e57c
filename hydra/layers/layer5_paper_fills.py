"""Layer 5 on paper: the rule for every simulated fill, on the conservative side (C126, C131).

The mark price triggers barriers (stop, target, liquidation); fills happen at traded prices:

- A bar without volume fills nothing. A barrier hit in it waits for the next bar with volume.
- A market order fills at the open of the bar.
- A stop or a target fills at its level, or at the open if the bar opens beyond it. If the bar did not trade
  at the level, it fills at the nearest traded price.
- A resting order fills at its limit once the bar trades beyond it.
- A liquidated position is closed at the traded price nearest to its bankruptcy price, never at a worse one:
  it loses at most its margin.

direction: +1 LONG, -1 SHORT.
"""

from enum import IntEnum
from typing import Final

from hydra.ledger.amounts import Amount

VOLUME_SHARE: Final = 0.10


class BarrierHit(IntEnum):
    """The barrier of a position that a bar hit."""

    NONE = 0
    STOP = 1
    TARGET = 2
    LIQUIDATION = 3


def trades_through(limit_price: float, bar_high: float, bar_low: float, *, is_buy: bool) -> bool:
    """True if the bar traded beyond the limit; a trade at the limit alone does not count (C126)."""
    return bar_low < limit_price if is_buy else bar_high > limit_price


def passive_fill(
    limit_price: float, remaining: float, bar_high: float, bar_low: float, bar_volume: float, *, is_buy: bool
) -> float:
    """Base units of a resting order that a bar fills at the limit price.

    Formula: min(remaining, 10% of the bar's volume) if the bar trades through the limit, else 0
    Source: docs/practice.md, "Costs"; C126.
    """
    if not trades_through(limit_price, bar_high, bar_low, is_buy=is_buy):
        return 0.0
    return min(remaining, bar_volume * VOLUME_SHARE)


def is_liquidated(direction: int, liquidation_price: float, mark: float) -> bool:
    """True if the mark is at or beyond the liquidation price; 0: never."""
    return liquidation_price > 0 and _reached(-direction, mark, liquidation_price)


def barrier_hit(
    direction: int,
    stop_price: float,
    target_price: float,
    liquidation_price: float,
    mark: tuple[float, float, float],
    has_volume: bool = True,
) -> BarrierHit:
    """The barrier that a bar hits, the worst first: liquidation at the open, stop, target.

    mark: (open, high, low) of the mark price, or of the last price where no mark is recorded.
    liquidation_price: 0: never. target_price: NaN: ignored. Within a bar the price reaches the stop before
    the liquidation. The liquidation comes first only if the bar opens beyond it, or if the bar has no volume,
    because then the stop cannot fill.
    Source: C40, C114 (the stop first if both are hit), C126, C131.
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


def _reached(direction: int, price: Amount, level: Amount) -> bool:
    """True if `price` is at `level` or beyond it in `direction`."""
    return price >= level if direction > 0 else price <= level


def barrier_price(direction: int, level: float, hit: BarrierHit, traded: tuple[float, float, float]) -> float:
    """The fill price of a stop or target, before spread and slippage.

    traded: (open, high, low) of the traded prices.

    Formula: the open where the bar opens beyond the level, else min(max(level, low), high)
    Source: C114, C126, C131.
    """
    bar_open, high, low = traded
    towards = direction if hit == BarrierHit.TARGET else -direction
    return bar_open if _reached(towards, bar_open, level) else min(max(level, low), high)


def is_bankrupt(direction: int, price: Amount, bankruptcy_price: Amount) -> bool:
    """True if closing at `price` would lose more than the margin: the exchange liquidates instead."""
    return price < bankruptcy_price if direction > 0 else price > bankruptcy_price


def liquidation_fill_price(
    direction: int, bankruptcy_price: Amount, bar_high: Amount, bar_low: Amount
) -> Amount:
    """The price at which a liquidated position is closed; the rest of its margin is lost too.

    Formula: LONG max(bankruptcy price, low), SHORT min(bankruptcy price, high)
    Source: C131 (a position loses at most its margin).
    """
    return max(bankruptcy_price, bar_low) if direction > 0 else min(bankruptcy_price, bar_high)
