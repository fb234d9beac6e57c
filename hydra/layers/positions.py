"""Open positions: the checks that close one, their order and their urgency.

Source: docs/practice.md, "Position management"; ML document, "exit predictor"; C09, C20, C43, C47, C121.
"""

import math
from dataclasses import dataclass
from typing import Final

from hydra.bounds import Fraction, PositiveCount, Seconds
from hydra.domain import ExitUrgency, ReasonCode, Side


@dataclass(frozen=True, slots=True)
class PositionParameters:
    """thesis_floor: docs/practice.md; liquidation_buffer: C40; two evaluations: C121; outage: C09."""

    thesis_floor: Fraction = 0.25
    liquidation_buffer: Fraction = 0.2
    extreme_evaluations: PositiveCount = 2
    outage_flatten_seconds: Seconds = 300.0


@dataclass(frozen=True, slots=True)
class PositionSnapshot:
    """The inputs of the checks of one position; NaN where unknown.

    layer2_reason: the most severe reason of the newest assessment. extreme_evaluations: five-minute
    evaluations in a row with extreme volatility. outage_seconds: see layer 2's `outage_seconds`.
    news_exit_age_seconds: since a confirmed exit of the news analyst became known that closes this position.
    """

    direction: int
    mark_price: float
    entry_price: float
    liquidation_price: float
    hours_held: float
    max_holding_hours: float
    thesis_health: float
    layer2_reason: ReasonCode = ReasonCode.NORMAL
    extreme_evaluations: int = 0
    outage_seconds: float = math.nan
    kill_latched: bool = False
    news_exit_age_seconds: float = math.nan


@dataclass(frozen=True, slots=True)
class ExitVerdict:
    """An exit that a check demands."""

    reason_code: ReasonCode
    urgency: ExitUrgency


def thesis_health(strength_now: float, strength_at_entry: float) -> float:
    """Strength of the thesis now relative to the entry, 0..1; NaN where the strength now is unknown.

    Formula: clip(d_now / d_entry, 0, 1); d_entry <= 0: 0
    Source: ML document, "exit predictor" (thesis_health).
    """
    if strength_at_entry <= 0:
        return 0.0
    if math.isnan(strength_now):
        return math.nan
    return min(1.0, max(0.0, strength_now / strength_at_entry))


def liquidation_is_near(
    direction: int, mark_price: float, entry_price: float, liquidation_price: float, buffer: float
) -> bool:
    """True if the mark has less than `buffer` of the way from entry to liquidation left (C40).

    liquidation_price: 0: never.
    """
    if liquidation_price <= 0:
        return False
    left = direction * (mark_price - liquidation_price)
    return left < abs(entry_price - liquidation_price) * buffer


def block_verdict(state: PositionSnapshot, parameters: PositionParameters) -> ExitVerdict | None:
    """The exit that layer 2 demands, or None.

    A cascade and a long outage of the data close at once (C09); until then the stops on the exchange protect
    the position. Extreme volatility closes by an ordinary exit after two evaluations in a row (C121).
    """
    if state.layer2_reason is ReasonCode.CASCADE:
        return ExitVerdict(ReasonCode.CASCADE, ExitUrgency.URGENT)
    if state.outage_seconds > parameters.outage_flatten_seconds:
        return ExitVerdict(ReasonCode.DATA_STALE, ExitUrgency.URGENT)
    if state.extreme_evaluations >= parameters.extreme_evaluations:
        return ExitVerdict(ReasonCode.VOLATILITY_EXTREME, ExitUrgency.ORDINARY)
    return None


def check_position(state: PositionSnapshot, parameters: PositionParameters) -> ExitVerdict | None:
    """The exit that the checks demand, or None: hold.

    Order: kill switch, layer 2's BLOCK, liquidation distance, news exit (C25), thesis health, holding time;
    urgent exits come before ordinary ones. An unknown thesis health demands no exit: data health checks
    missing inputs.
    Source: docs/practice.md, "Position management" (2); C43, C47.
    """
    if state.kill_latched:
        return ExitVerdict(ReasonCode.KILL_SWITCH, ExitUrgency.URGENT)
    demands = (
        block_verdict(state, parameters),
        _liquidation_verdict(state, parameters),
        _ordinary_verdict(state, parameters),
    )
    made = [demand for demand in demands if demand is not None]
    urgent = (demand for demand in made if demand.urgency is ExitUrgency.URGENT)
    return next(urgent, made[0] if made else None)


def _liquidation_verdict(state: PositionSnapshot, parameters: PositionParameters) -> ExitVerdict | None:
    is_near = liquidation_is_near(
        state.direction,
        state.mark_price,
        state.entry_price,
        state.liquidation_price,
        parameters.liquidation_buffer,
    )
    return ExitVerdict(ReasonCode.LIQUIDATION_NEAR, ExitUrgency.URGENT) if is_near else None


def _ordinary_verdict(state: PositionSnapshot, parameters: PositionParameters) -> ExitVerdict | None:
    if not math.isnan(state.news_exit_age_seconds):
        return ExitVerdict(ReasonCode.NEWS_EXIT, ExitUrgency.ORDINARY)
    if state.thesis_health < parameters.thesis_floor:
        return ExitVerdict(ReasonCode.THESIS_BROKEN, ExitUrgency.ORDINARY)
    if state.hours_held >= state.max_holding_hours:
        return ExitVerdict(ReasonCode.MAX_HOLDING_TIME, ExitUrgency.ORDINARY)
    return None


_DIRECTIONS: Final = {Side.LONG: 1, Side.SHORT: -1, Side.FLAT: 0}


def direction_of(side: Side) -> int:
    """+1 for LONG, -1 for SHORT, 0 for FLAT."""
    return _DIRECTIONS[side]
