"""Rules of trading that all contracts share, as exchangeInfo and the fee table tell them."""

from decimal import Decimal
from typing import Final, NamedTuple

LARGEST_PRICE: Final = Decimal(10_000_000)
MULTIPLIER_UP: Final = Decimal("1.1500")
MULTIPLIER_DOWN: Final = Decimal("0.8500")
"""PERCENT_PRICE: a BUY at most mark x up, a SELL at least mark x down."""
MOST_OPEN_ORDERS: Final = 200
"""Of a symbol (MAX_NUM_ORDERS); and of conditional orders over all symbols."""
MARKET_BOUND: Final = Decimal("0.05")
"""marketTakeBound: a market order trades so far from the mark at most, a fraction."""
TRIGGER_PROTECT: Final = Decimal("0.0500")
"""With priceProtect a conditional order waits while mark and last price differ by more, a fraction."""
LIQUIDATION_FEE: Final = Decimal("0.012500")
"""liquidationFee: of the value that is liquidated, a fraction."""
MOST_CHANGES: Final = 10_000
"""maxMoveOrderLimit: changes of one order."""
MINUTE_ORDERS: Final = 1_200
TEN_SECONDS_ORDERS: Final = 300
"""rateLimits: orders that an account may send in a minute, and in ten seconds."""


class FeeTier(NamedTuple):
    """Fractions of the value of a fill."""

    maker: Decimal
    taker: Decimal


FEE_TIERS: Final = tuple(
    FeeTier(Decimal(maker), Decimal(taker))
    for maker, taker in (
        ("0.000200", "0.000500"),
        ("0.000160", "0.000400"),
        ("0.000140", "0.000350"),
        ("0.000120", "0.000320"),
        ("0.000100", "0.000300"),
        ("0.000080", "0.000270"),
        ("0.000060", "0.000250"),
        ("0.000040", "0.000220"),
        ("0.000020", "0.000200"),
        ("0.000000", "0.000170"),
    )
)
"""feeTier -> fees: regular users, then VIP 1 to 9."""
