"""How a feature of the recipe (docs/features.md) is written down: most are minute bars under NW."""

from typing import Final, TypedDict, Unpack

import polars as pl

from hydra.features.expressions import ZERO_DEVIATION
from hydra.features.facts import Grid
from hydra.features.feature import Feature

CLOSE: Final = ("candles_1m.close",)
BAR: Final = ("candles_1m.high", "candles_1m.low", "candles_1m.close")
VOLUME: Final = ("candles_1m.volume",)
VALUE: Final = ("candles_1m.quote_volume", "candles_1m.volume", *BAR)


class About(TypedDict, total=False):
    """What is said of a feature where it is not a fraction of closed minutes under NW.

    bounds: lowest and highest value, None for none. section: of features.md. decisions: ids, as "C59".
    """

    unit: str
    window: str
    inputs: tuple[str, ...]
    null_rule: str
    pit: str
    grid: Grid
    bounds: tuple[float | None, float | None]
    section: int
    decisions: str


def recipe_feature(
    name: str, number: int | str, expression: pl.Expr, description: str, **about: Unpack[About]
) -> Feature:
    """Feature `number` of the recipe (or of the section that `about` names)."""
    decisions = f"; {about['decisions']}" if "decisions" in about else ""
    lowest, highest = about.get("bounds", (None, None))
    return Feature(
        name=name,
        unit=about.get("unit", "fraction"),
        window=about.get("window", "1 m1"),
        inputs=about.get("inputs", CLOSE),
        null_rule=about.get("null_rule", "NW"),
        pit=about.get("pit", "B"),
        grid=about.get("grid", Grid.M1),
        source=f"features.md section {about.get('section', 5)} #{number}{decisions}",
        description=description,
        expression=expression,
        lowest=lowest,
        highest=highest,
    )


def over_deviation(value: pl.Expr, deviation: pl.Expr) -> pl.Expr:
    """value / deviation of returns; 0 where they do not move (Z=0: a deviation of at most 1e-12, C113)."""
    return pl.when(deviation <= ZERO_DEVIATION).then(value * 0.0).otherwise(value / deviation)


def ratio_or(value: pl.Expr, base: pl.Expr, zero: float) -> pl.Expr:
    """value / base; `zero` where the base is 0 (null code Z)."""
    return pl.when(base == 0).then(zero + value * 0.0).otherwise(value / base)
