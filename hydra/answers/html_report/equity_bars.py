"""The equity of a run in bars: every series holds its last value until the next row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psycopg

from hydra.answers.html_report.time_grid import TimeGrid, largest_values, last_values
from hydra.answers.performance import read_held_pairs
from hydra.answers.run_choice import rows_of
from hydra.arrays import Floats
from hydra.durations import SECOND_US
from hydra.ledger.baselines import HeldPair, buy_and_hold, hold_path_usd


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
        hold_equity(read_held_pairs(connection, run_id), balance, grid, closes),
    )


def hold_equity(
    pairs: Sequence[HeldPair], balance_usd: float, grid: TimeGrid, closes: dict[str, Floats]
) -> Floats:
    """Equity of holding every pair, bought with an equal part of the balance, (bars,); NaN without pairs.

    The last value is after the exit's costs, as in the baseline's figure.
    """
    held = buy_and_hold(pairs, balance_usd) if balance_usd else None
    if held is None:
        return np.full(grid.bars, np.nan)
    path = np.full(grid.bars, balance_usd)
    for pair in pairs:
        prices = _filled(closes.get(pair.base, np.full(grid.bars, np.nan)), pair.first_price)
        path += hold_path_usd(pair, balance_usd / len(pairs), grid.edges[1:], prices)
    path[-1] = balance_usd + held.net_usd
    return path


def _filled(prices: Floats, first_price: float) -> Floats:
    """Gaps filled with the price before them; at the start with `first_price`."""
    known = np.where(np.isnan(prices), -1, np.arange(len(prices)))
    places = np.maximum.accumulate(known)
    return np.where(places >= 0, prices[np.maximum(places, 0)], first_price)
