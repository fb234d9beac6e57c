"""What a sweep says of its best trial."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from hydra.cli.sweep import sentences
from hydra.ledger.overfitting import ReturnMoments
from hydra.research.studies import FinishedTrial
from hydra.research.sweep import judge_sweep


def trial(number: int, returns: list[float]) -> FinishedTrial:
    moments = ReturnMoments.of(np.array(returns))
    sharpe = moments.sharpe_per_day if moments else None
    return FinishedTrial(
        number, {}, "DONE", date(2025, 6, 1), returns, 5, Decimal(1), {"sharpe_per_day": sharpe}, None
    )


def noise(trials: int, days: int) -> list[FinishedTrial]:
    drawn = np.random.default_rng(5).normal(0, 0.01, (trials, days))
    return [trial(number, returns.tolist()) for number, returns in enumerate(drawn, start=1)]


def test_the_best_of_much_noise_is_not_believed() -> None:
    verdict = judge_sweep(noise(40, 60))
    assert verdict.trials == 40
    assert verdict.best is not None
    assert verdict.deflated is not None
    assert verdict.deflated < 0.9
    assert verdict.overfitting is not None
    assert 0.2 < verdict.overfitting.probability < 0.8


def test_a_truly_better_trial_is_believed() -> None:
    days = np.random.default_rng(6).normal(0.004, 0.004, 60).tolist()
    verdict = judge_sweep([*noise(10, 60), trial(99, days)])
    assert verdict.best is not None
    assert verdict.best.number == 99
    assert verdict.deflated == pytest.approx(1.0, abs=0.05)
    assert verdict.overfitting is not None
    assert verdict.overfitting.probability == 0.0


def test_trials_that_never_traded_give_no_verdict() -> None:
    verdict = judge_sweep([trial(1, [0.0] * 60), trial(2, [0.0] * 60)])
    assert (verdict.best, verdict.deflated) == (None, None)
    assert "no trial is above luck" in sentences(verdict)[1]


def test_a_failed_trial_does_not_count() -> None:
    failed = FinishedTrial(3, {}, "FAILED", None, None, None, None, {}, "no such setting")
    assert judge_sweep([*noise(3, 60), failed]).trials == 3
