"""Layer 4, the verdict on a candidate: approved or not and why, size, leverage, stop and target.

Source: layers document, "LAYER 4: RISK BRAIN" (RiskDecision); C33, C36, C40, C47, C117, C120.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from hydra.bounds import Fraction, Leverage, RiskFraction
from hydra.domain import ReasonCode, SignalSource
from hydra.layers.layer4_exits import (
    calculate_exits,
    entry_is_beyond_stop,
    max_holding_hours,
    stop_fires_before_liquidation,
)
from hydra.layers.layer4_filters import InstrumentFilters, exact, order_quantity, round_towards_entry
from hydra.layers.layer4_kill import KillParameters
from hydra.layers.layer4_leverage import bracket_leverage, calculate_leverage, leverage_cap
from hydra.layers.layer4_limits import (
    LimitParameters,
    PortfolioState,
    binding_limit,
    in_cooldown,
    remaining_exposure,
    remaining_heat,
)
from hydra.layers.layer4_sizing import (
    SizeAdjustments,
    SizeLimits,
    apply_heat_cap,
    apply_margin_cap,
    apply_risk_cap,
    calculate_size,
    kelly_size,
    loss_at_stop,
)

# (direction, entry price, quantity, margin in USDT) -> liquidation price; 0 or less: never.
LiquidationPrice = Callable[[int, float, float, float], float]

# (direction, reference price) -> the price that an entry is sent with.
OrderPrice = Callable[[int, Decimal], Decimal]


@dataclass(frozen=True, slots=True)
class RiskParameters:
    """risk_per_trade: README document; buffer: C40; KELLY_PROB_SOURCE: C34; ENFORCE_RISK_CAP: C33."""

    limits: LimitParameters = field(default_factory=LimitParameters)
    kill: KillParameters = field(default_factory=KillParameters)
    max_leverage: Leverage = 10.0
    risk_per_trade: RiskFraction = 0.01
    enforce_risk_cap: bool = True
    liquidation_buffer: Fraction = 0.2
    kelly_uses_score: bool = False


@dataclass(frozen=True, slots=True)
class PairTerms:
    """The numbers of a pair from the universe, the exchange and the cost model.

    brackets: (notional cap in USDT, leverage). round_trip_cost: of an entry and a stop, a fraction.
    """

    volatility_multiplier: float
    size_multiplier: float
    max_leverage: float
    round_trip_cost: float
    filters: InstrumentFilters
    brackets: tuple[tuple[float, float], ...]
    liquidation_price: LiquidationPrice
    order_price: OrderPrice


@dataclass(frozen=True, slots=True)
class Candidate:
    """The chosen signal of a pair, with the other inputs of layer 4.

    direction: +1 LONG, -1 SHORT. Codes are -1 where unknown. price: the reference price, quote units.
    minutes_since_exit: since the last exit of the same source and side, NaN without one. account_differs: the
    exchange shows orders or positions of the pair that the tables do not have.
    """

    instrument_id: int
    universe_place: int
    source: SignalSource
    direction: int
    confidence: float
    score: float
    expected_return: float
    expected_adverse_excursion: float
    holding_hours: float
    price: float
    funding_rate: float
    volatility_regime: int
    regime: int
    cascade_probability: float
    correlation_penalty: float
    terms: PairTerms
    entries_allowed: bool = True
    kill_latched: bool = False
    account_differs: bool = False
    has_position: bool = False
    minutes_since_exit: float = float("nan")
    stopped_out: bool = False


@dataclass(frozen=True, slots=True)
class RiskDecision:
    """The verdict. Amounts are exact; numbers: what decided, for `hydra why`.

    recommended_size_usd: a notional (C48), at the price of the entry order.
    """

    approved: bool
    reason_code: ReasonCode
    quantity: Decimal = Decimal(0)
    recommended_size_usd: Decimal = Decimal(0)
    recommended_leverage: float = 0.0
    stop_loss_price: Decimal = Decimal(0)
    take_profit_price: Decimal = Decimal(0)
    max_holding_hours: float = 0.0
    liquidation_price: float = 0.0
    heat_usd: float = 0.0
    numbers: dict[str, float] = field(default_factory=dict)


def decide_candidate(
    candidate: Candidate, portfolio: PortfolioState, parameters: RiskParameters
) -> RiskDecision:
    """The verdict on one candidate: the gates in the order of ENTRY_GATES, then size and exits.

    The kill conditions are checked before (see `hydra.trading.verdicts`); here only the latch is read.
    """
    code = _gate(candidate, portfolio, parameters)
    if code is not ReasonCode.APPROVED:
        return RiskDecision(approved=False, reason_code=code, numbers=_gate_numbers(candidate, portfolio))
    return _sized(candidate, portfolio, parameters)


ENTRY_GATES: Final = (
    ReasonCode.KILL_SWITCH,
    ReasonCode.ACCOUNT_DIFFERS,
    ReasonCode.NOT_TRADABLE,
    ReasonCode.POSITION_EXISTS,
    ReasonCode.COOLDOWN,
    ReasonCode.MAX_POSITIONS,
)
"""The gates before the size, in order."""


def _gate(candidate: Candidate, portfolio: PortfolioState, parameters: RiskParameters) -> ReasonCode:
    limits = parameters.limits
    is_shut = (
        candidate.kill_latched,
        candidate.account_differs,
        not candidate.entries_allowed,
        candidate.has_position,
        in_cooldown(candidate.minutes_since_exit, limits, stopped_out=candidate.stopped_out),
        portfolio.positions >= limits.max_positions,
    )
    shut = (code for code, gate in zip(ENTRY_GATES, is_shut, strict=True) if gate)
    return next(shut, ReasonCode.APPROVED)


def _gate_numbers(candidate: Candidate, portfolio: PortfolioState) -> dict[str, float]:
    return {
        "daily_drawdown": portfolio.daily_drawdown,
        "funding_rate": candidate.funding_rate,
        "cascade_probability": candidate.cascade_probability,
        "minutes_since_exit": candidate.minutes_since_exit,
        "positions": portfolio.positions,
    }


def _sized(candidate: Candidate, portfolio: PortfolioState, parameters: RiskParameters) -> RiskDecision:
    exits = calculate_exits(
        candidate.direction,
        candidate.price,
        candidate.expected_adverse_excursion,
        candidate.volatility_regime,
    )
    distance = abs(candidate.price - exits.stop_loss) / candidate.price
    loss = loss_at_stop(distance, candidate.terms.round_trip_cost)
    numbers = _sizes(candidate, portfolio, parameters, loss)
    reference, filters = exact(candidate.price), candidate.terms.filters
    price = candidate.terms.order_price(candidate.direction, reference)
    quantity = order_quantity(exact(numbers["final_size_usd"]), price, filters)
    if quantity == 0:
        return RiskDecision(approved=False, reason_code=_too_small(numbers), numbers=numbers)
    stop = round_towards_entry(exact(exits.stop_loss), filters.tick_size, reference)
    target = round_towards_entry(exact(exits.take_profit), filters.tick_size, reference)
    size_usd = quantity * price
    leverage = numbers["leverage"]
    liquidation = candidate.terms.liquidation_price(
        candidate.direction, float(price), float(quantity), float(size_usd) / leverage
    )
    buffer = parameters.liquidation_buffer
    reason_code = ReasonCode.APPROVED
    if entry_is_beyond_stop(candidate.direction, float(price), float(stop)):
        reason_code = ReasonCode.ENTRY_BEYOND_STOP
    elif not stop_fires_before_liquidation(float(price), float(stop), liquidation, buffer):
        reason_code = ReasonCode.STOP_BEYOND_LIQUIDATION
    return RiskDecision(
        approved=reason_code is ReasonCode.APPROVED,
        reason_code=reason_code,
        quantity=quantity,
        recommended_size_usd=size_usd,
        recommended_leverage=leverage,
        stop_loss_price=stop,
        take_profit_price=target,
        max_holding_hours=max_holding_hours(candidate.holding_hours, candidate.regime),
        liquidation_price=liquidation,
        heat_usd=float(size_usd) * loss,
        numbers={**numbers, "liquidation_price": liquidation},
    )


def _sizes(
    candidate: Candidate, portfolio: PortfolioState, parameters: RiskParameters, loss: float
) -> dict[str, float]:
    """Every notional from the printed formula to the final one, USDT, and the leverage."""
    limits, terms = parameters.limits, candidate.terms
    win_prob = candidate.score if parameters.kelly_uses_score else candidate.confidence
    wanted_leverage = calculate_leverage(
        candidate.confidence,
        candidate.volatility_regime,
        candidate.regime,
        candidate.funding_rate,
        portfolio.drawdown,
        leverage_cap(parameters.max_leverage, terms.max_leverage, terms.brackets[0][1]),
    )
    exposure = remaining_exposure(portfolio.exposure_usd, limits.max_exposure_usd)
    printed = calculate_size(
        win_prob,
        candidate.expected_return,
        candidate.expected_adverse_excursion,
        portfolio.equity_usd,
        wanted_leverage,
        SizeAdjustments(terms.volatility_multiplier, terms.size_multiplier, candidate.correlation_penalty),
        SizeLimits(limits.max_position_usd, exposure),
    )
    capped = printed
    if parameters.enforce_risk_cap:
        capped = apply_risk_cap(printed, portfolio.equity_usd, parameters.risk_per_trade, loss)
    heat_usd = remaining_heat(portfolio.heat_usd, portfolio.equity_usd, limits.max_heat)
    heated = apply_heat_cap(capped, heat_usd, loss)
    leverage = min(wanted_leverage, bracket_leverage(heated, terms.brackets))
    margin_size = apply_margin_cap(
        math.inf, portfolio.equity_usd - portfolio.margin_usd, leverage, terms.round_trip_cost
    )
    return {
        "kelly": kelly_size(win_prob, candidate.expected_return / candidate.expected_adverse_excursion),
        "printed_size_usd": printed,
        "risk_capped_size_usd": capped,
        "exposure_left_usd": exposure,
        "heat_size_usd": heat_usd / loss,
        "margin_size_usd": margin_size,
        "final_size_usd": min(heated, margin_size),
        "leverage": leverage,
        "loss_at_stop": loss,
        "correlation_penalty": candidate.correlation_penalty,
    }


def _too_small(numbers: dict[str, float]) -> ReasonCode:
    if numbers["kelly"] <= 0:
        return ReasonCode.NO_EDGE
    return binding_limit(
        numbers["risk_capped_size_usd"],
        numbers["exposure_left_usd"],
        numbers["heat_size_usd"],
        numbers["margin_size_usd"],
    )


def decide_candidates(
    candidates: Iterable[Candidate], portfolio: PortfolioState, parameters: RiskParameters
) -> list[tuple[Candidate, RiskDecision]]:
    """The verdicts on all pairs of a minute; an approved one reserves its size before the next (C120).

    Order: highest score, then highest confidence, then place in the universe.
    """
    verdicts = []
    for candidate in sorted(candidates, key=lambda one: (-one.score, -one.confidence, one.universe_place)):
        decision = decide_candidate(candidate, portfolio, parameters)
        if decision.approved:
            notional = float(decision.recommended_size_usd)
            margin = notional * (1 / decision.recommended_leverage + candidate.terms.round_trip_cost)
            portfolio = portfolio.reserve(notional, decision.heat_usd, margin)
        verdicts.append((candidate, decision))
    return verdicts
