"""A model in the scorer's place: the matrix that it reads, from the columns of signals and stored features.

Source: docs/architecture.md, law 2; C06, C110 (the vector used is stored).
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Floats
from hydra.errors import BadDataError
from hydra.features.catalogue import CATALOGUE
from hydra.features.vectors import SIGNAL_SCORER_FEATURES_V1
from hydra.trading.assessment_rows import STORED_FEATURES

OF_A_FIRING: Final = tuple(name for name in SIGNAL_SCORER_FEATURES_V1 if name not in STORED_FEATURES)
"""The features that tell of the signal itself and of layer 2's verdict on its pair."""

_CONTEXT: Final = (
    pl.col("side").cast(pl.String()),
    pl.col("confidence"),
    pl.col("source").cast(pl.String()),
    pl.col("expected_return").alias("signal_expected_return"),
    pl.col("expected_adverse_excursion").alias("signal_adverse_excursion"),
    pl.col("regime").cast(pl.Int64()),
    pl.col("volatility_regime").cast(pl.Int64()),
)
"""The columns of a signal under the names that the catalogue's expressions read."""


class ModelScorer:
    """A `Scorer` (hydra/layers/scorer.py) that asks a model for the probability of each signal."""

    def __init__(
        self, title: str, features: Sequence[str], probabilities: Callable[[Floats], Floats]
    ) -> None:
        """title: name@version. features: the columns of the matrix, in their order.

        probabilities: of a matrix (n, features), C order, an unknown value is nan; gives (n,).

        Raises:
            BadDataError: no run stores one of the features.
        """
        unknown = [name for name in features if name not in OF_A_FIRING and name not in STORED_FEATURES]
        if unknown:
            raise BadDataError(
                f"{title} is refused: runs do not store what it reads ({', '.join(unknown)}): "
                "train on features that hydra.features holds"
            )
        self._title = title
        self._features = tuple(features)
        self._probabilities = probabilities
        self._needs = tuple(dict.fromkeys(name for name in features if name in STORED_FEATURES))
        own = [CATALOGUE[name].expression.alias(name) for name in OF_A_FIRING if name in self._features]
        self._of_a_firing = own

    @property
    def kind(self) -> str:
        """See `Scorer`."""
        return self._title

    @property
    def needs(self) -> tuple[str, ...]:
        """See `Scorer`."""
        return self._needs

    def matrix(self, frame: pl.DataFrame) -> Floats:
        """What the model reads of each row of `frame` (see `score`): (n, features), unknown values nan."""
        own = frame.select(_CONTEXT).with_columns(self._of_a_firing)
        columns = own.with_columns(frame.select(self._needs).get_columns())
        known = columns.select(self._features).cast(pl.Float64()).fill_null(np.nan)
        # In C order whatever the number of rows is: sums over a row do not depend on its neighbours.
        matrix: Floats = np.array(known.to_numpy(), dtype=np.float64, order="C")
        # The table stores no infinities: a minute scored from it must find the same.
        matrix[~np.isfinite(matrix)] = np.nan
        return matrix

    def score(self, frame: pl.DataFrame) -> pl.Series:
        """See `Scorer`. What is no probability, by the model's fault, is null."""
        if frame.is_empty():
            return pl.Series("score", [], pl.Float64())
        found = np.asarray(self._probabilities(self.matrix(frame)), dtype=np.float64)
        with np.errstate(invalid="ignore"):
            is_sound = (found >= 0) & (found <= 1)
        return pl.Series("score", np.where(is_sound, found, np.nan)).fill_nan(None)
