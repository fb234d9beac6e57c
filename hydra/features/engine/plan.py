"""Which columns a set of features needs, grid by grid, and in which order they can be computed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from hydra.arrays import Integers
from hydra.features.engine.monthly_percentile import MONTH_SHARES
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

Definition = Feature | WorkingColumn

# With more rows per segment than this, one pass per segment is faster than one grouped pass.
_LONG_SEGMENT = 4096

# Grids that receive columns of other grids: DECISION from all of them, UNIVERSE from the minutes.
_READS: Mapping[Grid, tuple[Grid, ...]] = {
    Grid.DECISION: tuple(Grid),
    Grid.UNIVERSE: (Grid.UNIVERSE, Grid.M1),
}


@dataclass(frozen=True)
class GridPlan:
    """What one grid computes.

    base: columns that its facts (on DECISION and UNIVERSE also other grids and the context) provide.
    stages: expressions in order; each stage uses only base columns and earlier stages.
    exports: columns that others need from this grid.
    """

    base: tuple[str, ...]
    stages: tuple[tuple[pl.Expr, ...], ...]
    exports: tuple[str, ...]

    def run(self, frame: pl.DataFrame, begins: Integers | None = None) -> pl.DataFrame:
        """`frame` (with the base columns) reduced to the exported columns.

        begins: the first row of each segment. Segments are computed separately, so neither a window nor the
        rounding of a running sum crosses from one pair to the next: one minute gives the same values as a
        year.
        """
        if begins is None or len(begins) <= 1:
            return self._run(frame)
        lengths = np.diff(begins, append=frame.height)
        if frame.height < _LONG_SEGMENT * len(begins):
            segment = pl.Series("segment", np.repeat(np.arange(len(begins)), lengths)).set_sorted()
            return self._run(frame.with_columns(segment), "segment")
        parts = zip(begins.tolist(), lengths.tolist(), strict=True)
        return pl.concat([self._run(frame.slice(*part)) for part in parts], rechunk=True)

    def _run(self, frame: pl.DataFrame, by: str | None = None) -> pl.DataFrame:
        # Stage by stage: one lazy query over all stages takes three times as long to plan as to run.
        for stage in self.stages:
            frame = frame.with_columns(one.over(by) for one in stage) if by else frame.with_columns(stage)
        return frame.select(self.exports)


def make_plan(definitions: Mapping[str, Definition], names: tuple[str, ...]) -> dict[Grid, GridPlan]:
    """The plan for the features `names`; grids that are not needed are absent.

    Raises:
        ValueError: definitions refer to each other in a circle.
    """
    wanted = _closure(definitions, names)
    grids = {definitions[name].grid for name in wanted}
    plans = {}
    for grid in Grid:
        if grid in grids:
            own = {name: definitions[name] for name in wanted if definitions[name].grid is grid}
            exports = _exports(definitions, wanted, names, grid)
            plans[grid] = GridPlan(_base(own), _stages(own), exports)
    return plans


def _closure(definitions: Mapping[str, Definition], names: tuple[str, ...]) -> tuple[str, ...]:
    """`names` and everything that they refer to, each once."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += _references(definitions, name)
    return tuple(found)


def _references(definitions: Mapping[str, Definition], name: str) -> list[str]:
    """The defined columns that the definition of `name` uses; all others are facts of its grid."""
    definition = definitions[name]
    roots = set(definition.expression.meta.root_names()) - {name}
    # A monthly percentile uses two columns that no expression names.
    roots |= {column for root in roots for column in MONTH_SHARES.get(root, ())}
    return [
        root
        for root in sorted(roots)
        if root in definitions and definitions[root].grid in _READS.get(definition.grid, (definition.grid,))
    ]


def _exports(
    definitions: Mapping[str, Definition], wanted: tuple[str, ...], names: tuple[str, ...], grid: Grid
) -> tuple[str, ...]:
    asked = {name for name in names if definitions[name].grid is grid}
    for name in wanted:
        if definitions[name].grid in _READS and definitions[name].grid is not grid:
            asked |= {root for root in _references(definitions, name) if definitions[root].grid is grid}
    return tuple(sorted(asked))


def _base(own: Mapping[str, Definition]) -> tuple[str, ...]:
    roots: set[str] = set()
    for definition in own.values():
        roots |= set(definition.expression.meta.root_names())
    return tuple(sorted(roots - set(own)))


def _stages(own: Mapping[str, Definition]) -> tuple[tuple[pl.Expr, ...], ...]:
    stages: list[tuple[pl.Expr, ...]] = []
    left, done = dict(own), set[str]()
    while left:
        ready = [
            name
            for name, definition in left.items()
            if not (set(definition.expression.meta.root_names()) & set(own)) - done
        ]
        if not ready:
            raise ValueError(f"the definitions of {', '.join(sorted(left))} refer to each other in a circle")
        stages.append(tuple(left.pop(name).expression.alias(name) for name in ready))
        done |= set(ready)
    return tuple(stages)
