"""Why a minute of a pair ended as it did, answered from rows alone: the answer behind `hydra why`.

Source: docs/architecture.md, "Asking why"; README document, "Decision Gates".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from hydra.answers.formatting import duration, exact_text, minute_text, price_text, usd
from hydra.answers.plain_values import plain
from hydra.answers.run_choice import choose_instrument, decided_run, rows_of
from hydra.answers.timestamps import parse_minute_or_clock
from hydra.answers.why_gates import (
    GateAnswer,
    GateVerdict,
    InputReading,
    MinuteRows,
    Row,
    conclusion,
    gate_answers,
)
from hydra.answers.why_news import NewsRows
from hydra.domain import CycleState, PositionEventKind, ReasonCode, TradingMode
from hydra.errors import StopError
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.reason_words import WORDS, Gate
from hydra.trading.parameters import Rules, rules_of_run
from hydra.trading.runs import read_run

_UNSIGNALLED: Final = frozenset({CycleState.OPEN, CycleState.FILLS_BOOKED, CycleState.ASSESSED})


@dataclass(frozen=True, slots=True)
class PositionAnswer:
    """The position of the pair in that minute: its columns, what had happened to it, and its newest check."""

    columns: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    last_check: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The chain of one minute. label: simulated, recorded or live; as_of: only facts known by then count.

    code_version: the code that decided it.
    """

    run_id: int
    label: str
    symbol: str
    time: datetime
    state: str | None
    as_of: datetime | None
    code_version: str | None
    newest_known_at: datetime | None
    conclusion: str
    gates: tuple[GateAnswer, ...]
    orders: Sequence[Mapping[str, Any]]
    position: PositionAnswer | None

    def gate(self, gate: Gate) -> GateAnswer:
        """The answer of one gate."""
        return next(answer for answer in self.gates if answer.gate is gate)

    def as_json(self) -> dict[str, Any]:
        """For machines: words, numbers and instants as JSON knows them; money as text: it stays exact."""
        answer: dict[str, Any] = plain(self)
        return answer


