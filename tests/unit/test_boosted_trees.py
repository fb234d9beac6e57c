"""Boosted trees: the same bytes from the same rows, probabilities, unknown values, damage, absent classes."""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version

import msgspec
import numpy as np
import pytest

from hydra.errors import BadDataError, StopError
from hydra.models.catboost_trees import CatBoostTrees
from hydra.models.interface import FitSettings, FittedModel, Model, Sample
from hydra.models.random_forest import ForestParameters, RandomForest
from hydra.models.xgboost_trees import XGBoostTrees
from hydra.registry.boosted_trees import CATBOOST, XGBOOST, write_trees
from hydra.registry.calibrators import Isotonic, Sigmoid, Temperature
from hydra.registry.kinds import READERS
from hydra.registry.load import load_scorer, sha256_of
from hydra.registry.manifest import Example, Manifest

FEATURES = tuple(f"feature_{number}" for number in range(6))
SIGMOID = Sigmoid(1.1, -0.2, 400)
SHORT = FitSettings(seed=42, threads=1, trees=15)
TREES: dict[str, Model] = {CATBOOST: CatBoostTrees(), XGBOOST: XGBoostTrees()}


def sample(rows: int = 400, classes: int = 2, seed: int = 5) -> Sample:
    """The first feature decides, more or less; one value in ten of the second is unknown."""
    chance = np.random.default_rng(seed)
    matrix = chance.standard_normal((rows, len(FEATURES)))
    matrix[::10, 1] = np.nan
    noisy = matrix[:, 0] + 0.5 * chance.standard_normal(rows)
    borders = np.quantile(noisy, np.arange(1, classes) / classes)
    return Sample(matrix, np.searchsorted(borders, noisy).astype(np.int64), chance.uniform(0.5, 1.5, rows))


@cache
def fitted(kind: str) -> FittedModel:
    return TREES[kind].fit(sample(), SHORT)


def artifact(kind: str) -> bytes:
    return write_trees(FEATURES, 2, SIGMOID, fitted(kind).native())


@pytest.mark.parametrize("kind", TREES)
def test_same_rows_seed_and_threads_give_the_same_bytes_and_another_seed_or_row_others(kind: str) -> None:
    again = TREES[kind].fit(sample(), SHORT)
    assert sha256_of(again.native()) == sha256_of(fitted(kind).native())
    fewer = sample()
    fewer.labels[7] = 1 - fewer.labels[7]
    assert TREES[kind].fit(fewer, SHORT).native() != again.native()
    if kind == CATBOOST:
        other = TREES[kind].fit(sample(), FitSettings(seed=43, threads=1, trees=15))
        assert other.native() != again.native()


@pytest.mark.parametrize("kind", TREES)
def test_scores_are_probabilities_and_the_stored_model_gives_them_again(kind: str) -> None:
    rows = sample(200, seed=9)
    scorer = READERS[kind](artifact(kind))
    assert scorer.features == FEATURES
    found = scorer.probabilities(rows.matrix)
    assert found.shape == (200,)
    assert ((found > 0) & (found < 1)).all()
    assert np.array_equal(found, SIGMOID.apply(fitted(kind).scores(rows.matrix)))
    one_by_one = [scorer.probabilities(rows.matrix[[row]])[0] for row in range(20)]
    assert np.array_equal(one_by_one, found[:20])
    won = rows.labels == 1
    assert found[won].mean() > found[~won].mean() + 0.1
    assert scorer.probabilities(rows.matrix[:0]).shape == (0,)


@pytest.mark.parametrize("kind", TREES)
def test_an_unknown_value_is_scored_though_the_feature_was_always_known(kind: str) -> None:
    scorer = READERS[kind](artifact(kind))
    row = sample(1).matrix
    for place in range(len(FEATURES)):
        unknown = row.copy()
        unknown[0, place] = np.nan
        assert 0 < scorer.probabilities(unknown)[0] < 1
    assert 0 < scorer.probabilities(np.full((1, len(FEATURES)), np.nan))[0] < 1


@pytest.mark.parametrize("kind", TREES)
@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:-40],
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:],
        lambda _whole: b"",
        lambda _whole: b"\x80\x04K\x01.",
        lambda whole: msgspec.msgpack.encode({**msgspec.msgpack.decode(whole), "run": "rm"}),
    ],
    ids=["short", "half", "a bit", "empty", "pickle", "another field"],
)
def test_a_damaged_artifact_is_refused(kind: str, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadDataError, match="train it again"):
        READERS[kind](damage(artifact(kind)))


