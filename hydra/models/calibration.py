"""Fits the map from a model's score to a probability, on rows that the model had not seen.

Source: docs/practice.md, "Calibration"; C68.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.registry.calibrators import Calibrator, Isotonic, Sigmoid, Temperature, log_odds
from hydra.training.splits.label_spans import LabelSpans

ENOUGH_FOR_ISOTONIC: Final = 1_000.0
"""Independent rows; with fewer, free steps follow chance."""

FEWEST_ROWS: Final = 100
FEWEST_INDEPENDENT: Final = 10.0
"""With fewer rows before it, a fold has no probability: it only serves to calibrate later ones."""

_ROUNDS: Final = 50
_CLOSE: Final = 1e-9
_RIDGE: Final = 1e-6
_TEMPERATURES: Final = np.geomspace(0.25, 8.0, 121)
_LEAST_PROBABILITY: Final = 1e-12

Fit = Callable[[Floats, Integers, Floats], Calibrator]
"""From scores, labels and uniqueness to the map."""


def calibrate_two_classes(scores: Floats, labels: Integers, uniqueness: Floats) -> Calibrator:
    """The map of a score 0..1: isotonic with 1,000 independent rows, else a sigmoid that does not fall."""
    if uniqueness.sum() >= ENOUGH_FOR_ISOTONIC:
        return _isotonic(scores, labels, uniqueness)
    return _sigmoid(scores, labels, uniqueness)


def calibrate_classes(scores: Floats, labels: Integers, uniqueness: Floats) -> Calibrator:
    """The temperature with the smallest log loss. scores: (n, classes)."""
    own = np.arange(len(labels)), labels
    losses = []
    for temperature in _TEMPERATURES:
        found = Temperature(float(temperature), len(labels)).apply(scores)[own]
        losses.append(float(-(uniqueness * np.log(np.maximum(found, _LEAST_PROBABILITY))).sum()))
    return Temperature(float(_TEMPERATURES[int(np.argmin(losses))]), len(labels))


def calibrated_forward(
    scores: Floats, labels: Integers, uniqueness: Floats, spans: LabelSpans, fold: Integers, fit: Fit
) -> Floats:
    """The probability of each row, by a map fitted on folds before its own; NaN where they are too few.

    fold: of each row, ascending with time. A row whose label reaches into a fold does not calibrate it.
    """
    found = np.full(scores.shape, np.nan)
    for number in np.unique(fold):
        own = fold == number
        before = (fold < number) & (spans.end < spans.start[own].min())
        enough = before.sum() >= FEWEST_ROWS and uniqueness[before].sum() >= FEWEST_INDEPENDENT
        if enough and len(np.unique(labels[before])) > 1:
            found[own] = fit(scores[before], labels[before], uniqueness[before]).apply(scores[own])
    return found


def _sigmoid(scores: Floats, labels: Integers, uniqueness: Floats) -> Sigmoid:
    """Platt's: both classes are believed to have one row more, so no probability is 0 or 1."""
    odds, won = log_odds(scores), labels == 1
    gained, lost = float(uniqueness[won].sum()), float(uniqueness[~won].sum())
    wanted = np.where(won, (gained + 1) / (gained + 2), 1 / (lost + 2))
    design = np.stack([odds, np.ones(len(odds))], axis=1)
    parameters = np.array([0.0, np.log((gained + 1) / (lost + 1))])
    for _ in range(_ROUNDS):
        now = 1 / (1 + np.exp(-np.clip(design @ parameters, -30, 30)))
        slope = design.T @ (uniqueness * (now - wanted))
        curve = (design * (uniqueness * now * (1 - now))[:, None]).T @ design + _RIDGE * np.eye(2)
        step = np.linalg.solve(curve, slope)
        parameters = parameters - step
        if np.abs(step).max() < _CLOSE:
            break
    if not np.isfinite(parameters).all() or parameters[0] < 0:
        # The scores say nothing here, or the opposite: a map that turned them round would follow chance.
        return Sigmoid(0.0, float(np.log((gained + 1) / (lost + 1))), len(scores))
    return Sigmoid(float(parameters[0]), float(parameters[1]), len(scores))


def _isotonic(scores: Floats, labels: Integers, uniqueness: Floats) -> Isotonic:
    """Pools neighbours until the shares rise.

    One row more wins at the lowest score and one more loses at the highest, so no probability is 0 or 1.
    """
    ends = np.array([scores.min(), scores.max()])
    names, group = np.unique(np.concatenate([ends, scores]), return_inverse=True)
    each = np.concatenate([np.ones(2), uniqueness])
    weights = np.bincount(group, each)
    shares = np.bincount(group, each * np.concatenate([np.array([1, 0]), labels])) / weights
    pools: list[tuple[float, float, int, int]] = []
    for place, (share, weight) in enumerate(zip(shares.tolist(), weights.tolist(), strict=True)):
        pool = (share, weight, place, place)
        while pools and pools[-1][0] >= pool[0]:
            before = pools.pop()
            total = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / total, total, before[2], pool[3])
        pools.append(pool)
    points: dict[float, float] = {}
    for share, _, first, last in pools:
        points[float(names[first])] = min(max(share, 0.0), 1.0)
        points[float(names[last])] = min(max(share, 0.0), 1.0)
    return Isotonic(tuple(points), tuple(points.values()), len(scores))
