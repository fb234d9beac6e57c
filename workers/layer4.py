"""Layer 4 at work: one verdict a pair and minute, the quiet ones included, and the kill switch.

Source: layers document, "LAYER 4: RISK BRAIN"; C20, C30, C117, C119, C120, C123; DESIGN, law 4.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.domain import KillScope, SignalSource
from hydra.layers.layer4_kill import Kill, check_kill_switch
from hydra.layers.layer4_limits import Book
from hydra.layers.layer4_risk import Candidate, PairTerms, RiskParameters, decide_minute
from hydra.running.parameters import rules_of_run
from hydra.running.runs import Run
from workers.correlation_rows import ALONE, Company, company_of, read_returns
from workers.decision_rows import JudgedSignal, Verdict, decision_row
from workers.holding_rows import read_holdings
from workers.holdings import Holding
from workers.kill_rows import LatchedKills, latch, read_kills
from workers.minute_rows import AssessedPair, read_assessed
from workers.pair_terms import TradingTerms, read_terms
from workers.portfolio_rows import read_book
from workers.row_writer import write_rows
from workers.stages import Cycle

UNKNOWN_CODE = -1


@dataclass(frozen=True, slots=True)
class Minute:
    """Everything that the verdicts of one minute are made from."""

    pairs: Mapping[int, AssessedPair]
    signals: Mapping[int, JudgedSignal]
    holdings: Mapping[int, Holding]
    terms: Mapping[int, TradingTerms]
    company: Mapping[int, Company]
    kills: LatchedKills
    book: Book


def answer(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Write the cycle's risk decisions, and latch the kill switch where a condition holds."""
    parameters = rules_of_run(run).risk
    minute = read_minute(connection, cycle)
    kills = new_kills(minute, parameters)
    for instrument_id, kill in kills.items():
        latch(connection, cycle, instrument_id, kill)
    verdicts = decide(minute, kills, parameters)
    rows = [decision_row(cycle, verdict, kills.get(key)) for key, verdict in verdicts.items()]
    write_rows(connection, "stages/add_decisions", rows)


def read_minute(connection: psycopg.Connection, cycle: Cycle) -> Minute:
    """What layers 2 and 3 said, what is held, and, where a signal is on the table, what it needs beside."""
    values = {"run_id": cycle.run_id, "time": cycle.time}
    with connection.cursor(row_factory=class_row(JudgedSignal)) as cursor:
        judged = cursor.execute(queries.load("stages/chosen_signals"), values).fetchall()
    # The best of each pair comes first.
    signals = {signal.instrument_id: signal for signal in reversed(judged)}
    chosen = {key: signal for key, signal in signals.items() if signal.chosen}
    holdings = read_holdings(connection, cycle.run_id)
    return Minute(
        pairs={pair.instrument_id: pair for pair in read_assessed(connection, cycle)},
        signals=signals,
        holdings=holdings,
        terms=read_terms(connection, sorted(chosen), cycle.time),
        company=_company(connection, cycle, chosen, holdings),
        kills=read_kills(connection, cycle.run_id),
        book=read_book(connection, cycle, holdings),
    )


def _company(
    connection: psycopg.Connection,
    cycle: Cycle,
    chosen: Mapping[int, JudgedSignal],
    holdings: Mapping[int, Holding],
) -> dict[int, Company]:
    held = {key: _direction_held(one) for key, one in holdings.items()}
    if not chosen or not held:
        return {}
    returns = read_returns(connection, cycle, sorted({*chosen, *held}))
    return {key: company_of(key, signal.direction, returns, held) for key, signal in chosen.items()}


def _direction_held(holding: Holding) -> int:
    if holding.position is not None:
        return holding.position.direction
    return holding.terms.direction if holding.terms is not None else 0


def new_kills(minute: Minute, parameters: RiskParameters) -> dict[int, Kill]:
    """The kill conditions that hold in this minute where nothing is latched yet, by the pair that shows them.

    What stops the whole portfolio is latched once, for the first pair that shows it.
    """
    found: dict[int, Kill] = {}
    for instrument_id, pair in minute.pairs.items():
        if minute.kills.stops(instrument_id) or stops_everything(found):
            continue
        kill = _kill(pair, minute.book, parameters)
        if kill is not None:
            found[instrument_id] = kill
    return found


def stops_everything(kills: Mapping[int, Kill]) -> bool:
    """One of them stops the whole portfolio."""
    return any(kill.scope is KillScope.PORTFOLIO for kill in kills.values())


def _kill(pair: AssessedPair, book: Book, parameters: RiskParameters) -> Kill | None:
    return check_kill_switch(
        book.daily_drawdown,
        _or_nan(pair.measured("funding_rate")),
        _or_nan(pair.cascade_probability),
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
        _candidate(verdict, minute, places[key], minute.terms[key].for_risk())
        for key, verdict in verdicts.items()
        if verdict.is_judged and key in minute.terms
    ]
    for candidate, decision in decide_minute(candidates, minute.book, parameters):
        key = candidate.instrument_id
        company = minute.company.get(key, ALONE)
        verdicts[key] = replace(verdicts[key], decision=decision, candidate=candidate, company=company)
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
        price=_or_nan(pair.number("last_close")),
        funding_rate=_or_nan(pair.measured("funding_rate")),
        volatility_regime=_code(pair.volatility_regime),
        regime=_code(pair.regime),
        cascade_probability=_or_nan(pair.cascade_probability),
        correlation_penalty=minute.company.get(key, ALONE).penalty,
        terms=terms,
        entries_allowed=pair.entries_allowed,
        kill_latched=verdict.is_killed,
        has_position=key in minute.holdings,
        minutes_since_exit=_or_nan(signal.minutes_since_exit),
        stopped_out=signal.stopped_out,
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _code(value: int | None) -> int:
    return UNKNOWN_CODE if value is None else value
