"""What a sweep says of its best trial."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO

import numpy as np
import pytest

from hydra.cli.output import TextConsole
from hydra.cli.sweep import print_sweep, sentences
from hydra.ledger.daily_returns import sample_for_ratios
from hydra.ledger.overfitting import ReturnMoments
from hydra.research.studies import CountedTrial, FinishedTrial
from hydra.research.sweep import SweepVerdict, judge_sweep
from tests.support.outside_texts import that_act


def trial(number: int, returns: list[float]) -> FinishedTrial:
    elapsed = float(len(returns))
    moments = ReturnMoments.of(sample_for_ratios(np.array(returns), elapsed))
    metrics = {"sharpe_per_day": moments.sharpe_per_day if moments else None, "elapsed_days": elapsed}
    return FinishedTrial(
        number, None, number, {}, "DONE", date(2025, 6, 1), returns, 5, Decimal(1), metrics, None
    )


def judged(trials: list[FinishedTrial], others: int = 0) -> SweepVerdict:
    """The verdict where the market has seen these trials, and `others` of noise in other studies."""
    returns = [one.daily_returns for one in [*trials, *noise(others, 60)] if one.daily_returns is not None]
    return judge_sweep(trials, [CountedTrial(None, one, float(len(one)), {}) for one in returns])


def noise(trials: int, days: int) -> list[FinishedTrial]:
    drawn = np.random.default_rng(5).normal(0, 0.01, (trials, days))
    return [trial(number, returns.tolist()) for number, returns in enumerate(drawn, start=1)]


def test_the_best_of_much_noise_is_not_believed() -> None:
    verdict = judged(noise(40, 60))
    assert verdict.trials == 40
    assert verdict.best is not None
    assert verdict.deflated is not None
    assert verdict.deflated < 0.9
    assert verdict.overfitting is not None
    assert 0.2 < verdict.overfitting.probability < 0.8


def test_a_truly_better_trial_is_believed() -> None:
    days = np.random.default_rng(6).normal(0.004, 0.004, 60).tolist()
    verdict = judged([*noise(10, 60), trial(99, days)])
    assert verdict.best is not None
    assert verdict.best.number == 99
    assert verdict.deflated == pytest.approx(1.0, abs=0.05)
    assert verdict.overfitting is not None
    assert verdict.overfitting.probability == 0.0


def test_trials_that_never_traded_give_no_verdict() -> None:
    verdict = judged([trial(1, [0.0] * 60), trial(2, [0.0] * 60)])
    assert (verdict.best, verdict.deflated) == (None, None)
    assert "no trial is shown to beat luck" in sentences(verdict)[1]


def test_the_same_best_is_believed_less_the_more_were_tried_elsewhere() -> None:
    good = trial(99, np.random.default_rng(6).normal(0.002, 0.008, 60).tolist())
    few, many = judged([*noise(5, 60), good]), judged([*noise(5, 60), good], others=100)
    assert (few.trials, few.counted, many.trials, many.counted) == (6, 6, 6, 106)
    assert few.best == many.best == good
    assert few.deflated is not None
    assert many.deflated is not None
    assert many.deflated < few.deflated - 0.1
    assert sentences(many)[0] == (
        "6 trials are counted in this study, 106 trials in all studies and backtests of this market."
    )
    assert "the best of 106 shows by luck" in sentences(many)[1]


def test_trials_of_seven_days_have_no_best_and_no_probability() -> None:
    verdict = judged(noise(6, 7))
    assert (verdict.best, verdict.deflated, verdict.overfitting) == (None, None, None)
    words = " ".join(sentences(verdict))
    assert "No Sharpe ratio under 30 days that passed and 20 daily returns" in words
    assert "probability that" not in words


def test_what_rounds_to_nothing_has_no_sign() -> None:
    scored = replace(
        trial(1, [0.0] * 60),
        net_pnl_usd=Decimal("-0.001"),
        metrics={"total_return": -1e-7, "sharpe_daily_365": -0.004},
    )
    console = TextConsole(file=StringIO(), width=160)
    print_sweep(console, "still", [scored], judged([scored]))
    assert isinstance(console.file, StringIO)
    assert "-0.00" not in console.file.getvalue()
    assert "0.00%" in console.file.getvalue()


@pytest.mark.parametrize("width", [80, 160])
def test_the_settings_of_each_trial_stand_uncut_at_any_width(width: int) -> None:
    trials = [
        replace(one, parameters={"signals.divergence_oi_change": value, "MAX_POSITIONS": "3"}, trades=12_345)
        for one, value in zip(noise(2, 60), ("0.015", "0.02"), strict=True)
    ]
    console = TextConsole(file=StringIO(), width=width)
    print_sweep(console, "narrow", trials, judged(trials))
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert "…" not in shown
    assert "signals.divergence_oi_change=0.015, MAX_POSITIONS=3" in shown
    assert "signals.divergence_oi_change=0.02, MAX_POSITIONS=3" in shown
    assert max(map(len, shown.splitlines()[:8])) <= width


def test_the_name_of_a_study_its_settings_and_errors_are_shown_as_text() -> None:
    hostile = "[/red]\x1b[31m\u202e\udcff"
    failed = replace(trial(2, [0.0] * 60), state="FAILED", error=hostile)
    scored = replace(trial(1, [0.01, -0.01] * 30), parameters={hostile: hostile})
    console = TextConsole(file=StringIO(), width=160)
    print_sweep(console, hostile, [scored, failed], judged([scored]))
    assert isinstance(console.file, StringIO)
    printed = console.file.getvalue()
    assert (that_act(printed), printed.count("[/red]\\x1b[31m\\u202e\\xff")) == ([], 4)


def test_one_trial_is_compared_with_none() -> None:
    verdict = judged([trial(1, np.random.default_rng(6).normal(0.004, 0.004, 60).tolist())])
    assert verdict.best is not None
    assert verdict.deflated is None
    assert sentences(verdict)[0].startswith("1 trial is counted in this study, 1 trial in all")


def test_a_failed_trial_does_not_count() -> None:
    failed = FinishedTrial(3, None, 3, {}, "FAILED", None, None, None, None, {}, "no such setting")
    assert judged([*noise(3, 60), failed]).trials == 3
