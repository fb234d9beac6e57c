"""The minutes that a run has decided, each with what the run saw of the market.

Source: docs/architecture.md, law 2.
"""

from datetime import datetime

import numpy as np
import psycopg

from hydra.arrays import Integers
from hydra.backtest.market import BacktestMarket, epoch_minute, market_of
from hydra.backtest.seen_as_of import seen_as_of
from hydra.db import queries
from hydra.domain import MarketOrigin
from hydra.durations import EPOCH, MICROSECOND
from hydra.errors import StopError
from hydra.trading.runs import Run


def market_of_run(
    connection: psycopg.Connection, url: str, run: Run, end: datetime | None = None
) -> BacktestMarket:
    """Every minute of the run's clock, with candles or without: the clock continues where the data end.

    The minutes of a connected exchange as they were seen (see `seen_as_of`). end: minutes from it on are left
    out; None: none.

    Raises:
        StopError: it has not decided a minute to the end.
        DatabaseError: the facts cannot be read.
    """
    decided_range(connection, run)
    values = {"run_id": run.run_id, "end": end}
    rows = connection.execute(queries.load("backtest/decided_minutes"), values).fetchall()
    minutes: Integers = np.array([epoch_minute(row[0]) for row in rows], np.int64)
    market = market_of(connection, url, run.instrument_ids, minutes)
    if run.market_origin is not MarketOrigin.EXCHANGE:
        return market
    as_of_us: Integers = np.array([(row[1] - EPOCH) // MICROSECOND for row in rows], np.int64)
    return seen_as_of(market, as_of_us)


def decided_range(connection: psycopg.Connection, run: Run) -> tuple[datetime, datetime]:
    """The first and the last minute that the run has decided to the end.

    Raises:
        StopError: there is none.
    """
    row = connection.execute(queries.load("backtest/decided_range"), {"run_id": run.run_id}).fetchone()
    if row is None or row[0] is None:
        raise StopError(f"run {run.run_id} has not decided a minute yet: there is nothing to compare")
    return row[0], row[1]
