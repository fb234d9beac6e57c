"""Overlapping labels: how unique each is, the weight of its row, the effective sample size.

Labels of one pair that are alive at the same time share their information. Time is wall time; an instant
belongs to a label from just after label_start up to label_end. Labels of different pairs count as unrelated,
which they are not quite: the effective sample size of many pairs is an upper bound.
Source: docs/practice.md, "Overlapping labels"; C67; López de Prado 2018.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from hydra.arrays import Floats, Integers
from hydra.bounds import Fraction
from hydra.errors import BadDataError


def average_uniqueness(start: Integers, end: Integers) -> Floats:
    """The uniqueness of each label of one pair, 0 (exclusive) to 1. start, end: of the labels, any time unit.

    Formula: mean over the label's life of 1 / (number of labels alive)
    Source: docs/practice.md, "Overlapping labels"; López de Prado 2018.

    Raises:
        BadDataError: a label ends before it begins, or at once.
    """
    if (end <= start).any():
        raise BadDataError("a label ends at its start or before: every label needs a span of time")
    instants = np.unique(np.concatenate([start, end]))
    begins, finishes = np.searchsorted(instants, start), np.searchsorted(instants, end)
    changes = np.bincount(begins, minlength=len(instants)) - np.bincount(finishes, minlength=len(instants))
    alive = np.cumsum(changes)[:-1]
    # Where no label is alive, none spans that time either.
    shares = np.diff(instants) / np.maximum(alive, 1)
    until = np.concatenate([[0.0], np.cumsum(shares)])
    uniqueness: Floats = (until[finishes] - until[begins]) / (end - start)
    return uniqueness


def with_uniqueness(labels: pl.DataFrame, by: Sequence[str] = ("instrument_id",)) -> pl.DataFrame:
    """`labels` with a column uniqueness, null where there is no label.

    by: labels of one group overlap. Where a decision has a row for each side and each side has its own
    model: instrument_id and side.
    """
    labelled = labels.with_row_index("_row").filter(pl.col("label").is_not_null())
    found = np.full(labels.height, np.nan)
    for group in labelled.partition_by(by):
        start, end = (group[name].to_physical().to_numpy() for name in ("label_start", "label_end"))
        found[group["_row"].to_numpy()] = average_uniqueness(start, end)
    return labels.with_columns(pl.Series("uniqueness", found).fill_nan(None))


def effective_sample_size(uniqueness: pl.Series) -> float:
    """How many independent labels the labels are worth.

    Formula: sum of uniqueness
    Source: docs/practice.md, "Overlapping labels".
    """
    return float(uniqueness.sum())


def sample_weights(
    uniqueness: Floats,
    returns: Floats | None = None,
    *,
    start: Integers | None = None,
    oldest: Fraction = 1.0,
) -> Floats:
    """The weight of each row, with mean 1.

    returns: net results in any unit; a row weighs by their size. None: by uniqueness alone. start: of the
    labels, for a time decay: the oldest row keeps the share `oldest` of its weight, the newest all of it, and
    between them the share grows with the uniqueness that has passed.

    Formula: uniqueness x abs(net return) x time decay, divided by their mean
    Source: docs/practice.md, "Overlapping labels"; López de Prado 2018.
    """
    weights = uniqueness if returns is None else uniqueness * np.abs(returns)
    if start is not None:
        weights = weights * _decay(uniqueness, start, oldest)
    scaled: Floats = weights / weights.mean()
    return scaled


def _decay(uniqueness: Floats, start: Integers, oldest: float) -> Floats:
    """1 for the newest row, `oldest` for the oldest, linear in the cumulated uniqueness between them."""
    order = np.argsort(start, kind="stable")
    passed = np.cumsum(uniqueness[order])
    share = (passed - passed[0]) / max(passed[-1] - passed[0], np.finfo(np.float64).tiny)
    decay = np.empty(len(order))
    decay[order] = oldest + (1 - oldest) * share
    return decay
