"""Position management: checks every open position in every minute and sends its exit.

Source: docs/practice.md, "Position management"; C09, C42, C43, C47, C121.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import psycopg

from hydra.db import queries
from hydra.domain import (
    ExitUrgency,
    OrderType,
    PositionEventKind,
    PositionState,
    ReasonCode,
    SignalSource,
    TradabilityStatus,
)
from hydra.durations import HOUR_SECONDS
from hydra.layers.layer2_volatility import consecutive_extremes
from hydra.layers.layer3_signals import generator_of, thesis_strength
from hydra.layers.layer5_orders import exit_order
from hydra.layers.positions import ExitVerdict, PositionSnapshot, check_position, thesis_health
from hydra.trading.account_differences import read_differing
from hydra.trading.cycle import Cycle
from hydra.trading.instrument_spec import InstrumentSpec, read_terms
from hydra.trading.kill_switch import StoppedPairs, read_kills
from hydra.trading.market_rows import Price, read_prices
from hydra.trading.minute_rows import AssessedPair, or_nan
from hydra.trading.pair_state import PairState, Position, PositionEvent
from hydra.trading.parameters import Rules
from hydra.trading.venue import Venue

EVALUATION_LENGTH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ThesisAtEntry:
    """The signal source of a position, and the strength of its thesis at the signal."""

    source: SignalSource
    strength: float


@dataclass(frozen=True, slots=True)
class ExitContext:
    """The inputs of a minute's checks. prices: the last known ones (C132). differing: see `Minute`."""

    theses: Mapping[int, ThesisAtEntry]
    extremes: Mapping[int, int]
    kills: StoppedPairs
    prices: Mapping[int, Price]
    terms: Mapping[int, InstrumentSpec]
    differing: frozenset[int] = frozenset()


def manage_positions(
    connection: psycopg.Connection,
    cycle: Cycle,
    rules: Rules,
    states: Mapping[int, PairState],
    assessed: Mapping[int, AssessedPair],
    venue: Venue,
) -> None:
    """Check every open position, send its exit if one is due, cancel entries that are no longer allowed."""
    check_pair_states(states, assessed, cycle, rules, _read(connection, cycle, rules, states), venue)


def check_between_minutes(
    connection: psycopg.Connection,
    minute: Cycle,
    rules: Rules,
    state: PairState,
    pair: AssessedPair,
    venue: Venue,
    now: tuple[datetime, Decimal],
) -> None:
    """Check an open position at an instant and its mark price; nothing is noted unless an exit is due.

    minute: the newest that layer 2 has assessed, `pair` what it said. now: instant and mark price.
    """
    time, mark = now
    context = _read(connection, minute, rules, {state.instrument_id: state})
    if state.instrument_id not in context.prices:
        return
    price = replace(context.prices[state.instrument_id], mark=mark)
    context = replace(context, prices={state.instrument_id: price})
    at_once = replace(minute, time=time)
    checked = position_snapshot(_of(state), pair, at_once, context)
    verdict = check_position(checked, rules.positions)
    if verdict is not None and not _is_leaving(state, verdict):
        _note(state, checked, verdict, time)
        _close(state, verdict, at_once, context, venue)


def _is_leaving(state: PairState, verdict: ExitVerdict) -> bool:
    """True if an exit works that is as urgent, or the next one is on its way."""
    is_market = state.exit is not None and state.exit.order_type is OrderType.MARKET
    is_ordinary = verdict.urgency is ExitUrgency.ORDINARY
    return _of(state).state is PositionState.CLOSING and (state.exit is None or is_market or is_ordinary)


def check_pair_states(
    states: Mapping[int, PairState],
    assessed: Mapping[int, AssessedPair],
    cycle: Cycle,
    rules: Rules,
    context: ExitContext,
    venue: Venue,
) -> None:
    """`manage_positions` without I/O. A position without an assessment in this minute is not checked."""
    for instrument_id, state in sorted(states.items()):
        pair = assessed.get(instrument_id)
        _withdraw_entry(state, cycle, context, pair, venue)
        if state.is_open and pair is not None:
            _check(state, pair, cycle, rules, context, venue)


def _read(
    connection: psycopg.Connection, cycle: Cycle, rules: Rules, states: Mapping[int, PairState]
) -> ExitContext:
    opened = sorted(key for key, one in states.items() if one.is_open)
    run = {"run_id": cycle.run_id}
    theses = connection.execute(queries.load("stages/opening_signals"), run).fetchall() if opened else []
    return ExitContext(
        theses={row[0]: ThesisAtEntry(SignalSource(row[1]), row[2]) for row in theses},
        extremes=_extremes(connection, cycle, opened, rules.positions.extreme_evaluations) if opened else {},
        kills=read_kills(connection, cycle.run_id),
        prices=read_prices(connection, states, cycle.as_of),
        terms=read_terms(connection, opened, cycle.time, rules.costs),
        differing=read_differing(connection, cycle.run_id),
    )


def _extremes(
    connection: psycopg.Connection, cycle: Cycle, instrument_ids: list[int], wanted: int
) -> dict[int, int]:
    """How many of the last `wanted` five-minute evaluations in a row were extreme, by instrument (C121)."""
    newest = cycle.time - timedelta(
        minutes=cycle.time.minute % 5, seconds=cycle.time.second, microseconds=cycle.time.microsecond
    )
    evaluations = [newest - EVALUATION_LENGTH * number for number in range(wanted)]
    values = {"run_id": cycle.run_id, "instrument_ids": instrument_ids, "evaluations": evaluations}
    rows = connection.execute(queries.load("stages/evaluations"), values).fetchall()
    return {instrument_id: extremes_in_a_row(regimes) for instrument_id, regimes in rows}


