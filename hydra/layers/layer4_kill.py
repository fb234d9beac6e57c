"""Layer 4, kill switch: typed conditions, each bound to what it reads (C30).

It latches in the database with cause, numbers and scope; only an audited command clears it (law 4, C123).
"""

from dataclasses import dataclass
from typing import Final

from hydra.bounds import Fraction, FundingRate, PositiveFraction
from hydra.domain import KillCause, KillScope, VolatilityRegime
from hydra.layers.layer2_matrix import CASCADE_BLOCK

_EXTREME: Final = VolatilityRegime.EXTREME.value


@dataclass(frozen=True, slots=True)
class KillParameters:
    """All printed; scope is KILL_SCOPE; the cascade score is that of the matrix (C20)."""

    daily_drawdown: PositiveFraction = 0.05
    funding_rate_8h: FundingRate = 0.005
    cascade_probability: Fraction = CASCADE_BLOCK
    scope: KillScope = KillScope.PORTFOLIO


@dataclass(frozen=True, slots=True)
class Kill:
    """What latches: the cause, what it stops, and the number that decided with its limit."""

    cause: KillCause
    scope: KillScope
    reason: str
    value: float
    limit: float


def daily_drawdown_kills(daily_drawdown: float, parameters: KillParameters) -> bool:
    """Fraction lost since the day's highest equity.

    Formula: drawdown > 0.05
    Source: layers document, "Kill Switches"; C30, C31.
    """
    return daily_drawdown > parameters.daily_drawdown


def funding_kills(funding_rate_8h: float, parameters: KillParameters) -> bool:
    """Settled funding as a fraction per 8 h; NaN (unknown) does not kill, it blocks as missing data.

    Formula: abs(funding) > 0.005
    Source: layers document, "Kill Switches"; C30, C105.
    """
    return abs(funding_rate_8h) > parameters.funding_rate_8h


def cascade_kills(cascade_probability: float, parameters: KillParameters) -> bool:
    """Cascade score as the gates see it.

    Formula: cascade_probability > 0.7
    Source: layers document, "Kill Switches"; C20, C30.
    """
    return cascade_probability > parameters.cascade_probability


def regime_break_kills(volatility_regime: int, *, regime_break_alert: bool) -> bool:
    """A regime break in extreme volatility.

    Formula: regime_break_alert and volatility_regime == "extreme"
    Source: layers document, "Kill Switches"; C30.
    """
    return regime_break_alert and volatility_regime == _EXTREME


def check_kill_switch(
    daily_drawdown: float,
    funding_rate_8h: float,
    cascade_probability: float,
    volatility_regime: int,
    parameters: KillParameters,
    *,
    regime_break_alert: bool,
) -> Kill | None:
    """The first condition that holds, in the printed order, or None.

    Drawdown is the portfolio's and always stops the portfolio; the others follow KILL_SCOPE.

    Formula: the first of KILL_CONDITIONS that is true
    Source: layers document, "Kill Switches"; C20, C30, C31, C105.
    """
    scope, limit = parameters.scope, parameters.daily_drawdown
    if daily_drawdown_kills(daily_drawdown, parameters):
        words = "Daily drawdown > 5%"
        return Kill(KillCause.DAILY_DRAWDOWN, KillScope.PORTFOLIO, words, daily_drawdown, limit)
    if funding_kills(funding_rate_8h, parameters):
        limit = parameters.funding_rate_8h
        return Kill(KillCause.FUNDING_SPIKE, scope, "Funding spike > 0.5%", funding_rate_8h, limit)
    if cascade_kills(cascade_probability, parameters):
        limit = parameters.cascade_probability
        return Kill(KillCause.CASCADE, scope, "Cascade probability > 70%", cascade_probability, limit)
    if regime_break_kills(volatility_regime, regime_break_alert=regime_break_alert):
        words = "Regime break + extreme vol"
        return Kill(KillCause.REGIME_BREAK, scope, words, volatility_regime, _EXTREME)
    return None
