"""Stores a backtest in the tables of a live run, in one transaction.

Source: docs/architecture.md, law 2 (the same tables for dashboards and audits).
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from hydra.backtest.assumed_operator import OPERATOR, clear_reason
from hydra.backtest.equity_path import EquityPath
from hydra.backtest.journal import Journal
from hydra.backtest.market import instant_of
from hydra.backtest.persisted import StoredRows, persisted_pair_minutes
from hydra.backtest.rows import PairMinuteRowMaker
from hydra.backtest.simulation import Simulation
from hydra.backtest.verdict_counts import verdict_counts
from hydra.db import queries
from hydra.db.copy import copy_rows
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.trading.kill_switch import clear, latch
from hydra.trading.pair_state import Position
from hydra.trading.pair_state_rows import order_row, position_row
from hydra.trading.row_writer import Row, insert_rows
from hydra.trading.runs import Run

BATCH_ROWS = 5_000


def store(
    connection: psycopg.Connection, run: Run, simulation: Simulation, equity: EquityPath, wanted: StoredRows
) -> None:
    """Store `simulation` under `run` and refresh the statistics of the tables.

    Raises:
        psycopg.Error: the server refuses a row; nothing is stored.
    """
    market, columns, log = simulation.prepared.market, simulation.columns, simulation.log
    pair_minutes = persisted_pair_minutes(market, columns, log, wanted)
    with connection.transaction():
        _store_cycles(connection, run, _with_ends(market.minutes, pair_minutes))
        for batch in PairMinuteRowMaker(simulation, run, equity).batches(pair_minutes):
            _insert(connection, "assessments", batch.assessments)
            _insert(connection, "features", batch.features)
            _insert(connection, "signals", batch.signals)
            _insert(connection, "risk_decisions", batch.decisions)
        _store_journal(connection, run, log.journal)
        _store_equity(connection, run, equity)
        _store_kills(connection, run, simulation)
        _store_counts(connection, run, simulation)
        values = {"run_id": run.run_id, "data_hash": market.data_hash}
        connection.execute(queries.load("backtest/set_data_hash"), values)
    connection.execute(queries.load("backtest/refresh_statistics"))


def _insert(
    connection: psycopg.Connection, table: str, rows: Sequence[Row], returned: Sequence[str] = ()
) -> list[tuple[object, ...]]:
    """`insert_rows` in batches."""
    batches = (rows[begin : begin + BATCH_ROWS] for begin in range(0, len(rows), BATCH_ROWS))
    return [row for batch in batches for row in insert_rows(connection, table, batch, returned)]


def _store_cycles(connection: psycopg.Connection, run: Run, minutes: NDArray[np.int64]) -> None:
    instants = [instant_of(int(minute)) for minute in minutes]
    values = {
        "run_id": run.run_id,
        "minutes": instants,
        "delay": DECISION_DELAY,
        "code_version": run.code_version,
    }
    connection.execute(queries.load("backtest/add_cycles"), values)


def _with_ends(minutes: NDArray[np.int64], pair_minutes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The minutes that have rows, and the first and last of the run, which show its range."""
    rows = np.union1d(np.flatnonzero(pair_minutes.any(axis=1)), [0, len(minutes) - 1])
    reached: NDArray[np.int64] = minutes[rows]
    return reached


def _store_journal(connection: psycopg.Connection, run: Run, journal: Journal) -> None:
    """Store orders and positions; replace their keys by those that the database assigns."""
    positions = {(one.instrument_id, one.decision_time): one for one in journal.positions}
    rows = [position_row(run.run_id, one) for one in journal.positions]
    stored = _insert(connection, "positions", rows, ("instrument_id", "decision_time", "position_id"))
    keys = {(row[0], row[1]): row[2] for row in stored}
    position_keys = {one.position_id: keys[place] for place, one in positions.items()}
    order_keys = _store_orders(connection, run, journal, positions, position_keys)
    events = [{**row, "position_id": position_keys[row["position_id"]]} for row in journal.position_events]
    _insert(connection, "position_events", events)
    for table, rows in (("order_events", journal.order_events), ("fills", journal.fills)):
        _insert(connection, table, [{**row, "order_id": order_keys[row["order_id"]]} for row in rows])


def _store_orders(
    connection: psycopg.Connection,
    run: Run,
    journal: Journal,
    positions: dict[tuple[int, datetime], Position],
    position_keys: dict[int | None, object],
) -> dict[int | None, object]:
    rows = []
    for order in journal.orders:
        row = order_row(run.run_id, order, positions.get((order.instrument_id, order.decision_time)))
        rows.append({**row, "position_id": position_keys.get(row["position_id"])})
    stored = {row[0]: row[1] for row in _insert(connection, "orders", rows, ("client_order_id", "order_id"))}
    return {order.order_id: stored[order.client_order_id] for order in journal.orders}


def _store_equity(connection: psycopg.Connection, run: Run, equity: EquityPath) -> None:
    connection.execute(queries.load("backtest/equity_table"))
    copy_rows(connection, sql.Identifier("backtest_equity"), equity.frame(equity.stored_rows()))
    connection.execute(queries.load("backtest/add_equity"), {"run_id": run.run_id})


def _store_kills(connection: psycopg.Connection, run: Run, simulation: Simulation) -> None:
    market, hours = simulation.prepared.market, simulation.rules.resume_after_hours
    for one in simulation.log.kills:
        values = one.kill.latch_values(market.instrument_ids[one.column])
        kill_id = latch(connection, run.run_id, market.time_of(one.row), *values)
        if kill_id is not None and one.cleared_row is not None and hours is not None:
            clear(connection, [kill_id], market.time_of(one.cleared_row), OPERATOR, clear_reason(hours), None)


def _store_counts(connection: psycopg.Connection, run: Run, simulation: Simulation) -> None:
    counts = verdict_counts(simulation.prepared.market, simulation.columns, simulation.log)
    keyed = counts.insert_column(0, pl.lit(run.run_id, pl.Int64).alias("run_id"))
    copy_rows(connection, sql.Identifier("hydra", "veto_counts"), keyed)
