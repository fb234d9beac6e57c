"""The eight perpetuals that HYDRA trades, their multipliers and their names elsewhere.

Source: README document, "Asset Universe"; layers document, "Pair Adjustments"; C21, C36.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pair:
    """One perpetual of the universe.

    volatility_multiplier divides the size, size_multiplier multiplies it; both are dimensionless.
    instrument_id is the key of `market.instruments`; it is never reused.
    """

    instrument_id: int
    base: str
    volatility_multiplier: float
    size_multiplier: float
    max_leverage: int
    quote: str = "USDT"

    @property
    def exchange_symbol(self) -> str:
        """The exchange's own name, as in its archive files: BTCUSDT."""
        return f"{self.base}{self.quote}"

    @property
    def symbol(self) -> str:
        """The internal key, ccxt's unified name (C21): BTC/USDT:USDT."""
        return f"{self.base}/{self.quote}:{self.quote}"

    @property
    def aliases(self) -> tuple[str, ...]:
        """All other names of the sources for this pair (C21)."""
        return (
            self.base,
            self.exchange_symbol,
            f"{self.base}/{self.quote}",
            f"{self.base}-{self.quote}",
            f"cmt_{self.exchange_symbol.lower()}",
        )


UNIVERSE: Final[tuple[Pair, ...]] = (
    Pair(1, "BTC", volatility_multiplier=1.0, size_multiplier=1.0, max_leverage=20),
    Pair(2, "ETH", volatility_multiplier=1.15, size_multiplier=1.0, max_leverage=20),
    Pair(3, "SOL", volatility_multiplier=1.5, size_multiplier=0.8, max_leverage=15),
    Pair(4, "BNB", volatility_multiplier=1.1, size_multiplier=0.8, max_leverage=15),
    Pair(5, "ADA", volatility_multiplier=1.3, size_multiplier=0.6, max_leverage=10),
    Pair(6, "XRP", volatility_multiplier=1.25, size_multiplier=0.7, max_leverage=10),
    Pair(7, "LTC", volatility_multiplier=1.05, size_multiplier=0.7, max_leverage=15),
    Pair(8, "DOGE", volatility_multiplier=2.0, size_multiplier=0.5, max_leverage=10),
)

SECTORS: Final[dict[str, frozenset[int]]] = {
    "layer1": frozenset({2, 3, 4, 5}),
    "defi": frozenset(),
    "meme": frozenset({8}),
}
"""Sector baskets of `sector_rot_*` by instrument_id; none of the eight pairs is a DeFi token."""

_BY_NAME: Final[dict[str, Pair]] = {
    name.lower(): pair for pair in UNIVERSE for name in (pair.symbol, *pair.aliases)
}


def find_pair(name: str) -> Pair | None:
    """The pair that goes by `name` (any alias, any case), or None if it is not in the universe."""
    return _BY_NAME.get(name.strip().lower())
