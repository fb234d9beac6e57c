"""Returns, ratios and drawdowns of a run, worked out by hand; their properties with random markets."""

import math
from datetime import timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hydra.ledger.daily_returns import DailyReturns, allows_ratios, daily_returns, sample_for_ratios
from hydra.ledger.metrics import (
    annualised_return_compounded_365,
    calmar_daily_365,
    max_drawdown_daily_close,
    max_drawdown_intraday,
    omega_daily_0,
    sharpe_daily_365,
    sortino_daily_365,
    total_return,
)
from hydra.ledger.portfolio import drawdown
from hydra.ledger.vector_metrics import max_drawdown_rows

ROOT_365 = math.sqrt(365)
RATIOS = (sharpe_daily_365, sortino_daily_365, omega_daily_0)
# Whole basis points, up to a fifth either way.
some_returns = st.lists(st.integers(-2_000, 2_000), min_size=31, max_size=40).map(
    lambda points: np.array(points) / 10_000
)


def same(value: float | None, other: float | None) -> bool:
    """Both undefined, or equal up to rounding."""
    if value is None or other is None:
        return value is other
    return math.isclose(value, other, rel_tol=1e-6, abs_tol=1e-9)


def instants(*texts: str) -> NDArray[np.datetime64]:
    return np.array(texts, dtype="datetime64[us]")


def whole_days(*closes: float, start_usd: float = 100.0) -> DailyReturns:
    """A day a close, from 1 June on."""
    times = np.datetime64("2025-06-01T23:59", "us") + np.arange(len(closes)) * np.timedelta64(1, "D")
    return daily_returns(times, np.array(closes), start_usd)


def test_a_day_closes_with_its_last_equity_and_midnight_belongs_to_the_new_day() -> None:
    times = instants("2025-06-01T10:00", "2025-06-01T23:59", "2025-06-02T00:00", "2025-06-02T12:00")
    daily = daily_returns(times, np.array([105.0, 110.0, 111.0, 99.0]), 100.0)
    # 1 June: 110 / 100; 2 June: 99 / 110, not 99 / 111.
    assert daily.closes_usd.tolist() == [110.0, 99.0]
    assert daily.returns.tolist() == pytest.approx([0.1, -0.1])
    assert [str(day) for day in daily.days] == ["2025-06-01", "2025-06-02"]
    assert (daily.partial_days, daily.missing_days) == (2, 0)


def test_a_day_from_its_first_to_its_last_minute_is_whole() -> None:
    minutes = np.datetime64("2025-06-01T00:00", "us") + np.arange(2 * 1440) * np.timedelta64(1, "m")
    assert daily_returns(minutes, np.full(2880, 5.0), 5.0).partial_days == 0
    assert daily_returns(minutes[:-1], np.full(2879, 5.0), 5.0).partial_days == 1
    # Cycles begin after the first bar is known: 00:01 is the first instant that can be decided.
    assert daily_returns(minutes[1:], np.full(2879, 5.0), 5.0).partial_days == 0
    assert daily_returns(minutes[2:], np.full(2878, 5.0), 5.0).partial_days == 1


def test_a_hole_is_one_return_and_its_days_are_counted_as_missing() -> None:
    daily = daily_returns(instants("2025-06-01T12:00", "2025-06-05T12:00"), np.array([100.0, 120.0]), 100.0)
    assert daily.returns.tolist() == pytest.approx([0.0, 0.2])
    assert daily.missing_days == 3


def test_the_path_ends_where_nothing_is_left() -> None:
    daily = whole_days(50.0, 0.0, 70.0)
    assert daily.returns.tolist() == [-0.5, -1.0]
    assert total_return(daily.returns) == -1.0


def test_a_path_without_a_start_or_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="positive start balance"):
        daily_returns(instants("2025-06-01"), np.array([1.0]), 0.0)
    with pytest.raises(ValueError, match="ascending"):
        daily_returns(instants("2025-06-02", "2025-06-01"), np.array([1.0, 1.0]), 1.0)


def test_a_run_without_cycles_has_no_figure() -> None:
    daily = daily_returns(instants(), np.array([]), 100.0)
    assert (len(daily.returns), daily.partial_days, daily.missing_days) == (0, 0, 0)
    assert total_return(daily.returns) is None
    assert annualised_return_compounded_365(daily.returns, 40.0) is None
    assert calmar_daily_365(daily.returns, 40.0) is None
    assert [ratio(daily.returns) for ratio in RATIOS] == [None] * 3
    assert max_drawdown_daily_close(daily) is None
    assert max_drawdown_intraday(instants(), np.array([]), 100.0) is None


def test_returns_are_compounded() -> None:
    # 1.1 x 0.9 = 0.99.
    assert total_return(np.array([0.1, -0.1])) == pytest.approx(-0.01)


