"""The numbers by which trees are boosted: printed for CatBoost, the same for XGBoost, its challenger.

Source: ML document, Signal Scorer; C68.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SHOW_EVERY: Final = 25
"""Trees between two losses that are shown."""


@dataclass(frozen=True, slots=True)
class BoostingParameters:
    """As printed."""

    most_trees: int = 1_000
    learning_rate: float = 0.05
    depth: int = 6
    l2_leaf_reg: float = 3.0
    early_stopping_rounds: int = 50

    def shown(self, kind: str) -> Mapping[str, str]:
        """See `parameters` of `Model`."""
        names = ("learning_rate", "depth", "l2_leaf_reg")
        return {"model": kind, **{name: f"{getattr(self, name):g}" for name in names}}


AS_PRINTED: Final = BoostingParameters()
