"""Layer 5 on paper: which bars fill which orders, at what price. Stated and conservative (C126).

Scalars only, so that the backtest's loop can compile the same functions. A bar is (open, high, low, close).
Direction is +1 LONG, -1 SHORT.
"""

from enum import IntEnum
from typing import Final

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
    Source: practice.md 3.6; C126.
    """
    if not trades_through(limit_price, bar_high, bar_low, is_buy=is_buy):
        return 0.0
    return min(remaining, bar_volume * VOLUME_SHARE)


def barrier_hit(
    direction: int,
    stop_price: float,
    target_price: float,
    liquidation_price: float,
    bar: tuple[float, float, float],
) -> BarrierHit:
    """The barrier that a bar touched, the worst first: liquidation at the open, stop, target.

    bar: (open, high, low) of the mark price, or of the last price where no mark is recorded.
    liquidation_price: 0 where out of reach. Inside a bar the stop comes before the liquidation, which lies
    beyond it; only an open that gaps over the liquidation skips the stop.
    Source: C40, C114 (stop first when both are touched), C126.
    """
    bar_open, high, low = bar
    worst, best = (low, high) if direction > 0 else (high, low)
    if liquidation_price > 0 and _reached(-direction, bar_open, liquidation_price):
        return BarrierHit.LIQUIDATION
    if _reached(-direction, worst, stop_price):
        return BarrierHit.STOP
    if _reached(direction, best, target_price):
        return BarrierHit.TARGET
    return BarrierHit.NONE


def entry_bar_hits_stop(direction: int, stop_price: float, bar_high: float, bar_low: float) -> bool:
    """True where the very bar that filled the entry touched the stop; its target never counts.

    What came first inside the bar is unknown and its open lies before the fill: the worst is assumed (C114).
    """
    return _reached(-direction, bar_low if direction > 0 else bar_high, stop_price)


def _reached(direction: int, price: float, level: float) -> bool:
    """True where `price` stands at `level` or beyond it in `direction`."""
    return price >= level if direction > 0 else price <= level


def barrier_price(direction: int, level: float, bar_open: float, hit: BarrierHit) -> float:
    """The price at which a touched stop or target executes, before spread and slippage.

    bar_open: the open of the bar of traded prices. Beyond the level already: a gap, filled at the open.
    Source: C114, C126.
    """
    towards = direction if hit == BarrierHit.TARGET else -direction
    return bar_open if _reached(towards, bar_open, level) else level
