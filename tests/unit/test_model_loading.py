"""A model is loaded only if artifact, libraries, features and scores are those that were registered."""

import json

import msgspec
import numpy as np
import pytest

from hydra.errors import BadDataError
from hydra.registry.load import load_scorer, sha256_of
from hydra.registry.logistic import KIND, read_logistic
from hydra.registry.manifest import Example, Manifest, manifest_as_json, read_manifest
from hydra.registry.scorer import ServedScorer
from tests.support.model_scene import FEATURES, small_artifact, small_manifest

ARTIFACT = small_artifact()
MANIFEST = small_manifest()


def load(
    artifact: bytes = ARTIFACT,
    manifest: Manifest = MANIFEST,
    features: tuple[str, ...] = FEATURES,
    kind: str = KIND,
    sha256: str | None = None,
) -> ServedScorer:
    return load_scorer("m@1", kind, artifact, sha256 or sha256_of(artifact), manifest, features)


def test_a_loaded_model_scores_by_its_formula_and_an_unknown_value_counts_as_its_mean() -> None:
    """0.25 + 0.7 x (0.0003 - 0.0001)/0.0002 - 0.3 x (1.5 - 0.5)/2 = 0.8; unknown, mean: 0.25."""
    scores = load().probabilities(np.array([[0.0003, 1.5], [np.nan, 0.5]]))
    assert scores == pytest.approx(1 / (1 + np.exp([-0.8, -0.25])))


def test_every_altered_byte_is_refused() -> None:
    for place in range(len(ARTIFACT)):
        altered = ARTIFACT[:place] + bytes([ARTIFACT[place] ^ 1]) + ARTIFACT[place + 1 :]
        with pytest.raises(BadDataError, match=r"its artifact has sha256 .* altered"):
            load(altered, sha256=sha256_of(ARTIFACT))


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (FEATURES[::-1], "another order .column 1 is oi_delta_pct, it needs funding_rate"),
        (FEATURES[:1], "missing: oi_delta_pct; not known to it: none"),
        ((*FEATURES, "volume"), "missing: none; not known to it: volume"),
        ((*FEATURES, FEATURES[0]), "other features or another order"),
        ((), "missing: funding_rate, oi_delta_pct"),
    ],
)
def test_other_features_or_another_order_are_refused(features: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(BadDataError, match=sentence):
        load(features=features)


@pytest.mark.parametrize(
    ("libraries", "sentence"),
    [({"numpy": "0.1"}, "stored with numpy 0.1, here it is"), ({"no-such": "1"}, "here it is not installed")],
)
def test_another_version_of_a_library_is_refused(libraries: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadDataError, match=sentence):
        load(manifest=msgspec.structs.replace(MANIFEST, libraries=libraries))


def test_other_scores_than_the_stored_are_refused() -> None:
    with pytest.raises(BadDataError, match="example 1 scores"):
        load(small_artifact(intercept=0.26))
    for examples in ((), (Example((1.0,), 0.5),)):
        with pytest.raises(BadDataError, match="needs examples"):
            load(manifest=msgspec.structs.replace(MANIFEST, examples=examples))


def test_a_kind_that_nothing_reads_is_refused() -> None:
    with pytest.raises(BadDataError, match="nothing reads models of kind pickle"):
        load(kind="pickle")


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [1.0]}, {"features": []}, {"scales": [0.0, 1.0]}, {"intercept": "x"},
        {"weights": [1e999, 0.0]}, {"unknown": 1}, {"features": None},
    ],
)  # fmt: skip
def test_an_artifact_that_is_no_regression_is_refused(change: dict[str, object]) -> None:
    record = {**json.loads(ARTIFACT), **change}
    with pytest.raises(BadDataError):
        read_logistic(json.dumps(record).encode())


@pytest.mark.parametrize("artifact", [b"", b"\x80\x04.", b"\xff", b"[]", ARTIFACT[:-1]])
def test_bytes_that_are_no_artifact_are_refused(artifact: bytes) -> None:
    with pytest.raises(BadDataError, match="m@1 is refused: the artifact is no logistic regression"):
        load(artifact)


def test_a_manifest_is_the_same_after_a_round_trip_and_refuses_other_fields() -> None:
    record = json.loads(json.dumps(manifest_as_json(MANIFEST)))
    assert read_manifest(record) == MANIFEST
    for change in ({"extra": 1}, {"metrics_source": "in_sample"}, {"features": 3}):
        with pytest.raises(BadDataError, match="manifest cannot be read"):
            read_manifest({**record, **change})