def extremes_in_a_row(newest_first: list[int]) -> int:
    """The number of extreme evaluations in a row up to the newest."""
    count = 0
    for regime in reversed(newest_first):
        count = consecutive_extremes(count, regime)
    return count


def _withdraw_entry(
    state: PairState, cycle: Cycle, context: ExitContext, pair: AssessedPair | None, venue: Venue
) -> None:
    """Cancel a working entry if a kill switch, the account or layer 2 stops the pair (C09, C121)."""
    if state.entry is None:
        return
    if context.kills.stops(state.instrument_id):
        venue.cancel(state.entry, cycle.time, ReasonCode.KILL_SWITCH)
    elif state.instrument_id in context.differing:
        venue.cancel(state.entry, cycle.time, ReasonCode.ACCOUNT_DIFFERS)
    elif pair is not None and pair.tradability is TradabilityStatus.BLOCK:
        venue.cancel(state.entry, cycle.time, pair.reason_code)
    state.drop_ended()


def _check(
    state: PairState,
    pair: AssessedPair,
    cycle: Cycle,
    rules: Rules,
    context: ExitContext,
    venue: Venue,
) -> None:
    checked = position_snapshot(_of(state), pair, cycle, context)
    verdict = check_position(checked, rules.positions)
    _note(state, checked, verdict, cycle.time)
    if verdict is not None:
        _close(state, verdict, cycle, context, venue)


def _note(state: PairState, checked: PositionSnapshot, verdict: ExitVerdict | None, time: datetime) -> None:
    reason = verdict.reason_code if verdict else ReasonCode.NORMAL
    numbers = _numbers(checked, verdict)
    event = PositionEvent(time, PositionEventKind.CHECKED, reason_code=reason, numbers=numbers)
    _of(state).events.append(event)


def position_snapshot(
    position: Position, pair: AssessedPair, cycle: Cycle, context: ExitContext
) -> PositionSnapshot:
    """The inputs of the checks of one position."""
    return PositionSnapshot(
        direction=position.direction,
        mark_price=float(context.prices[position.instrument_id].mark),
        entry_price=float(position.entry_price),
        liquidation_price=float(position.liquidation_price),
        hours_held=_hours(cycle.time - position.opened_time),
        max_holding_hours=_hours(position.max_holding_until - position.opened_time),
        thesis_health=_health(position, pair, context.theses.get(position.instrument_id)),
        layer2_reason=pair.reason_code,
        extreme_evaluations=context.extremes.get(position.instrument_id, 0),
        outage_seconds=or_nan(pair.number("data_outage_seconds")),
        kill_latched=context.kills.stops(position.instrument_id),
        news_exit_age_seconds=_news_exit_age_seconds(position, pair, cycle),
    )


def _news_exit_age_seconds(position: Position, pair: AssessedPair, cycle: Cycle) -> float:
    known_at = pair.news.exit_known_at
    if known_at is None or not pair.news.closes(position.opened_time):
        return math.nan
    return (cycle.as_of - known_at).total_seconds()


def _health(position: Position, pair: AssessedPair, thesis: ThesisAtEntry | None) -> float:
    if thesis is None:
        return math.nan
    value = or_nan(pair.measured(generator_of(thesis.source).thesis.column))
    return thesis_health(thesis_strength(thesis.source, position.direction, value), thesis.strength)


def _numbers(checked: PositionSnapshot, verdict: ExitVerdict | None) -> dict[str, Any]:
    return {
        "mark_price": checked.mark_price,
        "liquidation_price": checked.liquidation_price,
        "thesis_health": checked.thesis_health,
        "hours_held": checked.hours_held,
        "max_holding_hours": checked.max_holding_hours,
        "extreme_evaluations": checked.extreme_evaluations,
        "data_outage_seconds": checked.outage_seconds,
        "news_exit_age_seconds": checked.news_exit_age_seconds,
        "urgency": verdict.urgency.value if verdict else None,
    }


def _close(state: PairState, verdict: ExitVerdict, cycle: Cycle, context: ExitContext, venue: Venue) -> None:
    """Send the exit of the verdict; an urgent exit replaces a waiting passive one."""
    position, last = _of(state), context.prices[state.instrument_id].last
    if state.exit is not None:
        if verdict.urgency is ExitUrgency.ORDINARY or state.exit.order_type is OrderType.MARKET:
            return
        venue.cancel(state.exit, cycle.time, detail={"replaced_by": OrderType.MARKET.value})
    if state.entry is not None:
        venue.cancel(state.entry, cycle.time, verdict.reason_code)
    state.drop_ended()
    terms = context.terms[state.instrument_id]
    key = venue.key(state.instrument_id, position.decision_time)
    attempt = position.exits_sent
    urgency = verdict.urgency
    plan = exit_order(
        key, position.direction, position.quantity, urgency, terms.best_bid_ask(last), terms.filters, attempt
    )
    position.exits_sent += 1
    position.state = PositionState.CLOSING
    state.exit = venue.submit(plan, key, last, cycle.time, verdict.reason_code)


def _of(state: PairState) -> Position:
    if state.position is None:
        raise AssertionError("only open positions are checked")
    return state.position


def _hours(span: timedelta) -> float:
    return span.total_seconds() / HOUR_SECONDS
