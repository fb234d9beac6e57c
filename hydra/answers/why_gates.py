"""The six gates of one minute, each told from the rows that it left: inputs, rule, numbers, verdict, words.

Pure: rows in, answers out. What a row may hold in its jsonb: assessments.numbers has `inputs` (name:
{state, age_seconds}), `reasons` (all that applied, gravest first) and `measured` (what the generators read);
the others are flat {name: number}.
Source: README document, "Decision Gates"; docs/architecture.md, "Asking why"; C05, C111, C112.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from hydra.answers.distance_to_trigger import MeasuredCondition, TriggerDistance, trigger_distances
from hydra.answers.formatting import label, minute_text, with_unit
from hydra.answers.order_words import order_words
from hydra.answers.scorer_sentence import scorer_words
from hydra.answers.why_news import NewsRows, news_words
from hydra.domain import OrderRole, OrderState, ReasonCode, Regime, TradabilityStatus, VolatilityRegime
from hydra.layers.generator import Comparison
from hydra.layers.layer2_data_health import INPUTS
from hydra.layers.layer3_signals import SignalParameters
from hydra.reason_words import WORDS, Gate, gate_of

Row = Mapping[str, Any]


class GateVerdict(StrEnum):
    """What a gate said. RESTRICTED: passed, not freely. NO_VIEW: nothing to judge, which never blocks."""

    PASSED = "passed"
    RESTRICTED = "restricted"
    STOPPED = "stopped"
    NO_VIEW = "no view"
    NOT_REACHED = "not reached"
    PENDING = "not decided yet"


class InputState(StrEnum):
    """How an input stood (C111): not recorded is no fault, stale is one."""

    OK = "ok"
    NOT_RECORDED = "not_recorded"
    STALE = "stale"
    MISSING = "missing"
    WIDE = "wide"
    OFF = "off"


INPUT_WORDS: Final = {
    InputState.OK: "ok",
    InputState.NOT_RECORDED: "not recorded: this run declares no such feed, its check is skipped",
    InputState.STALE: "stale: older than it may be",
    InputState.MISSING: "missing: there is none, or too little of it",
    InputState.WIDE: "the spread is too wide",
    InputState.OFF: "has not agreed with the exchange's within a second for too long",
}


@dataclass(frozen=True, slots=True)
class InputReading:
    """One input of the data health gate; age null where there never was one."""

    name: str
    state: InputState
    age_seconds: float | None

    @property
    def words(self) -> str:
        """State and age in words."""
        age = "" if self.age_seconds is None else f" ({with_unit('age_seconds', self.age_seconds)} old)"
        return f"{INPUT_WORDS[self.state]}{age}"


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """One gate of the chain. rule: what it asks; words: its answer; numbers: what decided."""

    gate: Gate
    rule: str
    verdict: GateVerdict
    reason_code: ReasonCode | None
    words: tuple[str, ...]
    inputs: tuple[InputReading, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    distances: tuple[TriggerDistance, ...] = ()


RULES: Final = {
    Gate.DATA_HEALTH: "every declared input is there and young enough",
    Gate.STATISTICAL: "no extreme volatility, no cascade; high volatility and extreme funding restrict",
    Gate.SCORE: "a generator fires, is confident enough and scores high enough",
    Gate.NEWS: "the news analyst does not say hold, exit or the opposite",
    Gate.RISK: "kill switch, layer 2, position, cool-down, limits, size",
    Gate.EXECUTION: "the entry order is accepted and filled in time",
}


def _answer(gate: Gate, verdict: GateVerdict, *words: str, code: ReasonCode | None = None) -> GateAnswer:
    return GateAnswer(gate, RULES[gate], verdict, code, words)


def input_readings(recorded: Mapping[str, Any]) -> tuple[InputReading, ...]:
    """The inputs of `assessments.numbers`, in the order of the rule."""
    return tuple(
        InputReading(name, InputState(recorded[name]["state"]), recorded[name].get("age_seconds"))
        for name in (*INPUTS, *sorted(recorded.keys() - set(INPUTS)))
        if name in recorded
    )


def data_health(assessment: Row | None) -> GateAnswer:
    """Gate 1: inputs with their ages; not recorded is shown apart from stale (C111)."""
    if assessment is None:
        return _answer(Gate.DATA_HEALTH, GateVerdict.PENDING, "layer 2 has not answered yet")
    failing = [code for code in _reasons(assessment) if gate_of(2, code) is Gate.DATA_HEALTH]
    verdict = GateVerdict.STOPPED if failing else GateVerdict.PASSED
    words = tuple(WORDS[code] for code in failing) or ("all inputs are usable",)
    words += _own_words(assessment, Gate.DATA_HEALTH)
    code = failing[0] if failing else ReasonCode.NORMAL
    inputs = input_readings(assessment["numbers"].get("inputs", {}))
    return GateAnswer(Gate.DATA_HEALTH, RULES[Gate.DATA_HEALTH], verdict, code, words, inputs)


def statistical(assessment: Row | None) -> GateAnswer:
    """Gate 2: regimes, cascade, funding, and every row of the decision matrix that applied."""
    if assessment is None:
        return _answer(Gate.STATISTICAL, GateVerdict.PENDING, "layer 2 has not answered yet")
    own = [code for code in _reasons(assessment) if gate_of(2, code) is Gate.STATISTICAL]
    if not own and assessment["tradability"] == TradabilityStatus.BLOCK:
        return _answer(Gate.STATISTICAL, GateVerdict.NOT_REACHED, "the data did not allow a judgement")
    reasons = own or [ReasonCode.NORMAL]
    return GateAnswer(
        Gate.STATISTICAL,
        RULES[Gate.STATISTICAL],
        _tradability_verdict(assessment, reasons),
        reasons[0],
        (*(WORDS[code] for code in reasons), *_own_words(assessment, Gate.STATISTICAL)),
        numbers=_statistical_numbers(assessment),
    )


def _own_words(assessment: Row, gate: Gate) -> tuple[str, ...]:
    """Layer 2's own sentence, told by the gate that its gravest reason belongs to."""
    belongs = gate_of(2, ReasonCode(assessment["reason_code"])) is gate
    return tuple(_measured_words(f"in numbers: {assessment['reason']}")) if belongs else ()


