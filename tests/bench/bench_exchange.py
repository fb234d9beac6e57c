"""A minute closes on the exchange: how long until its risk decisions are committed, at real speed.

`hydra run --exchange simulated --speed 1`: the minute's candles come over the WebSocket, ingest stores them,
the clock opens the minute, the workers decide it. Counted is from the instant of the close, by the exchange's
clock, to the end of the last stage, execution included.
"""

import statistics
import subprocess
import sys
from datetime import timedelta

import psycopg

from hydra.db.engine import connect
from hydra.db.server.private import DATABASE
from tests.bench.bench_cycle import DECISION_BUDGET_MS, percentile
from tests.bench.result import Result, at_most, reported
from tests.support.servers.migrated import migrated_server
from tests.support.synthetic_market import utc

FIRST, MINUTES = utc(2025, 6, 1), 8
# The history is fetched and the first window is read before.
WARM_UP = 1


def measure() -> list[Result]:
    """Milliseconds, of every minute that was decided."""
    end = FIRST + timedelta(minutes=MINUTES)
    market = ["--market", "generated", "--seed", "2", "--from", f"{FIRST:%Y-%m-%dT%H:%M}"]
    words = ["run", "--exchange", "simulated", *market, "--to", f"{end:%Y-%m-%dT%H:%M}", "--speed", "1"]
    with migrated_server() as (_, cluster):
        done = subprocess.run(
            [sys.executable, "-m", "hydra", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with connect(cluster.url(DATABASE), autocommit=True) as connection:
            waits = waits_after_the_close(connection)[WARM_UP:]
    name = "minute closed on the exchange to decisions committed, 8 pairs"
    return [
        reported(f"{name}, p50", statistics.median(waits), "ms"),
        at_most(f"{name}, p99 of {len(waits)}", percentile(waits, 99), "ms", DECISION_BUDGET_MS),
    ]


def waits_after_the_close(connection: psycopg.Connection) -> list[float]:
    """Milliseconds from each decided minute's close to the end of its last stage, in order."""
    rows = connection.execute(
        "SELECT extract(epoch FROM c.closed_at - c.time)::float8 * 1000 + o.offset_ms"
        " FROM hydra.cycles AS c"
        " CROSS JOIN LATERAL (SELECT offset_ms FROM market.clock_offsets"
        " ORDER BY abs(extract(epoch FROM market.clock_offsets.time - c.time)) LIMIT 1) AS o"
        " WHERE c.state = 'CLOSED' ORDER BY c.time"
    ).fetchall()
    return [row[0] for row in rows]
