"""Checks that no decision uses the future: features, layers 2 and 3, the portfolio's path, outcomes.

Each is computed once from all facts and again from facts that differ only in what was not known yet: cut off,
changed table by table, and with only the next fact of each table changed, which a change of all facts can
hide. Everything is pure; the code under test is passed in, so that tests can plant faults.
Source: docs/features.md, "Acceptance" (2 and 3); docs/architecture.md, law 3.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

import polars as pl

from hydra.arrays import TIME
from hydra.backtest.bars import bar_grid
from hydra.backtest.columns import has_same_inputs
from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import PreparedMarket, Simulation, Stopwatch, prepare, simulate
from hydra.checks.compare_simulations import compare_columns, compare_paths
from hydra.checks.comparer import CheckResult, CheckResults, Mismatch, frame_mismatches
from hydra.checks.varied_markets import (
    ALL_TABLES,
    cut_until,
    decision_instant,
    variations,
)
from hydra.features.evaluate import Evaluate, feature_matrix
from hydra.research.outcomes import Outcome, OutcomePlayer, PlannedTrade
from hydra.trading.parameters import Rules
from hydra.trading.scoring import ScorerSince

_Answer = TypeVar("_Answer")

Simulate = Callable[[BacktestMarket], Simulation]
Play = Callable[[BacktestMarket, PlannedTrade], Outcome | None]

Progress = Callable[[float], None]
_Item = TypeVar("_Item")

PAST: Final = "no past"
DATES: Final = "dates"


def _unheard(_share: float) -> None:
    """Discard progress."""


def _announced(items: Sequence[_Item], progress: Progress) -> Iterator[_Item]:
    """`items`; `progress` is called with the share done, 0..1, after each."""
    for number, item in enumerate(items, start=1):
        yield item
        progress(number / len(items))


def _once(answer: Callable[[BacktestMarket], _Answer]) -> Callable[[BacktestMarket], _Answer]:
    """`answer`, which a market that comes several times in a row is asked for once."""
    last: list[tuple[BacktestMarket, _Answer]] = []

    def answered(market: BacktestMarket) -> _Answer:
        if not last or last[0][0] is not market:
            last[:] = [(market, answer(market))]
        return last[0][1]

    return answered


def simulate_by(rules: Rules, scorers: Sequence[ScorerSince] = ()) -> Simulate:
    """The simulation of a market by `rules`, as a backtest makes it. scorers: see `simulate`."""
    last: list[PreparedMarket] = []

    def run(market: BacktestMarket) -> Simulation:
        watch = Stopwatch()
        inputs = last[0].inputs if last and has_same_inputs(last[0].market, market) else None
        last[:] = [prepare(market, watch, inputs)]
        return simulate(last[0], rules, 0, watch, scorers=scorers)

    return run


def play_by(rules: Rules) -> Play:
    """The outcome of a trade on a market by `rules`."""

    def play(market: BacktestMarket, trade: PlannedTrade) -> Outcome | None:
        return OutcomePlayer(market, bar_grid(market), rules).play(trade)

    return play


def feature_lookahead(
    simulation: Simulation,
    rows: Sequence[int],
    evaluate: Evaluate = feature_matrix,
    progress: Progress = _unheard,
) -> list[CheckResult]:
    """Every feature of every pair at the minutes `rows`, those of the chosen signals among them."""
    market, results = simulation.prepared.market, CheckResults()
    for row in _announced(rows, progress):
        decisions = decisions_with_signals(simulation, row)
        evaluated = _once(partial(_features, evaluate, decisions))
        expected = evaluated(market)
        for varied in variations(market, decision_instant(market, row)):
            if varied.market.facts is market.facts:
                continue  # Features read no marks.
            result = results.of(f"features: {varied.check}", varied.table)
            found = evaluated(varied.market)
            result.compared += expected.height * (expected.width - 2)
            for mismatch in frame_mismatches(expected, found):
                result.note(mismatch)
    return results.all()


def _features(evaluate: Evaluate, decisions: pl.DataFrame, market: BacktestMarket) -> pl.DataFrame:
    return evaluate(market.facts, decisions)


def decision_lookahead(
    market: BacktestMarket,
    rows: Sequence[int],
    run: Simulate,
    expected: Simulation | None = None,
    progress: Progress = _unheard,
) -> list[CheckResult]:
    """Layers 2 to 4, orders, fills, positions and equity up to each of the minutes `rows`.

    expected: the simulation of `market` by `run`, if it exists already.
    """
    whole, results, once = expected or run(market), CheckResults(), _once(run)
    for row in _announced(rows, progress):
        for varied in variations(market, decision_instant(market, row)):
            other = once(varied.market)
            columns = results.of(f"layers 2 and 3: {varied.check}", varied.table)
            compare_columns(columns, whole, other, range(row + 1))
            path = results.of(f"layer 4, orders, money: {varied.check}", varied.table)
            compare_paths(path, whole, other, row)
    return results.all()


def outcome_lookahead(
    market: BacktestMarket,
    trades: Sequence[PlannedTrade],
    play: Play,
    progress: Progress = _unheard,
) -> list[CheckResult]:
    """The outcome of each trade uses only facts that became known after its decision and by its end.

    It must not change without the earlier facts (so no feature of the decision can contain it), nor with
    changed facts after its end. A trade that the market's end cuts off is left out.
    """
    results = CheckResults()
    for trade in _announced(trades, progress):
        expected = play(market, trade)
        if expected is None:
            continue
        start = decision_instant(market, trade.row)
        _compare_dates(results.of(f"outcomes: {DATES}", "nothing"), market, trade, expected)
        past = results.of(f"outcomes: {PAST}", ALL_TABLES)
        _compare_outcomes(past, market, trade, expected, play(cut_until(market, start), trade))
        played = _once(partial(_outcome, play, trade))
        for varied in variations(market, expected.label_end):
            result = results.of(f"outcomes: {varied.check}", varied.table)
            _compare_outcomes(result, market, trade, expected, played(varied.market))
    return results.all()


def _outcome(play: Play, trade: PlannedTrade, market: BacktestMarket) -> Outcome | None:
    return play(market, trade)


def decisions_with_signals(simulation: Simulation, row: int) -> pl.DataFrame:
    """The decisions of a minute with the context that features copy: chosen signal and regimes."""
    market, columns = simulation.prepared.market, simulation.columns
    decisions = []
    for column, instrument_id in enumerate(market.instrument_ids):
        place = int(columns.chosen[row, column])
        signal = columns.scored.row(place, named=True) if place >= 0 else {}
        regimes = int(columns.regime[row, column]), int(columns.volatility_regime[row, column])
        decisions.append(
            {
                "instrument_id": instrument_id,
                "time": decision_instant(market, row),
                **{name: signal.get(name) for name in _CONTEXT},
                "regime": regimes[0] if regimes[0] >= 0 else None,
                "volatility_regime": regimes[1] if regimes[1] >= 0 else None,
            }
        )
    return pl.DataFrame(decisions, schema=_DECISIONS)


_CONTEXT: Final = {
    "side": pl.String(),
    "confidence": pl.Float64(),
    "source": pl.String(),
    "expected_return": pl.Float64(),
    "expected_adverse_excursion": pl.Float64(),
}
_DECISIONS: Final = {
    "instrument_id": pl.Int16(),
    "time": TIME,
    **_CONTEXT,
    "regime": pl.Int64(),
    "volatility_regime": pl.Int64(),
}


def _compare_dates(
    result: CheckResult, market: BacktestMarket, trade: PlannedTrade, outcome: Outcome
) -> None:
    """An outcome begins at its decision and ends after it."""
    start = decision_instant(market, trade.row)
    pair = trade.plan.instrument_id
    result.compared += 2
    if outcome.label_start < start:
        result.note(Mismatch("label_start", pair, start, start, outcome.label_start))
    if outcome.label_end <= outcome.label_start:
        result.note(Mismatch("label_end", pair, start, "later than label_start", outcome.label_end))


def _compare_outcomes(
    result: CheckResult,
    market: BacktestMarket,
    trade: PlannedTrade,
    expected: Outcome,
    found: Outcome | None,
) -> None:
    pair, time = trade.plan.instrument_id, market.time_of(trade.row)
    for name in Outcome.__dataclass_fields__:
        result.compared += 1
        one, other = getattr(expected, name), getattr(found, name, None)
        if one != other:
            result.note(Mismatch(f"outcome: {name}", pair, time, one, other))
