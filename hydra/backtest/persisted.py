"""The pair-minutes of a backtest that are stored as rows; the others are only counted."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import numpy as np

from hydra.arrays import Flags
from hydra.backtest.columns import DecisionColumns
from hydra.backtest.market import BacktestMarket, epoch_minute
from hydra.backtest.simulation_log import SimulationLog
from hydra.backtest.verdict_counts import decision_reasons


class StoredRows(StrEnum):
    """The pair-minutes to store; orders, positions, equity and counts are always stored.

    SIGNALS: those with a signal, an order or a change of state. CHANGES: the same, but of a lasting signal
    only the minutes in which its verdict changes. ALL: every pair-minute, as in a live run.
    """

    SIGNALS = "signals"
    CHANGES = "changes"
    ALL = "all"


def persisted_pair_minutes(
    market: BacktestMarket, columns: DecisionColumns, log: SimulationLog, wanted: StoredRows
) -> Flags:
    """(minutes, pairs): True where a row is stored."""
    shape = columns.key.shape
    if wanted is StoredRows.ALL:
        return np.ones(shape, np.bool_)
    pair_minutes = np.zeros(shape, np.bool_)
    for pair_minute, verdict in log.verdicts.items():
        pair_minutes[pair_minute] = verdict.decision is not None and verdict.decision.approved
    for latched in log.kills:
        pair_minutes[latched.row, latched.column] = True
        if latched.cleared_row is not None:
            pair_minutes[latched.cleared_row, latched.column] = True
    _mark_changes(pair_minutes, market, log)
    signalled = columns.signals > 0
    pair_minutes |= signalled & _differs(columns, log) if wanted is StoredRows.CHANGES else signalled
    return pair_minutes


def _mark_changes(pair_minutes: Flags, market: BacktestMarket, log: SimulationLog) -> None:
    """Mark the minutes in which orders and positions changed."""
    places = {key: column for column, key in enumerate(market.instrument_ids)}
    journal = log.journal
    owners = {order.order_id: places[order.instrument_id] for order in journal.orders}
    holders = {position.position_id: places[position.instrument_id] for position in journal.positions}
    _mark(pair_minutes, market, ((owners[row["order_id"]], row["time"]) for row in journal.order_events))
    _mark(
        pair_minutes, market, ((holders[row["position_id"]], row["time"]) for row in journal.position_events)
    )


def _mark(pair_minutes: Flags, market: BacktestMarket, changes: Iterable[tuple[int, datetime]]) -> None:
    for column, time in changes:
        row = int(np.searchsorted(market.minutes, epoch_minute(time)))
        pair_minutes[min(row, len(pair_minutes) - 1), column] = True


def _differs(columns: DecisionColumns, log: SimulationLog) -> Flags:
    """True where a verdict of layers 2 to 4 differs from the minute before."""
    reasons, _ = decision_reasons(columns, log)
    verdicts = np.stack([columns.key, columns.reason, reasons])
    before = np.roll(verdicts, 1, axis=1)
    before[:, 0] = -1
    return np.asarray((verdicts != before).any(axis=0))
