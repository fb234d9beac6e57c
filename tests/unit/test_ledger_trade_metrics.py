"""What closed trades say, what was at stake, and what it cost, worked out by hand."""

from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hydra.ledger.activity import (
    DecidedMinutes,
    exposure_notional_to_equity,
    exposure_time_share,
    open_positions,
    turnover,
    turnover_annualised_365,
)
from hydra.ledger.cost_split import CostSplit, spread_paid_usd
from hydra.ledger.costs import PairCosts
from hydra.ledger.metrics import expectancy_r, expectancy_usd, payoff_ratio, profit_factor, win_rate

some_nets = st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=40).map(
    lambda nets: np.array(nets, dtype=float)
)


def nets(*values: float) -> NDArray[np.float64]:
    return np.array(values, dtype=float)


def hours(*numbers: float) -> NDArray[np.datetime64]:
    """Instants so many hours after 1 June."""
    minutes = [np.timedelta64(round(number * 60), "m") for number in numbers]
    return np.datetime64("2025-06-01", "us") + np.array(minutes, dtype="timedelta64[us]")


def test_zero_counts_as_a_loss() -> None:
    assert win_rate(nets(10, 0, -5, 1)) == 0.5


def test_profit_factor_is_won_over_lost() -> None:
    # Won 10 + 2 = 12, lost 3 + 1 = 4.
    assert profit_factor(nets(10, -3, 2, -1, 0)) == 3.0
    assert profit_factor(nets(0.5, -0.25)) == 2.0
    assert profit_factor(nets(1, 2, 0)) is None
    assert profit_factor(nets(-1)) == 0.0


def test_expectancy_is_the_average_net_result() -> None:
    assert expectancy_usd(nets(10, -3, 2, -1)) == 2.0


def test_expectancy_in_r_divides_each_trade_by_its_own_risk() -> None:
    # 10 / 5 = 2 R and -3 / 3 = -1 R.
    assert expectancy_r(nets(10, -3), nets(5, 3)) == 0.5
    assert expectancy_r(nets(10, -3), nets(5, 0)) is None
    assert expectancy_r(nets(10, -3), nets(5, float("nan"))) is None


def test_payoff_is_the_average_win_over_the_average_loss_zeros_included() -> None:
    # Wins 10 and 2: 6 on average; losses 3, 1 and 0: 4/3 on average.
    assert payoff_ratio(nets(10, -3, 2, -1, 0)) == pytest.approx(4.5)
    assert payoff_ratio(nets(10, 2)) is None
    assert payoff_ratio(nets(-10)) is None
    assert payoff_ratio(nets(10, 0)) is None


def test_without_trades_nothing_is_defined() -> None:
    empty = nets()
    figures = [figure(empty) for figure in (win_rate, profit_factor, expectancy_usd, payoff_ratio)]
    assert [*figures, expectancy_r(empty, empty)] == [None] * 5


@settings(max_examples=50)
@given(some_nets, st.randoms(use_true_random=False), st.floats(0.01, 100))
def test_neither_order_nor_size_changes_the_ratios(
    net: NDArray[np.float64], random: Random, factor: float
) -> None:
    other = np.array(random.sample(net.tolist(), len(net))) * factor
    for figure in (win_rate, profit_factor, payoff_ratio):
        assert figure(other) == pytest.approx(figure(net))
    expected = expectancy_usd(net)
    assert expected is not None
    assert expectancy_usd(other) == pytest.approx(expected * factor, abs=1e-9)


@settings(max_examples=50)
@given(some_nets)
def test_win_rate_and_payoff_make_the_profit_factor(net: NDArray[np.float64]) -> None:
    """Profit factor = payoff x wins / losses: the three cannot contradict each other."""
    rate, payoff = win_rate(net), payoff_ratio(net)
    assert rate is not None
    if payoff is not None:
        assert profit_factor(net) == pytest.approx(payoff * rate / (1 - rate))


def test_time_in_the_market_is_weighted_by_how_long_each_row_stood() -> None:
    times = hours(0, 1, 3, 4)
    # Open from 1 to 3 of 4 hours.
    counts = open_positions(times, hours(1, 1.5), np.append(hours(3), np.datetime64("NaT")))
    assert counts.tolist() == [0, 1, 1, 1]
    assert exposure_time_share(nets(60, 120, 60, 0), np.array([0, 2, 0, 0])) == 0.5
    assert exposure_time_share(nets(0), np.array([1])) is None


