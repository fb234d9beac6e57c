"""Refuses to train on a feature that alone knows the label: nothing that was known before does.

Source: docs/practice.md, "Labels"; docs/architecture.md, law 3.
"""

from typing import Final

import numpy as np

from hydra.arrays import Floats
from hydra.errors import StopError
from hydra.registry.comparison import auc
from hydra.training.training_rows import TrainingRows

MOST_SINGLE_AUC: Final = 0.95
"""Real features have 0.45 to 0.6 alone."""

_FEWEST_ROWS: Final = 200
_FEWEST_INDEPENDENT: Final = 30.0


def refuse_leaks(rows: TrainingRows) -> None:
    """Refuse rows of which one feature alone tells a class from the others, known or unknown values alike.

    Fewer than 200 rows, or 30 independent ones, may agree by chance.

    Raises:
        StopError: names the features.
    """
    if len(rows) < _FEWEST_ROWS or rows.effective_size < _FEWEST_INDEPENDENT:
        return
    matrix = rows.matrix
    found = [name for place, name in enumerate(rows.features) if _tells(matrix[:, place], rows)]
    if found:
        raise StopError(
            f"features know the label before it is known: {', '.join(found)} alone ranks it almost "
            "perfectly. Look for what they read that came after the decision"
        )


def _tells(values: Floats, rows: TrainingRows) -> bool:
    known = np.isfinite(values)
    lowest = float(values[known].min()) - 1.0 if known.any() else 0.0
    ranked, weight = np.where(known, values, lowest), rows.uniqueness
    for one in np.unique(rows.labels):
        own = rows.labels == one
        number = auc(ranked, own, weight)
        if number is not None and weight[own].sum() >= 1 and max(number, 1 - number) > MOST_SINGLE_AUC:
            return True
    return False
