"""A feature: one polars expression with its unit, window, null rule and source.

Source: docs/features.md, "Codes".
"""

from dataclasses import dataclass

import polars as pl

from hydra.features.facts import Grid


@dataclass(frozen=True)
class Feature:
    """The one definition of a feature.

    unit, window: in words. inputs: fact columns as "frame.column", or context columns of the decision.
    null_rule, pit: the codes of docs/features.md. lowest, highest: the closed range of the values
    (None: unbounded). expression: over the columns of `grid`; a column that is itself a feature or a
    working column is referred to by name, never defined again. source: where the definition comes from
    (docs/sources.md), and its readings.
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


@dataclass(frozen=True)
class WorkingColumn:
    """A named step that several features share (a moving average, a true range); not a feature itself."""

    name: str
    grid: Grid
    expression: pl.Expr
