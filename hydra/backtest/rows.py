"""The rows of a backtest's pair-minutes, made with the functions of a live run.

Source: docs/architecture.md, law 2; C110 (the vector used is stored).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import TIME
from hydra.backtest.columns import assessed_rows
from hydra.backtest.equity_path import E8, EquityPath
from hydra.backtest.simulation import Simulation
from hydra.backtest.verdict_counts import killed_pair_minutes
from hydra.durations import MINUTE_US
from hydra.features.engine.decision_frame import DECISION_DELAY_US, newest_known_each
from hydra.layers.layer4_limits import PortfolioState
from hydra.ledger.portfolio import drawdown
from hydra.trading.assessment_rows import STORED_FEATURES, assessment_row, feature_row
from hydra.trading.cycle import Cycle
from hydra.trading.decision_rows import Verdict, decision_row
from hydra.trading.kill_switch import EVERYTHING, StoppedPairs
from hydra.trading.pair_state import PairState
from hydra.trading.row_writer import Row
from hydra.trading.runs import Run
from hydra.trading.signal_rows import signal_row
from hydra.trading.verdicts import Minute, decide

BATCH_PAIR_MINUTES: Final = 20_000


@dataclass(frozen=True)
class PairMinuteRows:
    """The rows of a batch of pair-minutes."""

    assessments: list[Row]
    features: list[Row]
    signals: list[Row]
    decisions: list[Row]


class PairMinuteRowMaker:
    """Makes the rows of stored pair-minutes in batches."""

    def __init__(self, simulation: Simulation, run: Run, equity: EquityPath) -> None:
        self._simulation = simulation
        self._run = run
        self._equity = equity
        self._killed = killed_pair_minutes(simulation.log, simulation.columns.key.shape)
        self._latches = {(one.row, one.column): one.kill for one in simulation.log.kills}

    def batches(self, pair_minutes: NDArray[np.bool_]) -> Iterator[PairMinuteRows]:
        """The rows where `pair_minutes` (minutes, pairs) is True, in the order of time."""
        places = iter(zip(*(index.tolist() for index in np.nonzero(pair_minutes)), strict=True))
        while batch := list(islice(places, BATCH_PAIR_MINUTES)):
            yield self._batch(batch)

    def _batch(self, batch: list[tuple[int, int]]) -> PairMinuteRows:
        market, decisions = self._simulation.prepared.market, self._decisions(batch)
        assessed = assessed_rows(market, decisions, self._simulation.rules).to_dicts()
        newest = self._newest_known(batch, decisions).to_list()
        rows = PairMinuteRows([], [], [], [])
        for (row, column), values, known_at in zip(batch, assessed, newest, strict=True):
            cycle = self._cycle(row)
            vector = [values[name] for name in STORED_FEATURES]
            rows.assessments.append(assessment_row(cycle, values))
            rows.features.append(feature_row(self._run, cycle, values["instrument_id"], vector, known_at))
            rows.signals.extend(self._signal_rows(cycle, row, column))
            rows.decisions.append(self._decision_row(cycle, row, column))
        return rows

    def _newest_known(self, batch: list[tuple[int, int]], decisions: pl.DataFrame) -> pl.Series:
        market = self._simulation.prepared.market
        if market.recorded is None:
            return newest_known_each(market.facts, decisions)
        as_of = pl.Series("time", market.recorded.as_of_us[[row for row, _ in batch]]).cast(TIME)
        return newest_known_each(market.recorded.facts, decisions.with_columns(as_of))

    def _cycle(self, row: int) -> Cycle:
        market = self._simulation.prepared.market
        return Cycle(self._run.run_id, market.time_of(row), market.as_of(row))

    def _decisions(self, batch: list[tuple[int, int]]) -> pl.DataFrame:
        market = self._simulation.prepared.market
        rows, columns = (np.array(index) for index in zip(*batch, strict=True))
        return pl.DataFrame(
            {
                "instrument_id": np.array(market.instrument_ids, np.int16)[columns],
                "time": (pl.Series(market.minutes[rows]) * MINUTE_US + DECISION_DELAY_US).cast(TIME),
            }
        )

    def _signal_rows(self, cycle: Cycle, row: int, column: int) -> list[Row]:
        columns = self._simulation.columns
        found = [columns.scored.row(index, named=True) for index in columns.signals_of(row, column)]
        return [signal_row(cycle, one, self._simulation.rules) for one in found]

    def _decision_row(self, cycle: Cycle, row: int, column: int) -> Row:
        verdict = self._simulation.log.verdicts.get((row, column)) or self._verdict(cycle, row, column)
        return decision_row(cycle, verdict, self._latches.get((row, column)))

    def _verdict(self, cycle: Cycle, row: int, column: int) -> Verdict:
        """Layer 4's verdict on a skipped pair-minute, with the portfolio of that minute."""
        simulation = self._simulation
        instrument_id = simulation.prepared.market.instrument_ids[column]
        pair = simulation.columns.assessed(row, column, instrument_id)
        is_killed = bool(self._killed[row, column])
        if simulation.columns.chosen[row, column] < 0:
            return Verdict(pair, simulation.simulator.signals.best(row, column), is_killed=is_killed)
        signal = simulation.simulator.signals.chosen(row, column, cycle.time)
        terms = simulation.prepared.market.terms.at(cycle.time)
        minute = Minute(
            pairs={instrument_id: pair},
            signals={instrument_id: signal},
            states={instrument_id: PairState(instrument_id)} if simulation.log.held[row, column] else {},
            terms={key: terms[key] for key in (instrument_id,) if key in terms},
            portfolio_correlation={},
            kills=StoppedPairs(frozenset({EVERYTHING} if is_killed else ())),
            portfolio=self._portfolio_state(row),
        )
        return decide(minute, {}, simulation.rules.risk)[instrument_id]

    def _portfolio_state(self, row: int) -> PortfolioState:
        equity = float(self._equity.equity_usd[row])
        return PortfolioState(
            equity_usd=equity,
            positions=int(self._simulation.log.held[row].sum()),
            daily_drawdown=drawdown(equity, float(self._equity.day_peak_e8[row]) / E8),
        )
