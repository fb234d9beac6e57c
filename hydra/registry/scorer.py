"""What a model that is served can do."""

from typing import Protocol

from hydra.arrays import Floats


class ServedScorer(Protocol):
    @property
    def features(self) -> tuple[str, ...]:
        """The columns of the matrix, in their order."""

    def probabilities(self, matrix: Floats) -> Floats:
        """The probability of each row, 0..1 (n,). matrix: (n, features), float64; an unknown value is nan."""
