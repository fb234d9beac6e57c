"""Maps from scores to probabilities: they find what was planted, and a fold uses earlier folds only."""

import numpy as np
import pytest

from hydra.arrays import Floats, Integers
from hydra.models.calibration import (
    calibrate_classes,
    calibrate_two_classes,
    calibrated_forward,
)
from hydra.registry.calibrators import Isotonic, Sigmoid, Temperature, log_odds
from hydra.training.splits.label_spans import LabelSpans


def scored(rows: int, slope: float, intercept: float, seed: int = 2) -> tuple[Floats, Integers]:
    chance = np.random.default_rng(seed)
    scores = chance.uniform(0.05, 0.95, rows)
    truth = 1 / (1 + np.exp(-(slope * log_odds(scores) + intercept)))
    return scores, (chance.random(rows) < truth).astype(np.int64)


def test_a_sigmoid_finds_slope_and_intercept() -> None:
    scores, labels = scored(20_000, 0.6, -0.8)
    found = calibrate_two_classes(scores, labels, np.full(20_000, 0.04))
    assert isinstance(found, Sigmoid)
    assert found.slope == pytest.approx(0.6, abs=0.05)
    assert found.intercept == pytest.approx(-0.8, abs=0.05)
    assert found.rows == 20_000


def test_scores_that_say_the_opposite_are_not_turned_round() -> None:
    scores, labels = scored(5_000, -1.0, 0.0)
    found = calibrate_two_classes(scores, labels, np.full(5_000, 0.05))
    assert found.apply(np.array([0.1, 0.9])) == pytest.approx(labels.mean(), abs=0.01)


def test_few_rows_that_all_agree_give_no_certainty() -> None:
    found = calibrate_two_classes(np.linspace(0.1, 0.9, 40), np.arange(40) // 20, np.full(40, 0.1))
    at_the_ends = found.apply(np.array([0.1, 0.9]))
    assert (at_the_ends > 0.05).all()
    assert (at_the_ends < 0.95).all()


def test_with_enough_independent_rows_the_map_is_isotonic_and_near_the_truth() -> None:
    scores, labels = scored(30_000, 1.7, 0.4)
    found = calibrate_two_classes(scores, labels, np.ones(30_000))
    assert isinstance(found, Isotonic)
    grid = np.linspace(0.1, 0.9, 17)
    truth = 1 / (1 + np.exp(-(1.7 * log_odds(grid) + 0.4)))
    assert found.apply(grid) == pytest.approx(truth, abs=0.05)
    assert (np.diff(found.apply(np.linspace(0, 1, 500))) >= 0).all()


def test_equal_scores_have_the_share_of_their_rows() -> None:
    scores = np.repeat([0.2, 0.4, 0.6], 1_000)
    labels = np.concatenate([np.arange(1_000) < 300, np.arange(1_000) < 100, np.arange(1_000) < 800])
    found = calibrate_two_classes(scores, labels.astype(np.int64), np.ones(3_000))
    assert found.apply(np.array([0.2, 0.4, 0.6])) == pytest.approx([0.2, 0.2, 0.8], abs=2e-3)


def test_steps_at_the_ends_are_never_certain() -> None:
    """A few rows at the ends that all lost or all won would else cost an infinite log loss."""
    scores = np.linspace(0.1, 0.9, 2_000)
    labels = (np.random.default_rng(3).random(2_000) < 0.5).astype(np.int64)
    labels[:6], labels[-6:] = 0, 1
    found = calibrate_two_classes(scores, labels, np.ones(2_000)).apply(np.array([0.0, 0.1, 0.9, 1.0]))
    assert (found[:2] >= 0.1).all()
    assert (found[2:] <= 0.9).all()


def test_classes_that_are_too_sure_are_cooled() -> None:
    chance = np.random.default_rng(4)
    logits = chance.standard_normal((8_000, 3))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (chance.random(8_000)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    sure = np.exp(2.5 * logits) / np.exp(2.5 * logits).sum(axis=1, keepdims=True)
    found = calibrate_classes(sure, labels, np.ones(8_000))
    assert isinstance(found, Temperature)
    assert found.temperature == pytest.approx(2.5, rel=0.1)
    assert found.apply(sure) == pytest.approx(truth, abs=0.05)


def test_a_fold_is_calibrated_by_earlier_folds_only() -> None:
    scores, labels = scored(900, 1.0, 0.0)
    fold = np.repeat([0, 1, 2], 300)
    start = np.arange(900) * 60_000_000
    spans = LabelSpans(start, start + 50 * 60_000_000)
    weight = np.full(900, 0.5)
    first = calibrated_forward(scores, labels, weight, spans, fold, calibrate_two_classes)
    assert np.isnan(first[:300]).all()
    assert np.isfinite(first[300:]).all()
    later = labels.copy()
    later[600:] = 1 - later[600:]
    same = calibrated_forward(scores, later, weight, spans, fold, calibrate_two_classes)
    assert np.array_equal(same[300:], first[300:])
    # The labels of the last fifty rows of a fold end in the next: they do not calibrate it.
    reaching = labels.copy()
    reaching[251:300] = 1 - reaching[251:300]
    assert np.array_equal(
        calibrated_forward(scores, reaching, weight, spans, fold, calibrate_two_classes)[300:600],
        first[300:600],
    )
    known = labels.copy()
    known[:200] = 1 - known[:200]
    assert not np.allclose(
        calibrated_forward(scores, known, weight, spans, fold, calibrate_two_classes)[300:600], first[300:600]
    )
