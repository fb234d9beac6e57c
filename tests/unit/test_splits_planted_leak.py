"""A feature that knows the label only through overlapping labels: purging takes all that it knows.

Every half hour has a label: the sign of the price change over the next four hours of a random walk,
so nothing can be known before. The feature is the clock: the training row nearest in time has a label that
shares most of its four hours with the one asked for.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.durations import MINUTE_US
from hydra.training.splits.blocks import purged_kfold
from hydra.training.splits.label_spans import Fold, LabelSpans, Purge, may_train, microseconds

STEP, HORIZON, ROWS, BLOCKS = 30, 240, 8_000, 800
START = datetime(2025, 1, 1, tzinfo=UTC)
NO_EMBARGO = Purge(timedelta(0))
OWN = np.arange(ROWS)
"""The rows of the pair that is tested."""


def labelled(pairs: int) -> tuple[LabelSpans, Floats]:
    """The labels of pairs that all follow one random walk, pair after pair."""
    moves = np.random.default_rng(7).normal(size=ROWS + HORIZON // STEP)
    walk = np.cumsum(moves)
    label = (walk[HORIZON // STEP :] > walk[: -(HORIZON // STEP)]).astype(np.float64)
    start = np.tile(microseconds(START) + OWN * STEP * MINUTE_US, pairs)
    return LabelSpans(start, start + HORIZON * MINUTE_US), np.tile(label, pairs)


def nearest(spans: LabelSpans, train: Integers, test: Integers) -> Integers:
    """For each test row the training row nearest in time."""
    order = train[np.argsort(spans.start[train], kind="stable")]
    times = spans.start[order]
    after = np.minimum(np.searchsorted(times, spans.start[test]), len(order) - 1)
    before = np.maximum(after - 1, 0)
    is_before = spans.start[test] - times[before] < np.abs(times[after] - spans.start[test])
    return order[np.where(is_before, before, after)]


def accuracy(spans: LabelSpans, label: Floats, train: Callable[[Fold], Integers]) -> float:
    """Of the nearest neighbour among the rows `train`, tested on the first pair."""
    hits = []
    for fold in purged_kfold(spans, BLOCKS, NO_EMBARGO):
        test = fold.test[fold.test < ROWS]
        hits.append(label[nearest(spans, train(fold), test)] == label[test])
    return float(np.concatenate(hits).mean())


def knows_nothing(share: float) -> bool:
    """About 1,000 independent labels: three standard errors are 4.7 points."""
    return abs(share - 0.5) < 0.05


def test_without_purging_the_clock_knows_the_label_and_with_it_nothing() -> None:
    spans, label = labelled(pairs=1)
    assert accuracy(spans, label, lambda fold: np.setdiff1d(OWN, fold.test)) > 0.7
    assert knows_nothing(accuracy(spans, label, lambda fold: fold.train))


def test_a_pair_that_moves_with_another_is_purged_with_it() -> None:
    """Purging pair by pair keeps the other pair's label of the same minute, which is the answer."""
    spans, label = labelled(pairs=2)

    def pair_by_pair(fold: Fold) -> Integers:
        own = may_train(spans, [fold.test[fold.test < ROWS]], NO_EMBARGO)[:ROWS]
        return np.concatenate([np.flatnonzero(own), OWN + ROWS])

    assert accuracy(spans, label, pair_by_pair) == 1.0
    assert knows_nothing(accuracy(spans, label, lambda fold: fold.train))