def test_a_year_is_365_days_that_passed() -> None:
    # 73 days are a fifth of a year: 1.02 ^ 5 = 1.1040808032.
    daily = np.zeros(73)
    daily[10] = 0.02
    assert annualised_return_compounded_365(daily, 73.0) == pytest.approx(0.1040808032)
    # The same gain on 25 of these days only, the others without a row: the same year.
    assert annualised_return_compounded_365(daily[:25], 73.0) == pytest.approx(0.1040808032)
    assert annualised_return_compounded_365(np.full(365, 0.001), 365.0) == pytest.approx(1.001**365 - 1)
    # 2 ^ 30 in a month is 2 ^ 365 in a year, a number; 10 ^ 40 in a month is none.
    assert annualised_return_compounded_365(np.full(30, 1e40 - 1), 30.0) is None
    assert annualised_return_compounded_365(daily, 0.0) is None


def test_no_ratio_below_thirty_days_that_passed_or_twenty_returns() -> None:
    returns = np.linspace(-0.01, 0.02, 40)
    assert sample_for_ratios(returns, 40.0) is returns
    assert len(sample_for_ratios(returns[:20], 30.0)) == 20
    assert len(sample_for_ratios(returns[:19], 300.0)) == 0
    assert len(sample_for_ratios(returns[:29], 29.99)) == 0
    assert [allows_ratios(days, 20) for days in (29.99, 30.0)] == [False, True]
    assert [allows_ratios(30.0, returns) for returns in (19, 20)] == [False, True]


@pytest.mark.parametrize(("minutes", "elapsed"), [(30 * 1440, 30.0), (30 * 1440 - 1, 30 - 1 / 1440)])
def test_thirty_days_are_reached_by_a_run_from_the_first_minute_on(minutes: int, elapsed: float) -> None:
    """A run of thirty days decides from the close of the first candle, 00:01, to 23:59."""
    times = np.datetime64("2025-06-01T00:01", "us") + np.arange(minutes - 1) * np.timedelta64(1, "m")
    daily = daily_returns(times, np.linspace(100, 110, minutes - 1), 100.0)
    assert daily.elapsed_days == pytest.approx(elapsed)
    assert len(daily.for_ratios) == (30 if minutes == 30 * 1440 else 0)


def test_days_in_a_hole_pass_too() -> None:
    """A year of which 25 days in January and one in December have rows: 0.1 % a day is not 4,000 % a year."""
    days = np.append(np.arange(25), 364)
    times = np.datetime64("2025-01-01T23:59", "us") + days * np.timedelta64(1, "D")
    daily = daily_returns(times, 100 * np.float_power(1.001, np.arange(1, 27)), 100.0)
    # From 23:58 of the first day to 24:00 of the last.
    assert daily.elapsed_days == pytest.approx(364 + 2 / 1440)
    assert (len(daily.for_ratios), daily.missing_days) == (26, 339)
    year = annualised_return_compounded_365(daily.for_ratios, daily.elapsed_days)
    assert year == pytest.approx(1.001**26 - 1, rel=0.01)


def test_sharpe_is_mean_over_std1_times_the_root_of_365() -> None:
    # Mean 0.01; deviations 0.01, -0.03, 0.02: squares 1 + 9 + 4 = 14 e-4; std1 = sqrt(7 e-4).
    returns = np.array([0.02, -0.02, 0.03])
    assert sharpe_daily_365(returns) == pytest.approx(0.01 / math.sqrt(7e-4) * ROOT_365)
    assert sharpe_daily_365(-returns) == pytest.approx(-0.01 / math.sqrt(7e-4) * ROOT_365)


@pytest.mark.parametrize("returns", [[0.01], [0.0, 0.0], [0.001] * 40, [-0.001] * 40])
def test_without_variance_there_is_no_sharpe(returns: list[float]) -> None:
    assert sharpe_daily_365(np.array(returns)) is None


def test_a_deviation_of_a_trillionth_of_the_mean_is_no_variance() -> None:
    returns = np.full(40, 0.001)
    returns[::2] += 1e-16
    assert returns.std() > 0
    assert sharpe_daily_365(returns) is None


def test_sortino_spreads_the_falls_over_all_days() -> None:
    # Mean 0.01; one fall of 0.02 in three days: sqrt(4e-4 / 3).
    assert sortino_daily_365(np.array([0.02, -0.02, 0.03])) == pytest.approx(
        0.01 / math.sqrt(4e-4 / 3) * ROOT_365
    )
    assert sortino_daily_365(np.array([0.02, 0.0, 0.03])) is None
    assert sortino_daily_365(np.array([-0.02])) is None


def test_omega_is_gains_over_losses() -> None:
    assert omega_daily_0(np.array([0.02, -0.02, 0.03])) == pytest.approx(2.5)
    assert omega_daily_0(np.array([0.02, 0.0])) is None
    assert omega_daily_0(np.array([-0.02])) == 0.0


def test_calmar_is_the_years_return_over_the_deepest_fall_of_the_closes() -> None:
    # 73 days: up 10 %, down 10 %, up 10 %, flat: 1.089; the year is 1.089 ^ 5, the fall 10 %.
    returns = np.zeros(73)
    returns[:3] = (0.1, -0.1, 0.1)
    assert calmar_daily_365(returns, 73.0) == pytest.approx((1.089**5 - 1) / 0.1)
    # 36.5 of the days have no row: the year is the same.
    assert calmar_daily_365(returns[:36], 73.0) == pytest.approx((1.089**5 - 1) / 0.1)
    assert calmar_daily_365(np.full(40, 0.01), 40.0) is None


