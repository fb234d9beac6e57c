"""What every model can do: fit, then score, explain and store what was fitted.

Loading is the registry's: `READERS` has a reader for each `kind`. Models know rows and columns; time,
splits and calibration are the trainer's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from hydra.arrays import Floats, Integers

ShowLoss = Callable[[int, float], None]
"""Called now and then while a model is fitted: with the number of trees so far, and the log loss."""


@dataclass(frozen=True)
class Sample:
    """matrix: (rows, features), NaN where unknown. labels: (rows,), classes from 0. weights: (rows,)."""

    matrix: Floats
    labels: Integers
    weights: Floats

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class FitSettings:
    """seed: of every random choice. threads: of the fit; artifacts differ by it, so a manifest has it.

    trees: exactly so many; None: as many as the validation asks for.
    """

    seed: int
    threads: int
    trees: int | None = None


class FittedModel(Protocol):
    @property
    def trees(self) -> int:
        """How many trees score."""

    def scores(self, matrix: Floats) -> Floats:
        """(n,): of two classes the score of the second, 0..1; of more: (n, classes), adding up to 1.

        They are not calibrated.
        """

    def contributions(self, matrix: Floats) -> Floats:
        """(n, features): how much each feature moved a row's log odds; of more classes the mean size."""

    def native(self) -> bytes:
        """As the model's library stores it; the same for the same rows, seed and threads.

        Raises:
            StopError: there is no format of its own without code in it.
        """


class Model(Protocol):
    @property
    def title(self) -> str:
        """Its name in reports, e.g. CatBoost."""

    @property
    def kind(self) -> str | None:
        """The format of its artifact; None: it is judged only, as a challenger."""

    @property
    def classes(self) -> int:
        """How many classes its label has."""

    @property
    def libraries(self) -> Mapping[str, str]:
        """The version of each library that computes its scores."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """What distinguishes it from other models of the same study."""

    def fit(
        self,
        sample: Sample,
        settings: FitSettings,
        validation: Sample | None = None,
        show: ShowLoss = lambda _trees, _loss: None,
    ) -> FittedModel:
        """Fit on `sample`. validation: rows that no label of `sample` touches; the trees end where they
        stop to help there.
        """
