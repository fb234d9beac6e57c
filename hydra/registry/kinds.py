"""Which kinds of artifact there are, and who reads each. A new kind is a file of its own and a line here."""

from collections.abc import Callable, Mapping
from typing import Final

from hydra.registry import logistic
from hydra.registry.boosted_trees import READ_TREES
from hydra.registry.scorer import ServedScorer

READERS: Final[Mapping[str, Callable[[bytes], ServedScorer]]] = {
    logistic.KIND: logistic.read_logistic,
    **READ_TREES,
}
"""The reader of an artifact by its kind; it raises BadDataError where the artifact is damaged."""
