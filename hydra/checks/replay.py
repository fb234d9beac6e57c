"""A past run decided again as a backtest: the same minutes, rules, costs and kill switches by hand.

Source: docs/architecture.md, law 2; docs/features.md, "Acceptance" (5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from hydra.arrays import Flags
from hydra.backtest.adaptive_thresholds import with_own_thresholds
from hydra.backtest.equity_path import EquityPath, equity_path
from hydra.backtest.kills_by_hand import KillByHand
from hydra.backtest.market import BacktestMarket, epoch_minute, read_market
from hydra.backtest.minutes_of_run import decided_range, market_of_run
from hydra.backtest.news import with_news_of_run
from hydra.backtest.persisted import StoredRows, persisted_pair_minutes
from hydra.backtest.run import MINUTES_OF
from hydra.backtest.simulation import Simulation, Stopwatch, prepare, simulate
from hydra.db import queries
from hydra.domain import CycleState, TradingMode
from hydra.durations import MINUTE
from hydra.errors import BadDataError, StopError
from hydra.layers.scorer import SCORERS, Scorer
from hydra.registry.serving import loaded
from hydra.registry.store import read_model
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run, read_run
from hydra.trading.scoring import ScorerSince

_AFTER_LAYER_4: Final = CycleState.DECIDED
_ENDED: Final = frozenset({CycleState.CLOSED, CycleState.SKIPPED})


@dataclass(frozen=True)
class Replay:
    """A run decided again. stored: which rows the run keeps; None: a backtest that does not record it."""

    run: Run
    simulation: Simulation
    equity: EquityPath
    stored: StoredRows | None

    @property
    def market(self) -> BacktestMarket:
        """The market that was decided on."""
        return self.simulation.prepared.market

    def pair_minutes(self, recorded: Flags) -> Flags:
        """(minutes, pairs) that have rows in the run; `recorded` where the run does not say which."""
        if self.stored is None:
            return recorded
        return persisted_pair_minutes(self.market, self.simulation.columns, self.simulation.log, self.stored)

    def equity_minutes(self) -> Flags:
        """The minutes whose equity is stored: of a backtest, those at which something happens."""
        if self.run.mode is TradingMode.BACKTEST:
            return self.equity.stored_rows()
        return np.ones(len(self.market.minutes), np.bool_)


def decide_again(
    connection: psycopg.Connection, url: str, run: Run, progress: Callable[[float], None]
) -> Replay:
    """Decide every minute that `run` has decided to the end.

    Raises:
        StopError: it has not decided a minute yet, or a model that scored it cannot be loaded any more.
        DatabaseError: the facts cannot be read.
    """
    stored = _stored_rows(run)
    rules = rules_of_run(run)
    read = _market_of_backtest if run.mode is TradingMode.BACKTEST else market_of_run
    market = with_own_thresholds(read(connection, url, run), url, rules)
    market = with_news_of_run(connection, market, run.run_id)
    watch = Stopwatch()
    simulation = simulate(
        prepare(market, watch),
        rules,
        run.run_id,
        watch,
        plays_every_minute=stored is StoredRows.ALL,
        closes_at_the_end=run.mode is TradingMode.BACKTEST,
        by_hand=_kills_by_hand(connection, run, market),
        scorers=scorers_of_run(connection, run),
        progress=progress,
    )
    return Replay(run, simulation, equity_path(market, simulation.log), stored)


def scorers_of_run(connection: psycopg.Connection, run: Run) -> tuple[ScorerSince, ...]:
    """What scored the signals of `run`, in the order of time; empty if a rule scores all of them.

    Raises:
        StopError: a model that scored it cannot be loaded any more.
    """
    rows = connection.execute(queries.load("stages/scorers_of_run"), {"run_id": run.run_id}).fetchall()
    found: list[ScorerSince] = []
    loaded_before: dict[str, Scorer] = dict(SCORERS)
    for first, _, kind, sha256, _ in rows:
        if kind not in loaded_before:
            loaded_before[kind] = _loaded(connection, run, kind, sha256)
        found.append(ScorerSince(first, loaded_before[kind]))
    return tuple(found)


def _loaded(connection: psycopg.Connection, run: Run, title: str, sha256: str) -> Scorer:
    try:
        model = read_model(connection, title)
        if model.sha256 != sha256:
            raise StopError(f"{title} is another artifact than the one that scored run {run.run_id}")
        return loaded(connection, model)
    except BadDataError as error:
        raise StopError(f"run {run.run_id} cannot be decided again: {error}") from None


def _stored_rows(run: Run) -> StoredRows | None:
    if run.mode is not TradingMode.BACKTEST:
        return StoredRows.ALL
    said = run.config.get("stored_rows")
    return StoredRows(said) if said else None


def _market_of_backtest(connection: psycopg.Connection, url: str, run: Run) -> BacktestMarket:
    _, last = decided_range(connection, run)
    end = run.data_to or last + MINUTE
    if MINUTES_OF in run.config:
        return market_of_run(connection, url, read_run(connection, run.config[MINUTES_OF]), end)
    return read_market(connection, url, run.instrument_ids, run.data_from, end, plays_five_minute_bars=True)


def _kills_by_hand(
    connection: psycopg.Connection, run: Run, market: BacktestMarket
) -> tuple[KillByHand, ...]:
    """The operator's latches and clears, at the first stage that saw each; a backtest has no operator."""
    if run.mode is TradingMode.BACKTEST:
        return ()
    rows = connection.execute(queries.load("backtest/kills_by_hand"), {"run_id": run.run_id}).fetchall()
    found = []
    for instrument_id, time, state, is_latched in rows:
        row = int(np.searchsorted(market.minutes, epoch_minute(time)))
        seen = CycleState(state) if state else CycleState.OPEN
        found.append(
            KillByHand(
                row=row + 1 if seen in _ENDED else row,
                is_after_layer_4=seen is _AFTER_LAYER_4,
                instrument_id=instrument_id,
                is_latched=is_latched,
            )
        )
    return tuple(found)
