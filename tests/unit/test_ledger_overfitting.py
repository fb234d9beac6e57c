"""Probabilities of luck, against the numbers of the papers that defined them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.ledger.overfitting import (
    MarketTrials,
    ReturnMoments,
    best_sharpe_by_luck,
    deflated_sharpe,
    minimum_track_record_days,
    probabilistic_sharpe,
    variance_of_trials,
)
from hydra.ledger.pbo_cscv import blocks_of, search_overfitting

# Bailey and López de Prado 2012: a hedge fund's 24 months with a monthly Sharpe ratio of 0.458.
FUND = ReturnMoments(0.458, -2.448, 10.164, 24)
# Bailey and López de Prado 2014: five years of 250 days with an annual Sharpe ratio of 2.5.
BEST_OF_A_SEARCH = ReturnMoments(2.5 / math.sqrt(250), -3.0, 10.0, 1_250)
HALF_A_YEARS_VARIANCE = 0.5 / 250


def normal(sharpe_per_day: float, days: int = 250) -> ReturnMoments:
    return ReturnMoments(sharpe_per_day, 0.0, 3.0, days)


def test_moments_by_hand() -> None:
    # 1, 1, 1, 5 (%): mean 2, deviations -1, -1, -1, 3; std1 = sqrt(12 / 3) = 2, std0 = sqrt(3).
    # Skewness (-3 + 27) / 4 / 3^1.5 = 6 / 5.19615; kurtosis (3 + 81) / 4 / 9 = 21 / 9.
    moments = ReturnMoments.of(np.array([0.01, 0.01, 0.01, 0.05]))
    assert moments is not None
    assert moments.sharpe_per_day == pytest.approx(1.0)
    assert moments.skewness == pytest.approx(6 / 3**1.5)
    assert moments.kurtosis == pytest.approx(21 / 9)
    assert moments.days == 4
    assert ReturnMoments.of(np.full(40, 0.01)) is None


def test_the_kurtosis_of_a_normal_distribution_is_three() -> None:
    moments = ReturnMoments.of(np.random.default_rng(1).normal(0.001, 0.02, 200_000))
    assert moments is not None
    assert moments.kurtosis == pytest.approx(3.0, abs=0.05)
    assert moments.skewness == pytest.approx(0.0, abs=0.02)


def test_the_funds_probabilistic_sharpe_is_the_papers() -> None:
    # The paper: 0.913 with the fund's skewness and kurtosis, 0.982 had its returns been normal.
    assert probabilistic_sharpe(FUND) == pytest.approx(0.913, abs=0.0005)
    assert probabilistic_sharpe(normal(0.458, 24)) == pytest.approx(0.982, abs=0.0005)


def test_the_benchmark_itself_is_reached_with_one_half() -> None:
    assert probabilistic_sharpe(FUND, 0.458) == 0.5


def test_where_the_variance_vanishes_there_is_no_probability() -> None:
    # Two outcomes, +-1: kurtosis 1, and with skewness 0 and SR 0 the variance is 1; at g3 SR = 1 it is 0.
    assert probabilistic_sharpe(ReturnMoments(0.5, 2.0, 1.0, 50)) is None


@pytest.mark.parametrize(("periods", "years"), [(250, 2.73), (52, 2.83), (12, 3.24)])
def test_the_minimum_track_record_is_the_papers(periods: int, years: float) -> None:
    # The paper: to believe with 95 % that an annual Sharpe ratio of 2 is above 1 takes 2.73 years of days,
    # 2.83 of weeks, 3.24 of months.
    found = minimum_track_record_days(normal(2 / math.sqrt(periods)), 1 / math.sqrt(periods))
    assert found is not None
    assert found / periods == pytest.approx(years, abs=0.005)


def test_a_record_as_long_as_the_minimum_reaches_the_confidence() -> None:
    needed = minimum_track_record_days(FUND, confidence=0.9)
    assert needed is not None
    below, above = math.floor(needed), math.ceil(needed)
    probabilities = [probabilistic_sharpe(ReturnMoments(0.458, -2.448, 10.164, n)) for n in (below, above)]
    assert probabilities[0] is not None
    assert probabilities[1] is not None
    assert probabilities[0] < 0.9 < probabilities[1]


def test_no_record_is_long_enough_for_what_it_does_not_show() -> None:
    assert minimum_track_record_days(FUND, 0.458) is None
    assert minimum_track_record_days(normal(-0.1)) is None


def test_the_best_of_a_hundred_without_skill_is_the_papers() -> None:
    # The paper: 0.1132 a day, and with it a deflated Sharpe ratio of 0.9004.
    assert best_sharpe_by_luck(100, HALF_A_YEARS_VARIANCE) == pytest.approx(0.1132, abs=0.00005)
    assert deflated_sharpe(BEST_OF_A_SEARCH, 100, HALF_A_YEARS_VARIANCE) == pytest.approx(0.9004, abs=0.0001)


def test_the_same_sharpe_after_fewer_trials_or_with_normal_returns_would_have_passed() -> None:
    # The paper: 0.9505 after 46 trials; after 88 with normal returns.
    assert deflated_sharpe(BEST_OF_A_SEARCH, 46, HALF_A_YEARS_VARIANCE) == pytest.approx(0.9505, abs=0.0001)
    gaussian = normal(2.5 / math.sqrt(250), 1_250)
    assert deflated_sharpe(gaussian, 88, HALF_A_YEARS_VARIANCE) == pytest.approx(0.9505, abs=0.0001)


def test_one_trial_is_not_deflated() -> None:
    assert best_sharpe_by_luck(1, 0.3) == 0.0
    assert deflated_sharpe(FUND, 1, 0.3) == probabilistic_sharpe(FUND)


def test_the_variance_of_trials_is_that_of_a_sample_and_decides_the_gate_of_a_few() -> None:
    """Annual Sharpe ratios of 2.5 and 0.5, 310 days: divided by n - 1 the gate is shut, divided by n open."""
    best, other = 2.5 / math.sqrt(365), 0.5 / math.sqrt(365)
    variance = variance_of_trials([best, other])
    assert variance == pytest.approx((best - other) ** 2 / 2)
    assert variance is not None
    record = normal(best, 310)
    assert deflated_sharpe(record, 2, variance) == pytest.approx(0.9471, abs=0.0001)
    assert deflated_sharpe(record, 2, variance / 2) == pytest.approx(0.9652, abs=0.0001)
    assert variance_of_trials([best]) is None


def test_trials_without_a_ratio_count_and_one_alone_is_compared_with_none() -> None:
    rng = np.random.default_rng(5)
    samples = [rng.normal(0, 0.01, 60), rng.normal(0, 0.01, 60), np.empty(0), np.zeros(60)]
    trials = MarketTrials.of(samples)
    moments = [ReturnMoments.of(sample) for sample in samples[:2]]
    assert trials.count == 4
    assert trials.sharpe_variance == pytest.approx(
        np.var([one.sharpe_per_day for one in moments if one], ddof=1)
    )
    assert trials.deflated_sharpe(None) is None
    assert MarketTrials.of(samples[:1]).deflated_sharpe(moments[0]) is None


def test_the_best_by_luck_is_about_what_the_best_of_random_trials_is() -> None:
    best = np.random.default_rng(4).normal(0, 0.1, (20_000, 50)).max(axis=1)
    assert best_sharpe_by_luck(50, 0.01) == pytest.approx(best.mean(), rel=0.02)


@pytest.mark.parametrize(("trials", "variance"), [(0, 0.1), (2, -0.1)])
def test_counting_no_trial_is_refused(trials: int, variance: float) -> None:
    with pytest.raises(ValueError, match="count at least one"):
        best_sharpe_by_luck(trials, variance)


@settings(max_examples=50)
@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_more_trials_never_make_a_record_more_credible(few: int, many: int) -> None:
    few, many = sorted((few, many))
    before, after = (deflated_sharpe(BEST_OF_A_SEARCH, trials, 1e-3) for trials in (few, many))
    assert before is not None
    assert after is not None
    assert after <= before


def test_blocks_are_even_sixteen_at_most_and_have_five_days() -> None:
    assert [blocks_of(days) for days in (365, 80, 79, 50, 20, 19)] == [16, 16, 14, 10, 4, None]
    assert blocks_of(365, wanted=9) == 8


def test_the_search_of_a_hand_worked_example() -> None:
    """Four blocks of five days, three variants whose ranks can be read off block by block."""
    # Sharpe ratios fall with the mean, for every block has the same swing around it.
    swing = np.array([0.02, -0.02, 0.01, -0.01, 0.0])
    means = {"early": (3, 3, 0, 0), "late": (0, 0, 3, 3), "steady": (1, 1, 1, 1)}
    returns = np.stack(
        [np.concatenate([mean / 1_000 + swing for mean in blocks]) for blocks in means.values()], axis=1
    )
    # Picks: {1,2}: early, last outside. {3,4}: late, last outside. The four mixed halves: early and late tie
    # with a mean of 1.5 against 1, and tie again outside, above steady: rank (1 + 1.5) / 4 = 0.625.
    found = search_overfitting(returns)
    assert found is not None
    assert (found.splits, found.blocks, found.days, found.variants) == (6, 4, 20, 3)
    assert found.probability == pytest.approx(2 / 6)
    assert found.probability_of_loss == 0.0
    assert found.median_logit == pytest.approx(math.log(0.625 / 0.375))


def test_noise_is_overfitted_every_other_time() -> None:
    rng = np.random.default_rng(6)
    found = [search_overfitting(rng.normal(0, 0.01, (60, 21)), wanted_blocks=8) for _ in range(200)]
    # Splits of one matrix hang together; 200 matrices tell their mean to about +-0.04.
    assert np.mean([one.probability for one in found if one]) == pytest.approx(0.5, abs=0.05)


def test_a_truly_dominant_variant_is_not_overfitted() -> None:
    returns = np.random.default_rng(7).normal(0, 0.01, (120, 10))
    returns[:, 3] += 0.02
    found = search_overfitting(returns)
    assert found is not None
    assert found.probability == 0.0
    assert found.probability_of_loss == 0.0
    assert found.median_logit == pytest.approx(math.log((10 / 11) / (1 / 11)))


def test_neither_the_order_of_the_variants_nor_their_size_matters() -> None:
    rng = np.random.default_rng(8)
    returns = rng.normal(0, 0.01, (64, 12))
    returns[:, 5] = returns[:, 2]
    found = search_overfitting(returns, wanted_blocks=8)
    other = search_overfitting(returns[:, rng.permutation(12)] * 3, wanted_blocks=8)
    assert found is not None
    assert other is not None
    assert other.probability == pytest.approx(found.probability)
    assert other.median_logit == pytest.approx(found.median_logit)


def test_equal_variants_stand_at_the_median() -> None:
    column = np.random.default_rng(9).normal(0, 0.01, (40, 1))
    found = search_overfitting(np.repeat(column, 4, axis=1))
    assert found is not None
    assert (found.probability, found.median_logit) == (0.5, 0.0)


def test_variants_that_never_traded_are_none() -> None:
    returns = np.zeros((40, 3))
    returns[:, 1] = np.random.default_rng(10).normal(0, 0.01, 40)
    assert search_overfitting(returns) is None
    returns[:, 2] = 0.001
    assert search_overfitting(returns) is None
    returns[:, 0] = returns[::-1, 1]
    found = search_overfitting(returns)
    assert found is not None
    assert found.variants == 2


def test_a_half_without_trades_is_worth_nothing_and_not_undefined() -> None:
    """One variant trades and wins only early, the other only loses: picked early, it earns 0 later."""
    swing = np.array([0.02, -0.01, 0.01, -0.01, 0.0])
    early = np.concatenate((swing, swing, np.zeros(10)))
    losing = np.tile(swing - 0.01, 4)
    found = search_overfitting(np.stack((early, losing), axis=1))
    assert found is not None
    # Always picked, always the better one, never a loss.
    assert (found.probability, found.probability_of_loss) == (0.0, 0.0)


def test_a_half_that_only_repeats_itself_is_no_infinite_skill() -> None:
    """What rounding leaves of a constant half would make it the best of all, and it loses later."""
    swing = np.array([0.02, -0.02, 0.01, -0.01, 0.0])
    constant = np.concatenate((np.full(10, 0.0041), np.tile(swing - 0.0083, 2)))
    steady = np.tile(swing + 0.001, 4)
    found = search_overfitting(np.stack((constant, steady), axis=1))
    assert found is not None
    # Blocks 1 and 2: steady, for the constant half counts 0. Every mixed half: steady, too.
    assert (found.probability, found.probability_of_loss) == (0.0, 0.0)


def test_the_oldest_days_that_fill_no_block_are_left_out() -> None:
    returns = np.random.default_rng(12).normal(0, 0.01, (43, 4))
    found, later = search_overfitting(returns), search_overfitting(returns[3:])
    assert found == later
    assert found is not None
    assert (found.blocks, found.days) == (8, 40)


def test_nineteen_days_or_one_variant_are_too_little() -> None:
    returns = np.random.default_rng(13).normal(0, 0.01, (20, 2))
    assert search_overfitting(returns[:19]) is None
    assert search_overfitting(returns[:, :1]) is None
    assert search_overfitting(returns) is not None