@pytest.mark.parametrize("kind", TREES)
def test_trees_that_the_library_does_not_read_are_refused(kind: str) -> None:
    strange = write_trees(FEATURES, 2, SIGMOID, b"no trees at all")
    with pytest.raises(BadDataError, match="does not read the trees"):
        READERS[kind](strange)
    narrow = write_trees(FEATURES[:-1], 2, SIGMOID, fitted(kind).native())
    with pytest.raises(BadDataError, match="have 6 columns, it names 5"):
        READERS[kind](narrow)


@pytest.mark.parametrize(
    ("calibrator", "classes"),
    [
        (Sigmoid(float("nan"), 0.0, 9), 2),
        (Isotonic((0.2, 0.1), (0.1, 0.2), 9), 2),
        (Isotonic((0.1, 0.2), (0.5, 0.4), 9), 2),
        (Isotonic((0.1, 0.2), (0.5, 1.4), 9), 2),
        (Isotonic((), (), 9), 2),
        (Temperature(0.0, 9), 3),
        (Temperature(1.0, 9), 2),
        (SIGMOID, 3),
    ],
)
def test_a_calibration_that_gives_no_probabilities_is_refused(
    calibrator: Sigmoid | Isotonic | Temperature, classes: int
) -> None:
    with pytest.raises(BadDataError, match="calibration of the artifact"):
        write_trees(FEATURES, classes, calibrator, b"")


@pytest.mark.parametrize("kind", TREES)
def test_the_registry_loads_it_and_checks_its_examples(kind: str) -> None:
    stored, rows = artifact(kind), sample(3, seed=1).matrix
    scores = READERS[kind](stored).probabilities(rows)
    values = [tuple(None if np.isnan(one) else float(one) for one in row) for row in rows]
    manifest = Manifest(
        features=FEATURES,
        libraries=dict(TREES[kind].libraries),
        label_horizon_minutes=60,
        cost_model_version="1",
        data_hash="d",
        seeds={"model": 42},
        threads=1,
        trials=2,
        examples=tuple(Example(row, float(score)) for row, score in zip(values, scores, strict=True)),
    )
    load_scorer("m@1", kind, stored, sha256_of(stored), manifest, FEATURES)
    other = write_trees(FEATURES, 2, Sigmoid(1.1, -0.3, 400), fitted(kind).native())
    with pytest.raises(BadDataError, match="example 1 scores"):
        load_scorer("m@1", kind, other, sha256_of(other), manifest, FEATURES)
    assert manifest.libraries == {name: version(name) for name in manifest.libraries} != {}


@pytest.mark.parametrize("kind", TREES)
def test_the_fit_ends_where_the_validation_asks_for_it_and_shows_its_loss(kind: str) -> None:
    shown: list[tuple[int, float]] = []
    stopped = TREES[kind].fit(
        sample(300), FitSettings(42, 1), sample(200, seed=8), lambda trees, loss: shown.append((trees, loss))
    )
    assert 5 < stopped.trees < 400
    assert shown[0][0] == 1
    assert min(loss for _, loss in shown) < shown[0][1]
    assert fitted(kind).trees == 15


@pytest.mark.parametrize("kind", TREES)
def test_the_feature_that_decides_moves_the_scores_most(kind: str) -> None:
    moved = np.abs(fitted(kind).contributions(sample(100, seed=3).matrix)).mean(axis=0)
    assert moved.shape == (6,)
    assert moved.argmax() == 0
    assert moved[0] > 3 * moved[1:].max()


@pytest.mark.parametrize(
    "model",
    [XGBoostTrees(classes=4), RandomForest(4, 0.5, ForestParameters(20, 5, 5))],
    ids=["trees", "forest"],
)
def test_a_class_without_rows_keeps_its_place(model: Model) -> None:
    rows = sample(classes=3)
    labels = np.array([0, 1, 3])[rows.labels]
    found = model.fit(Sample(rows.matrix, labels, rows.weights), SHORT).scores(rows.matrix)
    assert found.shape == (400, 4)
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert found[:, 2].max() < 0.1
    assert (found.argmax(axis=1) == labels).mean() > 0.7


def test_many_classes_are_stored_and_their_confidence_is_the_likeliest_class() -> None:
    rows = sample(classes=3)
    native = XGBoostTrees(classes=3).fit(rows, SHORT).native()
    scorer = READERS[XGBOOST](write_trees(FEATURES, 3, Temperature(1.3, 400), native))
    every = scorer.class_probabilities(rows.matrix)  # type: ignore[attr-defined]  # the scorer of trees has it
    assert every.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(scorer.probabilities(rows.matrix), every.max(axis=1))


def test_a_forest_is_never_stored() -> None:
    forest = RandomForest(2, 1.0, ForestParameters(5, 3, 5)).fit(sample(100), SHORT)
    with pytest.raises(StopError, match="judged, never stored"):
        forest.native()
