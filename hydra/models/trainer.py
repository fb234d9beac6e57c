"""Trains a model: walk-forward, judgement, final fit, registration. The vault stays closed.

Every walk-forward that was scored is a trial in ml.trials at once, so it counts although the training may be
killed after it; the model is registered in one transaction at the end, or not at all.
Source: C68, C88; docs/practice.md (every trial is counted).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import psycopg

from hydra.arrays import Floats, Integers
from hydra.backtest.run import MarketChoice, read_choice
from hydra.backtest.simulation import Stopwatch, prepare
from hydra.db import locks
from hydra.errors import StopError
from hydra.ledger.overfitting import MarketTrials
from hydra.models.interface import FitSettings, FittedModel
from hydra.models.label_leaks import refuse_leaks
from hydra.models.out_of_fold import (
    FitProgress,
    OutOfFold,
    ShowProgress,
    final_fit,
    score_out_of_fold,
    walk_forward_folds,
)
from hydra.models.plan import Judgement, TrainingPlan
from hydra.models.report import TrainingReport
from hydra.models.training_data import Development, kept_from_vault, shortfalls
from hydra.registry.boosted_trees import write_trees
from hydra.registry.gates import GateResult, Search
from hydra.registry.kinds import READERS
from hydra.registry.manifest import Example, Manifest, Training
from hydra.registry.store import StoredModel, register_model
from hydra.research.studies import (
    StudySpecification,
    finish_trial,
    plan_study,
    taken_trial,
    trials_on_market,
)
from hydra.research.trial_figures import TrialFigures
from hydra.settings import Settings
from hydra.trading.parameters import Rules
from hydra.trading.runs import recorded_settings
from hydra.trading.versions import own_version
from hydra.training.training_rows import TrainingRows

_EXAMPLES: Final = 5
_EXPLAINED_ROWS: Final = 2_000
_MOST_IMPORTANCES: Final = 15


@dataclass(frozen=True)
class TrainingRequest:
    """model: the name of a plan. is_forced: although the history is shorter than the least."""

    model: str
    choice: MarketChoice
    fit: FitSettings
    is_forced: bool = False


@dataclass(frozen=True)
class _Scored:
    out: OutOfFold
    judgement: Judgement


def train(
    connection: psycopg.Connection,
    url: str,
    plan: TrainingPlan,
    request: TrainingRequest,
    settings: Settings,
    rules: Rules,
    show: ShowProgress = lambda _progress: None,
) -> TrainingReport:
    """Train a model on the market of `request`, and register it with what its gates say.

    Raises:
        StopError: somebody else trains a model of this name, the history is too short, or no candle is
            stored in the range. Nothing is registered then.
        DatabaseError: the facts cannot be read.
    """
    if not locks.take(connection, locks.of_training(plan.name)):
        raise StopError(f"another process trains {plan.name} now: wait for its end, then train again")
    try:
        watch = Stopwatch()
        prepared = prepare(read_choice(connection, url, request.choice, watch), watch)
        with watch.measure("rows"):
            development = kept_from_vault(_labelled(plan, plan.rows(prepared, rules)))
            _labelled(plan, development.rows)
        study = Study(connection, plan, request, settings, prepared.market.data_hash)
        return train_rows(plan, development, request, rules, study, watch, show)
    finally:
        locks.release(connection, locks.of_training(plan.name))


def train_rows(
    plan: TrainingPlan,
    development: Development,
    request: TrainingRequest,
    rules: Rules,
    study: "Study",
    watch: Stopwatch,
    show: ShowProgress,
) -> TrainingReport:
    """`train` on given rows.

    Raises:
        StopError: see `train`; or a feature knows the label.
    """
    rows, missing = development.rows, shortfalls(development.rows)
    if missing and not request.is_forced:
        raise StopError(
            f"{plan.name} is not trained: {'; '.join(missing)}. Import more history, or train it all "
            "the same with --force: the model is marked"
        )
    refuse_leaks(rows)
    scored = _scored_competitors(plan, rows, request, rules, study, watch, show)
    first = scored[0]
    search = Search(study.trials(), _daily_returns(scored))
    gates = first.judgement.gates(search)
    with watch.measure("final fit"):
        fitted = final_fit(first.out.model, rows, first.out.median_trees, request.fit)
        artifact = _artifact(plan, rows, first.out, fitted)
    manifest = _manifest(rows, first.out, artifact, request, search.trials.count, is_forced=bool(missing))
    stored = study.register(development, first.out, artifact, manifest, gates)
    return TrainingReport(
        model=stored.title,
        label=rows.label,
        sha256=stored.sha256,
        is_forced=bool(missing),
        shortfalls=missing,
        decisions=rows.counts.rows,
        rows=len(rows),
        effective_rows=rows.effective_size,
        classes=_by_class(plan, rows),
        trained=(stored.trained_from, stored.trained_to),
        vault=development.vault,
        rows_in_vault=development.in_vault,
        folds=first.out.folds,
        trees=fitted.trees,
        tried={one.out.model.title: dict(one.out.model.parameters) for one in scored},
        figures={one.out.model.title: one.judgement.figures for one in scored},
        baselines=first.judgement.baselines,
        reliability=first.judgement.reliability,
        deciles=first.judgement.deciles,
        result=plan.result,
        importances=_importances(rows, fitted),
        gates=gates,
        trials=search.trials.count,
        seconds=dict(watch.seconds),
    )


def _daily_returns(scored: Sequence[_Scored]) -> Floats:
    """(days, models): every competitor is tested on the same days."""
    return np.stack([one.judgement.trades.daily.for_ratios for one in scored], axis=1)


def _labelled(plan: TrainingPlan, rows: TrainingRows) -> TrainingRows:
    if len(np.unique(rows.labels)) > 1:
        return rows
    reasons = ", ".join(f"{count:,} {reason.value}" for reason, count in rows.counts.unlabelled.items())
    raise StopError(
        f"{plan.name} is not trained: of {rows.counts.rows:,} decisions {len(rows):,} have a label that can "
        f"be trained on, of fewer than two classes; without a label: {reasons or 'none'}. Import more "
        "history, or choose a longer range"
    )


def _scored_competitors(
    plan: TrainingPlan,
    rows: TrainingRows,
    request: TrainingRequest,
    rules: Rules,
    study: "Study",
    watch: Stopwatch,
    show: ShowProgress,
) -> list[_Scored]:
    folds = walk_forward_folds(rows)
    competitors = plan.competitors(rows)
    study.plan([dict(model.parameters) for model in competitors])
    found = []
    for model in competitors:
        with watch.measure(f"walk-forward of {model.title}"):
            out = score_out_of_fold(model, rows, folds, request.fit, show)
            judgement = plan.judge(rows, out, rules)
        study.count(judgement)
        found.append(_Scored(out, judgement))
    show(FitProgress(competitors[0].title, 0, len(folds), found[0].out.median_trees, float("nan")))
    return found


def _artifact(plan: TrainingPlan, rows: TrainingRows, out: OutOfFold, fitted: FittedModel) -> bytes:
    tested = rows.at(out.rows)
    calibrator = plan.calibrate(out.scores, tested.labels, tested.uniqueness)
    return write_trees(rows.features, out.model.classes, calibrator, fitted.native())


def _manifest(
    rows: TrainingRows,
    out: OutOfFold,
    artifact: bytes,
    request: TrainingRequest,
    trials: int,
    *,
    is_forced: bool,
) -> Manifest:
    shown = np.unique(np.linspace(0, len(rows) - 1, _EXAMPLES).astype(np.int64))
    matrix = rows.matrix[shown]
    probabilities = READERS[_kind(out)](artifact).probabilities(matrix)
    return Manifest(
        features=rows.features,
        libraries=dict(out.model.libraries),
        label_horizon_minutes=rows.longest_label_minutes,
        cost_model_version=rows.cost_version,
        data_hash=rows.data_hash,
        seeds={"model": request.fit.seed},
        threads=request.fit.threads,
        trials=trials,
        examples=tuple(
            Example(_values(row), float(one)) for row, one in zip(matrix, probabilities, strict=True)
        ),
        is_forced=is_forced,
    )


def _values(row: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in row)


def _kind(out: OutOfFold) -> str:
    if out.model.kind is None:
        raise AssertionError(f"{out.model.title} cannot be stored: it is no first competitor")
    return out.model.kind


def _by_class(plan: TrainingPlan, rows: TrainingRows) -> dict[str, int]:
    counts: Integers = np.bincount(rows.labels, minlength=len(plan.classes))
    return dict(zip(plan.classes, counts.tolist(), strict=True))


def _importances(rows: TrainingRows, fitted: FittedModel) -> list[tuple[str, float]]:
    """Mean absolute contribution of each feature over rows spread over the history."""
    some = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _EXPLAINED_ROWS)).astype(np.int64))
    moved = np.abs(fitted.contributions(rows.matrix[some])).mean(axis=0)
    ranked = sorted(zip(rows.features, moved.tolist(), strict=True), key=lambda one: -one[1])
    return ranked[:_MOST_IMPORTANCES]


class Study:
    """What a training writes to the database: its trials, then the model."""

    def __init__(
        self,
        connection: psycopg.Connection,
        plan: TrainingPlan,
        request: TrainingRequest,
        settings: Settings,
        data_hash: str,
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._request = request
        self._settings = settings
        self._data_hash = data_hash
        self._study_id = 0

    def plan(self, competitors: Sequence[dict[str, str]]) -> None:
        """Record the study; its trials are planned."""
        name = f"training of {self._plan.name}, {datetime.now(UTC).isoformat()}"
        recorded = recorded_settings(self._settings)
        specification = StudySpecification.under(recorded, self._request.choice, {}, competitors)
        self._study_id = plan_study(self._connection, name, specification, self._data_hash)

    def count(self, judgement: Judgement) -> None:
        """Record the next trial."""
        trades = judgement.trades
        with taken_trial(self._connection, self._study_id) as trial:
            if trial is None:
                raise AssertionError("every competitor was planned as a trial")
            metrics = {"elapsed_days": trades.daily.elapsed_days, **judgement.figures}
            figures = TrialFigures(trades.daily, trades.count, trades.net_usd, metrics)
            finish_trial(self._connection, trial.trial_id, figures)

    def trials(self) -> MarketTrials:
        """Every trial that was ever finished on this market (C135)."""
        return MarketTrials.of(one.for_ratios for one in trials_on_market(self._connection, self._study_id))

    def register(
        self,
        development: Development,
        out: OutOfFold,
        artifact: bytes,
        manifest: Manifest,
        gates: tuple[GateResult, ...],
    ) -> StoredModel:
        """Register the model with what its gates said."""
        rows, version = development.rows, own_version()
        training = Training(
            feature_set_version=version.feature_set_version,
            label=rows.label,
            trained_from=rows.first_start,
            trained_to=rows.last_end,
            vault_from=development.vault[0],
            vault_to=development.vault[1],
            code_version=version.code_version,
        )
        return register_model(
            self._connection, self._plan.name, _kind(out), artifact, manifest, training, gates
        )
