"""A minute closes: how long until its risk decisions are committed, and how much memory all of it takes.

Eight pairs replayed: `hydra run` over a stretch of the recorded markets with a month of history, in lock-step
through the real clock, broker, workers and private server. A cycle's period is what a month of them takes;
from its opening to its close is what a decision waits for, execution included. Memory is the proportional
share (PSS) of the command, everything below it, and the database server, at its highest.

A replay assesses an hour at a time, a market that arrives each minute when it has closed. That is timed with
eight recorded pairs and with a hundred and four hundred generated ones (nine days of history), the stages
called directly.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

import psycopg

from hydra.db import queries
from hydra.db.engine import adbc_connect, connect
from hydra.db.server.private import DATABASE
from hydra.domain import MarketOrigin, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.simulated import store_market
from hydra.runtime.notifications import STEPS, Stage
from hydra.settings import load_settings
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import recorded_rules, rules_of
from hydra.trading.runs import Run, RunExchange, RunPlan, create_run
from hydra.universe import UNIVERSE
from tests.bench.result import Result, at_most, reported
from tests.support.fact_writer import write_rows
from tests.support.own_processes import descendants
from tests.support.recorded_market import is_recorded, recorded_rows
from tests.support.servers.migrated import migrated_server
from tests.support.synthetic_market import utc
from workers import HANDLERS
from workers.layer2 import StatisticalLayer
from workers.stages import advance

FIRST, MINUTES, WARM_UP = utc(2025, 6, 6, 8, 0), 300, 20
LIVE_MINUTES = 150
HISTORY = timedelta(days=33)
MANY_MINUTES = 8
MANY_PAIRS_BUDGETS_MS = {100: 1_000, 400: 3_000}
PERIOD_BUDGET_MS, DECISION_BUDGET_MS, MEMORY_BUDGET_MIB = 45, 250, 2_048
FEEDS = ("order_book", "liquidations")
_MINUTE = timedelta(minutes=1)


def measure() -> list[Result]:
    """Milliseconds and MiB; the recorded half only where the recorded markets are."""
    with private_server() as (folder, url):
        recorded = measure_recorded(folder, url) if is_recorded() else []
        many = [
            one for pairs, ms in MANY_PAIRS_BUDGETS_MS.items() for one in measure_many_pairs(url, pairs, ms)
        ]
        return [*recorded, *many]


@contextmanager
def private_server() -> Iterator[tuple[Path, str]]:
    """A migrated private server of its own: its state directory and its URL."""
    with migrated_server() as (_, cluster):
        with connect(cluster.url(DATABASE), autocommit=True) as connection:
            ensure_instruments(connection)
        yield cluster.data, cluster.url(DATABASE)


def measure_recorded(server_data: Path, url: str) -> list[Result]:
    """Periods, waits and memory of a recorded stretch."""
    with adbc_connect(url) as connection:
        write_rows(connection, recorded_rows(FIRST - HISTORY, FIRST + (MINUTES + 1) * _MINUTE))
    with connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    most_mib = run_watched(server_data)
    with connect(url, autocommit=True) as connection:
        periods, waits = times_of_cycles(connection)
    live = live_waits(url, tuple(pair.instrument_id for pair in UNIVERSE), (), LIVE_MINUTES)[WARM_UP:]
    return [
        at_most("period of a cycle, 8 pairs, p50", statistics.median(periods), "ms", PERIOD_BUDGET_MS),
        reported("period of a cycle, 8 pairs, p99", percentile(periods, 99), "ms"),
        *waits_for_decisions("replayed", waits),
        *waits_for_decisions("live", live),
        at_most("memory of the whole system, 8 pairs", most_mib, "MiB", MEMORY_BUDGET_MIB),
    ]


def waits_for_decisions(kind: str, waits: list[float]) -> list[Result]:
    """How long the decisions of eight pairs are waited for."""
    name = f"minute closed to decisions committed, 8 pairs {kind}"
    return [
        reported(f"{name}, p50", statistics.median(waits), "ms"),
        at_most(f"{name}, p99", percentile(waits, 99), "ms", DECISION_BUDGET_MS),
    ]


def run_watched(server_data: Path) -> float:
    """Run the stretch and give the most memory that all processes together had, MiB."""
    end = FIRST + MINUTES * _MINUTE
    span = ["--from", f"{FIRST:%Y-%m-%dT%H:%M}", "--to", f"{end:%Y-%m-%dT%H:%M}"]
    words = [sys.executable, "-m", "hydra", "run", "--market", "recorded", "--speed", "max", *span]
    postmaster = int((server_data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    most = 0.0
    with TemporaryFile() as output, subprocess.Popen(words, stdout=output, stderr=output) as process:
        while process.poll() is None:
            most = max(most, memory_mib(process.pid) + memory_mib(postmaster))
            time.sleep(0.5)
        output.seek(0)
        assert process.returncode == 0, output.read().decode()
    return most


def memory_mib(ancestor: int) -> float:
    """Proportional share of a process and all below it; what ends meanwhile counts as nothing."""
    total_kib = 0
    for process in (ancestor, *(pid for pid, _ in descendants(ancestor))):
        with suppress(OSError):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
            total_kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kib / 1024


def times_of_cycles(connection: psycopg.Connection) -> tuple[list[float], list[float]]:
    """From opening to opening, and from opening to close, in ms, without the first cycles."""
    rows = connection.execute(
        "SELECT extract(epoch FROM lead(opened_at) OVER (ORDER BY time) - opened_at)::float8 * 1000,"
        " extract(epoch FROM closed_at - opened_at)::float8 * 1000 FROM hydra.cycles ORDER BY time"
    ).fetchall()[WARM_UP:-1]
    return [row[0] for row in rows], [row[1] for row in rows]


def measure_many_pairs(url: str, pairs: int, budget_ms: float) -> list[Result]:
    """From a minute's opening to the end of its last stage, with many generated pairs."""
    settings = MarketSettings(
        seed=7,
        start=FIRST,
        pairs=pairs,
        warm_up_days=9,
        book_interval_seconds=60,
        heartbeat_interval_seconds=30,
    )
    ids = store_market(url, settings, MANY_MINUTES + 1)
    spent = live_waits(url, ids, FEEDS, MANY_MINUTES)
    # The first one loads the window.
    worst = max(spent[1:])
    return [
        at_most(f"minute closed to decisions committed, {pairs} pairs, worst", worst, "ms", budget_ms),
        reported(f"window loaded anew, {pairs} pairs", spent[0], "ms"),
    ]


