"""Layer 4, exits: the prices of stop and target, the longest holding time, checks of the stop."""

from typing import Final, NamedTuple

from hydra.domain import Regime, VolatilityRegime

_EXTREME, _HIGH = VolatilityRegime.EXTREME.value, VolatilityRegime.HIGH.value
_HIGH_VOLATILITY = Regime.HIGH_VOLATILITY.value
LEAST_DISTANCE: Final = 0.01
GREATEST_DISTANCE: Final = 0.10
REWARD_TO_RISK: Final = 2


class Exits(NamedTuple):
    """Prices in quote units."""

    stop_loss: float
    take_profit: float


def stop_distance(expected_adverse_excursion: float, volatility_regime: int) -> float:
    """Distance of the stop as a fraction of the price, 0.01..0.10.

    Formula: EAE x 1.3 (high) or x 1.5 (extreme), within 1% and 10%
    Source: layers document, "Stop-Loss / Take-Profit"; C37.
    """
    distance = expected_adverse_excursion
    if volatility_regime == _HIGH:
        distance *= 1.3
    if volatility_regime == _EXTREME:
        distance *= 1.5
    return max(LEAST_DISTANCE, min(distance, GREATEST_DISTANCE))


def calculate_exits(
    direction: int, price: float, expected_adverse_excursion: float, volatility_regime: int
) -> Exits:
    """Stop and target of a position entered at `price`; direction +1 LONG, -1 SHORT.

    Formula: LONG: price * (1 - eae), price * (1 + eae * 2); SHORT: price * (1 + eae), price * (1 - eae * 2)
    Source: layers document, "Stop-Loss / Take-Profit"; C35.
    """
    distance = stop_distance(expected_adverse_excursion, volatility_regime)
    stop_loss = price * (1 - direction * distance)
    take_profit = price * (1 + direction * distance * REWARD_TO_RISK)
    return Exits(stop_loss, take_profit)


def entry_is_beyond_stop(direction: int, entry_price: float, stop_loss: float) -> bool:
    """True if the stop is not on the losing side of the entry, so that it would fire at once.

    Source: docs/practice.md, "Position management" (3).
    """
    return direction * (entry_price - stop_loss) <= 0


def stop_fires_before_liquidation(
    price: float, stop_loss: float, liquidation_price: float, buffer: float
) -> bool:
    """True if the stop is nearer than the liquidation by `buffer` of the liquidation's distance (C40).

    liquidation_price: 0 or less: never.
    """
    if liquidation_price <= 0:
        return True
    return abs(price - stop_loss) <= abs(price - liquidation_price) * (1 - buffer)


def max_holding_hours(source_hours: float, regime: int) -> float:
    """Longest holding time: that of the signal's source, halved in HIGH_VOLATILITY (C47)."""
    return source_hours / 2 if regime == _HIGH_VOLATILITY else source_hours
