"""Purging and embargo: which rows may train a model that is tested on a stretch of time.

Everything is wall time over all pairs together; a count of rows is no span of time.
Source: docs/practice.md, "Splitting"; C67; López de Prado 2018.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Flags, Integers
from hydra.durations import EPOCH, MICROSECOND
from hydra.errors import BadDataError

FEATURE_MEMORY: Final = timedelta(hours=24)
"""The longest memory of a feature that matters."""

_SHARE_OF_THE_SAMPLE: Final = 0.01


@dataclass(frozen=True)
class LabelSpans:
    """start, end: (rows,), of each label, microseconds since 1970 UTC; rows of all pairs, in any order."""

    start: Integers
    end: Integers

    @classmethod
    def of(cls, labels: pl.DataFrame) -> "LabelSpans":
        """The spans of a frame of labels.

        Raises:
            BadDataError: a row has no label.
        """
        if labels["label"].null_count():
            raise BadDataError("rows without a label can neither train nor test: leave them out before")
        start, end = (labels[name].to_physical().to_numpy() for name in ("label_start", "label_end"))
        return cls(start, end)

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Purge:
    """embargo: no row that begins within it after a test trains. feature_lag: how far before a test's first
    label the labels of training rows must have ended.
    """

    embargo: timedelta
    feature_lag: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Fold:
    """number: its place in time or among the combinations, from 0. train, test: row numbers, ascending."""

    number: int
    train: Integers
    test: Integers


def default_purge(spans: LabelSpans) -> Purge:
    """The purge with the embargo of the sample.

    Formula: embargo = max(1% of the sample's span, 24 hours)
    Source: docs/practice.md, "Splitting".
    """
    share = _SHARE_OF_THE_SAMPLE * int(spans.end.max() - spans.start.min()) * MICROSECOND
    return Purge(max(share, FEATURE_MEMORY))


def may_train(spans: LabelSpans, tests: Sequence[Integers], purge: Purge) -> Flags:
    """True for the rows that may train a model that is tested on the rows of `tests`, one block each.

    A block lasts from the first start to the last end of its labels, over all pairs.

    Formula: not (label_end >= test_start - feature_lag and label_start <= test_end + embargo)
    Source: docs/practice.md, "Splitting".
    """
    allowed = np.ones(len(spans), np.bool_)
    for rows in tests:
        allowed[rows] = False
        begin = spans.start[rows].min() - purge.feature_lag // MICROSECOND
        finish = spans.end[rows].max() + purge.embargo // MICROSECOND
        allowed &= (spans.end < begin) | (spans.start > finish)
    return allowed


def microseconds(time: datetime) -> int:
    """Since 1970 UTC."""
    return (time - EPOCH) // MICROSECOND
