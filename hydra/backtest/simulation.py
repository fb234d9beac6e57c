"""A backtest in memory: features, layers 2 and 3 in columns, then the portfolio.

Source: docs/architecture.md, law 2.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import polars as pl

from hydra.backtest import exit_triggers
from hydra.backtest.bars import BarGrid, bar_grid
from hydra.backtest.columns import DecisionColumns, decide_columns, decision_keys, rule_inputs
from hydra.backtest.hourly_closes import HourlyCloses, hourly_closes
from hydra.backtest.kills_by_hand import KillByHand
from hydra.backtest.market import BacktestMarket, at_costs
from hydra.backtest.portfolio_simulator import PortfolioSimulator
from hydra.backtest.simulation_log import SimulationLog
from hydra.trading.parameters import Rules


@dataclass
class Stopwatch:
    """Seconds by stage, in the order in which they were spent."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add what the block takes to `stage`."""
        begin = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: the simulator makes many records, and no reference cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True)
class PreparedMarket:
    """What does not depend on the rules' parameters: computed once, decided on many times (sweeps)."""

    market: BacktestMarket
    inputs: pl.DataFrame
    bars: BarGrid
    hourly: HourlyCloses


@dataclass(frozen=True)
class Simulation:
    """A market, the verdicts of layers 2 and 3 on it, and the record of the portfolio."""

    prepared: PreparedMarket
    rules: Rules
    columns: DecisionColumns
    simulator: PortfolioSimulator
    log: SimulationLog

    @property
    def decisions(self) -> int:
        """Minutes times pairs."""
        return int(self.columns.key.size)


def prepare(market: BacktestMarket, watch: Stopwatch) -> PreparedMarket:
    """The features of every decision, and at the same time bars and settlements on their grid.

    "bars" is measured as the extra wait after the features are done; both run in parallel.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        bars, hourly = beside.submit(bar_grid, market), beside.submit(hourly_closes, market)
        with watch.measure("features"):
            inputs = rule_inputs(market, decision_keys(market))
        with watch.measure("bars"):
            return PreparedMarket(market, inputs, bars.result(), hourly.result())


def simulate(  # noqa: PLR0913  # the choices of a caller
    prepared: PreparedMarket,
    rules: Rules,
    run_id: int,
    watch: Stopwatch,
    *,
    plays_every_minute: bool = False,
    settles_at_the_end: bool = False,
    by_hand: Sequence[KillByHand] = (),
    progress: Callable[[float], None] = lambda _share: None,
) -> Simulation:
    """Decide every minute of `prepared` by `rules` and at their costs; see `PortfolioSimulator`.

    by_hand: kill switches of a run that is decided again.
    """
    prepared = replace(prepared, market=at_costs(prepared.market, rules.costs))
    market, bars = prepared.market, prepared.bars
    with watch.measure("rules"):
        columns = decide_columns(market, prepared.inputs, rules)
        grids = exit_triggers.grids(columns, bars, market.minutes, rules)
    with watch.measure("portfolio"):
        simulator = PortfolioSimulator(
            run_id,
            market,
            columns,
            bars,
            prepared.hourly,
            grids,
            rules,
            plays_every_minute=plays_every_minute,
            settles_at_the_end=settles_at_the_end,
            by_hand=by_hand,
        )
        with _uncollected():
            log = simulator.run(progress)
    return Simulation(prepared, rules, columns, simulator, log)
