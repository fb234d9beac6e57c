"""Crowd positioning and taker flow, published in five-minute periods."""

from datetime import timedelta

import polars as pl

from hydra.features.expressions import no_older_than
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_LIFETIME = timedelta(minutes=15)
# A value is valid for fifteen minutes, three rows of the grid; its age is checked at the decision.
_CARRIED_ROWS = 3


def _carried(column: str) -> tuple[WorkingColumn, WorkingColumn]:
    # A ratio that is not positive is an error of the data.
    value = pl.when(pl.col(column) > 0).then(pl.col(column))
    time = pl.when(pl.col(column) > 0).then(pl.col("fact_time"))
    return (
        WorkingColumn(f"last_{column}", Grid.POSITIONING, value.forward_fill(limit=_CARRIED_ROWS)),
        WorkingColumn(f"{column}_time", Grid.POSITIONING, time.forward_fill(limit=_CARRIED_ROWS)),
    )


def _ratio(column: str, source: str, description: str) -> Feature:
    return Feature(
        name=column,
        unit="ratio > 0",
        window="5 min",
        inputs=(f"positioning.{column}",),
        null_rule="NL(15 min)",
        pit="E",
        grid=Grid.DECISION,
        source=source,
        description=description,
        expression=no_older_than(f"last_{column}", f"{column}_time", _LIFETIME),
        lowest=0.0,
    )


WORKING = (*_carried("long_short_ratio"), *_carried("taker_buy_sell_ratio"))

FEATURES = (
    _ratio(
        "long_short_ratio",
        "ML document, SIGNAL_SCORER_FEATURES",
        "all accounts: long accounts / short accounts, five-minute period",
    ),
    _ratio(
        "taker_buy_sell_ratio",
        "ML document, SIGNAL_SCORER_FEATURES",
        "taker buy volume / taker sell volume, five-minute period",
    ),
)
