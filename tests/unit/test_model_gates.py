"""The gates of a model: numbers by hand, skill passes, none does not, undefined never passes."""

from dataclasses import replace

import numpy as np
import pytest

from hydra.ledger.overfitting import MarketTrials
from hydra.registry.comparison import auc_gain, log_loss, mean_of_days, squared_error
from hydra.registry.gates import GATES, Bounds, GateResult, Search, failed_gates, judge
from tests.support.model_scene import good_rows


def by_gate(results: tuple[GateResult, ...]) -> dict[str, GateResult]:
    return {result.gate: result for result in results}


def test_a_model_with_skill_passes_every_gate_and_each_says_why() -> None:
    results = judge(good_rows())
    assert tuple(result.gate for result in results) == GATES
    assert failed_gates(results) == ()
    assert all(result.words.startswith(f"{result.gate}: ") for result in results)


@pytest.mark.parametrize("seed", range(20))
def test_a_model_without_skill_fails(seed: int) -> None:
    """Outcomes of a fair coin, whatever the model says."""
    evidence = good_rows(seed=seed)
    won = np.random.default_rng(seed + 100).random(len(evidence.won)) < 0.5
    found = by_gate(judge(replace(evidence, won=won)))
    assert not found["brier"].is_passed
    assert not found["log_loss"].is_passed
    assert not found["calibration_error"].is_passed


def test_a_gate_stands_at_its_bound() -> None:
    evidence = good_rows()
    found = by_gate(judge(evidence, Bounds(least_samples=6_000, least_effective_samples=1_200.001)))
    assert (found["samples"].number, found["samples"].is_passed) == (6_000, True)
    assert found["effective_samples"].number == pytest.approx(1_200)
    assert not found["effective_samples"].is_passed
    assert not by_gate(judge(evidence, Bounds(least_samples=6_001)))["samples"].is_passed


def test_what_is_undefined_does_not_pass() -> None:
    evidence = good_rows()
    few_days = by_gate(judge(replace(evidence, day=np.full(6_000, np.datetime64("2025-01-01")))))
    assert [few_days[name].number for name in ("auc", "brier", "log_loss", "net_profit")] == [None] * 4
    assert not any(few_days[name].is_passed for name in ("auc", "brier", "log_loss", "net_profit"))
    no_loser = by_gate(judge(replace(evidence, won=np.ones(6_000, dtype=np.bool_))))
    assert (no_loser["auc"].number, no_loser["auc"].is_passed) == (None, False)
    untraded = by_gate(judge(replace(evidence, net_bps=np.full(6_000, np.nan), daily_returns=np.zeros(120))))
    assert (untraded["net_profit"].number, untraded["deflated_sharpe"].number) == (None, None)
    alone = Search(MarketTrials.of([evidence.daily_returns]), evidence.daily_returns[:, None])
    one_trial = by_gate(judge(replace(evidence, search=alone)))
    assert not one_trial["deflated_sharpe"].is_passed
    assert (one_trial["pbo"].number, one_trial["pbo"].is_passed) == (None, False)


def test_the_best_of_many_that_know_nothing_is_overfitted() -> None:
    evidence = good_rows()
    chance = np.random.default_rng(11)
    found = []
    for _ in range(40):
        variants = chance.normal(0.0, 0.01, (120, 12))
        found.append(
            by_gate(judge(replace(evidence, search=replace(evidence.search, variants=variants))))["pbo"]
        )
    numbers = [one.number for one in found]
    assert 0.4 < np.mean(numbers) < 0.6  # type: ignore[arg-type]
    assert [one.is_passed for one in found] == [number <= 0.5 for number in numbers]  # type: ignore[operator]


def test_costs_turn_a_profit_into_a_failed_gate() -> None:
    evidence = good_rows()
    found = by_gate(judge(replace(evidence, net_bps=evidence.net_bps - 40.0)))["net_profit"]
    assert found.number is not None
    assert found.number < 0
    assert not found.is_passed


def test_scores_that_are_no_probabilities_or_of_another_length_are_no_evidence() -> None:
    evidence = good_rows()
    with pytest.raises(ValueError, match="not within 0 and 1"):
        judge(replace(evidence, model=evidence.model * 3))
    with pytest.raises(ValueError, match="not within 0 and 1"):
        judge(replace(evidence, model=np.full(6_000, np.nan)))
    with pytest.raises(ValueError, match="different lengths"):
        judge(replace(evidence, twin=evidence.twin[1:]))


def test_a_gate_that_is_missing_counts_as_failed() -> None:
    results = judge(good_rows())
    assert failed_gates(results[1:]) == ("samples was not judged",)


def test_losses_and_the_difference_of_auc_by_hand() -> None:
    """Two won rows, two lost. Model 0.9 0.4 | 0.6 0.1: 3 of 4 pairs in order. Twin: half."""
    won = np.array([True, True, False, False])
    model, twin = np.array([0.9, 0.4, 0.6, 0.1]), np.full(4, 0.5)
    day = np.full(4, np.datetime64("2025-01-01"))
    assert auc_gain(model, twin, won, np.ones(4), day).value == pytest.approx(0.75 - 0.5)
    assert squared_error(model, won) == pytest.approx([0.01, 0.36, 0.36, 0.01])
    assert log_loss(model, won) == pytest.approx(-np.log([0.9, 0.4, 0.4, 0.9]))
    assert np.isfinite(log_loss(np.array([0.0]), np.array([True]))).all()
    weighted = mean_of_days(np.array([1.0, 4.0]), np.array([3.0, 1.0]), day[:2])
    assert (weighted.value, weighted.low) == (1.75, None)
