"""Why a minute of a pair ended as it did, answered from rows alone: the answer behind `hydra why`.

Source: DESIGN, "Asking why"; README document, "Decision Gates" (S003 to S008).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from hydra.answers.plain_values import plain
from hydra.answers.run_choice import choose_instrument, choose_run, rows_of
from hydra.answers.timestamps import parse_moment
from hydra.answers.why_gates import GateAnswer, MinuteRows, Row, conclusion, gate_answers
from hydra.domain import CycleState, PositionEventKind, TradingMode
from hydra.errors import StopError
from hydra.reason_words import Gate
from hydra.trading.parameters import rules_of_run
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
    """The chain of one minute. label: simulated, recorded or live; as_of: only facts known by then count."""

    run_id: int
    label: str
    symbol: str
    time: datetime
    state: str | None
    as_of: datetime | None
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
        answer: dict[str, Any] = plain(asdict(self))
        return answer


def explain(
    connection: psycopg.Connection, symbol: str, at: str | None = None, run_id: int | None = None
) -> Explanation:
    """The chain of the minute `at` (ISO or HH:MM, UTC; None: the newest decided one) of `symbol`.

    run_id: None is the newest run that has decided anything.

    Raises:
        StopError: there is no such run, pair or decided minute; the message names the nearest ones.
    """
    run = choose_run(connection, run_id)
    instrument = choose_instrument(connection, run["run_id"], symbol)
    keys = {"run_id": run["run_id"], "instrument_id": instrument["instrument_id"]}
    (newest,) = rows_of(connection, "why/newest_minute", **keys)
    time = newest["time"] if at is None else parse_moment(at, newest["time"])
    return _explain_minute(connection, run, instrument, time)


def _explain_minute(connection: psycopg.Connection, run: Row, instrument: Row, time: datetime) -> Explanation:
    keys = {"run_id": run["run_id"], "instrument_id": instrument["instrument_id"], "time": time}
    cycle = _first(rows_of(connection, "why/cycle", **keys))
    rows = _minute_rows(connection, keys, cycle)
    if rows.assessment is None and run["mode"] == TradingMode.BACKTEST:
        raise StopError(_only_counted(connection, str(instrument["base"]), keys))
    if rows.assessment is None and (cycle is None or cycle["state"] == CycleState.SKIPPED):
        raise StopError(_no_decision(connection, str(instrument["base"]), keys, cycle))
    answers = gate_answers(rows, rules_of_run(read_run(connection, run["run_id"])).signals)
    return Explanation(
        run_id=run["run_id"],
        label=run["label"],
        symbol=instrument["symbol"],
        time=time,
        state=cycle["state"] if cycle else None,
        as_of=cycle["as_of"] if cycle else None,
        newest_known_at=cycle["newest_known_at"] if cycle else None,
        conclusion=conclusion(answers),
        gates=answers,
        orders=rows.orders,
        position=_position(connection, keys),
    )


def _minute_rows(connection: psycopg.Connection, keys: Mapping[str, Any], cycle: Row | None) -> MinuteRows:
    return MinuteRows(
        is_signalled=cycle is None or cycle["state"] not in _UNSIGNALLED,
        assessment=_first(rows_of(connection, "why/assessment", **keys)),
        signals=rows_of(connection, "why/signals", **keys),
        news_view=_first(rows_of(connection, "why/news_view", **keys)),
        decision=_first(rows_of(connection, "why/decision", **keys)),
        kills=rows_of(connection, "why/kill_switch", **keys),
        orders=rows_of(connection, "why/orders", **keys),
    )


def _position(connection: psycopg.Connection, keys: Mapping[str, Any]) -> PositionAnswer | None:
    position = _first(rows_of(connection, "why/position", **keys))
    if position is None:
        return None
    # A position that this minute opened begins after it: its whole life belongs to the answer.
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


def _no_decision(
    connection: psycopg.Connection, base: str, keys: Mapping[str, Any], cycle: Row | None
) -> str:
    (nearest,) = rows_of(connection, "why/nearest_minutes", **keys)
    minutes = [f"{time:%Y-%m-%dT%H:%M}" for time in (nearest["before"], nearest["after"]) if time]
    cause = "was skipped: it was too late to decide it honestly" if cycle else "was not decided"
    where = f"run {keys['run_id']}, {base}: the minute {keys['time']:%Y-%m-%d %H:%M} UTC {cause}"
    return f"{where}; the nearest decided ones: {' and '.join(minutes)}"


def _only_counted(connection: psycopg.Connection, base: str, keys: Mapping[str, Any]) -> str:
    """What there is to say of a minute of a backtest that has no row of its own."""
    (nearest,) = rows_of(connection, "why/nearest_minutes", **keys)
    minutes = [f"{time:%Y-%m-%dT%H:%M}" for time in (nearest["before"], nearest["after"]) if time]
    counts = rows_of(connection, "why/hour_counts", **keys)
    counted = ", ".join(f"layer {one['layer']} {one['reason_code']} {one['verdicts']}" for one in counts)
    moment = f"{keys['time']:%Y-%m-%d %H:%M} UTC"
    return (
        f"run {keys['run_id']}, {base}: the backtest kept no row of {moment}, there was no signal and no "
        f"change. Of its hour it counted: {counted or 'nothing'}. `hydra backtest --all-rows` keeps every "
        f"minute; the nearest kept ones: {' and '.join(minutes) or 'none'}"
    )
