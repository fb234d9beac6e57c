"""Win rate, profit factor and their intervals, worked out by hand."""

import math
from datetime import date, timedelta

import pytest

from hydra.ledger.trade_statistics import (
    FEWEST_DAYS,
    ClosedTrade,
    days_with_trades,
    net_per_trade,
    profit_factor,
    win_rate,
)

FIRST = date(2025, 6, 1)


def trades(*nets: float, per_day: int = 1) -> list[ClosedTrade]:
    return [ClosedTrade(FIRST + timedelta(days=place // per_day), net) for place, net in enumerate(nets)]


def test_zero_counts_as_a_loss() -> None:
    assert win_rate(trades(10, 0, -5, 1)).value == 0.5


def test_profit_factor_is_won_over_lost() -> None:
    # Won 10 + 2 = 12, lost 3 + 1 = 4.
    assert profit_factor(trades(10, -3, 2, -1, 0)).value == 3.0
    assert profit_factor(trades(0.5, -0.25)).value == 2.0


def test_net_per_trade_is_the_average() -> None:
    assert net_per_trade(trades(10, -3, 2, -1)).value == 2.0


def test_without_trades_nothing_is_defined() -> None:
    estimates = (win_rate([]), profit_factor([]), net_per_trade([]))
    assert [(item.value, item.low, item.high) for item in estimates] == [(None, None, None)] * 3


def test_without_a_loss_the_profit_factor_is_undefined() -> None:
    assert profit_factor(trades(1, 2, 0)).value is None


def test_five_days_are_too_short_for_an_interval_and_six_are_not() -> None:
    short, enough = trades(1, -1, 1, -1, 1), trades(1, -1, 1, -1, 1, -1)
    assert (days_with_trades(short), days_with_trades(enough), FEWEST_DAYS) == (5, 6, 6)
    assert win_rate(short).low is None
    assert win_rate(short).value == 0.6
    assert win_rate(enough).low is not None


def test_the_interval_of_equal_days_is_a_point() -> None:
    same = trades(*([3.0, -1.0] * 8), per_day=2)
    assert (win_rate(same).low, win_rate(same).high) == (0.5, 0.5)
    assert (profit_factor(same).low, profit_factor(same).high) == (3.0, 3.0)
    assert (net_per_trade(same).low, net_per_trade(same).high) == (1.0, 1.0)
    cents = trades(*([0.375, -0.125] * 6), per_day=2)
    assert (profit_factor(cents).low, profit_factor(cents).high) == (3.0, 3.0)
    nothing = trades(*([0.0] * 6))
    assert (win_rate(nothing).low, win_rate(nothing).high) == (0.0, 0.0)


def test_the_interval_holds_the_figure_and_is_the_same_every_time() -> None:
    sample = trades(5, -3, 2, -4, 1, 6, -2, -1, 3, -5)
    first, second = win_rate(sample), win_rate(sample)
    assert first == second
    uneven = trades(*(math.sin(place) for place in range(40)))
    assert net_per_trade(uneven) == net_per_trade(uneven)
    assert first.low is not None
    assert first.high is not None
    assert first.value is not None
    assert first.low < first.value < first.high


def test_the_interval_is_that_of_days_and_not_of_trades() -> None:
    """Eight days of ten equal trades tell as much as eight trades, not as eighty."""
    outcomes = (5.0, -3.0, 2.0, -4.0, 1.0, 6.0, -2.0, -1.0)
    blocks = [ClosedTrade(item.day, item.net_usd) for item in trades(*outcomes) for _ in range(10)]
    assert win_rate(blocks).low == win_rate(trades(*outcomes)).low
    assert win_rate(blocks).high == win_rate(trades(*outcomes)).high


def test_with_ten_days_the_interval_of_a_fair_coin_is_that_of_the_binomial() -> None:
    # 10 draws at one half: P(wins <= 1) = 1.1 %, P(wins <= 2) = 5.5 %, so the 2.5 % point is 2 of 10.
    estimate = win_rate(trades(*([1.0, -1.0] * 5)))
    assert (estimate.low, estimate.high) == (0.2, 0.8)


def test_a_bound_beyond_every_loss_is_undefined() -> None:
    # One losing day of eight is missing from a third of the resamples: no upper bound.
    estimate = profit_factor(trades(4, 4, 4, 4, 4, 4, 4, -2))
    assert estimate.value == pytest.approx(14.0)
    assert estimate.high is None
    assert estimate.low is not None
