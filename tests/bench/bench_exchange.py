"""A minute closes on the exchange: how long until its risk decisions are committed, at real speed.

`hydra run --exchange simulated --speed 1`: the minute's candles come over the WebSocket, ingest stores them,
the clock opens the minute, the workers decide it. Counted is from the instant of the close, by the exchange's
clock, to the end of the last stage, execution included.
"""

import os
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg

from hydra.db.engine import connect
from hydra.db.server.ports import choose_free
from hydra.db.server.private import DATABASE
from hydra.errors import RetryError
from hydra.runtime.simulated_exchange import now_at
from tests.bench.bench_cycle import DECISION_BUDGET_MS, percentile
from tests.bench.result import Result, at_most, reported
from tests.support.servers.migrated import migrated_server
from tests.support.synthetic_market import utc

FIRST, MINUTES = utc(2025, 6, 1), 15
# The history takes some of the minutes, by the limits of the exchange; in the first one that is decided
# windows are read.
WARM_UP = 1


def measure() -> list[Result]:
    """Milliseconds, of every minute that was decided."""
    with migrated_server() as (_, cluster):
        ahead = watched(f"http://127.0.0.1:{choose_free()}")
        with connect(cluster.url(DATABASE), autocommit=True) as connection:
            waits = waits_after_the_close(connection, ahead)[WARM_UP:]
    name = "minute closed on the exchange to decisions committed, 8 pairs"
    return [
        reported(f"{name}, p50", statistics.median(waits), "ms"),
        at_most(f"{name}, p99 of {len(waits)}", percentile(waits, 99), "ms", DECISION_BUDGET_MS),
    ]


def watched(url: str) -> timedelta:
    """Run; gives how far this machine's clock is ahead of the exchange's, known to some milliseconds."""
    end = FIRST + timedelta(minutes=MINUTES)
    market = ["--market", "generated", "--seed", "2", "--from", f"{FIRST:%Y-%m-%dT%H:%M}"]
    words = ["run", "--exchange", "simulated", *market, "--to", f"{end:%Y-%m-%dT%H:%M}", "--speed", "1"]
    command = [sys.executable, "-m", "hydra", *words]
    seen = []
    with subprocess.Popen(command, env={**os.environ, "EXCHANGE_URL": url}) as process:
        while process.poll() is None:
            time.sleep(5.0)
            with suppress(RetryError):
                seen.append(datetime.now(FIRST.tzinfo) - now_at(url))
    assert process.returncode == 0
    # Before its first client the clock may have stood.
    return min(seen[len(seen) // 2 :])


def waits_after_the_close(connection: psycopg.Connection, ahead: timedelta) -> list[float]:
    """Milliseconds from each decided minute's close to the end of its last stage, in order."""
    rows = connection.execute(
        "SELECT extract(epoch FROM closed_at - time - %s)::float8 * 1000 FROM hydra.cycles"
        " WHERE state = 'CLOSED' ORDER BY time",
        (ahead,),
    ).fetchall()
    return [row[0] for row in rows]
