"""The scorer finds a planted edge of known size; without one its gates reject it; planted leaks are caught.

RANDOM_MARKETS=100 asks for a hundred markets without an edge (some minutes); a handful is always tried.
"""

import os
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from hydra.arrays import Floats, Integers
from hydra.errors import StopError
from hydra.ledger.overfitting import MarketTrials
from hydra.models.catboost_trees import CatBoostTrees
from hydra.models.forecast_figures import forecast_figures
from hydra.models.interface import FitSettings, FittedModel, Sample, ShowLoss
from hydra.models.label_leaks import refuse_leaks
from hydra.models.out_of_fold import (
    TREES_WITHOUT_VALIDATION,
    FitProgress,
    OutOfFold,
    final_fit,
    inner_split,
    score_out_of_fold,
    walk_forward_folds,
)
from hydra.models.scorer_judgement import JudgedScorer, judge_scorer, scorer_gates
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.registry.comparison import auc
from hydra.registry.gates import GateResult, Search, failed_gates
from hydra.training.splits.label_spans import Fold, Purge
from hydra.training.splits.walk_forward import WalkForward, purged_walk_forward
from hydra.training.training_rows import TrainingRows
from tests.support.training_scene import planted_rows, truth

pytestmark = pytest.mark.slow

THRESHOLD = 0.45
SETTINGS = FitSettings(seed=42, threads=1)
EDGE = 0.6
RANDOM_MARKETS = int(os.environ.get("RANDOM_MARKETS") or 4)


def silent(_progress: FitProgress) -> None:
    """Nobody watches."""


def scored(rows: TrainingRows, model: CatBoostTrees | XGBoostTrees | None = None) -> OutOfFold:
    return score_out_of_fold(model or CatBoostTrees(), rows, walk_forward_folds(rows), SETTINGS, silent)


@cache
def with_edge() -> tuple[TrainingRows, OutOfFold, JudgedScorer]:
    rows = planted_rows(EDGE, seed=3)
    out = scored(rows)
    return rows, out, judge_scorer(rows, out, THRESHOLD)


def gates_of(judged: JudgedScorer) -> tuple[GateResult, ...]:
    """With two trials: this one, and one that earned half as much."""
    daily = judged.trades.daily.for_ratios
    variants = [daily, daily / 2 + 1e-4 * np.sin(np.arange(len(daily)))]
    return scorer_gates(judged, Search(MarketTrials.of(variants), np.stack(variants, axis=1)))


def test_a_planted_edge_is_found_with_the_size_that_it_has() -> None:
    _, _, judged = with_edge()
    figures = forecast_figures(judged.forecasts)
    best = auc(truth(judged.rows.matrix, EDGE), judged.won, judged.rows.uniqueness)
    assert best is not None
    assert best == pytest.approx(0.70, abs=0.03)
    assert best - 0.06 < figures["model_auc"] < best + 0.01  # type: ignore[operator]  # it is defined
    assert figures["rule_auc"] == pytest.approx(0.5, abs=0.05)
    assert figures["model_brier_skill"] > 0.05  # type: ignore[operator]
    assert figures["model_calibration_error"] < 0.05  # type: ignore[operator]
    assert np.abs(judged.model - truth(judged.rows.matrix, EDGE)).mean() < 0.1
    assert failed_gates(gates_of(judged)) == ()


def test_the_challenger_finds_it_too() -> None:
    rows, _, _ = with_edge()
    figures = forecast_figures(judge_scorer(rows, scored(rows, XGBoostTrees()), THRESHOLD).forecasts)
    assert 0.6 < figures["model_auc"] < 0.75  # type: ignore[operator]


def test_without_an_edge_the_gates_reject_at_least_95_of_100() -> None:
    passed = []
    for seed in range(1_000, 1_000 + RANDOM_MARKETS):
        rows = planted_rows(0.0, seed=seed)
        if not failed_gates(gates_of(judge_scorer(rows, scored(rows), THRESHOLD))):
            passed.append(seed)
    assert len(passed) <= 0.05 * RANDOM_MARKETS, f"markets without an edge that passed: {passed}"


