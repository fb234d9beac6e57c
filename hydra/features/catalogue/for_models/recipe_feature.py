"""Makes the features of the recipe and the sequence model; most are of minute bars under NW."""

from datetime import timedelta
from typing import Final, TypedDict, Unpack

import polars as pl

from hydra.features.expressions import ZERO_DEVIATION
from hydra.features.facts import Grid
from hydra.features.feature import OF_HISTORY, Feature
from hydra.features.vectors import FEATURE_RECIPE_V1

CLOSE_INPUTS: Final = ("candles_1m.close",)
BAR_INPUTS: Final = ("candles_1m.high", "candles_1m.low", "candles_1m.close")
VOLUME_INPUTS: Final = ("candles_1m.volume",)
VALUE_INPUTS: Final = ("candles_1m.quote_volume", "candles_1m.volume", *BAR_INPUTS)
# The first names of the recipe come from the engine document, the others from the strategy document (C98).
_OF_ENGINE: Final = 54


class About(TypedDict, total=False):
    """The properties of a feature that differ from the defaults of `recipe_feature`.

    bounds: lowest and highest value, None: none. sources: besides the document that names the feature.
    """

    unit: str
    window: str
    inputs: tuple[str, ...]
    null_rule: str
    pit: str
    grid: Grid
    bounds: tuple[float | None, float | None]
    sources: str
    heard: timedelta | None


def recipe_feature(name: str, expression: pl.Expr, description: str, **about: Unpack[About]) -> Feature:
    """A feature of the recipe, or a step of the sequence model."""
    sources = f"; {about['sources']}" if "sources" in about else ""
    lowest, highest = about.get("bounds", (None, None))
    return Feature(
        name=name,
        unit=about.get("unit", "fraction"),
        window=about.get("window", "1 m1"),
        inputs=about.get("inputs", CLOSE_INPUTS),
        null_rule=about.get("null_rule", "NW"),
        pit=about.get("pit", "B"),
        grid=about.get("grid", Grid.M1),
        source=f"{_document(name)}{sources}",
        description=description,
        expression=expression,
        lowest=lowest,
        highest=highest,
        heard=about.get("heard", OF_HISTORY),
    )


def _document(name: str) -> str:
    """Which of the owner's documents names the feature (docs/sources.md)."""
    if name not in FEATURE_RECIPE_V1:
        return "ML document, Direction Predictor"
    if FEATURE_RECIPE_V1.index(name) < _OF_ENGINE:
        return "engine document, FeatureRecipe"
    return "strategy document, Advanced Feature Categories"


def over_deviation(value: pl.Expr, deviation: pl.Expr) -> pl.Expr:
    """value / deviation of returns; 0 if the deviation is at most 1e-12 (Z=0, C113)."""
    return pl.when(deviation <= ZERO_DEVIATION).then(value * 0.0).otherwise(value / deviation)


def ratio_or(value: pl.Expr, base: pl.Expr, zero: float) -> pl.Expr:
    """value / base; `zero` if the base is 0 (null code Z)."""
    return pl.when(base == 0).then(zero + value * 0.0).otherwise(value / base)
