"""The verdicts of layer 4 as rows, with the numbers and words that explain them.

Source: docs/architecture.md, "Asking why"; layers document, "LAYER 4: RISK BRAIN" (RiskDecision); C33, C38,
C48.
"""

from dataclasses import dataclass
from typing import Any, Final

from hydra.domain import ReasonCode, Side
from hydra.layers.layer4_filters import exact
from hydra.layers.layer4_kill import Kill
from hydra.layers.layer4_risk import Candidate, RiskDecision
from hydra.layers.positions import direction_of
from hydra.reason_words import WORDS
from hydra.trading.correlation_rows import ALONE, PortfolioCorrelation
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import AssessedPair
from hydra.trading.row_writer import Row


@dataclass(frozen=True)
class ScoredSignal:
    """A signal with layer 3's verdict, and the last exit of the same pair, source and side."""

    instrument_id: int
    source: str
    side: str
    confidence: float
    score: float
    expected_return: float
    expected_adverse_excursion: float
    holding_period_minutes: int
    chosen: bool
    reason_code: str
    minutes_since_exit: float | None
    stopped_out: bool

    @property
    def direction(self) -> int:
        """+1 LONG, -1 SHORT."""
        return direction_of(Side(self.side))


@dataclass(frozen=True)
class Verdict:
    """Layer 4's verdict on a pair. decision None: there was no candidate."""

    pair: AssessedPair
    signal: ScoredSignal | None
    decision: RiskDecision | None = None
    candidate: Candidate | None = None
    portfolio_correlation: PortfolioCorrelation = ALONE
    is_killed: bool = False

    @property
    def has_chosen_signal(self) -> bool:
        """True if layer 3 has chosen a signal."""
        return self.signal is not None and self.signal.chosen

    @property
    def reason_code(self) -> ReasonCode:
        """The reason; a latched kill switch comes before all others."""
        if self.is_killed:
            return ReasonCode.KILL_SWITCH
        if self.decision is not None:
            return self.decision.reason_code
        return ReasonCode.NOT_TRADABLE if self.has_chosen_signal else ReasonCode.NO_SIGNAL


def decision_row(cycle: Cycle, verdict: Verdict, kill: Kill | None) -> Row:
    """A row of hydra.risk_decisions. kill: the condition that the pair latches."""
    signal = verdict.signal if verdict.has_chosen_signal else None
    return {
        "run_id": cycle.run_id,
        "instrument_id": verdict.pair.instrument_id,
        "time": cycle.time,
        "source": signal.source if signal else None,
        "side": signal.side if signal else None,
        "approved": verdict.decision is not None and verdict.decision.approved,
        "reason_code": verdict.reason_code,
        "reason": decision_words(verdict),
        **_sizes(verdict),
        "trigger_kill_switch": kill is not None,
        "kill_reason": kill.reason if kill is not None else None,
        "numbers": _numbers(verdict),
    }


_NOT_SIZED: Final = dict.fromkeys(
    (
        "printed_size_usd",
        "recommended_size_usd",
        "recommended_leverage",
        "reference_price",
        "stop_loss_price",
        "take_profit_price",
        "max_holding_hours",
    )
)


def _sizes(verdict: Verdict) -> dict[str, Any]:
    decision, candidate = verdict.decision, verdict.candidate
    if decision is None or candidate is None:
        return dict(_NOT_SIZED)
    price = {"reference_price": exact(candidate.price)}
    if "printed_size_usd" in decision.numbers:
        price["printed_size_usd"] = exact(decision.numbers["printed_size_usd"])
    if decision.quantity == 0:
        return {**_NOT_SIZED, **price}
    return {
        **price,
        "recommended_size_usd": decision.recommended_size_usd,
        "recommended_leverage": exact(decision.recommended_leverage),
        "stop_loss_price": decision.stop_loss_price,
        "take_profit_price": decision.take_profit_price,
        "max_holding_hours": decision.max_holding_hours,
    }


def _numbers(verdict: Verdict) -> dict[str, float]:
    """The deciding numbers; the correlations only if a size was computed."""
    if verdict.decision is None:
        return {}
    numbers, portfolio_correlation = verdict.decision.numbers, verdict.portfolio_correlation
    if "correlation_penalty" not in numbers:
        return numbers
    return {
        **numbers,
        "correlation_average": portfolio_correlation.average,
        "correlation_signed": portfolio_correlation.signed,
    }


_TEMPLATES: Final = {
    ReasonCode.APPROVED: "within every limit: {recommended_size_usd:.2f} USDT at leverage {leverage:.2f}",
    ReasonCode.NOT_TRADABLE: "layer 2 allows no entry: {layer2}",
    ReasonCode.COOLDOWN: "the last exit of this source and side was {minutes_since_exit:.0f} minutes ago",
    ReasonCode.MAX_POSITIONS: "{positions:.0f} positions are open or working",
    ReasonCode.MAX_EXPOSURE: "{exposure_left_usd:.2f} USDT of exposure are left",
    ReasonCode.PORTFOLIO_HEAT: "the portfolio heat leaves {heat_size_usd:.2f} USDT of notional",
    ReasonCode.INSUFFICIENT_MARGIN: "the free margin carries {margin_size_usd:.2f} USDT of notional",
    ReasonCode.NO_EDGE: "the Kelly fraction is {kelly:.4f}",
    ReasonCode.SIZE_BELOW_MINIMUM: "{final_size_usd:.2f} USDT is less than the smallest order",
    ReasonCode.STOP_BEYOND_LIQUIDATION: "the stop is too near to liquidation at {liquidation_price:.6g}",
    ReasonCode.ENTRY_BEYOND_STOP: "the entry price is at or beyond the stop at {stop_loss_price:.6g}",
}
_NO_FILTERS: Final = "no order filters or leverage brackets are stored for this pair: no size can be ordered"


def decision_words(verdict: Verdict) -> str:
    """The reason of layer 4's verdict in words, with the deciding numbers."""
    code, decision = verdict.reason_code, verdict.decision
    if code is ReasonCode.NO_SIGNAL:
        return _why_no_signal(verdict.signal)
    if decision is None and code is ReasonCode.NOT_TRADABLE:
        return _NO_FILTERS
    numbers = dict(decision.numbers) if decision is not None else {}
    if decision is not None:
        numbers["recommended_size_usd"] = float(decision.recommended_size_usd)
        numbers["stop_loss_price"] = float(decision.stop_loss_price)
    return _TEMPLATES.get(code, WORDS[code]).format(layer2=verdict.pair.reason_code, **numbers)


def _why_no_signal(best: ScoredSignal | None) -> str:
    if best is None:
        return "no generator fired"
    return f"no signal passed layer 3; the best was {best.source} {best.side}: {best.reason_code}"
