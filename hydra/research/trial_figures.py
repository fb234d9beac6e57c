"""What is stored of a trial: its daily returns, and its figures by name.

Source: docs/practice.md (every trial is counted); C134.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from hydra.backtest.equity_path import E8, EquityPath
from hydra.backtest.run import BacktestRun
from hydra.backtest.simulation import Simulation
from hydra.ledger.daily_returns import DailyReturns, daily_returns
from hydra.ledger.metrics import (
    expectancy_usd,
    max_drawdown_intraday,
    profit_factor,
    sharpe_daily_365,
    sortino_daily_365,
    total_return,
    win_rate,
)
from hydra.ledger.overfitting import ReturnMoments, probabilistic_sharpe
from hydra.research.random_sides import random_side_figures


@dataclass(frozen=True)
class TrialFigures:
    """daily: returns per UTC day. net_pnl_usd: change of equity, all costs in. metrics: by name."""

    daily: DailyReturns
    trades: int
    net_pnl_usd: Decimal
    metrics: dict[str, float | None]

    @property
    def first_day(self) -> date:
        """UTC day of the first return."""
        first: date = self.daily.days[0].astype(object)
        return first


def trial_figures(simulation: Simulation, equity: EquityPath) -> TrialFigures:
    """The figures of a simulation."""
    start_usd = float(simulation.rules.initial_balance)
    times = equity.minutes.astype("datetime64[m]")
    daily = daily_returns(times, equity.equity_usd, start_usd)
    closed = [one for one in simulation.log.journal.positions if one.closed_time is not None]
    net_usd = np.array([float(one.net_pnl_usd) for one in closed])
    moments = ReturnMoments.of(daily.for_ratios)
    deepest = max_drawdown_intraday(times, equity.equity_usd, start_usd)
    metrics = {
        "elapsed_days": daily.elapsed_days,
        "total_return": total_return(daily.returns),
        "sharpe_daily_365": sharpe_daily_365(daily.for_ratios),
        "sharpe_per_day": moments.sharpe_per_day if moments else None,
        "probabilistic_sharpe": probabilistic_sharpe(moments) if moments else None,
        "sortino_daily_365": sortino_daily_365(daily.for_ratios),
        "max_drawdown_intraday": deepest.fraction if deepest else None,
        "win_rate": win_rate(net_usd),
        "profit_factor": profit_factor(net_usd),
        "expectancy_usd": expectancy_usd(net_usd),
    }
    net = Decimal(int(equity.equity_e8[-1])) / E8 - simulation.rules.initial_balance
    return TrialFigures(daily, len(closed), net, metrics)


def backtest_figures(result: BacktestRun) -> TrialFigures:
    """The figures of a stored backtest as a trial, random side included."""
    figures = trial_figures(result.simulation, result.equity)
    return replace(figures, metrics={**figures.metrics, **random_side_figures(result.simulation)})
