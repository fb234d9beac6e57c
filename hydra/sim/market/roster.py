"""The pairs of a generated market and their numbers."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from hydra.arrays import Floats
from hydra.exchange.instruments import load_instrument_terms
from hydra.universe import UNIVERSE

# First price and open interest (USDT) of the universe's pairs: about those of mid-2025.
_FIRST_PRICE: Final = (100_000.0, 2_500.0, 150.0, 650.0, 0.65, 2.2, 85.0, 0.18)
_OPEN_INTEREST_USD: Final = (8e9, 5e9, 1.5e9, 4e8, 2e8, 6e8, 1.5e8, 4e8)
_ANNUAL_VOLATILITY: Final = 0.40
_STEPS_PER_YEAR: Final = 365 * 24 * 720
# Share of the variance that comes from the common factor: the first pair leads, the others follow.
_LEADER_COMMON: Final = 0.85
_FOLLOWER_COMMON: Final = 0.60
# The first pair's cap is the exchange's default of 0.3 % per 8 h (C105), the others' is 2 %.
_LEADER_FUNDING_CAP: Final = 0.003
_FUNDING_CAP: Final = 0.02


@dataclass(frozen=True, slots=True)
class SimulatedPair:
    """One pair. ticks_per_unit and steps_per_unit: 1 / tick size and 1 / step size (powers of ten)."""

    instrument_id: int
    base: str
    ticks_per_unit: float
    steps_per_unit: float
    first_price: float
    open_interest_usd: float
    volatility_multiplier: float

    @property
    def exchange_symbol(self) -> str:
        """The exchange's own name: BTCUSDT, SIM009USDT."""
        return f"{self.base}USDT"

    @property
    def symbol(self) -> str:
        """The internal key (C21): BTC/USDT:USDT."""
        return f"{self.base}/USDT:USDT"


class PairNumbers(NamedTuple):
    """The roster as arrays, one entry a pair, for the compiled loop.

    volatility: standard deviation of a 5 s log return. common, own: weights of the two factors (their
    squares add to 1). contracts: open interest at rest, base units. funding_cap: fraction per 8 h.
    """

    first_log_price: Floats
    ticks_per_unit: Floats
    steps_per_unit: Floats
    volatility: Floats
    common: Floats
    own: Floats
    contracts: Floats
    funding_cap: Floats


def roster(pairs: int) -> tuple[SimulatedPair, ...]:
    """The first `pairs` pairs: the universe with the exchange's filters, then invented ones."""
    real = [
        SimulatedPair(
            terms.pair.instrument_id,
            terms.pair.base,
            float(1 / terms.filters.tick_size),
            float(1 / terms.filters.step_size),
            _FIRST_PRICE[place],
            _OPEN_INTEREST_USD[place],
            terms.pair.volatility_multiplier,
        )
        for place, terms in enumerate(load_instrument_terms()[:pairs])
    ]
    return (*real, *(_invented(number) for number in range(len(UNIVERSE) + 1, pairs + 1)))


def _invented(number: int) -> SimulatedPair:
    """SIM009 and on: prices from 1 to 10 USDT, multipliers from 1.0 to 1.9."""
    price, multiplier = 1.0 + number * 7 % 10, 1.0 + number % 10 / 10
    return SimulatedPair(number, f"SIM{number:03d}", 10_000.0, 10.0, price, 1e8, multiplier)


def pair_numbers(pairs: tuple[SimulatedPair, ...]) -> PairNumbers:
    """The arrays of `pairs` for the compiled loop."""
    share = np.array([_LEADER_COMMON, *[_FOLLOWER_COMMON] * (len(pairs) - 1)])
    caps = np.array([_LEADER_FUNDING_CAP, *[_FUNDING_CAP] * (len(pairs) - 1)])
    prices = np.array([pair.first_price for pair in pairs])
    multipliers = np.array([pair.volatility_multiplier for pair in pairs])
    return PairNumbers(
        first_log_price=np.log(prices),
        ticks_per_unit=np.array([pair.ticks_per_unit for pair in pairs]),
        steps_per_unit=np.array([pair.steps_per_unit for pair in pairs]),
        volatility=_ANNUAL_VOLATILITY * multipliers / np.sqrt(_STEPS_PER_YEAR),
        common=np.sqrt(share),
        own=np.sqrt(1 - share),
        contracts=np.array([pair.open_interest_usd for pair in pairs]) / prices,
        funding_cap=caps,
    )
