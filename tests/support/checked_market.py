"""One small generated market and its simulation, shared by the tests of checks and outcomes."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import PreparedMarket, Simulation, Stopwatch, simulate
from hydra.checks.decision_lookahead import simulate_by
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import Rules
from tests.support.generated_facts import generated_market

START = datetime(2025, 6, 1, tzinfo=UTC)
HOURS = 10
RULES = Rules()


@cache
def market() -> BacktestMarket:
    """Three pairs over ten hours with a settlement, and 35 days before them."""
    settings = MarketSettings(seed=7, start=START, warm_up_days=35, pairs=3, book_interval_seconds=60)
    return generated_market(settings, HOURS * 60)


@cache
def simulation() -> Simulation:
    """The simulation of the market by the rules."""
    return simulate_by(RULES)(market())


def simulated(prepared: PreparedMarket, **changes: object) -> Simulation:
    """The simulation of a prepared market with some changes."""
    return simulate(replace(prepared, **changes), RULES, 0, Stopwatch())  # type: ignore[arg-type]