def test_a_model_is_scored_on_rows_whose_labels_begin_after_those_that_trained_it_end() -> None:
    rows, out, _ = with_edge()
    spans = rows.spans
    for fold in walk_forward_folds(rows):
        assert spans.end[fold.train].max() < spans.start[fold.test].min()
        fitted, validating = inner_split(spans, fold.train)
        assert spans.end[fitted].max() < spans.start[validating].min()
        assert set(fitted) | set(validating) <= set(fold.train)
    assert (np.diff(out.fold) >= 0).all()
    assert len(np.unique(out.rows)) == len(out.rows)


def test_the_final_fit_has_the_median_number_of_trees_and_the_same_bytes_again() -> None:
    rows, out, _ = with_edge()
    trees = [one.trees for one in out.folds]
    assert out.median_trees == round(float(np.median(trees)))
    assert TREES_WITHOUT_VALIDATION not in trees
    first = final_fit(CatBoostTrees(), rows, out.median_trees, SETTINGS)
    assert first.trees == out.median_trees
    assert first.native() == final_fit(CatBoostTrees(), rows, out.median_trees, SETTINGS).native()


def test_trades_of_a_pair_never_overlap() -> None:
    _, _, judged = with_edge()
    spans, pairs = judged.rows.spans, judged.rows.frame["instrument_id"].to_numpy()
    taken = judged.trades.is_taken
    assert taken.sum() == judged.trades.count > 300
    for pair in np.unique(pairs):
        own = taken & (pairs == pair)
        order = np.argsort(spans.start[own])
        assert (spans.end[own][order][:-1] <= spans.start[own][order][1:]).all()
    assert (judged.model[taken] >= THRESHOLD).all()
    daily = judged.trades.daily
    assert daily.returns.sum() == pytest.approx(judged.net_bps[taken].sum() / 10_000 / 4)


def test_one_class_in_a_fold_leaves_it_out_and_one_class_in_all_is_refused() -> None:
    rows = planted_rows(EDGE, rows=600, seed=5)
    early = rows.frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 260).then(0).otherwise(pl.col("label")).cast(pl.Int8).alias("label")
    )
    out = scored(replace(rows, frame=early))
    assert [one.left_out is None for one in out.folds][:2] == [False, True]
    lost = replace(rows, frame=rows.frame.with_columns(pl.lit(0, pl.Int8).alias("label")))
    with pytest.raises(StopError, match="of one class"):
        scored(lost)


# Planted leaks. Each is caught by what follows.


def test_planted_leak_label_in_a_feature() -> None:
    rows, _, _ = with_edge()
    refuse_leaks(rows)
    chance = np.random.default_rng(1)
    leaking = rows.labels + chance.normal(0, 0.2, len(rows))
    told = replace(rows, frame=rows.frame.with_columns(pl.Series("feature_4", leaking)))
    with pytest.raises(StopError, match="know the label before it is known: feature_4 alone"):
        refuse_leaks(told)
    # Known only where it was won: the unknown values tell it.
    known = replace(
        rows, frame=rows.frame.with_columns(pl.when(pl.col("label") == 1).then(0.5).alias("feature_6"))
    )
    with pytest.raises(StopError, match="feature_6 alone"):
        refuse_leaks(known)


class ScaledByAllRows:
    """CatBoost behind a scaler that was fitted on every row, tested ones included."""

    title, kind, classes = "scaled", None, 2
    libraries: dict[str, str] = {}  # noqa: RUF012  # a test's own
    parameters: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, everything: Floats) -> None:
        ranks = np.argsort(np.argsort(np.nan_to_num(everything), axis=0), axis=0) / len(everything)
        self._rank = {row.tobytes(): rank for row, rank in zip(everything, ranks, strict=True)}

    def _scaled(self, matrix: Floats) -> Floats:
        return np.array([self._rank[row.tobytes()] for row in matrix])

    def fit(
        self,
        sample: Sample,
        settings: FitSettings,
        validation: Sample | None = None,
        show: ShowLoss = lambda _trees, _loss: None,
    ) -> FittedModel:
        inner = replace(sample, matrix=self._scaled(sample.matrix))
        late = None if validation is None else replace(validation, matrix=self._scaled(validation.matrix))
        fitted = CatBoostTrees().fit(inner, settings, late, show)
        scores = fitted.scores
        fitted.scores = lambda matrix: scores(self._scaled(matrix))  # type: ignore[method-assign]
        return fitted


