"""What the frame of a cycle costs: clock, messages, five transactions, without the layers' work.

Lock-step over the real broker, clock and worker process; compared with the budget that leaves the layers
30 ms of the 45 ms of a cycle. The answers are the plain stages of the crash test.
"""

import os
import statistics
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psycopg

from hydra.db.engine import connect
from hydra.domain import MarketOrigin, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.settings import load_settings
from hydra.trading.runs import RunPlan, create_run
from hydra.universe import UNIVERSE
from tests.bench.result import Result, at_most, reported
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server

MINUTES = 400
WARM_UP = 20
BUDGET_MS = 15.0
PERIODS = """
    SELECT extract(epoch FROM opened_at - lag(opened_at) OVER (ORDER BY time))::float8 * 1000
    FROM hydra.cycles WHERE run_id = %s ORDER BY time OFFSET %s
"""


def measure() -> list[Result]:
    """Median and 99th percentile from one cycle's opening to the next, 8 pairs."""
    with (
        apache_server() as server,
        TestServer(server).migrated() as url,
        connect(url, autocommit=True) as connection,
    ):
        periods = sorted(_periods(connection, url))
    p99 = periods[int(len(periods) * 0.99)]
    return [
        at_most("frame of a cycle, p50", statistics.median(periods), "ms", BUDGET_MS),
        reported("frame of a cycle, p99", p99, "ms"),
    ]


def _periods(connection: psycopg.Connection, url: str) -> list[float]:
    start = datetime(2025, 6, 1, tzinfo=UTC)
    ensure_instruments(connection)
    plan = RunPlan(
        TradingMode.PAPER,
        MarketOrigin.RECORDED,
        seed=7,
        feeds=(),
        instrument_ids=tuple(pair.instrument_id for pair in UNIVERSE),
        data_from=start,
        data_to=start + timedelta(minutes=MINUTES),
    )
    run = create_run(connection, plan, load_settings())
    subprocess.run(
        [sys.executable, "-m", "tests.support.run_plain", str(run.run_id), "max"],
        env={**os.environ, "HYDRA_DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )
    return [row[0] for row in connection.execute(PERIODS, (run.run_id, WARM_UP)).fetchall()]