_BLOCKING: Final = frozenset({ReasonCode.CASCADE, ReasonCode.VOLATILITY_EXTREME})


def _tradability_verdict(assessment: Row, reasons: Sequence[ReasonCode]) -> GateVerdict:
    if _BLOCKING.intersection(reasons):
        return GateVerdict.STOPPED
    if reasons[0] is not ReasonCode.NORMAL:
        return GateVerdict.RESTRICTED
    is_own = gate_of(2, ReasonCode(assessment["reason_code"])) is Gate.STATISTICAL
    is_block = assessment["tradability"] == TradabilityStatus.BLOCK
    return GateVerdict.STOPPED if is_own and is_block else GateVerdict.PASSED


def _reasons(assessment: Row) -> list[ReasonCode]:
    """Every reason that applied, the verdict's own one at least."""
    listed = assessment["numbers"].get("reasons") or [assessment["reason_code"]]
    return [ReasonCode(code) for code in listed]


_STATISTICAL_COLUMNS: Final = (
    "regime",
    "volatility_regime",
    "realized_volatility",
    "cascade_probability",
    "liquidation_velocity",
)


def _statistical_numbers(assessment: Row) -> dict[str, Any]:
    measured = assessment["numbers"].get("measured", {})
    shared = {name: measured.get(name) for name in ("volatility_percentile", "funding_rate")}
    columns = {name: assessment[name] for name in _STATISTICAL_COLUMNS}
    named = {"regime": Regime, "volatility_regime": VolatilityRegime}
    words = {name: kind(columns[name]).name for name, kind in named.items() if columns[name] is not None}
    return {**columns, **words, **shared}


def measured_quantities(assessment: Row) -> dict[str, float | None]:
    """What the generators read in this minute: `measured`, and the columns that have their own place."""
    return {
        **assessment["numbers"].get("measured", {}),
        "gate_cascade_probability": assessment["cascade_probability"],
        "regime": assessment["regime"],
        "volatility_regime": assessment["volatility_regime"],
    }


