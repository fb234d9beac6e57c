"""The exit predictor: the probability that leaving a position now is better than another hour of it.

XGBoost; CatBoost challenges it. Its rule-based twin is the health of the thesis, by which positions are left
today: the less is left of it, the more it says for leaving. It earns nothing by itself, so the gates
of trades stay unjudged: it works in shadow until its effect on trades is measured (C26).
Source: ML document, exit predictor; C26, C70, C71.
"""

from typing import Final

import numpy as np

from hydra.arrays import Flags, Floats
from hydra.ledger.calibration import calibration
from hydra.models.calibration import calibrate_two_classes, calibrated_forward
from hydra.models.catboost_trees import CatBoostTrees
from hydra.models.forecast_figures import forecast_figures
from hydra.models.interface import Model
from hydra.models.judged_trades import days_of, judged_trades
from hydra.models.out_of_fold import OutOfFold
from hydra.models.plan import Judgement, TrainingPlan
from hydra.models.score_deciles import ResultWords, score_deciles
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.registry.comparison import mean_of_days
from hydra.registry.gates import Forecasts, judge_forecasts
from hydra.trading.parameters import Rules
from hydra.training.exit_rows import exit_training_rows
from hydra.training.training_rows import TrainingRows

NAME: Final = "exit"
LIKELIER_THAN_NOT: Final = 0.5
_BPS: Final = 10_000.0
_HEALTHY: Final = 1.0
_SAVED: Final = ResultWords(
    "was right", "saved bps", "what leaving saves against another hour, of the entry price, before costs"
)


def _competitors(_rows: TrainingRows) -> tuple[Model, ...]:
    return XGBoostTrees(), CatBoostTrees()


def _judge(rows: TrainingRows, out: OutOfFold, rules: Rules) -> Judgement:
    tested = rows.at(out.rows)
    labels, uniqueness, spans = tested.labels, tested.uniqueness, tested.spans
    model, twin = (
        calibrated_forward(scores, labels, uniqueness, spans, out.fold, calibrate_two_classes)
        for scores in (out.scores, 1.0 - _health(tested))
    )
    judged = np.flatnonzero(np.isfinite(model) & np.isfinite(twin))
    own = tested.at(judged)
    forecasts = Forecasts(model[judged], twin[judged], own.labels == 1, own.uniqueness, own.days)
    saves_bps: Floats = own.frame["leaving_saves"].to_numpy() * _BPS
    leaves = {
        "model": forecasts.model >= LIKELIER_THAN_NOT,
        "rule": _health(own) < rules.positions.thesis_floor,
        "always": np.ones(len(own), np.bool_),
    }
    nothing = np.zeros(len(own), np.bool_)
    return Judgement(
        trades=judged_trades(own.spans, np.zeros(len(own)), nothing, 1, days_of(spans)),
        figures={**forecast_figures(forecasts), **_savings(leaves, saves_bps, own)},
        baselines=(),
        reliability=calibration(forecasts.model, forecasts.won).bins,
        deciles=score_deciles(forecasts.model, forecasts.won, saves_bps, own.days),
        gates=lambda _search: judge_forecasts(forecasts),
    )


def _health(rows: TrainingRows) -> Floats:
    """What is left of each position's thesis, 0..1; all of it where nobody knows."""
    found: Floats = rows.frame["thesis_health"].fill_null(_HEALTHY).to_numpy()
    return found


def _savings(leaves: dict[str, Flags], saves_bps: Floats, rows: TrainingRows) -> dict[str, float | None]:
    """How many moments each would leave at, and what that saves on average, basis points."""
    figures: dict[str, float | None] = {}
    for name, flags in leaves.items():
        figures[f"{name}_leaves"] = float(flags.sum())
        figures[f"{name}_saves_bps"] = mean_of_days(saves_bps, flags * rows.uniqueness, rows.days).value
    return figures


EXIT: Final = TrainingPlan(
    name=NAME,
    classes=("hold", "leave"),
    rows=exit_training_rows,
    competitors=_competitors,
    judge=_judge,
    calibrate=calibrate_two_classes,
    result=_SAVED,
)
