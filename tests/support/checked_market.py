"""One small generated market and its simulation, shared by the tests of checks and outcomes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl

from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import PreparedMarket, Simulation, Stopwatch, simulate
from hydra.checks.check_instants import kinds_of_rows
from hydra.checks.comparer import CheckResult
from hydra.checks.decision_lookahead import simulate_by
from hydra.features.facts import SOURCES
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import Rules
from tests.support.generated_facts import generated_market

START = datetime(2025, 6, 1, tzinfo=UTC)
HOURS = 10
RULES = Rules()
EIGHT = 8 * 60
"""The row of the settlement at 08:00: it is decided after two seconds, its rate is known after five."""


@cache
def market() -> BacktestMarket:
    """Three pairs over ten hours with a settlement and short gaps of a feed, and 35 days before them."""
    settings = MarketSettings(seed=7, start=START, warm_up_days=35, pairs=3, book_interval_seconds=60)
    generated = generated_market(settings, HOURS * 60)
    return replace(generated, facts=replace(generated.facts, liquidation_gaps=_gaps(generated)))


def _gaps(generated: BacktestMarket) -> pl.DataFrame:
    """One in every ten minutes, which is less than 5% of an hour and, at its end, more of five minutes."""
    ends = [START + timedelta(minutes=10 * number, seconds=17) for number in range(1, 6 * HOURS)]
    rows = [(pair, end, end, 20.0) for pair in sorted(generated.instrument_ids) for end in ends]
    return pl.DataFrame(rows, schema=SOURCES["liquidation_gaps"].columns, orient="row")


@cache
def simulation() -> Simulation:
    """The simulation of the market by the rules."""
    return simulate_by(RULES)(market())


def simulated(prepared: PreparedMarket, **changes: object) -> Simulation:
    """The simulation of a prepared market with some changes."""
    return simulate(replace(prepared, **changes), RULES, 0, Stopwatch())  # type: ignore[arg-type]


def offending(results: list[CheckResult]) -> dict[tuple[str, str], set[str]]:
    """What differed, by check (its last words) and varied table."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in results:
        if one.mismatches:
            key = one.check.rpartition(": ")[2], one.varied
            found.setdefault(key, set()).update(mismatch.value for mismatch in one.first)
    return found


def entry_rows() -> list[int]:
    """The minutes of two decisions that opened a position."""
    rows = kinds_of_rows(simulation())["entry"]
    return [int(rows[2]), int(rows[5])]