def signal_score(rows: "MinuteRows", parameters: SignalParameters) -> GateAnswer:
    """Gate 3: the best signal and its score; if none fired, how far each generator was from it."""
    if rows.assessment is None or not rows.is_signalled:
        return _answer(Gate.SCORE, GateVerdict.PENDING, "layer 3 has not answered yet")
    if not rows.signals:
        return _quiet(rows.assessment, parameters)
    best = rows.signals[0]
    code = ReasonCode(best["reason_code"])
    has_passed = best["chosen"] or best["approved"] or gate_of(3, code) is Gate.NEWS
    return GateAnswer(
        Gate.SCORE,
        RULES[Gate.SCORE],
        GateVerdict.PASSED if has_passed else GateVerdict.STOPPED,
        ReasonCode.SIGNAL_CHOSEN if has_passed else code,
        (*(_signal_words(signal) for signal in rows.signals), *scorer_words(rows.scorer)),
        numbers=_signal_numbers(best),
    )


def _quiet(assessment: Row, parameters: SignalParameters) -> GateAnswer:
    distances = trigger_distances(measured_quantities(assessment), parameters)
    nearest = min(distances, key=lambda distance: distance.shortfall)
    lacking = "; ".join(_lacking(condition) for condition in nearest.conditions if not condition.is_met)
    words = ["no generator fired"]
    if lacking:
        words.append(f"nearest: {nearest.source} {nearest.side}: {lacking}")
    quiet = _answer(Gate.SCORE, GateVerdict.STOPPED, *words, code=ReasonCode.NO_SIGNAL)
    return replace(quiet, distances=distances)


def _lacking(condition: MeasuredCondition) -> str:
    if math.isnan(condition.limit):
        return f"{label(condition.quantity)}: the pair has no threshold of its own yet"
    value = with_unit(condition.quantity, condition.value)
    words = f"{label(condition.quantity)} is {value}, {_limit(condition)}"
    return words if condition.alternative is None else f"{words}, or {_lacking(condition.alternative)}"


def needed(condition: MeasuredCondition) -> str:
    """What a condition asks of its quantity: "needs > 2.00 %", "needs RANGING", or what does as well."""
    other = condition.alternative
    further = (
        "" if other is None else f", or {label(other.quantity)} {with_unit(other.quantity, other.value)}, "
    )
    return _limit(condition) + (further + needed(other) if other is not None else "")


def _limit(condition: MeasuredCondition) -> str:
    limit = with_unit(condition.quantity, condition.limit)
    is_state = condition.comparison is Comparison.IS
    return f"needs {limit}" if is_state else f"needs {condition.comparison} {limit}"


def _signal_words(signal: Row) -> str:
    """One signal: its score is a rule's, or a model's probability; which one is said (law 6)."""
    kind = "rule score" if signal["score_kind"] in (None, "rule") else f"score of {signal['score_kind']}"
    return (
        f"{signal['source']} {signal['side']}: {signal['thesis']}; confidence {signal['confidence']:.2f}, "
        f"{kind} {with_unit('score', signal['score'])}: {WORDS[ReasonCode(signal['reason_code'])]}"
    )


def _signal_numbers(signal: Row) -> dict[str, Any]:
    names = ("source", "side", "confidence", "score", "expected_return", "expected_adverse_excursion")
    return {**{name: signal[name] for name in names}, **_sorted(signal["metadata"])}


def news(signals: Sequence[Row], known: NewsRows) -> GateAnswer:
    """Gate 4: an absent view never blocks (C111), a view can only restrict."""
    words = news_words(known)
    vetoed = [row for row in signals if gate_of(3, ReasonCode(row["reason_code"])) is Gate.NEWS]
    if not vetoed and not any(signal["approved"] for signal in signals):
        return _answer(Gate.NEWS, GateVerdict.NOT_REACHED, "no signal came this far", *words)
    if vetoed:
        code = ReasonCode(vetoed[0]["reason_code"])
        return _answer(Gate.NEWS, GateVerdict.STOPPED, WORDS[code], *words, code=code)
    return _answer(Gate.NEWS, GateVerdict.PASSED if known.counting else GateVerdict.NO_VIEW, *words)


def risk(decision: Row | None, kills: Sequence[Row]) -> GateAnswer:
    """Gate 5: approved with which size and stops, or the veto with the numbers behind it."""
    if decision is None:
        return _answer(Gate.RISK, GateVerdict.PENDING, "layer 4 has not answered yet")
    code = ReasonCode(decision["reason_code"])
    if gate_of(4, code) is not Gate.RISK:
        return _answer(Gate.RISK, GateVerdict.NOT_REACHED, WORDS[code], code=code)
    verdict = GateVerdict.PASSED if decision["approved"] else GateVerdict.STOPPED
    own = str(decision["reason"])
    said = (own,) if own.startswith(WORDS[code]) else (WORDS[code], *_measured_words(own))
    words = (*said, *_kill_words(code, decision, kills))
    return GateAnswer(Gate.RISK, RULES[Gate.RISK], verdict, code, words, numbers=_risk_numbers(decision))


