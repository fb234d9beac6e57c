"""A random forest as challenger of the regime classifier. It is judged, never stored: its format is code.

Source: ML document, Regime Classifier; C69.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import numpy as np

from hydra.arrays import Floats
from hydra.errors import StopError
from hydra.models.interface import FitSettings, Sample, ShowLoss

_FEWEST_ROWS: Final = 0.01


@dataclass(frozen=True, slots=True)
class ForestParameters:
    """As printed."""

    trees: int = 200
    depth: int = 10
    min_samples_leaf: int = 50


@dataclass(frozen=True)
class RandomForest:
    """A `Model` of so many classes. drawn: the share of rows of a tree; the mean uniqueness (C69)."""

    classes: int
    drawn: float = 1.0
    own: ForestParameters = ForestParameters()

    @property
    def title(self) -> str:
        """See `Model`."""
        return "random forest"

    @property
    def kind(self) -> None:
        """See `Model`."""
        return

    @property
    def libraries(self) -> Mapping[str, str]:
        """See `Model`. Nothing of it is stored."""
        return {}

    @property
    def parameters(self) -> Mapping[str, str]:
        """See `Model`."""
        return {"model": "random_forest", "trees": str(self.own.trees), "depth": str(self.own.depth)}

    def fit(
        self,
        sample: Sample,
        settings: FitSettings,
        validation: Sample | None = None,  # noqa: ARG002  # its number of trees is given
        show: ShowLoss = lambda _trees, _loss: None,  # noqa: ARG002
    ) -> "FittedForest":
        """See `Model`."""
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415  # it takes a second

        forest = RandomForestClassifier(
            n_estimators=self.own.trees,
            max_depth=self.own.depth,
            min_samples_leaf=self.own.min_samples_leaf,
            max_samples=min(1.0, max(_FEWEST_ROWS, self.drawn)),
            class_weight="balanced",
            random_state=settings.seed,
            n_jobs=settings.threads,
        )
        forest.fit(sample.matrix, sample.labels, sample_weight=sample.weights)
        return FittedForest(forest, self.classes)


class FittedForest:
    """A `FittedModel`."""

    def __init__(self, forest: Any, classes: int) -> None:
        self._forest = forest
        self._classes = classes

    @property
    def trees(self) -> int:
        """See `FittedModel`."""
        return len(self._forest.estimators_)

    def scores(self, matrix: Floats) -> Floats:
        """See `FittedModel`. A class without rows has the probability 0."""
        found = np.zeros((len(matrix), self._classes))
        found[:, self._forest.classes_] = self._forest.predict_proba(matrix)
        return found

    def contributions(self, matrix: Floats) -> Floats:
        """See `FittedModel`. A forest has no contributions a row: its importances, the same for each."""
        importances: Floats = np.tile(self._forest.feature_importances_, (len(matrix), 1))
        return importances

    def native(self) -> NoReturn:
        """See `FittedModel`."""
        raise StopError("a random forest has no format without code in it: it is judged, never stored")
