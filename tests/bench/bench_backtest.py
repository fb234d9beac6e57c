"""The backtest: all recorded minutes by `hydra backtest`, and a generated year in memory.

A decision is a pair and a minute whose candle is there; those without one are decided too, and not counted.
Deciding is features, bars, rules and portfolio; reading the facts and writing the rows are told apart.
The generated years: as it is by default, in which the planted cascade of the first evening latches the kill
switch of the portfolio (C20, C123), and a calm one, in which trading goes on to the end, a hundred times as
often as the recorded markets let it: most of its time are trades, played one by one in exact decimals.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from hydra.backtest.simulation import Simulation, Stopwatch, prepare, simulate
from hydra.settings import Settings
from hydra.sim.market.settings import MarketSettings, Scenario
from hydra.trading.parameters import rules_of
from tests.bench.result import Result, at_least, at_most, reported
from tests.support.generated_facts import generated_market
from tests.support.recorded_market import RECORDED, is_recorded
from tests.support.servers.editions import server_folder

CANDLES = 969_738
"""One-minute candles of the recorded markets, the samples of the archive apart."""
FIRST, LAST = "2024-12-19T00:00", "2025-07-17T23:00"
QUARTERS = {"a quarter": "2025-02-04T00:00", "half": "2025-05-13T00:00"}
DECIDING = ("features", "bars", "rules", "portfolio")
RUNS = 3
YEAR_DAYS = 365
YEAR = YEAR_DAYS * 1440 * 8
"""Minutes of a year times pairs."""
START = datetime(2025, 6, 1, tzinfo=UTC)
_KIB_PER_GIB = 1024**2


def measure() -> list[Result]:
    """Decisions a second, seconds, GiB; the recorded half only where the recorded markets are."""
    recorded = []
    if is_recorded():
        with recorded_database() as environment:
            recorded = measure_recorded(environment)
    return [*recorded, *measure_year(Scenario.DAY, 12.0), *measure_year(Scenario.CALM, None)]


@contextmanager
def recorded_database() -> Iterator[Mapping[str, str]]:
    """A private server with the recorded markets; gives the environment in which `hydra` uses it."""
    with server_folder() as folder:
        environment = {**os.environ, "HYDRA_STATE_DIRECTORY": str(folder)}
        environment.pop("HYDRA_DATABASE_URL", None)
        try:
            _hydra(environment, "db", "up")
            _hydra(environment, "import", str(RECORDED))
            yield environment
        finally:
            _hydra(environment, "db", "down")


def _hydra(environment: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "hydra", *arguments]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def measure_recorded(environment: Mapping[str, str]) -> list[Result]:
    """All recorded minutes, then a quarter and half of them."""
    whole = _median(environment, FIRST, LAST)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _KIB_PER_GIB
    deciding = _deciding(whole)
    alone = whole["rules"] + whole["portfolio"]
    results = [
        at_least("recorded backtest, decisions with features", CANDLES / deciding, "1/s", 400_000),
        at_least("recorded backtest, rules and portfolio alone", CANDLES / alone, "1/s", 1_000_000),
        at_most("recorded backtest, peak memory", peak, "GiB", 3.0),
        *(reported(f"recorded backtest, {stage}", whole[stage], "s") for stage in ("read", "write")),
        reported("recorded backtest, trades per year of 8 pairs", whole["trades"] * YEAR / CANDLES, ""),
    ]
    for name, end in QUARTERS.items():
        part = _median(environment, FIRST, end)
        ratio = (deciding / whole["decisions"]) / (_deciding(part) / part["decisions"])
        results.append(at_most(f"time a decision, all against {name}", ratio, "", 1.3, name))
    return results


def _median(environment: Mapping[str, str], start: str, end: str) -> dict[str, float]:
    """The medians of the stages' seconds after one run that is not counted, decisions and trades."""
    arguments = ("backtest", "--from", start, "--to", end, "--json")
    answers = [json.loads(_hydra(environment, *arguments)) for _ in range(RUNS + 1)][1:]
    stages = answers[0]["seconds"]
    medians = {stage: statistics.median(one["seconds"][stage] for one in answers) for stage in stages}
    return {**medians, "decisions": answers[0]["decisions"], "trades": answers[0]["trades"]}


def _deciding(seconds: Mapping[str, float]) -> float:
    return sum(seconds[stage] for stage in DECIDING)


def measure_year(scenario: Scenario, budget_seconds: float | None) -> list[Result]:
    """A generated year of eight pairs without order books, from its facts to the last trade."""
    settings = MarketSettings(
        seed=1,
        start=START,
        warm_up_days=31,
        scenarios=(scenario,),
        book_interval_seconds=0,
        heartbeat_interval_seconds=60,
    )
    market = generated_market(settings, YEAR_DAYS * 1440)
    rules = rules_of(Settings(_env_file=None), ("liquidations",))  # type: ignore[call-arg]
    watch = Stopwatch()
    simulation: Simulation = simulate(prepare(market, watch), rules, 0, watch)
    seconds = _deciding(watch.seconds)
    name = f"generated year of 8 pairs, {scenario.value}"
    trades = len(simulation.log.journal.positions)
    timed = (
        reported(name, seconds, "s")
        if budget_seconds is None
        else at_most(name, seconds, "s", budget_seconds)
    )
    return [
        timed,
        reported(f"{name}: decisions", simulation.decisions / seconds, "1/s"),
        reported(f"{name}: trades", trades, ""),
    ]
