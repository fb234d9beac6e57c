"""The equity of a run in bars: every series holds its last value until the next row, as the run did."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from hydra.answers.html_report.time_grid import TimeGrid, largest_values, last_values
from hydra.answers.performance import held_pair, priced_rows
from hydra.answers.run_choice import Row, rows_of
from hydra.arrays import Floats
from hydra.durations import SECOND_US
from hydra.ledger.baselines import buy_and_hold, hold_path_usd


@dataclass(frozen=True, slots=True)
class EquityBars:
    """One entry a bar, NaN before the first row.

    equity_usd: at the bar's end. drawdown: the largest in it, fraction. exposure_usd: the largest in it, with
    resting entries. hold_usd: equity of buying every pair and holding it.
    """

    grid: TimeGrid
    equity_usd: Floats
    drawdown: Floats
    exposure_usd: Floats
    hold_usd: Floats


def read_equity_bars(
    connection: psycopg.Connection, run_id: int, grid: TimeGrid, closes: dict[str, Floats]
) -> EquityBars:
    """The equity path of a run on `grid`. closes: the last price in each bar, by pair."""
    rows = rows_of(connection, "report/equity_path", run_id=run_id)
    times, equity, exposure = (
        np.array([row[name] for row in rows], np.float64)
        for name in ("microsecond", "equity_usd", "exposure_usd")
    )
    seconds = times / SECOND_US
    drawdown = 1 - equity / np.maximum.accumulate(equity) if len(rows) else equity
    balance = float(equity[0]) if len(rows) else 0.0
    return EquityBars(
        grid,
        last_values(seconds, equity, grid),
        largest_values(seconds, drawdown, grid),
        largest_values(seconds, exposure, grid),
        hold_equity(priced_rows(connection, run_id), balance, grid, closes),
    )


def hold_equity(rows: Sequence[Row], balance_usd: float, grid: TimeGrid, closes: dict[str, Floats]) -> Floats:
    """Equity of holding every pair, bought with an equal part of the balance, (bars,); NaN without pairs.

    rows: of `performance.priced_rows`. The last value is after the exit's costs, as in the baseline's figure.
    """
    held = buy_and_hold([held_pair(row) for row in rows], balance_usd) if balance_usd else None
    if held is None:
        return np.full(grid.bars, np.nan)
    path = np.full(grid.bars, balance_usd)
    for row in rows:
        prices = _filled(closes.get(row["base"], np.full(grid.bars, np.nan)), row["first_price"])
        settlements: NDArray[np.intp] = np.searchsorted(
            np.array(row["settled_seconds"]), grid.edges[1:], "right"
        )
        path += hold_path_usd(held_pair(row), balance_usd / len(rows), prices, settlements)
    path[-1] = balance_usd + held.net_usd
    return path


def _filled(prices: Floats, first_price: float) -> Floats:
    """Each gap takes the price before it; before the first there is the price at the start."""
    known = np.where(np.isnan(prices), -1, np.arange(len(prices)))
    places = np.maximum.accumulate(known)
    return np.where(places >= 0, prices[np.maximum(places, 0)], first_price)