def live_waits(url: str, ids: tuple[int, ...], feeds: tuple[str, ...], minutes: int) -> list[float]:
    """Of each minute from FIRST the milliseconds from its opening to the end of its last stage."""
    settings = load_settings()
    end = FIRST + timedelta(days=1)
    exchange = RunExchange("simulated", "simulated", "bench")
    plan = RunPlan(TradingMode.PAPER, MarketOrigin.EXCHANGE, None, feeds, ids, FIRST, end, exchange=exchange)
    with connect(url, autocommit=True) as connection, closing(StatisticalLayer(lambda: url)) as layer:
        run = create_run(connection, plan, settings, recorded_rules(rules_of(settings, feeds)))
        return [decide_minute(connection, run, layer, number) for number in range(minutes)]


def decide_minute(connection: psycopg.Connection, run: Run, layer: StatisticalLayer, number: int) -> float:
    """Take one minute through all stages; gives milliseconds."""
    minute = FIRST + number * _MINUTE
    values = {
        "run_id": run.run_id,
        "time": minute,
        "as_of": minute + timedelta(seconds=2),
        "code_version": run.code_version,
    }
    start = time.perf_counter()
    connection.execute(queries.load("stages/open_cycle"), values)
    for step in STEPS:
        answer = layer.handle if step.stage is Stage.ASSESS else HANDLERS[step.stage]
        advance(connection, run, step, answer)
    return (time.perf_counter() - start) * 1000


def percentile(values: list[float], percent: int) -> float:
    """A percentile of `values`."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
