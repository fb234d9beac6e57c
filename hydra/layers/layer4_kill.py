"""Layer 4, the conditions of the kill switch (C30).

A condition latches in the database with cause, numbers and scope; only a command clears it (law 4, C123).
"""

from dataclasses import dataclass
from typing import Final

from hydra.bounds import Fraction, FundingRate, PositiveFraction
from hydra.domain import KillCause, KillScope, VolatilityRegime
from hydra.layers.layer2_matrix import CASCADE_BLOCK

_EXTREME: Final = VolatilityRegime.EXTREME.value


@dataclass(frozen=True, slots=True)
class KillParameters:
    """As printed; scope: KILL_SCOPE; the cascade score is that of the matrix (C20)."""

    daily_drawdown: PositiveFraction = 0.05
    funding_rate_8h: FundingRate = 0.005
    cascade_probability: Fraction = CASCADE_BLOCK
    scope: KillScope = KillScope.PORTFOLIO


@dataclass(frozen=True, slots=True)
class Kill:
    """A condition that holds: its cause, what it stops, the value and its limit."""

    cause: KillCause
    scope: KillScope
    value: float
    limit: float

    @property
    def reason(self) -> str:
        """The condition in words, with the number and the limit in force."""
        return _WORDS[self.cause].format(value=abs(self.value), limit=f"{self.limit * 100:g}%")

    def latch_values(self, shown_by: int) -> tuple[int | None, str, dict[str, float]]:
        """The stored values: the stopped pair (None: every pair), the cause, the numbers."""
        stopped = shown_by if self.scope is KillScope.PAIR else None
        numbers = {"value": self.value, "limit": self.limit, "instrument_id": shown_by}
        return stopped, f"{self.cause.value}: {self.reason}", numbers


_WORDS: Final = {
    KillCause.DAILY_DRAWDOWN: "Daily drawdown {value:.2%} > {limit}",
    KillCause.FUNDING_SPIKE: "Funding spike {value:.3%} > {limit}",
    KillCause.CASCADE: "Cascade probability {value:.0%} > {limit}",
    KillCause.REGIME_BREAK: "Regime break + extreme vol",
}


def daily_drawdown_kills(daily_drawdown: float, parameters: KillParameters) -> bool:
    """daily_drawdown: fraction lost since the day's highest equity.

    Formula: drawdown > 0.05
    Source: layers document, "Kill Switches"; C30, C31.
    """
    return daily_drawdown > parameters.daily_drawdown


def funding_kills(funding_rate_8h: float, parameters: KillParameters) -> bool:
    """funding_rate_8h: settled, a fraction per 8 h. NaN does not kill: missing data blocks entries already.

    Formula: abs(funding) > 0.005
    Source: layers document, "Kill Switches"; C30, C105.
    """
    return abs(funding_rate_8h) > parameters.funding_rate_8h


def cascade_kills(cascade_probability: float, parameters: KillParameters) -> bool:
    """cascade_probability: as in layer 2's gates.

    Formula: cascade_probability > 0.7
    Source: layers document, "Kill Switches"; C20, C30.
    """
    return cascade_probability > parameters.cascade_probability


def regime_break_kills(volatility_regime: int, *, regime_break_alert: bool) -> bool:
    """True for a regime break in extreme volatility.

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

    The drawdown always stops the whole portfolio; the scope of the others is KILL_SCOPE.

    Formula: the first of KILL_CONDITIONS that is true
    Source: layers document, "Kill Switches"; C20, C30, C31, C105.
    """
    scope, limit = parameters.scope, parameters.daily_drawdown
    if daily_drawdown_kills(daily_drawdown, parameters):
        return Kill(KillCause.DAILY_DRAWDOWN, KillScope.PORTFOLIO, daily_drawdown, limit)
    if funding_kills(funding_rate_8h, parameters):
        limit = parameters.funding_rate_8h
        return Kill(KillCause.FUNDING_SPIKE, scope, funding_rate_8h, limit)
    if cascade_kills(cascade_probability, parameters):
        limit = parameters.cascade_probability
        return Kill(KillCause.CASCADE, scope, cascade_probability, limit)
    if regime_break_kills(volatility_regime, regime_break_alert=regime_break_alert):
        return Kill(KillCause.REGIME_BREAK, scope, volatility_regime, _EXTREME)
    return None
