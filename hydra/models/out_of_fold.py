"""Scores of rows by models that had not seen them: purged walk-forward with inner validation.

Each fold's training rows are split once more by time: the first part is fitted until the last part stops to
gain, then all of them are fitted with so many trees. So the model that is scored is made as the final one.
Source: C68; docs/practice.md, "Splitting".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.errors import StopError
from hydra.models.interface import FitSettings, FittedModel, Model, Sample
from hydra.training.splits.label_spans import Fold, LabelSpans
from hydra.training.splits.walk_forward import WalkForward, purged_walk_forward
from hydra.training.training_rows import TrainingRows
from hydra.training.uniqueness import sample_weights

VALIDATION_SHARE: Final = 0.2
"""The newest rows of a fold's training, which only decide how many trees there are."""

TREES_WITHOUT_VALIDATION: Final = 100
"""Where a fold has no rows for it."""

_FEWEST_VALIDATED: Final = 50
_TRAINED_FIRST: Final = 3
_TESTS: Final = 12


@dataclass(frozen=True, slots=True)
class FitProgress:
    """fold: of `folds`, from 1; 0: the final fit. loss: log loss after so many trees."""

    model: str
    fold: int
    folds: int
    trees: int
    loss: float


ShowProgress = Callable[[FitProgress], None]


@dataclass(frozen=True, slots=True)
class FittedFold:
    """trained, tested: rows; trees: how many the inner validation asked for; left_out: why it has none."""

    number: int
    trained: int
    tested: int
    trees: int
    left_out: str | None = None


@dataclass(frozen=True)
class OutOfFold:
    """rows: row numbers that were tested, fold by fold. scores: theirs, not calibrated. fold: of each row."""

    model: Model
    rows: Integers
    scores: Floats
    fold: Integers
    folds: Sequence[FittedFold]

    @property
    def median_trees(self) -> int:
        """Of the folds: the final fit has so many (C68)."""
        return max(1, round(median(one.trees for one in self.folds if one.left_out is None)))


def default_lengths(period: tuple[object, object]) -> WalkForward:
    """A third of the history is trained on before the first of eight tests; later folds train on all before.

    period: (from, before) as datetimes.
    """
    span: timedelta = period[1] - period[0]  # type: ignore[operator]  # datetimes
    return WalkForward(span / _TRAINED_FIRST, span / _TESTS, is_anchored=True)


def sample_of(rows: TrainingRows, matrix: Floats, numbers: Integers) -> Sample:
    """Some rows, weighted by how unique their labels are (mean 1)."""
    return Sample(matrix[numbers], rows.labels[numbers], sample_weights(rows.uniqueness[numbers]))


def inner_split(spans: LabelSpans, train: Integers) -> tuple[Integers, Integers]:
    """(fitted, validating) row numbers: the newest fifth validates, and no fitted label reaches into it."""
    border = np.quantile(spans.start[train], 1 - VALIDATION_SHARE, method="inverted_cdf")
    late = spans.start[train] >= border
    early = spans.end[train] < border
    return train[early], train[late]


def score_out_of_fold(
    model: Model, rows: TrainingRows, folds: Sequence[Fold], settings: FitSettings, show: ShowProgress
) -> OutOfFold:
    """The scores of every tested row. settings.trees is ignored.

    Raises:
        StopError: no fold could be fitted.
    """
    matrix, spans = rows.matrix, rows.spans
    fitted, numbers, scores = [], [], []
    for place, fold in enumerate(folds, start=1):
        if len(np.unique(rows.labels[fold.train])) < 2:  # noqa: PLR2004  # one class teaches nothing
            fitted.append(
                FittedFold(fold.number, len(fold.train), 0, 0, "its training rows are of one class")
            )
            continue

        def shown(trees: int, loss: float, place: int = place) -> None:
            show(FitProgress(model.title, place, len(folds), trees, loss))

        trees = trees_by_validation(model, rows, matrix, inner_split(spans, fold.train), settings, shown)
        fixed = FitSettings(settings.seed, settings.threads, trees)
        final = model.fit(sample_of(rows, matrix, fold.train), fixed)
        numbers.append(fold.test)
        scores.append(final.scores(matrix[fold.test]))
        fitted.append(FittedFold(fold.number, len(fold.train), len(fold.test), trees))
    if not scores:
        raise StopError(
            f"{model.title} could not be fitted in any of {len(folds)} folds: their training rows are of one "
            "class; take more history"
        )
    by_row = np.repeat([one.number for one in fitted if one.left_out is None], [len(one) for one in numbers])
    return OutOfFold(model, np.concatenate(numbers), np.concatenate(scores), by_row.astype(np.int64), fitted)


def trees_by_validation(
    model: Model,
    rows: TrainingRows,
    matrix: Floats,
    parts: tuple[Integers, Integers],
    settings: FitSettings,
    show: Callable[[int, float], None],
) -> int:
    """How many trees the validating part asks for."""
    fitted, validating = parts
    classes = (len(np.unique(rows.labels[part])) for part in (fitted, validating))
    if min(classes, default=0) < 2 or len(validating) < _FEWEST_VALIDATED:  # noqa: PLR2004  # see above
        return TREES_WITHOUT_VALIDATION
    inner, validation = (sample_of(rows, matrix, part) for part in parts)
    return model.fit(inner, FitSettings(settings.seed, settings.threads), validation, show).trees


def final_fit(model: Model, rows: TrainingRows, trees: int, settings: FitSettings) -> FittedModel:
    """All rows, with a given number of trees."""
    everything = np.arange(len(rows))
    fixed = FitSettings(settings.seed, settings.threads, trees)
    return model.fit(sample_of(rows, rows.matrix, everything), fixed)


def walk_forward_folds(rows: TrainingRows, lengths: WalkForward | None = None) -> list[Fold]:
    """The folds of the rows' period, in the order of time.

    Raises:
        StopError: the period is too short for one.
    """
    return list(purged_walk_forward(rows.spans, lengths or default_lengths(rows.period), rows.period))
