"""Position management: every open position is checked every minute, and closed for the first good reason.

Source: docs/practice.md, "Position management"; C09, C42, C43, C47, C121.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
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
from hydra.trading.cycle import Cycle
from hydra.trading.instrument_spec import InstrumentSpec, read_terms
from hydra.trading.kill_switch import LatchedKills, read_kills
from hydra.trading.market_rows import Price, read_prices
from hydra.trading.minute_rows import AssessedPair
from hydra.trading.pair_state import PairState, Position, PositionEvent
from hydra.trading.parameters import Rules
from hydra.trading.venue import Venue

EVALUATION_LENGTH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ThesisAtEntry:
    """What a position bets on, and how strong that was at its signal."""

    source: SignalSource
    strength: float


@dataclass(frozen=True, slots=True)
class ExitContext:
    """What the checks of all open positions of a minute read. prices: the last known ones (C132)."""

    bets: Mapping[int, ThesisAtEntry]
    extremes: Mapping[int, int]
    kills: LatchedKills
    prices: Mapping[int, Price]
    terms: Mapping[int, InstrumentSpec]


def manage_positions(
    connection: psycopg.Connection,
    cycle: Cycle,
    rules: Rules,
    states: Mapping[int, PairState],
    assessed: Mapping[int, AssessedPair],
    venue: Venue,
) -> None:
    """Check every open position, send its exit where one is due, withdraw entries no longer allowed."""
    check_pair_states(states, assessed, cycle, rules, _read(connection, cycle, rules, states), venue)


def check_pair_states(
    states: Mapping[int, PairState],
    assessed: Mapping[int, AssessedPair],
    cycle: Cycle,
    rules: Rules,
    context: ExitContext,
    venue: Venue,
) -> None:
    """`manage_positions` on what has been read. A pair without an assessment of the minute is left alone."""
    for instrument_id, state in sorted(states.items()):
        pair = assessed.get(instrument_id)
        _withdraw_entry(state, cycle, context.kills, pair, venue)
        if state.is_open and pair is not None:
            _check(state, pair, cycle, rules, context, venue)


def _read(
    connection: psycopg.Connection, cycle: Cycle, rules: Rules, states: Mapping[int, PairState]
) -> ExitContext:
    opened = sorted(key for key, one in states.items() if one.is_open)
    run = {"run_id": cycle.run_id}
    bets = connection.execute(queries.load("stages/opening_signals"), run).fetchall() if opened else []
    return ExitContext(
        bets={row[0]: ThesisAtEntry(SignalSource(row[1]), row[2]) for row in bets},
        extremes=_extremes(connection, cycle, opened, rules.positions.extreme_evaluations) if opened else {},
        kills=read_kills(connection, cycle.run_id),
        prices=read_prices(connection, states, cycle.as_of),
        terms=read_terms(connection, opened, cycle.time, rules.costs),
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
    """How many evaluations, counted back from the newest, were extreme."""
    count = 0
    for regime in reversed(newest_first):
        count = consecutive_extremes(count, regime)
    return count


def _withdraw_entry(
    state: PairState, cycle: Cycle, kills: LatchedKills, pair: AssessedPair | None, venue: Venue
) -> None:
    """Cancel a working entry under a kill switch, or where layer 2 blocks the pair (C09, C121)."""
    if state.entry is None:
        return
    if kills.stops(state.instrument_id):
        venue.cancel(state.entry, cycle.time, ReasonCode.KILL_SWITCH)
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
    position = _of(state)
    checked = position_snapshot(position, pair, cycle, context)
    verdict = check_position(checked, rules.positions)
    position.events.append(
        PositionEvent(
            cycle.time,
            PositionEventKind.CHECKED,
            reason_code=verdict.reason_code if verdict else ReasonCode.NORMAL,
            numbers=_numbers(checked, verdict),
        )
    )
    if verdict is not None:
        _close(state, verdict, cycle, context, venue)


def position_snapshot(
    position: Position, pair: AssessedPair, cycle: Cycle, context: ExitContext
) -> PositionSnapshot:
    """What the checks read of one position. NaN where unknown."""
    return PositionSnapshot(
        direction=position.direction,
        mark_price=float(context.prices[position.instrument_id].mark),
        entry_price=float(position.entry_price),
        liquidation_price=float(position.liquidation_price),
        hours_held=_hours(cycle.time - position.opened_time),
        max_holding_hours=_hours(position.max_holding_until - position.opened_time),
        thesis_health=_health(position, pair, context.bets.get(position.instrument_id)),
        layer2_reason=pair.reason_code,
        extreme_evaluations=context.extremes.get(position.instrument_id, 0),
        outage_seconds=_or_nan(pair.number("data_outage_seconds")),
        kill_latched=context.kills.stops(position.instrument_id),
    )


def _health(position: Position, pair: AssessedPair, bet: ThesisAtEntry | None) -> float:
    if bet is None:
        return math.nan
    value = _or_nan(pair.measured(generator_of(bet.source).thesis.column))
    return thesis_health(thesis_strength(bet.source, position.direction, value), bet.strength)


def _numbers(checked: PositionSnapshot, verdict: ExitVerdict | None) -> dict[str, Any]:
    return {
        "mark_price": checked.mark_price,
        "liquidation_price": checked.liquidation_price,
        "thesis_health": checked.thesis_health,
        "hours_held": checked.hours_held,
        "max_holding_hours": checked.max_holding_hours,
        "extreme_evaluations": checked.extreme_evaluations,
        "data_outage_seconds": checked.outage_seconds,
        "urgency": verdict.urgency.value if verdict else None,
    }


def _close(state: PairState, verdict: ExitVerdict, cycle: Cycle, context: ExitContext, venue: Venue) -> None:
    """Send the exit that the verdict demands; an urgent one takes the place of a passive one that waits."""
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


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
