"""Layer 4, the exchange's order filters, in exact decimals; sizes are rounded down.

Source: docs/practice.md, "Costs".
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, NamedTuple


class InstrumentFilters(NamedTuple):
    """Tick in quote units, quantities in base units, notional in USDT (market.instrument_filters).

    max_quantity: the largest that one order can enter and one market order can close.
    """

    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional_usd: Decimal


# Finer than any tick or step, coarser than the rounding error of floats.
_DECIMALS: Final = 8


def exact(number: float) -> Decimal:
    """`number` as a decimal without float error: 0.1 + 0.2 is 0.3.

    Otherwise 2,999.9999999999995 instead of 3,000 would lose a whole step of quantity.
    """
    return Decimal(repr(round(number, _DECIMALS)))


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is at most `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The least multiple of `step` that is at least `value`."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def round_passive(price: Decimal, tick_size: Decimal, *, is_buy: bool) -> Decimal:
    """A limit price on the tick grid: a buy rounded down, a sell up (docs/practice.md, "Costs")."""
    return floor_to(price, tick_size) if is_buy else ceil_to(price, tick_size)


def round_towards_entry(price: Decimal, tick_size: Decimal, entry: Decimal) -> Decimal:
    """A stop or target on the tick grid, never further from the entry."""
    return ceil_to(price, tick_size) if price < entry else floor_to(price, tick_size)


def order_quantity(notional_usd: Decimal, price: Decimal, filters: InstrumentFilters) -> Decimal:
    """Base units for a notional, rounded down to the step, at most the largest order; 0 if too small.

    Formula: quantity = recommended_size_usd / entry_price
    Source: layers document, "Entry Execution"; C48 (notional, not margin; down to the step).
    """
    quantity = min(floor_to(notional_usd / price, filters.step_size), filters.max_quantity)
    is_enough = quantity >= filters.min_quantity and quantity * price >= filters.min_notional_usd
    return quantity if is_enough else Decimal(0)
