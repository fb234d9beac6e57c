"""PairState, a coin for the side, and whether confidence means what it says: worked out by hand."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hydra.ledger.baselines import (
    ALWAYS_FLAT_NET_USD,
    HeldPair,
    buy_and_hold,
    hold_net_usd,
    hold_path_usd,
    mirrored_net_usd,
    random_side,
)
from hydra.ledger.calibration import (
    brier_score,
    brier_skill,
    calibration,
    expected_calibration_error,
    wilson_interval,
)
from hydra.ledger.costs import PairCosts

FREE = PairCosts(Decimal(0), Decimal(0), Decimal(0), Decimal(0))
# Spread 20 bps and slippage 90 bps: market orders are filled 1 % worse; taker fee 10 bps.
DEAR = PairCosts(Decimal(20), Decimal(90), Decimal(2), Decimal(10))


def held(base: str, costs: PairCosts, first: float, last: float, *settled: tuple[float, float]) -> HeldPair:
    marks, rates = np.array(settled, dtype=float).reshape(-1, 2).T
    return HeldPair(base, costs, first, last, marks, rates)


def test_holding_without_costs_is_the_change_of_the_price() -> None:
    assert hold_net_usd(held("BTC", FREE, 100, 110), 1_000) == pytest.approx(100.0)
    assert hold_net_usd(held("BTC", FREE, 100, 75), 1_000) == pytest.approx(-250.0)


def test_holding_pays_entry_exit_fees_and_funding() -> None:
    # Bought at 101: 1,010 / 101 = 10 units. Sold at 200 x 0.99 = 198: 1,980. Gross 970.
    # Fees: 1,010 x 0.001 + 1,980 x 0.001 = 2.99.
    # Funding: 10 x 120 x 0.0001 = 0.12 paid, 10 x 150 x 0.0002 = 0.30 received.
    pair = held("BTC", DEAR, 100, 200, (120, 0.0001), (150, -0.0002))
    assert hold_net_usd(pair, 1_010) == pytest.approx(970 - 2.99 - 0.12 + 0.30)


def test_the_path_of_holding_pays_the_entry_at_once_and_funding_as_it_comes() -> None:
    # As above: 10 units at 101, 1.01 of fees; 0.12 paid at second 60, 0.30 received at second 120.
    pair = replace(
        held("BTC", DEAR, 100, 200, (120, 0.0001), (150, -0.0002)), settled_seconds=np.array([60.0, 120.0])
    )
    path = hold_path_usd(pair, 1_010, np.array([0.0, 60.0, 180.0]), np.array([100.0, 101.0, 200.0]))
    assert path.tolist() == pytest.approx([-10 - 1.01, -1.01 - 0.12, 990 - 1.01 - 0.12 + 0.30])
    # A stressed spread of 5 x 20 bps: bought at 101.4.
    stressed = replace(pair, costs=replace(DEAR, taker_spread_factor=Decimal(5)))
    first = hold_path_usd(stressed, 1_014, np.array([0.0]), np.array([100.0]))
    assert first.tolist() == pytest.approx([-14 - 1.014])


def test_buy_and_hold_gives_every_pair_an_equal_part() -> None:
    found = buy_and_hold([held("BTC", FREE, 100, 110), held("ETH", FREE, 10, 8)], 2_000.0)
    assert found is not None
    assert found.net_usd_by_base == {"BTC": pytest.approx(100.0), "ETH": pytest.approx(-200.0)}
    assert found.net_usd == pytest.approx(-100.0)
    assert found.total_return == pytest.approx(-0.05)
    assert buy_and_hold([], 2_000.0) is None


def test_staying_flat_earns_nothing() -> None:
    assert ALWAYS_FLAT_NET_USD == 0


def test_the_mirrored_side_loses_the_gross_and_the_costs_again() -> None:
    # 30 gross - 1 costs + 2 funding received = 31; the other side: -30 - 1 - 2 = -33.
    assert mirrored_net_usd(np.array([30.0]), np.array([1.0]), np.array([2.0])).tolist() == [-33.0]


def test_one_trade_has_two_outcomes() -> None:
    found = random_side(np.array([10.0]), np.array([-12.0]))
    assert found is not None
    assert (found.mean_usd, found.low_usd, found.high_usd) == (-1.0, -12.0, 10.0)
    # Half of the draws lie below, the other half is equal and counts half.
    assert found.rank == pytest.approx(0.75, abs=0.02)
    assert (found.trades, found.draws) == (1, 2_000)


def test_the_rank_of_a_perfect_and_of_a_hopeless_chooser() -> None:
    best, worst = np.full(12, 5.0), np.full(12, -6.0)
    right, wrong = random_side(best, worst), random_side(worst, best)
    assert right is not None
    assert wrong is not None
    # Only one of 4,096 coins chooses all sides alike.
    assert right.rank > 0.99
    assert wrong.rank < 0.01
    # The mean of 12 trades is -6; two standard deviations are 2 x sqrt(12) x 5.5 = 38.1.
    assert right.mean_usd == wrong.mean_usd == -6.0
    assert right.low_usd == pytest.approx(-6 - 33)
    assert right.high_usd == pytest.approx(-6 + 33)


def test_a_side_that_makes_no_difference_ranks_in_the_middle() -> None:
    same = np.array([0.1, -0.3, 0.7])
    found = random_side(same, same)
    assert found is not None
    assert found.rank == 0.5
    assert found.low_usd == pytest.approx(found.high_usd)


def test_random_sides_are_the_same_every_time_and_need_trades() -> None:
    net, opposite = np.arange(20.0), -np.arange(20.0) - 1
    assert random_side(net, opposite) == random_side(net, opposite)
    assert random_side(net, opposite, seed=1) != random_side(net, opposite, seed=2)
    assert random_side(np.array([]), np.array([])) is None


def test_wilsons_interval_is_the_textbooks() -> None:
    # Newcombe 1998, method 3: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=0.00005)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=0.00005)
    assert wilson_interval(20, 20) == pytest.approx((0.8389, 1.0), abs=0.00005)


def test_bins_have_equal_numbers_and_say_how_far_they_are_off() -> None:
    confidence = np.array([0.2, 0.4, 0.6, 0.8])
    won = np.array([False, True, True, True])
    found = calibration(confidence, won, bins=2)
    # 0.2 and 0.4: mean 0.3, one of two won. 0.6 and 0.8: mean 0.7, both won. Off by 0.2 and 0.3.
    assert [(part.trades, part.win_share) for part in found.bins] == [(2, 0.5), (2, 1.0)]
    assert [part.mean_confidence for part in found.bins] == pytest.approx([0.3, 0.7])
    assert (found.bins[0].low, found.bins[0].high) == wilson_interval(1, 2)
    assert found.expected_error == pytest.approx(0.25)
    # Squares: 0.04 + 0.36 + 0.16 + 0.04 = 0.60, a quarter of it 0.15; base 3/4: 1 - 0.15 / 0.1875.
    assert found.brier == brier_score(confidence, won) == pytest.approx(0.15)
    assert found.brier_skill == brier_skill(confidence, won) == pytest.approx(0.2)
    assert found.trades == 4
    assert expected_calibration_error(found.bins) == found.expected_error


def test_equal_confidences_stay_in_one_bin() -> None:
    confidence = np.array([0.55] * 30 + [0.65] * 10)
    found = calibration(confidence, np.arange(40) % 2 == 0)
    assert [(part.trades, round(part.mean_confidence, 9)) for part in found.bins] == [(30, 0.55), (10, 0.65)]


def test_a_hundred_different_confidences_make_ten_bins_of_ten() -> None:
    found = calibration(np.linspace(0.01, 0.99, 100), np.arange(100) % 3 == 0)
    assert [part.trades for part in found.bins] == [10] * 10


def test_without_trades_nothing_is_said_and_without_both_outcomes_no_skill() -> None:
    empty = calibration(np.array([]), np.array([], dtype=bool))
    assert (empty.trades, len(empty.bins), empty.expected_error) == (0, 0, None)
    assert (empty.brier, empty.brier_skill) == (None, None)
    assert expected_calibration_error([]) is None
    assert brier_score(np.array([]), np.array([], dtype=bool)) is None
    assert brier_skill(np.array([]), np.array([], dtype=bool)) is None
    certain = calibration(np.array([0.9, 0.8]), np.array([True, True]))
    assert certain.brier_skill is None
    assert certain.brier == pytest.approx(0.025)


outcomes = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60)


@settings(max_examples=50)
@given(outcomes, st.randoms(use_true_random=False))
def test_the_order_of_the_trades_does_not_matter(trades: list[tuple[int, bool]], random: Random) -> None:
    def found(pairs: list[tuple[int, bool]]) -> list[float]:
        confidence, won = columns(pairs)
        answer = calibration(confidence, won)
        assert sum(part.trades for part in answer.bins) == len(pairs)
        assert all(part.low <= part.win_share <= part.high for part in answer.bins)
        return [answer.expected_error or 0.0, answer.brier or 0.0, len(answer.bins)]

    assert found(random.sample(trades, len(trades))) == pytest.approx(found(trades))


def columns(pairs: list[tuple[int, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    confidence, won = zip(*pairs, strict=True)
    return np.array(confidence) / 20, np.array(won)
