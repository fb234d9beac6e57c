"""A minute closes: how long until the frame and the features of eight pairs are there?

The recorded month of eight pairs lies in the private server; ninety minutes arrive one by one, and a
window follows them. Timed is what a decision waits for: the window moves on, the decision frame with the
ages, all features of layers 2 and 3 with what is remembered of the minutes before, as a live run does.
Loading the window anew, as after a start, is reported beside it.
"""

import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import polars as pl

from hydra.db.arrow_connection import ArrowConnection
from hydra.db.engine import adbc_connect, connect
from hydra.features.engine.decision_frame import decision_frame
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.evaluate import feature_matrix
from hydra.features.reading.window import MarketWindow
from hydra.features.vectors import DECISION_FEATURES_V1
from tests.bench.result import Result, at_most, reported
from tests.support.fact_writer import write_rows
from tests.support.recorded_market import is_recorded, recorded_rows
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server
from tests.support.synthetic_market import Rows, utc

BUDGET_MS = 60
PAIRS = tuple(range(1, 9))
LOADED_FROM, FIRST, MINUTES = utc(2025, 5, 20), utc(2025, 6, 23, 10, 0, 2), 90
MINUTE = timedelta(minutes=1)

Stages = dict[str, list[float]]
Value = TypeVar("Value")


def measure() -> list[Result]:
    """Milliseconds per minute; nothing where the recorded markets are absent.

    The budget is the median's: the 99th percentile of ninety minutes is the one that the machine disturbed.
    """
    if not is_recorded():
        return []
    rows = recorded_rows(LOADED_FROM, FIRST + (MINUTES + 1) * MINUTE)
    with apache_server() as url:
        server = TestServer(url)
        with server.migrated() as database, adbc_connect(database) as connection:
            write_rows(connection, _known_between(rows, None, FIRST))
            with connect(database, autocommit=True) as maintenance:
                maintenance.execute("VACUUM (ANALYZE)")
            loading_ms, window = _timed(partial(MarketWindow.load, connection, PAIRS, FIRST))
            stages = _follow(connection, window, rows)
        server.close()
    return _results(loading_ms, stages)


def _follow(connection: ArrowConnection, window: MarketWindow, rows: Rows) -> Stages:
    stages: Stages = {"minute in": [], "window": [], "frame": [], "features": []}
    memory = GridMemory()
    for number in range(MINUTES):
        before, as_of = FIRST + number * MINUTE, FIRST + (number + 1) * MINUTE
        news = _known_between(rows, before, as_of)
        inserting, _ = _timed(partial(write_rows, connection, news))
        moving, facts = _timed(partial(window.advance, as_of))
        framing, frame = _timed(partial(decision_frame, facts, as_of))
        decisions = frame.select("instrument_id", "time")
        computing, _ = _timed(partial(feature_matrix, facts, decisions, DECISION_FEATURES_V1, memory))
        for stage, spent in zip(stages.values(), (inserting, moving, framing, computing), strict=True):
            stage.append(spent)
    return stages


def _results(loading_ms: float, stages: Stages) -> list[Result]:
    whole = [sum(parts) for parts in zip(stages["window"], stages["frame"], stages["features"], strict=True)]
    return [
        at_most("frame and features, 8 pairs, one minute, p50", _percentile(whole, 50), "ms", BUDGET_MS),
        reported("frame and features, 8 pairs, one minute, p99", _percentile(whole, 99), "ms"),
        *(
            reported(f"of this, {stage}, p50", _percentile(stages[stage], 50), "ms")
            for stage in ("window", "frame", "features")
        ),
        reported("8 candles committed with all rollups, p50", _percentile(stages["minute in"], 50), "ms"),
        reported("window loaded anew, 8 pairs, 31 days", loading_ms, "ms"),
    ]


def _known_between(rows: Rows, after: datetime | None, by: datetime) -> Rows:
    column = pl.col("known_at")
    arrived = column <= by if after is None else (column > after) & (column <= by)
    return {table: frame.filter(arrived) for table, frame in rows.items()}


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _timed(action: Callable[[], Value]) -> tuple[float, Value]:
    start = time.perf_counter()
    value = action()
    return (time.perf_counter() - start) * 1000, value
