"""The signal for the scorer, from the context columns of the decision."""

import polars as pl

from hydra.domain import Side, SignalSource
from hydra.features.facts import Grid
from hydra.features.feature import Feature


def _from_signal(
    name: str,
    expression: pl.Expr,
    description: str,
    bounds: tuple[float | None, float | None] = (None, None),
    unit: str = "fraction",
) -> Feature:
    return Feature(
        name=name,
        unit=unit,
        window="-",
        inputs=tuple(f"decision.{column}" for column in expression.meta.root_names()),
        null_rule="N0; null without a signal",
        pit="S",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES",
        description=description,
        expression=expression,
        lowest=bounds[0],
        highest=bounds[1],
    )


def _source_flag(source: SignalSource) -> Feature:
    flag = (pl.col("source") == source.value).cast(pl.Float64)
    return _from_signal(
        f"source_{source.value}", flag, f"1 if the signal comes from {source.value}", (0, 1), "0 or 1"
    )


DIRECTION = (
    pl.when(pl.col("side") == Side.LONG.value).then(1.0).when(pl.col("side") == Side.SHORT.value).then(-1.0)
)

FEATURES = (
    _from_signal("signal_direction", DIRECTION, "LONG 1, SHORT -1", (-1, 1), "-1 or 1"),
    _from_signal("signal_confidence", pl.col("confidence"), "confidence of the generator", (0, 1), "0..1"),
    *(_source_flag(source) for source in SignalSource),
    _from_signal("expected_return", pl.col("signal_expected_return"), "expected profit"),
    _from_signal("expected_adverse_excursion", pl.col("signal_adverse_excursion"), "expected worst loss"),
)
