"""From the score of a model to a probability: small maps that stand in its artifact as numbers.

They are fitted on scores of rows that the scored model had not seen (`hydra/models/calibration.py`).
Source: docs/practice.md, "Calibration".
"""

from typing import Final, TypeAlias

import msgspec
import numpy as np

from hydra.arrays import Floats
from hydra.errors import BadDataError

_SURE: Final = 1e-6
"""A score is kept this far from 0 and 1 where its logarithm is taken."""


class Sigmoid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="sigmoid"):
    """Of a score 0..1 (n,); rows: how many it was fitted on."""

    slope: float
    intercept: float
    rows: int

    def apply(self, scores: Floats) -> Floats:
        """The probability of each score.

        Formula: 1 / (1 + exp(-(slope x log odds of the score + intercept)))
        Source: docs/practice.md, "Calibration".
        """
        found: Floats = 1.0 / (
            1.0 + np.exp(-np.clip(self.slope * log_odds(scores) + self.intercept, -700, 700))
        )
        return found


class Isotonic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="isotonic"):
    """Of a score 0..1 (n,): straight lines between points that rise; rows: how many it was fitted on."""

    scores: tuple[float, ...]
    shares: tuple[float, ...]
    rows: int

    def apply(self, scores: Floats) -> Floats:
        """The probability of each score: on the lines, beyond them that of the nearest point."""
        found: Floats = np.interp(scores, self.scores, self.shares)
        return found


class Temperature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="temperature"):
    """Of the probabilities of classes (n, classes); rows: how many it was fitted on."""

    temperature: float
    rows: int

    def apply(self, scores: Floats) -> Floats:
        """The probabilities of the classes, which add up to 1.

        Formula: p^(1/T) / sum of p^(1/T)
        """
        scaled = np.log(np.clip(scores, _SURE, 1.0)) / self.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        found: Floats = powers / powers.sum(axis=1, keepdims=True)
        return found


Calibrator: TypeAlias = Sigmoid | Isotonic | Temperature


def log_odds(scores: Floats) -> Floats:
    """ln(p / (1 - p)) of scores 0..1, finite at both ends."""
    kept = np.clip(scores, _SURE, 1 - _SURE)
    odds: Floats = np.log(kept) - np.log1p(-kept)
    return odds


def check_calibrator(calibrator: Calibrator, classes: int) -> None:
    """Refuse a map that gives no probabilities for so many classes.

    Raises:
        BadDataError: a number is not finite, the points do not rise, or it is for another number of classes.
    """
    if isinstance(calibrator, Temperature) != (classes > 2):  # noqa: PLR2004  # two classes have one score
        raise BadDataError(f"the calibration of the artifact is not for {classes} classes: train it again")
    if isinstance(calibrator, Isotonic):
        scores, shares = np.array(calibrator.scores), np.array(calibrator.shares)
        if len(scores) != len(shares) or not len(scores):
            raise BadDataError("the calibration of the artifact has no share for each score: train it again")
        values = np.concatenate([scores, shares])
        rises = (np.diff(scores) > 0).all() and (np.diff(shares) >= 0).all()
        is_good = bool(rises and ((values >= 0) & (values <= 1)).all())
    elif isinstance(calibrator, Temperature):
        is_good = bool(np.isfinite(calibrator.temperature) and calibrator.temperature > 0)
    else:
        is_good = bool(np.isfinite([calibrator.slope, calibrator.intercept]).all())
    if not is_good:
        raise BadDataError("the calibration of the artifact gives no probabilities: train it again")
