"""The regime classifier: which of seven regimes the hour after a decision will be.

XGBoost; a random forest challenges it. Its baselines are the rule-based regime and that the last hour's goes
on. It earns nothing by itself, so the gates of trades stay unjudged: it works in shadow until its effect
on them is measured. Source: ML document, Regime Classifier; C62, C69, C70.
"""

from typing import Final

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.domain import Regime
from hydra.ledger.calibration import Calibration, calibration
from hydra.models.calibration import FEWEST_INDEPENDENT, FEWEST_ROWS, calibrate_classes, calibrated_forward
from hydra.models.interface import Model
from hydra.models.judged_trades import days_of, judged_trades
from hydra.models.out_of_fold import OutOfFold
from hydra.models.plan import Judgement, TrainingPlan
from hydra.models.random_forest import RandomForest
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.registry.comparison import auc_gain, mean_of_days
from hydra.registry.gates import Bounds, GateResult, above_zero, at_least, at_most_error
from hydra.trading.parameters import Rules
from hydra.training.regime_rows import regime_training_rows
from hydra.training.splits.label_spans import LabelSpans
from hydra.training.training_rows import TrainingRows

NAME: Final = "regime"
CLASSES: Final = len(Regime)
_LEAST: Final = 1e-6


def class_log_loss(probability: Floats, labels: Integers) -> Floats:
    """The log loss of each row, nats. probability: (n, classes)."""
    loss: Floats = -np.log(np.clip(probability[np.arange(len(labels)), labels], _LEAST, 1.0))
    return loss


def class_brier(probability: Floats, labels: Integers) -> Floats:
    """The squared error of each row, summed over the classes. probability: (n, classes)."""
    error: Floats = ((probability - np.eye(probability.shape[1])[labels]) ** 2).sum(axis=1)
    return error


def shares_forward(
    said: Integers, labels: Integers, uniqueness: Floats, spans: LabelSpans, fold: Integers
) -> Floats:
    """(n, classes): how often each class followed what a baseline says, counted in earlier folds only.

    said: a class, or CLASSES where the baseline says nothing. One row more of each class is believed.
    """
    found = np.full((len(labels), CLASSES), np.nan)
    for number in np.unique(fold):
        own = fold == number
        before = (fold < number) & (spans.end < spans.start[own].min())
        if before.sum() < FEWEST_ROWS or uniqueness[before].sum() < FEWEST_INDEPENDENT:
            continue
        counts = np.full((CLASSES + 1, CLASSES), 1.0 / CLASSES)
        np.add.at(counts, (said[before], labels[before]), uniqueness[before])
        found[own] = (counts / counts.sum(axis=1, keepdims=True))[said[own]]
    return found


def _competitors(rows: TrainingRows) -> tuple[Model, ...]:
    return XGBoostTrees(CLASSES), RandomForest(CLASSES, float(rows.uniqueness.mean()))


def _judge(rows: TrainingRows, out: OutOfFold, _rules: Rules) -> Judgement:
    tested = rows.at(out.rows)
    labels, uniqueness, spans = tested.labels, tested.uniqueness, tested.spans
    forecasts = {
        "model": calibrated_forward(out.scores, labels, uniqueness, spans, out.fold, calibrate_classes),
        **{
            name: shares_forward(_said(tested, column), labels, uniqueness, spans, out.fold)
            for name, column in (("persistence", "last_regime"), ("rule", "rule_regime"))
        },
    }
    judged = np.flatnonzero(np.all([np.isfinite(one).all(axis=1) for one in forecasts.values()], axis=0))
    own = tested.at(judged)
    kept = {name: one[judged] for name, one in forecasts.items()}
    nothing = np.zeros(len(own), np.bool_)
    return Judgement(
        trades=judged_trades(own.spans, np.zeros(len(own)), nothing, 1, days_of(spans)),
        figures=_figures(own, kept),
        baselines=(),
        reliability=_of_the_likeliest(own, kept["model"]).bins,
        deciles=(),
        gates=lambda _search: _gates(own, kept),
    )


def _said(rows: TrainingRows, column: str) -> Integers:
    said: Integers = rows.frame[column].cast(int).fill_null(CLASSES).to_numpy()
    return said


def _figures(rows: TrainingRows, forecasts: dict[str, Floats]) -> dict[str, float | None]:
    figures: dict[str, float | None] = {
        "judged_rows": float(len(rows)),
        "effective_rows": rows.effective_size,
    }
    labels, weight, day = rows.labels, rows.uniqueness, rows.days
    for name, one in forecasts.items():
        if not len(rows):
            break
        figures[f"{name}_log_loss"] = mean_of_days(class_log_loss(one, labels), weight, day).value
        figures[f"{name}_brier"] = mean_of_days(class_brier(one, labels), weight, day).value
        figures[f"{name}_accuracy"] = float((one.argmax(axis=1) == labels).mean())
    return figures


def _of_the_likeliest(rows: TrainingRows, forecast: Floats) -> Calibration:
    """How sure the model was of the class that it held the likeliest, and how often it was that."""
    if not len(rows):
        return calibration(np.zeros(0), np.zeros(0, np.bool_))
    return calibration(forecast.max(axis=1), forecast.argmax(axis=1) == rows.labels)


def _gates(rows: TrainingRows, forecasts: dict[str, Floats]) -> tuple[GateResult, ...]:
    """Against the better of the two baselines. What asks for trades is not judged."""
    bounds = Bounds()
    labels, weight, day = rows.labels, rows.uniqueness, rows.days
    losses = {name: class_log_loss(one, labels) for name, one in forecasts.items()}
    twin = min(("persistence", "rule"), key=lambda name: float((losses[name] * weight).sum()))
    model, other = forecasts["model"], forecasts[twin]
    is_class = np.eye(CLASSES, dtype=np.bool_)[labels]
    gain = auc_gain(
        model.ravel(), other.ravel(), is_class.ravel(), np.repeat(weight, CLASSES), np.repeat(day, CLASSES)
    )
    brier = mean_of_days(class_brier(other, labels) - class_brier(model, labels), weight, day)
    loss = mean_of_days(losses[twin] - losses["model"], weight, day)
    error = _of_the_likeliest(rows, model).expected_error
    return (
        at_least("samples", float(len(rows)), bounds.least_samples, "scored rows"),
        at_least(
            "effective_samples", rows.effective_size, bounds.least_effective_samples, "independent rows"
        ),
        above_zero("auc", gain, f"AUC of class against the others above that of {twin} by"),
        above_zero("brier", brier, f"Brier score below that of {twin} by"),
        above_zero("log_loss", loss, f"log loss below that of {twin} by"),
        at_most_error(error, bounds.most_calibration_error),
    )


REGIME: Final = TrainingPlan(
    name=NAME,
    classes=tuple(one.name for one in Regime),
    rows=regime_training_rows,
    competitors=_competitors,
    judge=_judge,
    calibrate=calibrate_classes,
)
