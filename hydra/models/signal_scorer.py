"""The signal scorer: the probability that the trade of a signal ends with a profit after all costs.

CatBoost with the printed numbers; XGBoost challenges it; the rule-based score is the baseline.
Source: ML document, Signal Scorer; C50, C66, C68.
"""

from typing import Final

from hydra.ledger.calibration import calibration
from hydra.models.calibration import calibrate_two_classes
from hydra.models.catboost_trees import CatBoostTrees
from hydra.models.forecast_figures import forecast_figures
from hydra.models.interface import Model
from hydra.models.out_of_fold import OutOfFold
from hydra.models.plan import Judgement, TrainingPlan
from hydra.models.report import Baseline
from hydra.models.score_deciles import score_deciles
from hydra.models.scorer_judgement import baselines, judge_scorer, scorer_gates
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.trading.parameters import Rules
from hydra.training.signal_rows import signal_training_rows
from hydra.training.training_rows import TrainingRows

NAME: Final = "signal-scorer"


def _competitors(_rows: TrainingRows) -> tuple[Model, ...]:
    return CatBoostTrees(), XGBoostTrees()


def _judge(rows: TrainingRows, out: OutOfFold, rules: Rules) -> Judgement:
    threshold = rules.scoring.score_threshold
    judged = judge_scorer(rows, out, threshold)
    return Judgement(
        trades=judged.trades,
        figures=forecast_figures(judged.forecasts),
        baselines=tuple(Baseline(name, *found) for name, found in baselines(judged, threshold).items()),
        reliability=calibration(judged.model, judged.won).bins,
        deciles=score_deciles(judged.model, judged.won, judged.net_bps, judged.rows.days),
        gates=lambda search: scorer_gates(judged, search),
    )


SIGNAL_SCORER: Final = TrainingPlan(
    name=NAME,
    classes=("lost", "won"),
    rows=signal_training_rows,
    competitors=_competitors,
    judge=_judge,
    calibrate=calibrate_two_classes,
)
