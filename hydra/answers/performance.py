"""The performance of a run with confidence intervals, and baselines without skill, by the ledger's metrics.

Source: docs/practice.md (overfitting of the search, reporting); C31, C83, C104, C122, C134.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import numpy as np
import psycopg
from numpy.typing import NDArray

from hydra.answers.run_choice import Row, rows_of
from hydra.arrays import Floats
from hydra.domain import Side
from hydra.ledger import activity
from hydra.ledger.baselines import (
    BuyAndHold,
    HeldPair,
    RandomSide,
    buy_and_hold,
    mirrored_net_usd,
    random_side,
)
from hydra.ledger.bootstrap import Estimate, day_estimate, trade_estimate
from hydra.ledger.costs import CostParameters, PairCosts
from hydra.ledger.daily_returns import allows_ratios, daily_returns
from hydra.ledger.metrics import (
    Drawdown,
    expectancy_r,
    max_drawdown_daily_close,
    max_drawdown_intraday,
    total_return,
)
from hydra.ledger.overfitting import ReturnMoments, minimum_track_record_days, probabilistic_sharpe
from hydra.ledger.positions import stop_loss_usd
from hydra.ledger.vector_metrics import (
    annualised_return_rows,
    calmar_rows,
    expectancy_usd_rows,
    omega_rows,
    payoff_ratio_rows,
    profit_factor_rows,
    sharpe_rows,
    sortino_rows,
    win_rate_rows,
)
from hydra.trading.parameters import costs_in
from hydra.trading.runs import read_run

Instants = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Performance:
    """Metrics of the equity path. days: number of daily returns, those of partial days included (C83).

    elapsed_days: the time that passed, holes included. Figures a year, ratios and probabilities are None
    where the sample is too small for a ratio (C134).
    """

    days: int
    elapsed_days: float
    partial_days: int
    missing_days: int
    total_return: float | None
    annualised_return_compounded_365: Estimate
    sharpe_daily_365: Estimate
    probabilistic_sharpe: float | None
    minimum_track_record_days: float | None
    sortino_daily_365: Estimate
    calmar_daily_365: Estimate
    omega_daily_0: Estimate
    max_drawdown_intraday: Drawdown | None
    max_drawdown_daily_close: Drawdown | None
    exposure_time_share: float | None
    exposure_notional_to_equity: float | None
    turnover: float | None
    turnover_annualised_365: float | None

    @property
    def allows_ratios(self) -> bool:
        """Whether the sample is large enough for a ratio (C134)."""
        return allows_ratios(self.elapsed_days, self.days)


@dataclass(frozen=True, slots=True)
class TradeResults:
    """Metrics of the closed trades. days: UTC days with a close, the sample of the intervals."""

    days: int
    win_rate: Estimate
    profit_factor: Estimate
    expectancy_usd: Estimate
    payoff_ratio: Estimate
    expectancy_r: float | None


@dataclass(frozen=True, slots=True)
class Baselines:
    """Baselines without skill. held_pairs: pairs with a first and a last price."""

    buy_and_hold: BuyAndHold | None
    held_pairs: int
    random_side: RandomSide | None


def read_performance(
    connection: psycopg.Connection, run_id: int, trades: Sequence[Row]
) -> Performance | None:
    """The metrics of the run's equity path; None before its first booked cycle.

    trades: the rows of its positions, open ones too.
    """
    rows = rows_of(connection, "report/equity_path", run_id=run_id)
    if not rows:
        return None
    times = _column(rows, "microsecond").astype("datetime64[us]")
    (traded,) = rows_of(connection, "report/traded", run_id=run_id)
    opened = _instants([trade["opened_time"] for trade in trades])
    closed = _instants([trade["closed_time"] for trade in trades if trade["closed_time"]])
    path = _Path(
        times,
        _column(rows, "equity_usd"),
        _column(rows, "exposure_usd"),
        activity.open_positions(times, opened, closed),
        _decided_minutes(connection, run_id, times),
    )
    return _performance(path, traded["traded_usd"])


@dataclass(frozen=True, slots=True)
class _Path:
    """Columns of the equity path, one entry a row (n,). minutes: decided minutes for which the row holds."""

    times: Instants
    equity_usd: Floats
    exposure_usd: Floats
    positions: NDArray[np.intp]
    minutes: Floats


def _decided_minutes(connection: psycopg.Connection, run_id: int, times: Instants) -> Floats:
    hours = rows_of(connection, "report/decided_minutes", run_id=run_id)
    if not hours:
        return np.zeros(len(times))
    decided = activity.DecidedMinutes(
        _instants([row["hour"] for row in hours]),
        _column(hours, "minutes"),
        *_instants([hours[0]["first_minute"], hours[0]["last_minute"]]),
    )
    return decided.of_rows(times)


def _performance(path: _Path, traded_usd: float) -> Performance:
    times, equity_usd = path.times, path.equity_usd
    start_usd = float(equity_usd[0])
    daily = daily_returns(times, equity_usd, start_usd)
    sample, elapsed = daily.for_ratios, daily.elapsed_days
    moments = ReturnMoments.of(sample)
    turned_over = activity.turnover(traded_usd, path.minutes, equity_usd)
    return Performance(
        days=len(daily.days),
        elapsed_days=elapsed,
        partial_days=daily.partial_days,
        missing_days=daily.missing_days,
        total_return=total_return(daily.returns),
        annualised_return_compounded_365=day_estimate(
            partial(annualised_return_rows, elapsed_days=elapsed), sample
        ),
        sharpe_daily_365=day_estimate(sharpe_rows, sample),
        probabilistic_sharpe=probabilistic_sharpe(moments) if moments else None,
        minimum_track_record_days=minimum_track_record_days(moments) if moments else None,
        sortino_daily_365=day_estimate(sortino_rows, sample),
        calmar_daily_365=day_estimate(partial(calmar_rows, elapsed_days=elapsed), sample),
        omega_daily_0=day_estimate(omega_rows, sample),
        max_drawdown_intraday=max_drawdown_intraday(times, equity_usd, start_usd),
        max_drawdown_daily_close=max_drawdown_daily_close(daily),
        exposure_time_share=activity.exposure_time_share(path.minutes, path.positions),
        exposure_notional_to_equity=activity.exposure_notional_to_equity(
            path.minutes, path.exposure_usd, equity_usd
        ),
        turnover=turned_over,
        turnover_annualised_365=activity.turnover_annualised_365(turned_over, elapsed),
    )


def trade_results(closed: Sequence[Row]) -> TradeResults:
    """The metrics of the closed trades (rows of positions)."""
    days = closing_days(closed)
    net_usd = _column(closed, "net_pnl_usd")
    return TradeResults(
        days=len(np.unique(days)),
        win_rate=trade_estimate(win_rate_rows, days, net_usd),
        profit_factor=trade_estimate(profit_factor_rows, days, net_usd),
        expectancy_usd=trade_estimate(expectancy_usd_rows, days, net_usd),
        payoff_ratio=trade_estimate(payoff_ratio_rows, days, net_usd),
        expectancy_r=expectancy_r(net_usd, np.array([risk_usd(trade) for trade in closed])),
    )


def closing_days(closed: Sequence[Row]) -> Instants:
    """UTC day of the close of every trade, datetime64[D]."""
    return _instants([trade["closed_time"] for trade in closed]).astype("datetime64[D]")


def risk_usd(trade: Row) -> float:
    """The loss from the entry to the decision's stop, USDT; nan without a stop."""
    if trade["stop_loss_price"] is None:
        return float("nan")
    direction = 1 if trade["side"] == Side.LONG else -1
    quantity, entry, stop = (
        float(trade[name]) for name in ("peak_quantity", "entry_price", "stop_loss_price")
    )
    return stop_loss_usd(direction, quantity, entry, stop)


