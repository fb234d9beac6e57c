"""A logistic regression as an artifact: JSON of its numbers, nothing that runs.

An unknown value counts as the mean of its feature.
"""

from typing import Final

import msgspec
import numpy as np

from hydra.arrays import Floats
from hydra.errors import BadDataError

KIND: Final = "logistic"


class _Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float


class LogisticScorer:
    """A `ServedScorer`: the intercept and the weighted, standardised features through a logistic function."""

    def __init__(self, numbers: _Numbers) -> None:
        self._numbers = numbers
        self._means, self._scales, self._weights = (
            np.array(values, dtype=np.float64) for values in (numbers.means, numbers.scales, numbers.weights)
        )

    @property
    def features(self) -> tuple[str, ...]:
        """See `ServedScorer`."""
        return self._numbers.features

    def probabilities(self, matrix: Floats) -> Floats:
        """See `ServedScorer`.

        Formula: 1 / (1 + exp(-(intercept + sum(weight x (value - mean) / scale))))
        """
        # In C order each row is summed by itself: the last bit depends neither on how many rows there are nor
        # on how the caller lays them out.
        rows = np.ascontiguousarray(matrix)
        standard = np.nan_to_num((rows - self._means) / self._scales, nan=0.0)
        total = self._numbers.intercept + (standard * self._weights).sum(axis=1)
        scores: Floats = 1.0 / (1.0 + np.exp(-np.clip(total, -700.0, 700.0)))
        return scores


def write_logistic(
    features: tuple[str, ...], means: Floats, scales: Floats, weights: Floats, intercept: float
) -> bytes:
    """The artifact of a fitted regression; all arrays (features,)."""
    numbers = _Numbers(
        features, tuple(means.tolist()), tuple(scales.tolist()), tuple(weights.tolist()), intercept
    )
    return msgspec.json.encode(numbers)


def read_logistic(artifact: bytes) -> LogisticScorer:
    """The scorer of an artifact.

    Raises:
        BadDataError: it is not one of `write_logistic`.
    """
    try:
        numbers = msgspec.json.decode(artifact, type=_Numbers)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadDataError(f"the artifact is no logistic regression ({error}): train it again") from None
    sizes = {len(numbers.features), len(numbers.means), len(numbers.scales), len(numbers.weights)}
    if len(sizes) != 1 or 0 in sizes:
        raise BadDataError("the artifact has not one mean, scale and weight for each feature: train it again")
    values = np.array([*numbers.means, *numbers.scales, *numbers.weights, numbers.intercept])
    if not np.isfinite(values).all() or min(numbers.scales) <= 0:
        raise BadDataError("the artifact has a number that is not finite, or a scale that is not positive")
    return LogisticScorer(numbers)