@dataclass(frozen=True, slots=True)
class CountedHour:
    """The verdicts of one hour, counted: the answer for a backtest's minute that has no rows of its own.

    counts: rows {layer, reason_code, verdicts}; nearest: the minutes before and after it that have rows.
    inputs: those of the minute, where data were a reason (see `inputs_of_minute`).
    """

    run_id: int
    label: str
    symbol: str
    instrument_id: int
    time: datetime
    counts: Sequence[Mapping[str, Any]]
    nearest: tuple[datetime, ...]
    inputs: tuple[InputReading, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For machines, as `Explanation.as_json`."""
        answer: dict[str, Any] = plain(self)
        return answer


def explain(
    connection: psycopg.Connection, symbol: str, at: str | None = None, run_id: int | None = None
) -> Explanation | CountedHour:
    """The chain of the minute `at` (ISO or HH:MM, UTC; None: the newest one with rows) of `symbol`.

    HH:MM is the newest minute of the run with that time of day, with rows or without.

    run_id: None is the newest run that has decided anything. The minutes of a backtest that have no rows of
    their own are answered with what was counted in their hour.

    Raises:
        StopError: there is no such run, pair or decided minute; the message names the nearest ones.
    """
    run = decided_run(connection, run_id)
    instrument = choose_instrument(connection, run["run_id"], symbol)
    keys = {"run_id": run["run_id"], "instrument_id": instrument["instrument_id"]}
    (newest,) = rows_of(connection, "why/newest_minute", **keys)
    time = newest["time"] if at is None else parse_minute_or_clock("--at", at, newest["decided_until"])
    return _explain_minute(connection, run, instrument, time)


def _explain_minute(
    connection: psycopg.Connection, run: Row, instrument: Row, time: datetime
) -> Explanation | CountedHour:
    keys = {"run_id": run["run_id"], "instrument_id": instrument["instrument_id"], "time": time}
    cycle = _first(rows_of(connection, "why/cycle", **keys))
    rules = rules_of_run(read_run(connection, run["run_id"]))
    rows = _minute_rows(connection, keys, cycle, rules)
    counts = rows_of(connection, "why/hour_counts", **keys)
    if rows.assessment is None and run["mode"] == TradingMode.BACKTEST and counts:
        return CountedHour(
            run_id=run["run_id"],
            label=run["label"],
            symbol=instrument["symbol"],
            instrument_id=instrument["instrument_id"],
            time=time,
            counts=counts,
            nearest=_nearest_minutes(connection, keys),
        )
    if rows.assessment is None and (cycle is None or cycle["state"] == CycleState.SKIPPED):
        raise StopError(_no_decision(connection, str(instrument["base"]), keys, cycle))
    answers = gate_answers(rows, rules.signals)
    position = _position(connection, keys)
    return Explanation(
        run_id=run["run_id"],
        label=run["label"],
        symbol=instrument["symbol"],
        time=time,
        state=cycle["state"] if cycle else None,
        as_of=cycle["as_of"] if cycle else None,
        code_version=cycle["code_version"] if cycle else None,
        newest_known_at=cycle["newest_known_at"] if cycle else None,
        conclusion=headline(answers, position.columns if position else None, time),
        gates=answers,
        orders=rows.orders,
        position=position,
    )


def _minute_rows(
    connection: psycopg.Connection, keys: Mapping[str, Any], cycle: Row | None, rules: Rules
) -> MinuteRows:
    return MinuteRows(
        is_signalled=cycle is None or cycle["state"] not in _UNSIGNALLED,
        assessment=_first(rows_of(connection, "why/assessment", **keys)),
        signals=rows_of(connection, "why/signals", **keys),
        news=_news_rows(connection, keys, cycle, rules),
        decision=_first(rows_of(connection, "why/decision", **keys)),
        kills=rows_of(connection, "why/kill_switch", **keys),
        orders=rows_of(connection, "why/orders", **keys),
        scorer=_first(rows_of(connection, "why/scorer", **keys)),
    )


def _news_rows(
    connection: psycopg.Connection, keys: Mapping[str, Any], cycle: Row | None, rules: Rules
) -> NewsRows:
    """What was known of the news as of the minute; without a cycle, as of its instant."""
    as_of = cycle["as_of"] if cycle else keys["time"] + DECISION_DELAY
    values = {"run_id": keys["run_id"], "instrument_id": keys["instrument_id"], "as_of": as_of}
    return NewsRows(
        views=rows_of(connection, "why/news_view", **values),
        scan=_first(rows_of(connection, "why/news_scan", **values)),
        counts_for_seconds=rules.news_counts_for.total_seconds(),
    )


def _position(connection: psycopg.Connection, keys: Mapping[str, Any]) -> PositionAnswer | None:
    position = _first(rows_of(connection, "why/position", **keys))
    if position is None:
        return None
    # A position opened by this minute begins after it, so everything up to its end is shown.
    opened_here = position["decision_time"] == keys["time"]
    until = (
        (position["closed_time"] or datetime.max.replace(tzinfo=keys["time"].tzinfo))
        if opened_here
        else keys["time"]
    )
    events = rows_of(connection, "why/position_events", position_id=position["position_id"], time=until)
    checks = [event for event in events if event["kind"] == PositionEventKind.CHECKED]
    return PositionAnswer(position, events, checks[-1] if checks else None)


def _first(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    return rows[0] if rows else None


def headline(answers: Sequence[GateAnswer], position: Row | None, time: datetime) -> str:
    """The minute in one sentence: what became of its position, then what the gates concluded."""
    gates = conclusion(answers)
    if position is None:
        return gates
    if position["decision_time"] == time and answers[-1].verdict is GateVerdict.PASSED:
        amount = exact_text(position["peak_quantity"])
        entry = f"{position['side']} {amount} at {price_text(position['entry_price'])}"
        return f"trade: {entry}; {_closing(position) if position['closed_time'] else 'still open'}"
    if position["closed_time"] is not None and position["closed_time"] <= time:
        return f"the {position['side']} position was {_closing(position)}; {gates}"
    return gates


def _closing(position: Row) -> str:
    """How a position was closed: after how long, why, with which result."""
    code = ReasonCode(position["exit_reason_code"])
    held = duration((position["closed_time"] - position["opened_time"]).total_seconds())
    verb = {ReasonCode.STOP_HIT: "stopped out", ReasonCode.LIQUIDATED: "liquidated"}.get(code, "closed")
    return (
        f"{verb} at {minute_text(position['closed_time'])} UTC after {held} ({WORDS[code]}), "
        f"net {usd(position['net_pnl_usd'])}"
    )


def _nearest_minutes(connection: psycopg.Connection, keys: Mapping[str, Any]) -> tuple[datetime, ...]:
    """The last minute before and the first after that have rows of the pair."""
    (nearest,) = rows_of(connection, "why/nearest_minutes", **keys)
    return tuple(time for time in (nearest["before"], nearest["after"]) if time)


def _skipped(cycle: Row, time: datetime) -> str:
    """Why a minute was skipped. Rows of before revision 0013 have no reason."""
    words = WORDS[ReasonCode(cycle["reason_code"] or ReasonCode.MINUTE_TOO_OLD)]
    return f"was skipped, {duration((cycle['as_of'] - time).total_seconds())} after its close: {words}"


def _no_decision(
    connection: psycopg.Connection, base: str, keys: Mapping[str, Any], cycle: Row | None
) -> str:
    nearest = [minute_text(time) for time in _nearest_minutes(connection, keys)]
    cause = _skipped(cycle, keys["time"]) if cycle else "was not decided"
    where = f"run {keys['run_id']}, {base}: the minute {minute_text(keys['time'])} UTC {cause}"
    return f"{where}; the nearest ones with rows: {' and '.join(nearest) or 'none'}"