def test_the_two_drawdowns_differ_by_what_a_day_hides() -> None:
    times = instants(
        "2025-06-01T10:00", "2025-06-01T12:00", "2025-06-01T23:59", "2025-06-02T08:00", "2025-06-02T23:59"
    )
    equity = np.array([100.0, 120.0, 110.0, 90.0, 104.5])
    intraday = max_drawdown_intraday(times, equity, 100.0)
    assert intraday is not None
    # From 120 at 12:00 to 90; never regained, so until the end: 35 h 59 min.
    assert intraday.fraction == pytest.approx(0.25)
    assert (intraday.length, intraday.is_recovered) == (timedelta(hours=35, minutes=59), False)
    closes = max_drawdown_daily_close(daily_returns(times, equity, 100.0))
    assert closes is not None
    # The closes are 110 and 104.5.
    assert closes.fraction == pytest.approx(0.05)
    assert (closes.length, closes.is_recovered) == (timedelta(days=1), False)


def test_a_drawdown_ends_when_its_peak_is_seen_again() -> None:
    # 100, 110, 110, 99, 105, 110, 108: 10 % from the second 110 (day 3) to the third (day 6).
    regained = max_drawdown_daily_close(whole_days(100.0, 110.0, 110.0, 99.0, 105.0, 110.0, 108.0))
    assert regained is not None
    assert regained.fraction == pytest.approx(0.1)
    assert (regained.length, regained.is_recovered) == (timedelta(days=3), True)


def test_the_start_balance_is_a_peak() -> None:
    first_loses = max_drawdown_daily_close(whole_days(80.0, 90.0))
    assert first_loses is not None
    assert first_loses.fraction == pytest.approx(0.2)
    assert (first_loses.length, first_loses.is_recovered) == (timedelta(days=2), False)
    assert max_drawdown_rows(np.array([[-0.2, 0.125], [0.1, -0.1]])) == pytest.approx(np.array([0.2, 0.1]))
    intraday = max_drawdown_intraday(instants("2025-06-01"), np.array([75.0]), 100.0)
    assert intraday is not None
    assert intraday.fraction == drawdown(75.0, 100.0)


def test_without_a_fall_the_drawdown_is_nothing_and_over() -> None:
    rising = max_drawdown_daily_close(whole_days(101.0, 102.0))
    assert rising is not None
    assert (rising.fraction, rising.length, rising.is_recovered) == (0.0, timedelta(0), True)


@settings(max_examples=50)
@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=50), st.floats(1.0, 1e6))
def test_a_drawdown_of_positive_equity_lies_between_nothing_and_all(
    equity: list[float], start_usd: float
) -> None:
    times = np.datetime64("2025-06-01", "us") + np.arange(len(equity)) * np.timedelta64(7, "h")
    path = np.array(equity)
    intraday = max_drawdown_intraday(times, path, start_usd)
    closes = max_drawdown_daily_close(daily_returns(times, path, start_usd))
    assert intraday is not None
    assert closes is not None
    assert 0 <= closes.fraction <= intraday.fraction < 1
    assert timedelta(0) <= intraday.length <= timedelta(hours=7 * (len(equity) - 1))


@settings(max_examples=50)
@given(some_returns)
def test_sharpe_sortino_and_omega_agree_which_way_it_went(returns: NDArray[np.float64]) -> None:
    sharpe, sortino, omega = (ratio(returns) for ratio in RATIOS[:3])
    if abs(returns.mean()) < 1e-9 or sharpe is None or sortino is None or omega is None:
        return
    assert (sharpe > 0) == (sortino > 0) == (omega > 1) == (returns.mean() > 0)


@settings(max_examples=50)
@given(some_returns, st.randoms(use_true_random=False))
def test_the_order_of_the_days_matters_only_to_drawdowns(
    returns: NDArray[np.float64], random: Random
) -> None:
    shuffled = np.array(random.sample(returns.tolist(), len(returns)))
    for ratio in (total_return, sharpe_daily_365, omega_daily_0):
        assert same(ratio(shuffled), ratio(returns))


@settings(max_examples=50)
@given(some_returns, st.floats(0.1, 4.0))
def test_the_size_of_the_bets_does_not_change_sharpe_sortino_and_omega(
    returns: NDArray[np.float64], factor: float
) -> None:
    for ratio in RATIOS[:3]:
        assert same(ratio(returns * factor), ratio(returns))


@settings(max_examples=50)
@given(some_returns, st.floats(0.01, 1e6))
def test_the_size_of_the_account_changes_nothing(returns: NDArray[np.float64], factor: float) -> None:
    closes = 100 * np.cumprod(1 + returns)
    small, large = whole_days(*closes), whole_days(*(closes * factor), start_usd=100 * factor)
    assert large.returns == pytest.approx(small.returns, rel=1e-9, abs=1e-12)
