"""Layer 4, leverage: the printed product, and its caps."""

from collections.abc import Sequence
from typing import Final

from hydra.domain import Regime, VolatilityRegime

BASE_LEVERAGE: Final = 5.0
_EXTREME, _HIGH = VolatilityRegime.EXTREME.value, VolatilityRegime.HIGH.value
_CASCADE_RISK = Regime.CASCADE_RISK.value
_FUNDING_SPIKE, _FUNDING_STRONG = 0.001, 0.0005
_DRAWDOWN_START, _DRAWDOWN_SCALE, _DRAWDOWN_FLOOR = 0.05, 0.15, 0.2


def calculate_leverage(
    confidence: float,
    volatility_regime: int,
    regime: int,
    funding_rate: float,
    drawdown: float,
    max_leverage: float,
) -> float:
    """Leverage in [1, max_leverage].

    volatility_regime, regime: codes, -1 where unknown. funding_rate: fraction per 8 h.
    drawdown: fraction from the highest equity of the run, not of the day (C31).

    Formula: 5 x (extreme 0.3, high 0.5) x (abs(funding) > 0.001: 0.5, > 0.0005: 0.7)
        x (CASCADE_RISK 0.3) x confidence x (drawdown > 5%: max(0.2, 1 - drawdown / 0.15)),
        within 1 and MAX_LEVERAGE
    Source: layers document, "Leverage Calculation"; C31, C32, C37.
    """
    leverage = BASE_LEVERAGE * _volatility_factor(volatility_regime) * _funding_factor(funding_rate)
    if regime == _CASCADE_RISK:
        leverage *= 0.3
    leverage *= confidence
    if drawdown > _DRAWDOWN_START:
        leverage *= max(_DRAWDOWN_FLOOR, 1 - drawdown / _DRAWDOWN_SCALE)
    return max(1.0, min(leverage, max_leverage))


def _volatility_factor(volatility_regime: int) -> float:
    if volatility_regime == _EXTREME:
        return 0.3
    return 0.5 if volatility_regime == _HIGH else 1.0


def _funding_factor(funding_rate: float) -> float:
    if abs(funding_rate) > _FUNDING_SPIKE:
        return 0.5
    return 0.7 if abs(funding_rate) > _FUNDING_STRONG else 1.0


def leverage_cap(max_leverage: float, pair_max_leverage: float, bracket_leverage: float) -> float:
    """The lowest of the caps: of the settings, of the pair, of the exchange's bracket.

    Formula: min(MAX_LEVERAGE, pair cap, exchange bracket for the notional)
    Source: README document, "Asset Universe"; C36.
    """
    return min(max_leverage, pair_max_leverage, bracket_leverage)


def bracket_leverage(notional_usd: float, brackets: Sequence[tuple[float, float]]) -> float:
    """The highest leverage that the exchange allows for a notional.

    brackets: (notional cap in USDT, highest leverage), smallest first; beyond them the last one holds.
    """
    for cap_usd, leverage in brackets:
        if notional_usd <= cap_usd:
            return leverage
    return brackets[-1][1]
