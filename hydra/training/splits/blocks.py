"""Purged k-fold and combinatorial purged cross-validation (CPCV): tests on blocks of time.

CPCV gives a distribution of results beside the one of the walk-forward: with N blocks of which k are tested
at once there are C(N, k) folds, and their tests make C(N, k) k / N paths through all rows.
Source: docs/practice.md, "Splitting"; López de Prado 2018.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.errors import StopError
from hydra.training.splits.label_spans import Fold, LabelSpans, Purge, default_purge, may_train


def time_blocks(spans: LabelSpans, blocks: int) -> list[Integers]:
    """Row numbers of blocks that follow each other in time, with about equally many rows.

    A row belongs to the block in which its label starts; rows that start together are in one block.

    Raises:
        StopError: there are fewer distinct starts than blocks, or too many rows start together.
    """
    times = np.sort(spans.start)
    sizes = [len(part) for part in np.array_split(times, blocks)]
    borders = times[np.minimum(np.cumsum(sizes)[:-1], len(times) - 1)]
    block = np.searchsorted(borders, spans.start, "right")
    parts = [np.flatnonzero(block == number) for number in range(blocks)]
    if not all(len(part) for part in parts):
        raise StopError(
            f"{len(times)} labels begin at too few instants for {blocks} blocks of time: "
            "take fewer blocks, or more history"
        )
    return parts


def purged_kfold(spans: LabelSpans, blocks: int, purge: Purge | None = None) -> Iterator[Fold]:
    """A fold for each block, which it tests; every row is tested once.

    Raises:
        StopError: see `time_blocks`, or nothing is left to train on.
    """
    return cpcv(spans, blocks, 1, purge)


def cpcv(spans: LabelSpans, blocks: int, tested: int, purge: Purge | None = None) -> Iterator[Fold]:
    """A fold for each choice of `tested` of the `blocks`; every row is tested in `path_count` of them.

    Raises:
        StopError: see `time_blocks`, or nothing is left to train on.
    """
    own, parts = purge or default_purge(spans), time_blocks(spans, blocks)
    for number, chosen in enumerate(combinations(range(blocks), tested)):
        tests = [parts[block] for block in chosen]
        allowed = may_train(spans, tests, own)
        test = np.sort(np.concatenate(tests))
        if not allowed.any():
            raise StopError(
                f"fold {number} has no row left to train on: labels and embargo ({own.embargo}) are too long "
                f"for {blocks} blocks; take fewer blocks, or more history"
            )
        yield Fold(number, np.flatnonzero(allowed), test)


def path_count(blocks: int, tested: int) -> int:
    """How many paths the tests of `cpcv` make.

    Formula: C(N, k) k / N
    Source: docs/practice.md, "Splitting"; López de Prado 2018.
    """
    return math.comb(blocks, tested) * tested // blocks


def cpcv_paths(blocks: int, tested: int) -> Integers:
    """(paths, blocks): the number of the fold that tests each block on each path; each is used once."""
    chosen = list(combinations(range(blocks), tested))
    testing = [[number for number, one in enumerate(chosen) if block in one] for block in range(blocks)]
    return np.array(testing, np.int64).T


def along_paths(spans: LabelSpans, blocks: int, tested: int, values: Sequence[Floats]) -> Floats:
    """(paths, rows): what the folds of `cpcv` said of every row, path by path.

    values: by fold, of its test rows in their order, as predictions are.
    """
    paths, parts = cpcv_paths(blocks, tested), time_blocks(spans, blocks)
    found = np.full((len(paths), len(spans)), np.nan)
    for number, chosen in enumerate(combinations(range(blocks), tested)):
        by_row = np.full(len(spans), np.nan)
        by_row[np.sort(np.concatenate([parts[block] for block in chosen]))] = values[number]
        for path, block in zip(*np.nonzero(paths == number), strict=True):
            found[path, parts[block]] = by_row[parts[block]]
    return found
