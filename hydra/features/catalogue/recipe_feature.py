"""How a feature of the recipe (features.md section 5) is written down: most are minute bars under NW."""

from typing import Final

import polars as pl

from hydra.features.expressions import ZERO_DEVIATION
from hydra.features.feature import Feature, Grid

CLOSE: Final = ("candles_1m.close",)
BAR: Final = ("candles_1m.high", "candles_1m.low", "candles_1m.close")
VOLUME: Final = ("candles_1m.volume",)
VALUE: Final = ("candles_1m.quote_volume", "candles_1m.volume", *BAR)
Bounds = tuple[float | None, float | None]


def recipe_feature(
    name: str,
    number: int | str,
    expression: pl.Expr,
    description: str,
    *,
    unit: str,
    window: str,
    inputs: tuple[str, ...] = CLOSE,
    null_rule: str = "NW",
    pit: str = "B",
    grid: Grid = Grid.M1,
    bounds: Bounds = (None, None),
    decisions: str = "",
) -> Feature:
    """Feature `number` of the recipe; decisions: ids, as "C59"."""
    return Feature(
        name=name,
        unit=unit,
        window=window,
        inputs=inputs,
        null_rule=null_rule,
        pit=pit,
        grid=grid,
        source=f"features.md section 5 #{number}" + (f"; {decisions}" if decisions else ""),
        description=description,
        expression=expression,
        lowest=bounds[0],
        highest=bounds[1],
    )


def over_deviation(value: pl.Expr, deviation: pl.Expr) -> pl.Expr:
    """value / deviation of returns; 0 where they do not move (Z=0: a deviation of at most 1e-12, C113)."""
    return pl.when(deviation <= ZERO_DEVIATION).then(value * 0.0).otherwise(value / deviation)


def ratio_or(value: pl.Expr, base: pl.Expr, zero: float) -> pl.Expr:
    """value / base; `zero` where the base is 0 (null code Z)."""
    return pl.when(base == 0).then(zero + value * 0.0).otherwise(value / base)