def _measured_words(words: str) -> list[str]:
    """The rule's own words where they tell a number; without one they only repeat the reason."""
    return [words] if any(character.isdigit() for character in words) else []


def _kill_words(code: ReasonCode, decision: Row, kills: Sequence[Row]) -> list[str]:
    words = (
        [f"it latches the kill switch: {decision['kill_reason']}"] if decision["trigger_kill_switch"] else []
    )
    if code is ReasonCode.KILL_SWITCH:
        words += [
            f"{kill['scope']}: latched {minute_text(kill['latched_time'])} UTC: {kill['cause']}"
            for kill in kills
        ]
    return words


_RISK_COLUMNS: Final = (
    "printed_size_usd",
    "recommended_size_usd",
    "reference_price",
    "stop_loss_price",
    "take_profit_price",
    "max_holding_hours",
)


def _risk_numbers(decision: Row) -> dict[str, Any]:
    columns = {name: decision[name] for name in _RISK_COLUMNS if decision[name] is not None}
    return {**columns, **_sorted(decision["numbers"])}


def _sorted(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """By name: jsonb keeps no order worth showing."""
    return dict(sorted(numbers.items()))


_WORKING: Final = frozenset({OrderState.PLANNED, OrderState.OPEN, OrderState.UNKNOWN})


def execution(decision: Row | None, orders: Sequence[Row]) -> GateAnswer:
    """Gate 6: the entry orders of this decision and how they ended."""
    if decision is None or not decision["approved"]:
        return _answer(Gate.EXECUTION, GateVerdict.NOT_REACHED, "nothing was approved")
    entries = [order for order in orders if order["role"] == OrderRole.ENTRY]
    if not entries:
        return _answer(Gate.EXECUTION, GateVerdict.PENDING, "no entry order is written yet")
    verdict, code = _entry_verdict(entries)
    return GateAnswer(Gate.EXECUTION, RULES[Gate.EXECUTION], verdict, code, tuple(map(order_words, entries)))


def _entry_verdict(entries: Sequence[Row]) -> tuple[GateVerdict, ReasonCode | None]:
    last = entries[-1]
    code = ReasonCode(last["reason_code"]) if last["reason_code"] else None
    if any(entry["filled_quantity"] > 0 for entry in entries):
        return GateVerdict.PASSED, code
    return (GateVerdict.PENDING if last["state"] in _WORKING else GateVerdict.STOPPED), code


@dataclass(frozen=True, slots=True)
class MinuteRows:
    """All rows that a minute of a pair left behind; None and empty where a stage has not answered.

    is_signalled: layer 3 has answered, be it without a signal. scorer: what scored, of a run that asks for
    a model (`sql/why/scorer.sql`).
    """

    is_signalled: bool
    assessment: Row | None
    signals: Sequence[Row]
    news: NewsRows
    decision: Row | None
    kills: Sequence[Row]
    orders: Sequence[Row]
    scorer: Row | None = None


def gate_answers(rows: MinuteRows, parameters: SignalParameters) -> tuple[GateAnswer, ...]:
    """The chain of a minute in the order of the gates (a trade needs every one of them)."""
    return (
        data_health(rows.assessment),
        statistical(rows.assessment),
        signal_score(rows, parameters),
        news(rows.signals, rows.news),
        risk(rows.decision, rows.kills),
        execution(rows.decision, rows.orders),
    )


def conclusion(answers: Sequence[GateAnswer]) -> str:
    """The minute in one sentence: which gate stopped it, or that it traded."""
    stopped = [answer for answer in answers if answer.verdict is GateVerdict.STOPPED]
    # Layer 4 judges what layer 2 blocked, so the first gate that said no is the cause.
    if stopped:
        return f"no trade: {stopped[0].gate}: {stopped[0].words[0]}"
    if any(answer.verdict is GateVerdict.PENDING for answer in answers):
        waiting = next(answer for answer in answers if answer.verdict is GateVerdict.PENDING)
        return f"not decided to the end: {waiting.gate}: {waiting.words[0]}"
    return f"trade: {answers[-1].words[-1]}"
