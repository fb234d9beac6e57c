"""Intervals by drawing days: by hand, against the binomial, and how often they hold the truth."""

import math
import time
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from hydra.arrays import Floats
from hydra.ledger.bootstrap import (
    FEWEST_DAYS,
    Estimate,
    TradeMetric,
    block_length,
    day_estimate,
    drawn_days,
    trade_estimate,
)
from hydra.ledger.daily_returns import FEWEST_DAILY_RETURNS
from hydra.ledger.metrics import (
    calmar_daily_365,
    expectancy_usd,
    omega_daily_0,
    payoff_ratio,
    profit_factor,
    sharpe_daily_365,
    sortino_daily_365,
    total_return,
    win_rate,
)
from hydra.ledger.vector_metrics import (
    calmar_rows,
    expectancy_usd_rows,
    max_drawdown_rows,
    omega_rows,
    payoff_ratio_rows,
    profit_factor_rows,
    sharpe_rows,
    sortino_rows,
    total_return_rows,
    win_rate_rows,
)

FIRST = np.datetime64("2025-06-01", "D")


def estimate(metric: TradeMetric, *nets: float, per_day: int = 1) -> Estimate:
    days = FIRST + np.arange(len(nets)) // per_day
    return trade_estimate(metric, days, np.array(nets, dtype=float))


def bounds(found: Estimate) -> tuple[float | None, float | None]:
    return found.low, found.high


def test_five_days_with_trades_are_too_short_for_an_interval_and_six_are_not() -> None:
    short = estimate(win_rate_rows, 1, -1, 1, -1, 1)
    enough = estimate(win_rate_rows, 1, -1, 1, -1, 1, -1)
    assert FEWEST_DAYS == 6
    assert (short.value, short.low, short.high) == (0.6, None, None)
    assert enough.low is not None


def test_without_trades_nothing_is_defined() -> None:
    for metric in (win_rate_rows, profit_factor_rows, expectancy_usd_rows, payoff_ratio_rows):
        assert estimate(metric) == Estimate(None, None, None)


def test_the_interval_of_equal_days_is_a_point() -> None:
    same = [3.0, -1.0] * 8
    assert bounds(estimate(win_rate_rows, *same, per_day=2)) == (0.5, 0.5)
    assert bounds(estimate(profit_factor_rows, *same, per_day=2)) == (3.0, 3.0)
    assert bounds(estimate(payoff_ratio_rows, *same, per_day=2)) == (3.0, 3.0)
    assert bounds(estimate(expectancy_usd_rows, *same, per_day=2)) == (1.0, 1.0)
    assert bounds(estimate(win_rate_rows, *[0.0] * 6)) == (0.0, 0.0)
    # Whatever blocks are drawn, every day is one hundredth: 1.01 ^ 40.
    steady = day_estimate(total_return_rows, np.full(40, 0.01))
    assert bounds(steady) == pytest.approx((1.01**40 - 1, 1.01**40 - 1))


def test_the_interval_is_that_of_days_and_not_of_trades() -> None:
    """Eight days of ten equal trades tell as much as eight trades, not as eighty."""
    outcomes = (5.0, -3.0, 2.0, -4.0, 1.0, 6.0, -2.0, -1.0)
    blocks = [net for net in outcomes for _ in range(10)]
    assert bounds(estimate(win_rate_rows, *blocks, per_day=10)) == bounds(estimate(win_rate_rows, *outcomes))


def test_with_ten_days_the_interval_of_a_fair_coin_is_that_of_the_binomial() -> None:
    # 10 draws at one half: P(wins <= 1) = 1.1 %, P(wins <= 2) = 5.5 %, so the 2.5 % point is 2 of 10.
    assert bounds(estimate(win_rate_rows, *[1.0, -1.0] * 5)) == (0.2, 0.8)


def test_a_bound_beyond_every_loss_is_undefined() -> None:
    # One losing day of eight is missing from a third of the resamples: no upper bound.
    found = estimate(profit_factor_rows, 4, 4, 4, 4, 4, 4, 4, -2)
    assert found.value == pytest.approx(14.0)
    assert found.high is None
    assert found.low is not None


def test_a_metric_that_is_undefined_in_many_resamples_has_no_interval() -> None:
    # One winning day of eight: a third of the resamples has no win and so no payoff.
    assert bounds(estimate(payoff_ratio_rows, -4, -4, -4, -4, -4, -4, -4, 2)) == (None, None)


