"""Layer 4's verdicts on one minute.

Source: layers document, "LAYER 4: RISK BRAIN"; C20, C30, C117, C119, C120, C123; docs/architecture.md, law 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hydra.domain import KillScope, SignalSource
from hydra.layers.layer4_kill import Kill, check_kill_switch
from hydra.layers.layer4_limits import PortfolioState
from hydra.layers.layer4_risk import Candidate, PairTerms, RiskParameters, decide_candidates
from hydra.trading.correlation_rows import ALONE, PortfolioCorrelation
from hydra.trading.decision_rows import ScoredSignal, Verdict
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.kill_switch import StoppedPairs
from hydra.trading.minute_rows import AssessedPair, or_nan
from hydra.trading.pair_state import PairState

UNKNOWN_CODE = -1


@dataclass(frozen=True, slots=True)
class Minute:
    """The inputs of the verdicts of one minute.

    differing: pairs that are not entered because their orders or positions at the exchange are not those of
    the tables; none where orders do not go to an exchange.
    """

    pairs: Mapping[int, AssessedPair]
    signals: Mapping[int, ScoredSignal]
    states: Mapping[int, PairState]
    terms: Mapping[int, InstrumentSpec]
    portfolio_correlation: Mapping[int, PortfolioCorrelation]
    kills: StoppedPairs
    portfolio: PortfolioState
    differing: frozenset[int] = frozenset()


def direction_held(state: PairState) -> int:
    """+1 LONG or -1 SHORT, of the position or the working entry; 0 without either."""
    if state.position is not None:
        return state.position.direction
    return state.plan.direction if state.plan is not None else 0


def new_kills(minute: Minute, parameters: RiskParameters) -> dict[int, Kill]:
    """The kill conditions that newly hold, by the pair where they hold.

    A condition that stops the whole portfolio is latched once, for the first such pair.
    """
    found: dict[int, Kill] = {}
    for instrument_id, pair in minute.pairs.items():
        if minute.kills.stops(instrument_id) or stops_everything(found):
            continue
        kill = _kill(pair, minute.portfolio, parameters)
        if kill is not None:
            found[instrument_id] = kill
    return found


def stops_everything(kills: Mapping[int, Kill]) -> bool:
    """True if one of them stops the whole portfolio."""
    return any(kill.scope is KillScope.PORTFOLIO for kill in kills.values())


def _kill(pair: AssessedPair, portfolio: PortfolioState, parameters: RiskParameters) -> Kill | None:
    return check_kill_switch(
        portfolio.daily_drawdown,
        or_nan(pair.measured("funding_rate")),
        or_nan(pair.cascade_probability),
        _code(pair.volatility_regime),
        parameters.kill,
        regime_break_alert=False,
    )


def decide(minute: Minute, kills: Mapping[int, Kill], parameters: RiskParameters) -> dict[int, Verdict]:
    """The verdicts on all pairs of the minute, by instrument."""
    is_killed = stops_everything(kills)
    verdicts = {
        key: Verdict(
            pair, minute.signals.get(key), is_killed=is_killed or minute.kills.stops(key) or key in kills
        )
        for key, pair in minute.pairs.items()
    }
    places = {key: place for place, key in enumerate(minute.pairs)}
    candidates = [
        _candidate(verdict, minute, places[key], minute.terms[key].for_risk)
        for key, verdict in verdicts.items()
        if verdict.has_chosen_signal and key in minute.terms
    ]
    for candidate, decision in decide_candidates(candidates, minute.portfolio, parameters):
        key = candidate.instrument_id
        verdict, portfolio_correlation = verdicts[key], minute.portfolio_correlation.get(key, ALONE)
        verdicts[key] = Verdict(
            verdict.pair, verdict.signal, decision, candidate, portfolio_correlation, verdict.is_killed
        )
    return verdicts


def _candidate(verdict: Verdict, minute: Minute, place: int, terms: PairTerms) -> Candidate:
    pair, signal = verdict.pair, verdict.signal
    if signal is None:
        raise AssertionError("only a chosen signal makes a candidate")
    key = pair.instrument_id
    return Candidate(
        instrument_id=key,
        universe_place=place,
        source=SignalSource(signal.source),
        direction=signal.direction,
        confidence=signal.confidence,
        score=signal.score,
        expected_return=signal.expected_return,
        expected_adverse_excursion=signal.expected_adverse_excursion,
        holding_hours=signal.holding_period_minutes / 60,
        price=or_nan(pair.number("last_close")),
        funding_rate=or_nan(pair.measured("funding_rate")),
        volatility_regime=_code(pair.volatility_regime),
        regime=_code(pair.regime),
        cascade_probability=or_nan(pair.cascade_probability),
        correlation_penalty=minute.portfolio_correlation.get(key, ALONE).penalty,
        terms=terms,
        entries_allowed=pair.entries_allowed,
        kill_latched=verdict.is_killed,
        account_differs=key in minute.differing,
        has_position=key in minute.states,
        minutes_since_exit=or_nan(signal.minutes_since_exit),
        stopped_out=signal.stopped_out,
    )


def _code(value: int | None) -> int:
    return UNKNOWN_CODE if value is None else value
