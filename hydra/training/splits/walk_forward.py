"""Purged walk-forward: train on a stretch, test on the next, move on. Its result is the headline figure.

Source: docs/practice.md, "Splitting"; C80, C81.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from hydra.durations import DAY, MICROSECOND
from hydra.errors import StopError
from hydra.training.splits.label_spans import Fold, LabelSpans, Purge, default_purge, may_train, microseconds


@dataclass(frozen=True, slots=True)
class WalkForward:
    """The lengths of the stretches; `test` is also the step. is_anchored: train on everything before."""

    train: timedelta
    test: timedelta
    is_anchored: bool = False


EDGE_MODELS: Final = WalkForward(20 * DAY, 5 * DAY)
DEEP_MODELS: Final = WalkForward(252 * DAY, 30 * DAY)


def purged_walk_forward(
    spans: LabelSpans, lengths: WalkForward, period: tuple[datetime, datetime], purge: Purge | None = None
) -> Iterator[Fold]:
    """The folds whose training and test stretches lie in `period` (from, before), in the order of time.

    A row belongs to the stretch in which its label starts. Every row from the first test stretch to the end
    of the last full one is tested once. A fold without rows to train on or to test is left out; its number
    is missing then.

    Raises:
        StopError: the period is too short for one fold.
    """
    own = purge or default_purge(spans)
    first, end = (microseconds(time) for time in period)
    train_us, test_us = lengths.train // MICROSECOND, lengths.test // MICROSECOND
    folds = (end - first - train_us) // test_us
    if folds < 1:
        needed = lengths.train + lengths.test
        raise StopError(
            f"{period[0]:%Y-%m-%d} to {period[1]:%Y-%m-%d} is too short to train on {lengths.train / DAY:g} "
            f"and test on {lengths.test / DAY:g} days: it takes {needed / DAY:g} days, so import more history"
        )
    for number in range(folds):
        test_start = first + train_us + number * test_us
        train_start = first if lengths.is_anchored else test_start - train_us
        test = np.flatnonzero((spans.start >= test_start) & (spans.start < test_start + test_us))
        if len(test):
            before = (spans.start >= train_start) & (spans.start < test_start)
            train = np.flatnonzero(before & may_train(spans, [test], own))
            if len(train):
                yield Fold(number, train, test)
