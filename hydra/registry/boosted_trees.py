"""Boosted trees as an artifact: the library's own format beside features and calibration, nothing that runs.

The library is loaded when the first artifact of its kind is read: it takes a second, and only models need it.
Source: docs/architecture.md, law 8; docs/practice.md, "Calibration".
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from hydra.arrays import Floats
from hydra.errors import BadDataError
from hydra.registry.calibrators import Calibrator, check_calibrator

CATBOOST: Final = "catboost"
XGBOOST: Final = "xgboost"
_TWO: Final = 2

Predict = Callable[[Floats], Floats]
"""From (n, features) to the scores of the trees: (n,) of two classes, else (n, classes)."""


class _Artifact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """native: the model as its library stores it. classes: 2 are one score, that of the second."""

    features: tuple[str, ...]
    classes: int
    calibrator: Calibrator
    native_sha256: str
    native: bytes


class TreeScorer:
    """A `ServedScorer`: the trees, then the calibration that was fitted on rows that they had not seen."""

    def __init__(self, artifact: _Artifact, predict: Predict) -> None:
        self._artifact = artifact
        self._predict = predict

    @property
    def features(self) -> tuple[str, ...]:
        """See `ServedScorer`."""
        return self._artifact.features

    @property
    def calibrator(self) -> Calibrator:
        """From the score of the trees to a probability."""
        return self._artifact.calibrator

    def probabilities(self, matrix: Floats) -> Floats:
        """See `ServedScorer`. Of more than two classes: the probability of the likeliest one."""
        found = self._calibrated(matrix)
        likeliest: Floats = found if found.ndim == 1 else found.max(axis=1)
        return likeliest

    def class_probabilities(self, matrix: Floats) -> Floats:
        """(n, classes): the probability of each class; they add up to 1."""
        found = self._calibrated(matrix)
        return np.stack([1 - found, found], axis=1) if found.ndim == 1 else found

    def _calibrated(self, matrix: Floats) -> Floats:
        if not len(matrix):
            return np.empty(0) if self._artifact.classes == _TWO else np.empty((0, self._artifact.classes))
        return np.clip(self._artifact.calibrator.apply(self._predict(matrix)), 0.0, 1.0)


def write_trees(features: tuple[str, ...], classes: int, calibrator: Calibrator, native: bytes) -> bytes:
    """The artifact of fitted trees; native: as `save` of their library gives them."""
    check_calibrator(calibrator, classes)
    digest = hashlib.sha256(native).hexdigest()
    return msgspec.msgpack.encode(_Artifact(features, classes, calibrator, digest, native))


def read_catboost(artifact: bytes) -> TreeScorer:
    """The scorer of a CatBoost artifact.

    Raises:
        BadDataError: it is not one of `write_trees`, or CatBoost does not read it.
    """
    return _read(artifact, CATBOOST, catboost_predictor)


def read_xgboost(artifact: bytes) -> TreeScorer:
    """The scorer of an XGBoost artifact.

    Raises:
        BadDataError: it is not one of `write_trees`, or XGBoost does not read it.
    """
    return _read(artifact, XGBOOST, xgboost_predictor)


def _read(artifact: bytes, kind: str, predictor: Callable[[bytes, int], tuple[Predict, int]]) -> TreeScorer:
    try:
        found = msgspec.msgpack.decode(artifact, type=_Artifact)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadDataError(f"the artifact holds no boosted trees ({error}): train it again") from None
    # The libraries' own parsers trust what they read: nothing damaged reaches them.
    if hashlib.sha256(found.native).hexdigest() != found.native_sha256:
        raise BadDataError("the trees of the artifact are damaged: train it again")
    check_calibrator(found.calibrator, found.classes)
    try:
        predict, width = predictor(found.native, found.classes)
    except ImportError as error:
        raise BadDataError(
            f"{kind} is not installed here ({error}): install the extra models, scripts/setup.sh models"
        ) from None
    if width != len(found.features) or len(set(found.features)) != width or not width:
        raise BadDataError(f"the trees of the artifact have {width} columns, it names {len(found.features)}")
    return TreeScorer(found, predict)


def catboost_predictor(native: bytes, classes: int) -> tuple[Predict, int]:
    """The scores of trees that CatBoost stored, and the number of their columns.

    Raises:
        BadDataError: CatBoost does not read them.
        ImportError: CatBoost is not installed.
    """
    from catboost import CatBoost, CatBoostError  # noqa: PLC0415  # see above

    model: Any = CatBoost()
    try:
        model.load_model(blob=native)
    except CatBoostError as error:
        raise BadDataError(f"CatBoost does not read the trees of the artifact ({error})") from None

    def predict(matrix: Floats) -> Floats:
        # One thread: eight rows are scored faster than threads are woken.
        found: Floats = model.predict(matrix, prediction_type="Probability", thread_count=1)
        return found[:, 1] if classes == _TWO else found

    return predict, len(model.feature_names_)


def xgboost_predictor(native: bytes, classes: int) -> tuple[Predict, int]:
    """The scores of trees that XGBoost stored, and the number of their columns.

    Raises:
        BadDataError: XGBoost does not read them.
        ImportError: XGBoost is not installed.
    """
    import xgboost  # noqa: PLC0415  # see above

    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(native))
    except xgboost.core.XGBoostError as error:
        raise BadDataError(f"XGBoost does not read the trees of the artifact ({error})") from None

    def predict(matrix: Floats) -> Floats:
        found: Floats = booster.inplace_predict(matrix, validate_features=False).astype(np.float64)
        return found if classes == _TWO else found / found.sum(axis=1, keepdims=True)

    return predict, booster.num_features()


READ_TREES: Final[Mapping[str, Callable[[bytes], TreeScorer]]] = {
    CATBOOST: read_catboost,
    XGBOOST: read_xgboost,
}
"""The reader of each kind."""
