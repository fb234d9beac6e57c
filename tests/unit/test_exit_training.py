"""The exit predictor learns from open positions, and is judged against the health of their thesis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from hydra.backtest.simulation import PreparedMarket, Stopwatch, prepare
from hydra.features.vectors import EXIT_PREDICTOR_FEATURES_V1
from hydra.ledger.overfitting import MarketTrials
from hydra.models.boosting_parameters import BoostingParameters
from hydra.models.exit_predictor import EXIT
from hydra.models.interface import FitSettings
from hydra.models.out_of_fold import score_out_of_fold, walk_forward_folds
from hydra.models.plan import Judgement
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.registry.gates import Search, failed_gates
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import Rules
from hydra.training.exit_rows import exit_training_rows
from hydra.training.training_rows import TrainingRows
from tests.support.generated_facts import generated_market
from tests.support.training_scene import planted_rows

pytestmark = pytest.mark.slow

START = datetime(2025, 6, 1, tzinfo=UTC)
DAYS = 16
NO_SEARCH = Search(MarketTrials(0, None), np.zeros((0, 0)))
SMALL = XGBoostTrees(own=BoostingParameters(most_trees=30, depth=3, learning_rate=0.3))
QUARTER = timedelta(minutes=15)


@cache
def market(days: int = DAYS) -> PreparedMarket:
    settings = MarketSettings(
        seed=7, start=START, warm_up_days=33, pairs=2, book_interval_seconds=0, heartbeat_interval_seconds=60
    )
    return prepare(generated_market(settings, days * 1_440), Stopwatch())


@cache
def rows() -> TrainingRows:
    return exit_training_rows(market(), Rules())


def judged(some: TrainingRows) -> Judgement:
    out = score_out_of_fold(SMALL, some, walk_forward_folds(some), FitSettings(42, 1), lambda _progress: None)
    return EXIT.judge(some, out, Rules())


def test_a_row_is_an_open_position_at_a_quarter_of_an_hour() -> None:
    frame = rows().frame
    assert rows().features == EXIT_PREDICTOR_FEATURES_V1
    assert rows().matrix.shape == (len(rows()), 34)
    assert len(rows()) > 1_000
    assert set(frame["time"].dt.minute()) == {0, 15, 30, 45}
    assert set(frame["label"]) == {0, 1}
    assert not frame.select("instrument_id", "time").is_duplicated().any()
    assert rows().effective_size == pytest.approx(len(rows()) / 3.5, rel=0.2)


def test_what_is_known_of_a_position_grows_with_it() -> None:
    first_hours = []
    for name, position in rows().frame.group_by("position"):
        own = position.sort("time")
        hours = own["time_in_position_hours"].to_numpy()
        assert hours[0] > 0, name
        assert (np.diff(hours) > 0).all(), name
        first_hours.append(hours[0])
        for constant in ("position_side", "original_confidence", "instrument_id"):
            assert own[constant].n_unique() == 1, name
    # Some begin later: a bar of their first hour is missing, so its moments have no label.
    assert np.mean(np.array(first_hours) <= QUARTER / timedelta(hours=1) + 0.01) > 0.9
    frame = rows().frame
    assert frame["distance_to_stop_loss"].min() > -0.01  # type: ignore[operator]
    assert frame["thesis_health"].is_between(0, 1).all()
    assert frame.filter(pl.col("funding_paid_pct") != 0).height > 100
    moved = frame["return_since_entry"] * frame["position_side"]
    assert np.allclose(moved, frame["unrealized_pnl_pct"])


def test_no_split_divides_a_position() -> None:
    for fold in walk_forward_folds(rows()):
        numbers = rows().frame["position"].to_numpy()
        assert not set(numbers[fold.train]) & set(numbers[fold.test])
        assert len(fold.train)


def test_no_feature_of_a_row_depends_on_what_comes_after_it() -> None:
    """The market ends two days earlier: the rows of positions that had ended by then are the same."""
    whole, shorter = market(), market(DAYS - 2)
    earlier = exit_training_rows(shorter, Rules()).frame
    until = whole.market.time_of(0) + timedelta(days=DAYS - 4)
    names = ("instrument_id", "time", *EXIT_PREDICTOR_FEATURES_V1)
    mine, theirs = (one.filter(pl.col("time") < until).select(names) for one in (rows().frame, earlier))
    assert mine.height > 500
    assert mine.equals(theirs)


def test_it_is_judged_by_six_gates_and_cannot_be_published() -> None:
    found = judged(rows())
    gates = found.gates(NO_SEARCH)
    assert len(gates) == 6
    assert {f"{name} was not judged" for name in ("net_profit", "deflated_sharpe", "pbo")} <= set(
        failed_gates(gates)
    )
    assert found.trades.count == 0
    assert found.figures["always_leaves"] == found.figures["judged_rows"]
    assert sum(one.rows for one in found.deciles) == found.figures["judged_rows"]


@pytest.mark.parametrize(("edge", "is_found"), [(1.5, True), (0.0, False)])
def test_moments_to_leave_that_features_foretell_are_found_and_others_are_not(
    edge: float, is_found: bool
) -> None:
    planted = planted_rows(edge, rows=6_000, seed=4)
    chance = np.random.default_rng(8)
    known = planted.frame.with_columns(
        pl.Series("thesis_health", chance.uniform(0, 1, len(planted))),
        pl.Series("leaving_saves", np.where(planted.labels == 1, 0.01, -0.005)),
    )
    found = judged(replace(planted, frame=known))
    failed = [gate.gate for gate in found.gates(NO_SEARCH) if not gate.is_passed]
    assert (failed == []) is is_found
    if is_found:
        assert found.figures["model_saves_bps"] > 20 > abs(found.figures["rule_saves_bps"])  # type: ignore[operator, arg-type]
