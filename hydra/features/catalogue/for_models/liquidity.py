"""Liquidity, traded value and volatility of the last hour, ranked among the hours of a month (recipe).

A share of the month is the share of the last 720 whole clock hours with at most the current value, from
`hydra.features.engine.monthly_percentile`. It needs a week of samples.
"""

from typing import Final

import polars as pl

from hydra.features.catalogue.for_models.book_levels import LIFETIME
from hydra.features.catalogue.for_models.recipe_feature import CLOSE_INPUTS, VALUE_INPUTS, recipe_feature
from hydra.features.engine.monthly_percentile import LEAST_HOURS, MONTH_HOURS
from hydra.features.expressions import least_present, no_older_than
from hydra.features.facts import Grid
from hydra.features.feature import WorkingColumn

_HOUR_MINUTES: Final = 60
_MONTH: Final = "30 d (720 hourly samples)"


def _whole_hour(column: str) -> pl.Expr:
    """`column` of hours with at least 95% of their minutes."""
    return pl.when(pl.col("hour_bars") >= least_present(_HOUR_MINUTES)).then(pl.col(column))


def _tercile(name: str, share: float) -> WorkingColumn:
    value = pl.col("hour_sigma").rolling_quantile(
        share, interpolation="linear", window_size=MONTH_HOURS, min_samples=LEAST_HOURS
    )
    return WorkingColumn(name, Grid.HOUR, value)


def _liquidity() -> pl.Expr:
    depth, spread = (
        no_older_than(share, "levels_time", LIFETIME) for share in ("near_depth_share", "book_spread_share")
    )
    by_book = (depth + 1 - spread) / 2
    return pl.coalesce(by_book, 1 - pl.col("amihud_share"))


_SIGMA = pl.col("realized_sigma_60")

WORKING = (
    WorkingColumn("hour_traded_value", Grid.HOUR, _whole_hour("hour_value_sum")),
    WorkingColumn("hour_amihud", Grid.HOUR, _whole_hour("hour_amihud_mean")),
    WorkingColumn(
        "hour_sigma",
        Grid.HOUR,
        pl.when(pl.col("return_count") >= least_present(_HOUR_MINUTES)).then(pl.col("return_deviation")),
    ),
    _tercile("sigma_low_tercile", 1 / 3),
    _tercile("sigma_high_tercile", 2 / 3),
)

FEATURES = (
    recipe_feature(
        "liquidity_score",
        _liquidity(),
        "(share of the month with at most this depth within 10 bps of the mid + 1 - share with at most this "
        "spread)/2; without a book 1 - share of the month with at most this mean of abs(return_1m)/value",
        unit="0..1",
        window=_MONTH,
        inputs=(*VALUE_INPUTS, "order_book_levels.near_depth_usd", "order_book_hours.near_depth_usd"),
        null_rule="NW (min 7 d)",
        pit="E,B",
        grid=Grid.DECISION,
        bounds=(0, 1),
    ),
    recipe_feature(
        "volume_score",
        pl.col("traded_value_share"),
        "share of the month's hours that traded at most what the last 60 minutes did",
        unit="0..1",
        window=_MONTH,
        inputs=VALUE_INPUTS,
        null_rule="NW (min 7 d)",
        grid=Grid.DECISION,
        sources="C128",
        bounds=(0, 1),
    ),
    recipe_feature(
        "volatility_class",
        (pl.col("sigma_low_tercile") < _SIGMA).cast(pl.Float64)
        + (pl.col("sigma_high_tercile") < _SIGMA).cast(pl.Float64),
        "terciles of the month's hourly realized_sigma_60 that the current one exceeds",
        unit="0, 1 or 2",
        window=_MONTH,
        inputs=CLOSE_INPUTS,
        null_rule="NW (min 7 d)",
        grid=Grid.DECISION,
        bounds=(0, 2),
    ),
)
