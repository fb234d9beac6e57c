"""Layer 4, the limits of the portfolio, shared by the pairs that signal in one minute (C120)."""

from dataclasses import dataclass, replace

from hydra.bounds import Minutes, PositiveCount, PositiveFraction, PositiveUsd
from hydra.domain import ReasonCode


@dataclass(frozen=True, slots=True)
class LimitParameters:
    """The `.env` limits of the README document; heat: C39; cool-downs: C117."""

    max_position_usd: PositiveUsd = 10_000.0
    max_exposure_usd: PositiveUsd = 50_000.0
    max_positions: PositiveCount = 5
    max_heat: PositiveFraction = 0.06
    cooldown_minutes: Minutes = 60.0
    cooldown_after_stop_minutes: Minutes = 240.0


@dataclass(frozen=True, slots=True)
class PortfolioState:
    """Open positions and working entries together. Amounts in USDT.

    heat_usd: the loss if every stop is hit. margin_usd: in use. drawdown, daily_drawdown: fractions from the
    run's and the day's highest equity (C31).
    """

    equity_usd: float
    exposure_usd: float = 0.0
    heat_usd: float = 0.0
    margin_usd: float = 0.0
    positions: int = 0
    drawdown: float = 0.0
    daily_drawdown: float = 0.0

    def reserve(self, notional_usd: float, heat_usd: float, margin_usd: float) -> "PortfolioState":
        """The portfolio once a further entry is working."""
        return replace(
            self,
            exposure_usd=self.exposure_usd + notional_usd,
            heat_usd=self.heat_usd + heat_usd,
            margin_usd=self.margin_usd + margin_usd,
            positions=self.positions + 1,
        )


def remaining_exposure(exposure_usd: float, max_exposure_usd: float) -> float:
    """Notional that may still be opened, USDT, never negative (C32)."""
    return max(0.0, max_exposure_usd - exposure_usd)


def remaining_heat(heat_usd: float, equity_usd: float, max_heat: float) -> float:
    """The loss that further stops may add, USDT, never negative (C39)."""
    return max(0.0, equity_usd * max_heat - heat_usd)


def in_cooldown(minutes_since_exit: float, parameters: LimitParameters, *, stopped_out: bool) -> bool:
    """True while a pair, source and side must wait after an exit (C117).

    minutes_since_exit: NaN without an exit.
    """
    wait = parameters.cooldown_after_stop_minutes if stopped_out else parameters.cooldown_minutes
    return minutes_since_exit < wait


def binding_limit(
    size_usd: float, exposure_usd: float, heat_size_usd: float, margin_size_usd: float
) -> ReasonCode:
    """Why the notional is too small to order: the tightest limit, or the size itself.

    size_usd: after the risk cap. The others: the notional that each limit leaves. USDT.
    """
    least = min(size_usd, exposure_usd, heat_size_usd, margin_size_usd)
    if exposure_usd == least:
        return ReasonCode.MAX_EXPOSURE
    if heat_size_usd == least:
        return ReasonCode.PORTFOLIO_HEAT
    if margin_size_usd == least:
        return ReasonCode.INSUFFICIENT_MARGIN
    return ReasonCode.SIZE_BELOW_MINIMUM
