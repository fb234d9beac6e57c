"""A backtest in memory: features and layers 2 and 3 in columns, then the portfolio.

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
from hydra.trading.scoring import ScorerSince


@dataclass
class Stopwatch:
    """Seconds by stage, in the order in which they were spent."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of the block to `stage`."""
        begin = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector: the simulator makes many objects, but no reference cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True)
class PreparedMarket:
    """The part that does not depend on the rules, computed once for many simulations (sweeps)."""

    market: BacktestMarket
    inputs: pl.DataFrame
    bars: BarGrid
    hourly: HourlyCloses


@dataclass(frozen=True)
class Simulation:
    """A market, the verdicts of layers 2 and 3, and the log of the portfolio."""

    prepared: PreparedMarket
    rules: Rules
    columns: DecisionColumns
    simulator: PortfolioSimulator
    log: SimulationLog

    @property
    def decisions(self) -> int:
        """Minutes times pairs."""
        return int(self.columns.key.size)


def prepare(market: BacktestMarket, watch: Stopwatch, inputs: pl.DataFrame | None = None) -> PreparedMarket:
    """Compute the features of every decision and, in parallel, the grid of bars and settlements.

    watch: "bars" is the extra wait after the features are done. inputs: those of another market, if it
    `has_same_inputs`.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        bars, hourly = beside.submit(bar_grid, market), beside.submit(hourly_closes, market)
        with watch.measure("features"):
            if inputs is None:
                inputs = rule_inputs(market.facts, decision_keys(market))
        with watch.measure("bars"):
            return PreparedMarket(market, inputs, bars.result(), hourly.result())


def simulate(  # noqa: PLR0913  # the choices of a caller
    prepared: PreparedMarket,
    rules: Rules,
    run_id: int,
    watch: Stopwatch,
    *,
    plays_every_minute: bool = False,
    closes_at_the_end: bool = False,
    by_hand: Sequence[KillByHand] = (),
    scorers: Sequence[ScorerSince] = (),
    progress: Callable[[float], None] = lambda _share: None,
) -> Simulation:
    """Decide every minute of `prepared` with `rules` and their costs; see `PortfolioSimulator`.

    scorers: what scores signals, in the order of time; none: the rule that `rules` name.

    Raises:
        StopError: they name a model, and none is given.
    """
    prepared = replace(prepared, market=at_costs(prepared.market, rules.costs))
    market, bars = prepared.market, prepared.bars
    with watch.measure("rules"):
        columns = decide_columns(market, prepared.inputs, rules, scorers)
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
            closes_at_the_end=closes_at_the_end,
            by_hand=by_hand,
        )
        with _uncollected():
            log = simulator.run(progress)
    return Simulation(prepared, rules, columns, simulator, log)
