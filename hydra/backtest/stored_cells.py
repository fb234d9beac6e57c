"""Which minutes and pairs of a backtest get rows of their own; the others are counted only."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hydra.backtest.columns import DecisionColumns
from hydra.backtest.market import BacktestMarket, epoch_minute
from hydra.backtest.verdict_counts import decision_reasons
from hydra.backtest.walked_path import Path

Flags = NDArray[np.bool_]


class StoredRows(StrEnum):
    """How much of a backtest is stored, beside orders, positions, money and counts.

    SIGNALS: every minute of a pair with a signal, an order or a change of state. CHANGES: of a signal that
    lasts only the minutes in which its verdict changes. ALL: everything, as a live run stores it.
    """

    SIGNALS = "signals"
    CHANGES = "changes"
    ALL = "all"


def stored_cells(market: BacktestMarket, columns: DecisionColumns, path: Path, wanted: StoredRows) -> Flags:
    """The cells (minutes, pairs) that are stored."""
    shape = columns.key.shape
    if wanted is StoredRows.ALL:
        return np.ones(shape, np.bool_)
    cells = np.zeros(shape, np.bool_)
    for cell, verdict in path.verdicts.items():
        cells[cell] = verdict.decision is not None and verdict.decision.approved
    for latched in path.kills:
        cells[latched.row, latched.column] = True
    _mark_changes(cells, market, path)
    signalled = columns.signals > 0
    cells |= signalled & _differs(columns, path) if wanted is StoredRows.CHANGES else signalled
    return cells


def _mark_changes(cells: Flags, market: BacktestMarket, path: Path) -> None:
    """The minutes at which orders and positions changed."""
    places = {key: column for column, key in enumerate(market.instrument_ids)}
    journal = path.journal
    owners = {order.order_id: places[order.instrument_id] for order in journal.orders}
    holders = {position.position_id: places[position.instrument_id] for position in journal.positions}
    _mark(cells, market, ((owners[row["order_id"]], row["time"]) for row in journal.order_events))
    _mark(cells, market, ((holders[row["position_id"]], row["time"]) for row in journal.position_events))


def _mark(cells: Flags, market: BacktestMarket, changes: Iterable[tuple[int, datetime]]) -> None:
    for column, time in changes:
        row = int(np.searchsorted(market.minutes, epoch_minute(time)))
        cells[min(row, len(cells) - 1), column] = True


def _differs(columns: DecisionColumns, path: Path) -> Flags:
    """Where what layers 2 to 4 say of a signal is not what they said the minute before."""
    reasons, _ = decision_reasons(columns, path)
    said = np.stack([columns.key, columns.reason, reasons])
    before = np.roll(said, 1, axis=1)
    before[:, 0] = -1
    return np.asarray((said != before).any(axis=0))