def test_a_row_stands_for_the_minutes_that_were_decided_until_the_next_one() -> None:
    """Decided: 00:01 to 01:59, then nothing until 10:00, then 10:00 to 10:29. The hole counts nowhere."""
    decided = DecidedMinutes(
        np.array(["2025-06-01T00", "2025-06-01T01", "2025-06-01T10"], "datetime64[h]"),
        nets(59, 60, 30),
        np.datetime64("2025-06-01T00:01"),
        np.datetime64("2025-06-01T10:29"),
    )
    times = np.array(
        [f"2025-06-01T{time}" for time in ("00:01", "00:31", "01:59", "10:15")], "datetime64[us]"
    )
    minutes = decided.of_rows(times)
    # 00:01 to 00:30; 00:31 to 01:58; 01:59 and 10:00 to 10:14; 10:15 to 10:29.
    assert minutes.tolist() == pytest.approx([30, 88, 16, 15])
    assert minutes.sum() == pytest.approx(59 + 60 + 30)
    # A position from 01:59 on is held through the hole, and yet in 31 of 149 decided minutes only.
    assert exposure_time_share(minutes, np.array([0, 0, 1, 1])) == pytest.approx(31 / 149)
    assert exposure_notional_to_equity(
        minutes, nets(0, 0, 50, 50), nets(100, 100, 100, 100)
    ) == pytest.approx(0.5 * 31 / 149)
    assert turnover(298.0, minutes, nets(100, 100, 200, 200)) == pytest.approx(
        298 / ((118 + 2 * 31) / 149 * 100)
    )


def test_a_position_is_open_from_its_first_fill_to_before_its_last() -> None:
    times = hours(0, 1, 2, 3)
    assert open_positions(times, hours(2, 1), hours(3, 2)).tolist() == [0, 1, 1, 0]
    assert open_positions(times, hours(), hours()).tolist() == [0, 0, 0, 0]


def test_notional_over_equity_is_weighted_by_time() -> None:
    # 0 for one hour, 300 of 100 for two, 100 of 200 for one: (0 + 6 + 0.5) / 4.
    exposure, equity = nets(0, 300, 100, 999), nets(100, 100, 200, 100)
    assert exposure_notional_to_equity(nets(60, 120, 60, 0), exposure, equity) == pytest.approx(6.5 / 4)
    assert exposure_notional_to_equity(nets(60, 0), nets(1, 1), nets(1, 0)) is None
    assert exposure_notional_to_equity(nets(), nets(), nets()) is None


def test_turnover_is_what_was_traded_over_the_average_equity() -> None:
    # 100 for three hours, 200 for one: 125 on average; 500 traded.
    assert turnover(500.0, nets(180, 60, 0), nets(100, 200, 999)) == 4.0
    assert turnover(500.0, nets(0), nets(100)) is None
    assert turnover(500.0, nets(60, 0), nets(0, 0)) is None


def test_turnover_of_a_year_needs_thirty_days_that_passed() -> None:
    # 73 days are a fifth of a year.
    assert turnover_annualised_365(5.0, 73.0) == pytest.approx(25.0)
    assert turnover_annualised_365(5.0, 29.99) is None
    assert turnover_annualised_365(5.0, 30.0) is not None
    assert turnover_annualised_365(None, 73.0) is None


def test_a_fill_pays_half_the_spread_of_the_run_and_a_resting_order_earns_it() -> None:
    costs = PairCosts(Decimal(4), Decimal(1))
    assert spread_paid_usd(Decimal(10_000), costs, is_maker=False) == Decimal(2)
    assert spread_paid_usd(Decimal(10_000), costs, is_maker=True) == Decimal(-2)
    # Five times as wide for those who take: who rests earns no more than before.
    stressed = PairCosts(Decimal(4), Decimal(1), taker_spread_factor=Decimal(5))
    assert spread_paid_usd(Decimal(10_000), stressed, is_maker=False) == Decimal(10)
    assert spread_paid_usd(Decimal(10_000), stressed, is_maker=True) == Decimal(-2)


def test_costs_lead_from_the_decisions_prices_to_the_net_result() -> None:
    split = CostSplit(*(Decimal(text) for text in ("26", "0.20", "0.65", "-0.10", "0.30", "-0.05")))
    assert split.fees_usd == Decimal("0.85")
    assert split.at_decision_prices_usd == Decimal("26.25")
    assert split.net_usd == Decimal("25.05")
    # 0.85 fees + 0.10 funding + 0.30 spread - 0.05 slippage.
    assert split.at_decision_prices_usd - split.net_usd == Decimal("1.20")
