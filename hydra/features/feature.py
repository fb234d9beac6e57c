"""A feature: one polars expression with its unit, window, null rule and source.

Source: docs/features.md, "Codes".
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from hydra.features.facts import Grid

OF_HISTORY: Final = timedelta(0)
"""Of facts whose past an exchange gives: known from the first minute on."""


@dataclass(frozen=True)
class Feature:
    """The one definition of a feature.

    unit, window: in words. inputs: fact columns as "frame.column", or context columns of the decision.
    null_rule, pit: the codes of docs/features.md. lowest, highest: the closed range of the values
    (None: unbounded). expression: over the columns of `grid`; a column that is itself a feature or a
    working column is referred to by name, never defined again. source: where the definition comes from
    (docs/sources.md), and its readings. heard: how long an exchange has to be heard before it can be known,
    while facts come all the time; None: it is never known.
    """

    name: str
    unit: str
    window: str
    inputs: tuple[str, ...]
    null_rule: str
    pit: str
    grid: Grid
    source: str
    description: str
    expression: pl.Expr
    lowest: float | None = None
    highest: float | None = None
    heard: timedelta | None = OF_HISTORY


@dataclass(frozen=True)
class WorkingColumn:
    """A named step that several features share (a moving average, a true range); not a feature itself."""

    name: str
    grid: Grid
    expression: pl.Expr