def read_baselines(
    connection: psycopg.Connection,
    run_id: int,
    start_usd: Decimal | None,
    closed: Sequence[Row],
    shortfall_usd: dict[int, Decimal],
) -> Baselines:
    """Results of holding the pairs and of random sides.

    closed: rows of the closed positions; shortfall_usd: by position, what its fills cost against the
    decisions' prices.
    """
    pairs = read_held_pairs(connection, run_id)
    shortfall = np.array([float(shortfall_usd.get(trade["position_id"], 0)) for trade in closed])
    opposite = mirrored_net_usd(
        _column(closed, "gross_pnl_usd") + shortfall,
        _column(closed, "fees_usd") + shortfall,
        _column(closed, "funding_usd"),
    )
    return Baselines(
        buy_and_hold=buy_and_hold(pairs, float(start_usd)) if start_usd else None,
        held_pairs=len(pairs),
        random_side=random_side(_column(closed, "net_pnl_usd"), opposite),
    )


def read_held_pairs(connection: psycopg.Connection, run_id: int) -> list[HeldPair]:
    """The pairs of a run that can be held: those with costs, a first and a last price."""
    rows = rows_of(connection, "report/held_pairs", run_id=run_id)
    costs = costs_in(read_run(connection, run_id).config)
    return [_held(row, costs.of(row["base"])) for row in rows if _is_priced(row, costs)]


def _is_priced(row: Row, costs: CostParameters) -> bool:
    return (
        row["base"] in costs.spread_bps and row["first_price"] is not None and row["last_price"] is not None
    )


def _held(row: Row, costs: PairCosts) -> HeldPair:
    marks, rates, seconds = (np.array(row[name], float) for name in ("marks", "rates", "settled_seconds"))
    return HeldPair(row["base"], costs, row["first_price"], row["last_price"], marks, rates, seconds)


def _column(rows: Sequence[Row], name: str) -> NDArray[np.float64]:
    return np.array([row[name] for row in rows], dtype=np.float64)


def _instants(times: Sequence[datetime]) -> Instants:
    naive = [time.astimezone(UTC).replace(tzinfo=None) for time in times]
    return np.array(naive, dtype="datetime64[us]")