def with_another_future(rows: TrainingRows, first: Fold) -> TrainingRows:
    """Other features and labels in all rows after those that the first fold tests."""
    later = np.arange(len(rows)) > first.test.max()
    name = rows.features[0]
    changed = pl.when(pl.Series(later)).then(pl.col(name) * 7 + 3).otherwise(pl.col(name)).alias(name)
    label = pl.when(pl.Series(later)).then(1 - pl.col("label")).otherwise(pl.col("label")).alias("label")
    return replace(rows, frame=rows.frame.with_columns(changed, label))


def test_planted_leak_scaler_fitted_on_all_rows() -> None:
    """A fold's scores may not change with rows after it; those behind a scaler over all rows do."""
    rows = planted_rows(EDGE, rows=700, seed=6)
    first = walk_forward_folds(rows)[0]
    other = with_another_future(rows, first)
    honest, peeking = [], []
    for one in (rows, other):
        honest.append(score_out_of_fold(CatBoostTrees(), one, [first], SETTINGS, silent).scores)
        peeking.append(score_out_of_fold(ScaledByAllRows(one.matrix), one, [first], SETTINGS, silent).scores)
    assert np.array_equal(honest[0], honest[1])
    assert not np.allclose(peeking[0], peeking[1])


def episodes(rows: int = 2_000) -> TrainingRows:
    """Nothing can be known: signals of four days share one toss of a coin, a feature is the clock."""
    frame = planted_rows(0.0, rows=rows, days=160, seed=9).frame
    day = (pl.col("label_start").dt.epoch("d") - 20_089).alias("day")
    coins = np.random.default_rng(2).integers(0, 2, 45)
    with_days = frame.with_columns(day)
    episode = with_days["day"].to_numpy() // 4
    end = (pl.col("label_start").dt.truncate("1d") + pl.duration(days=4 - (pl.col("day") % 4))).alias(
        "label_end"
    )
    clock = (with_days["label_start"].to_physical().to_numpy() / 1e12).astype(np.float64)
    return replace(
        planted_rows(0.0, rows=rows, days=160, seed=9),
        frame=with_days.with_columns(
            pl.Series("label", coins[episode].astype(np.int8)), end, pl.Series("feature_0", clock)
        ).drop("day"),
    )


def test_planted_leak_unpurged_overlap() -> None:
    """Labels that reach into the test tell its outcome; the purge takes them, and all the skill with them."""
    rows = episodes()
    found: dict[str, float] = {}
    for name in ("purged", "unpurged"):
        folds = one_day_folds(rows, purged=name == "purged")
        out = score_out_of_fold(CatBoostTrees(), rows, folds, SETTINGS, silent)
        hits: Integers = (out.scores > 0.5) == (rows.labels[out.rows] == 1)
        found[name] = float(hits.mean())
    assert found["unpurged"] > 0.65
    assert found["purged"] < 0.6


def one_day_folds(rows: TrainingRows, *, purged: bool) -> list[Fold]:
    """Each ninth day is tested; without the purge all rows before the test train."""
    walk = WalkForward(timedelta(days=20), timedelta(days=1))
    folds = list(purged_walk_forward(rows.spans, walk, rows.period, Purge(timedelta(0))))[::9]
    if purged:
        return folds
    start = rows.spans.start
    return [
        Fold(
            one.number,
            np.flatnonzero((start < start[one.test].min()) & (start >= start[one.train].min())),
            one.test,
        )
        for one in folds
    ]