def test_nineteen_returns_are_too_few_for_an_interval_and_twenty_are_not() -> None:
    returns = np.array([0.01, -0.01] * 10) + np.arange(20) * 1e-4
    assert FEWEST_DAILY_RETURNS == 20
    short, enough = day_estimate(sharpe_rows, returns[:19]), day_estimate(sharpe_rows, returns)
    assert short.value == sharpe_daily_365(returns[:19])
    assert short.low is None
    assert enough.low is not None
    assert day_estimate(sharpe_rows, returns[:0]) == Estimate(None)


@pytest.mark.parametrize("days", [365, 366, 20])
def test_a_resample_is_blocks_of_neighbours_and_the_first_day_follows_the_last(days: int) -> None:
    drawn = drawn_days(days, 7)
    assert drawn.shape == (2_000, days)
    steps = (np.diff(drawn, axis=1) % days)[:, np.arange(1, days) % 7 != 0]
    assert np.all(steps == 1)
    # Every day is drawn equally often, the first and the last too: 2,000 times each, give or take.
    counts = np.bincount(drawn.ravel(), minlength=days)
    assert counts.min() > 1_500
    assert counts.max() < 2_500
    assert np.any(np.diff(drawn, axis=1) == 1 - days)


def test_a_block_is_the_cube_root_of_the_sample() -> None:
    assert [block_length(days) for days in (1, 20, 30, 365, 1000)] == [1, 3, 3, 7, 10]


def test_every_row_metric_says_what_its_metric_says() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.02, (5, 40))
    nets = np.array([10.0, -3.0, 2.0, -1.0, 0.0])
    for rows, metric in (
        (sharpe_rows, sharpe_daily_365),
        (sortino_rows, sortino_daily_365),
        (omega_rows, omega_daily_0),
        (partial(calmar_rows, elapsed_days=40.0), partial(calmar_daily_365, elapsed_days=40.0)),
        (total_return_rows, total_return),
    ):
        assert rows(returns).tolist() == pytest.approx([metric(row) for row in returns])
        assert day_estimate(rows, returns[0]).value == pytest.approx(metric(returns[0]))
    for trade_rows, trade_metric in (
        (win_rate_rows, win_rate),
        (profit_factor_rows, profit_factor),
        (expectancy_usd_rows, expectancy_usd),
        (payoff_ratio_rows, payoff_ratio),
    ):
        assert estimate(trade_rows, *nets).value == trade_metric(nets)


def test_the_interval_is_the_same_every_time_and_holds_the_figure() -> None:
    returns = np.array([math.sin(place) / 50 + 0.001 for place in range(100)])
    first = day_estimate(sharpe_rows, returns)
    assert first == day_estimate(sharpe_rows, returns)
    assert first.low is not None
    assert first.high is not None
    assert first.value is not None
    assert first.low < first.value < first.high


def autoregressive(samples: int, days: int, memory: float) -> Floats:
    """Returns that remember the day before: mean 0.001, deviation 0.02 in the long run."""
    shocks = np.random.default_rng(11).normal(0, 0.02 * math.sqrt(1 - memory**2), (samples, days + 50))
    returns = np.zeros_like(shocks)
    for day in range(1, days + 50):
        returns[:, day] = memory * returns[:, day - 1] + shocks[:, day]
    kept: Floats = returns[:, 50:] + 0.001
    return kept


def mean_rows(returns: Floats) -> Floats:
    mean: Floats = returns.mean(axis=-1)
    return mean


def coverage(samples: Floats, block_days: int | None) -> float:
    """How often the 95 % interval of the mean return holds the true one."""
    held = 0
    for returns in samples:
        low, high = bounds(day_estimate(mean_rows, returns, block_days))
        assert low is not None
        assert high is not None
        held += low <= 0.001 <= high
    return held / len(samples)


def test_blocks_hold_the_truth_where_single_days_are_too_sure() -> None:
    samples = autoregressive(samples=120, days=250, memory=0.4)
    in_blocks, day_by_day = coverage(samples, None), coverage(samples, 1)
    # Without memory of the order of days the error is understated by sqrt(1.4 / 0.6) = 1.53: about 80 % held.
    # 120 samples tell a share of 0.92 to +-0.05 (95 %).
    assert in_blocks > 0.85
    assert day_by_day < in_blocks - 0.04


def test_independent_days_are_held_too() -> None:
    assert coverage(autoregressive(samples=120, days=200, memory=0.0), None) > 0.87


def test_two_thousand_years_are_drawn_in_a_moment() -> None:
    returns: NDArray[np.float64] = np.random.default_rng(5).normal(0.001, 0.02, 365)
    seconds = []
    for metric in (sharpe_rows, max_drawdown_rows):
        began = time.perf_counter()
        day_estimate(metric, returns)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.5
