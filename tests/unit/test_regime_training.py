"""The regime classifier learns the hour after a decision, and is judged against persistence and the rule."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import polars as pl
import pytest

from hydra.backtest.simulation import Stopwatch, prepare
from hydra.domain import Regime
from hydra.features.vectors import REGIME_FEATURES_V1
from hydra.ledger.overfitting import MarketTrials
from hydra.models.boosting_parameters import BoostingParameters
from hydra.models.interface import FitSettings
from hydra.models.out_of_fold import score_out_of_fold, walk_forward_folds
from hydra.models.plan import Judgement
from hydra.models.regime_classifier import CLASSES, REGIME, shares_forward
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.registry.gates import Search, failed_gates
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import Rules
from hydra.training.regime_rows import regime_training_rows
from hydra.training.splits.label_spans import LabelSpans
from hydra.training.training_rows import TrainingRows
from tests.support.generated_facts import generated_market
from tests.support.training_scene import planted_rows

pytestmark = pytest.mark.slow

START = datetime(2025, 6, 1, tzinfo=UTC)
DAYS = 16
NO_SEARCH = Search(MarketTrials(0, None), np.zeros((0, 0)))
SMALL = XGBoostTrees(CLASSES, BoostingParameters(most_trees=30, depth=3, learning_rate=0.3))


@cache
def rows() -> TrainingRows:
    settings = MarketSettings(
        seed=7, start=START, warm_up_days=33, pairs=2, book_interval_seconds=0, heartbeat_interval_seconds=60
    )
    return regime_training_rows(prepare(generated_market(settings, DAYS * 1_440), Stopwatch()), Rules())


def judged(some: TrainingRows) -> Judgement:
    out = score_out_of_fold(SMALL, some, walk_forward_folds(some), FitSettings(42, 1), lambda _progress: None)
    return REGIME.judge(some, out, Rules())


def test_a_row_has_the_features_of_its_quarter_of_an_hour_and_the_hour_after_it() -> None:
    frame = rows().frame
    assert rows().features == REGIME_FEATURES_V1
    assert rows().matrix.shape == (len(rows()), 25)
    assert set(frame["time"].dt.minute()) == {0, 15, 30, 45}
    assert set(frame["label"]) <= {one.value for one in Regime}
    assert frame["label"].n_unique() >= 4
    assert rows().longest_label_minutes == 60
    assert rows().effective_size == pytest.approx(len(rows()) / 4, rel=0.05)


def test_the_baselines_are_known_at_the_decision() -> None:
    frame = rows().frame.drop_nulls("last_regime")
    own = rows().frame.select("instrument_id", "label_end", pl.col("label").alias("then"))
    joined = frame.join(
        own, left_on=["instrument_id", "label_start"], right_on=["instrument_id", "label_end"]
    )
    assert joined.height > 1_000
    assert joined["then"].to_list() == joined["last_regime"].to_list()
    assert rows().frame["rule_regime"].null_count() < 0.1 * len(rows())


def test_it_is_judged_by_six_gates_and_cannot_be_published() -> None:
    found = judged(rows())
    lacking = [
        fold for fold in walk_forward_folds(rows()) if len(np.unique(rows().labels[fold.train])) < CLASSES
    ]
    assert lacking
    gates = found.gates(NO_SEARCH)
    assert len(gates) == 6
    assert {f"{name} was not judged" for name in ("net_profit", "deflated_sharpe", "pbo")} <= set(
        failed_gates(gates)
    )
    assert found.trades.count == 0
    for name in ("model", "persistence", "rule"):
        assert 0 < found.figures[f"{name}_log_loss"] < np.log(CLASSES)  # type: ignore[operator]


def test_regimes_that_a_feature_foretells_are_found_and_pass_the_gates_that_are_judged() -> None:
    planted = planted_rows(0.0, rows=6_000, seed=4)
    chance = np.random.default_rng(8)
    told = planted.matrix[:, 0] + 0.4 * chance.standard_normal(len(planted))
    label = np.clip(np.floor(told * 1.5) + 3, 0, CLASSES - 1).astype(np.int8)
    known = planted.frame.with_columns(
        pl.Series("label", label),
        pl.Series("last_regime", chance.integers(0, CLASSES, len(planted))),
        pl.lit(None, pl.Int8).alias("rule_regime"),
    )
    gates = judged(replace(planted, frame=known)).gates(NO_SEARCH)
    assert [gate.words for gate in gates if not gate.is_passed] == []


def test_the_shares_of_a_baseline_are_counted_in_earlier_folds_only() -> None:
    chance = np.random.default_rng(1)
    said, labels = chance.integers(0, CLASSES + 1, 900), chance.integers(0, CLASSES, 900)
    start = np.arange(900) * 60_000_000
    spans, fold, weight = LabelSpans(start, start + 60_000_000), np.repeat([0, 1, 2], 300), np.full(900, 0.5)
    first = shares_forward(said, labels, weight, spans, fold)
    assert np.isnan(first[:300]).all()
    assert first[300:].sum(axis=1) == pytest.approx(1.0)
    later = labels.copy()
    later[600:] = (later[600:] + 1) % CLASSES
    assert np.array_equal(shares_forward(said, later, weight, spans, fold)[300:], first[300:])
    earlier = labels.copy()
    earlier[:200] = (earlier[:200] + 1) % CLASSES
    assert not np.allclose(shares_forward(said, earlier, weight, spans, fold)[300:], first[300:])
