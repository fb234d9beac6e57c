"""A model scores a signal alone as among thousands, from the catalogue's values, and never stops a cycle."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hydra.arrays import TIME, Floats
from hydra.domain import Regime, SignalSource
from hydra.errors import BadDataError, StopError
from hydra.features.vectors import SIGNAL_SCORER_FEATURES_V1
from hydra.layers.layer3_signals import SIDE_TYPE, SOURCE_TYPE
from hydra.layers.scorer import SCORERS, with_score
from hydra.registry.logistic import read_logistic
from hydra.trading.assessment_rows import STORED_FEATURES
from hydra.trading.model_scorer import OF_A_FIRING, ModelScorer
from hydra.trading.scoring import ScorerSince, Scoring, rules_alone, scored
from hydra.trading.stored_vectors import named_vectors
from tests.support.scorer_scene import broad_artifact, scale_of

START = datetime(2025, 6, 1, tzinfo=UTC)
NEEDS = tuple(name for name in SIGNAL_SCORER_FEATURES_V1 if name in STORED_FEATURES)


def firings(count: int) -> pl.DataFrame:
    """Signals as layer 3 fires them, a minute apart."""
    chance = np.random.default_rng(5)
    sources = [list(SignalSource)[number % 5].value for number in range(count)]
    return pl.DataFrame(
        {
            "instrument_id": pl.Series([1 + number % 3 for number in range(count)], dtype=pl.Int16()),
            "time": pl.Series([START + timedelta(minutes=number) for number in range(count)], dtype=TIME),
            "source": pl.Series(sources).cast(SOURCE_TYPE),
            "side": pl.Series([("LONG", "SHORT")[number % 2] for number in range(count)]).cast(SIDE_TYPE),
            "confidence": chance.uniform(0.4, 0.9, count),
            "expected_return": np.full(count, 0.01),
            "expected_adverse_excursion": np.full(count, 0.005),
            "regime": pl.Series([number % 7 for number in range(count)], dtype=pl.Int8()),
            "volatility_regime": pl.Series([number % 5 for number in range(count)], dtype=pl.Int8()),
            "gate_cascade_probability": chance.uniform(0, 0.5, count),
        }
    )


def vectors(decisions: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Features that depend on the row's minute alone; some are unknown."""
    minute = decisions["time"].dt.epoch("s").to_numpy() // 60
    columns = {
        name: np.sin(minute % 100_000 * (place + 1.7)) * scale_of(name)
        for place, name in enumerate(STORED_FEATURES)
    }
    frame = pl.DataFrame(columns).select(names)
    return frame.with_columns(
        pl.when(pl.col(name) < 0.9 * scale_of(name)).then(pl.col(name)) for name in names
    )


def broad() -> ModelScorer:
    served = read_logistic(broad_artifact())
    return ModelScorer("signal-scorer@1", served.features, served.probabilities)


def test_a_signal_alone_scores_as_among_thousands_to_the_last_bit() -> None:
    many, scoring = firings(2_000), Scoring.by(broad(), vectors)
    whole = scored(many, scoring)
    assert whole["score"].n_unique() > 1_900
    assert whole["score"].is_between(0, 1).all()
    for size in (1, 2, 7, 63):
        parts = [scored(many[at : at + size], scoring) for at in range(0, 630, size)]
        assert pl.concat(parts)["score"].to_list() == whole["score"][:630].to_list()


def test_the_last_bit_depends_neither_on_the_layout_of_the_matrix_nor_on_the_order_of_rows() -> None:
    served = read_logistic(broad_artifact())
    rows = np.random.default_rng(2).normal(0, 3, (501, len(served.features)))
    whole = served.probabilities(rows)
    assert (served.probabilities(np.asfortranarray(rows)) == whole).all()
    assert (served.probabilities(rows[::-1])[::-1] == whole).all()
    assert [served.probabilities(row[None, :])[0] for row in rows] == whole.tolist()


def test_the_matrix_has_the_catalogues_values_in_the_order_of_the_model() -> None:
    frame = firings(70)
    scorer = broad()
    complete = frame.drop(NEEDS, strict=False).hstack(vectors(frame.select("instrument_id", "time"), NEEDS))
    matrix = pl.DataFrame(scorer.matrix(complete), schema=list(SIGNAL_SCORER_FEATURES_V1))
    assert set(OF_A_FIRING) | set(NEEDS) == set(SIGNAL_SCORER_FEATURES_V1)
    assert matrix["signal_direction"].to_list() == [1.0, -1.0] * 35
    assert matrix["signal_confidence"].to_list() == frame["confidence"].to_list()
    assert matrix["source_OI_DIVERGENCE"].to_list() == [float(n % 5 == 2) for n in range(70)]
    assert matrix["regime_RANGING"].to_list() == [float(n % 7 == Regime.RANGING.value) for n in range(70)]
    assert matrix["volatility_regime_encoded"].to_list() == [float(n % 5) for n in range(70)]
    assert matrix["expected_return"].to_list() == [0.01] * 70
    for name in NEEDS:
        assert matrix[name].fill_nan(None).to_list() == complete[name].to_list()


def test_what_no_run_stores_is_refused() -> None:
    with pytest.raises(BadDataError, match=r"x@1 is refused: runs do not store what it reads \(kurt\):"):
        ModelScorer("x@1", ("rsi_14", "kurt"), lambda matrix: matrix[:, 0])


def test_what_is_no_probability_is_scored_by_the_rule_and_says_so() -> None:
    wrong = np.array([0.3, np.nan, np.inf, -0.1, 1.1, 1.0])

    def probabilities(matrix: Floats) -> Floats:
        return wrong[: len(matrix)]

    frame = firings(6).with_columns(pl.lit(0.0001).alias("funding_rate"))
    found = with_score(frame, ModelScorer("x@1", ("signal_confidence",), probabilities))
    rule = with_score(frame, SCORERS["rule"])["score"].to_list()
    assert found["score_kind"].to_list() == ["x@1", "rule", "rule", "rule", "rule", "x@1"]
    assert found["score"].to_list() == [0.3, *rule[1:5], 1.0]


def test_features_of_another_version_are_scored_by_the_rule() -> None:
    def of_before(decisions: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        return named_vectors([[1.0]] * decisions.height, names)

    frame = firings(5).with_columns(pl.lit(0.0001).alias("funding_rate"))
    assert scored(frame, Scoring.by(broad(), of_before))["score_kind"].unique().to_list() == ["rule"]


def test_each_scorer_scores_from_its_minute_on() -> None:
    frame = firings(30).with_columns(pl.lit(0.0001).alias("funding_rate"))
    rule = SCORERS["rule"]
    since = (
        ScorerSince(START + timedelta(minutes=3), broad()),
        ScorerSince(START + timedelta(minutes=10), rule),
        ScorerSince(START + timedelta(minutes=20), broad()),
    )
    found = scored(frame, Scoring(since, vectors))
    kinds = ["signal-scorer@1"] * 10 + ["rule"] * 10 + ["signal-scorer@1"] * 10
    assert found["score_kind"].to_list() == kinds
    assert found["time"].to_list() == frame["time"].to_list()
    alone = scored(frame, Scoring.by(broad(), vectors))
    assert found["score"][:10].to_list() == alone["score"][:10].to_list()


def test_a_model_that_nobody_loaded_is_no_rule() -> None:
    with pytest.raises(StopError, match="signal-scorer@1, which is no rule"):
        rules_alone("signal-scorer@1")
