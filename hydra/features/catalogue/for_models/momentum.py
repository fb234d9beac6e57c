"""Momentum, mean reversion and tails of minute returns (recipe)."""

import math
from typing import Final

import polars as pl

from hydra.features.catalogue.for_models.recipe_feature import over_deviation, ratio_or, recipe_feature
from hydra.features.expressions import (
    ZERO_DEVIATION,
    rolling_deviation,
    rolling_sum,
    z_score,
    z_score_of,
    z_window,
)
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn
from hydra.layers.layer2_volatility import MINUTES_PER_YEAR

_HOUR: Final = 60
_TREND_BARS: Final = 5
_BARS: Final = 20
_FARTHEST: Final = 3.0
_RETURN: Final = pl.col("return_1m")


def _sigma(bars: int, expression: pl.Expr) -> Feature:
    return recipe_feature(
        f"realized_sigma_{bars}",
        expression,
        f"std1 of the last {bars} one-minute returns, per bar",
        unit="fraction",
        window=f"{bars} m1",
        bounds=(0, None),
    )


def _kurtosis() -> pl.Expr:
    """Bias-corrected excess kurtosis; null without variance."""
    value = _RETURN.rolling_kurtosis(_HOUR, fisher=True, bias=False, min_samples=_LEAST_KURTOSIS)
    return pl.when(pl.col("realized_sigma_60") > ZERO_DEVIATION).then(value.fill_nan(None))


_LEAST_KURTOSIS: Final = 57


def _trend_strength() -> pl.Expr:
    """tanh of the change of EMA_20 over five bars in units of its expected move; Z=0."""
    change = pl.col("ema_price_20") / pl.col("ema_price_20").shift(_TREND_BARS) - 1
    return over_deviation(change / math.sqrt(_TREND_BARS), pl.col("return_deviation_20")).tanh()


def _uptick() -> pl.Expr:
    ups, downs = (
        rolling_sum((move > 0).cast(pl.Int32), _BARS)
        for move in (pl.col("close_move"), -pl.col("close_move"))
    )
    return ratio_or(ups, ups + downs, 0.5)


WORKING = (
    *z_window("return_1m", Grid.M1, _RETURN, _HOUR),
    *z_window("ret_3", Grid.M1, pl.col("ret_3"), _HOUR),
    WorkingColumn("return_deviation_10", Grid.M1, rolling_deviation(_RETURN, 10, ddof=1)),
    WorkingColumn("return_deviation_20", Grid.M1, rolling_deviation(_RETURN, 20, ddof=1)),
    WorkingColumn("return_deviation_50", Grid.M1, rolling_deviation(_RETURN, 50, ddof=1)),
    WorkingColumn("close_deviation_20", Grid.M1, rolling_deviation(pl.col("close"), _BARS, ddof=0)),
    WorkingColumn("trend_strength_abs", Grid.M1, pl.col("trend_strength").abs()),
)

FEATURES = (
    *(
        recipe_feature(
            f"zscore_ret_{bars}",
            z_score_of(pl.col(column), column),
            f"return of {bars} min against its last 60 values including the current one",
            unit="sd",
            window="60 m1",
            null_rule="NW, Z=0",
            sources="C113",
        )
        for bars, column in ((1, "return_1m"), (3, "ret_3"))
    ),
    recipe_feature(
        "momentum_slope",
        pl.col("return_5m") - pl.col("return_5m").shift(5),
        "return of 5 min now less the same five bars ago",
        unit="fraction",
        window="10 m1",
    ),
    recipe_feature(
        "trend_strength",
        _trend_strength(),
        "tanh((EMA_20/EMA_20[5] - 1)/(std1(return_1m, 20) x sqrt 5))",
        unit="-1..1",
        window="25 m1",
        null_rule="NW, Z=0",
        bounds=(-1, 1),
    ),
    _sigma(30, rolling_deviation(_RETURN, 30, ddof=1)),
    _sigma(60, pl.col("volatility_1h") / math.sqrt(MINUTES_PER_YEAR)),
    recipe_feature(
        "vol_regime",
        pl.when(pl.col("return_deviation_50") <= ZERO_DEVIATION)
        .then(1.0 + pl.col("return_deviation_10") * 0.0)
        .otherwise(pl.col("return_deviation_10") / pl.col("return_deviation_50")),
        "std1(return_1m, 10)/std1(return_1m, 50)",
        unit="ratio",
        window="50 m1",
        null_rule="NW, Z=1",
        bounds=(0, None),
    ),
    recipe_feature(
        "kurt",
        _kurtosis(),
        "excess kurtosis of one-minute returns, bias-corrected",
        unit="-",
        window="60 m1",
        null_rule="NW; null without variance",
    ),
    recipe_feature(
        "mean_rev",
        -z_score(pl.col("close"), pl.col("sma_20"), pl.col("close_deviation_20")).clip(-_FARTHEST, _FARTHEST)
        / _FARTHEST
        + 0.0,
        "-clip((C_0 - SMA_20)/std0(C, 20), -3, 3)/3: positive expects a rise",
        unit="-1..1",
        window="20 m1",
        null_rule="NW, Z=0",
        bounds=(-1, 1),
    ),
    recipe_feature(
        "uptick",
        _uptick(),
        "rises/(rises + falls) of the close over 20 changes",
        unit="0..1",
        window="20 m1",
        null_rule="NW, Z=0.5",
        bounds=(0, 1),
    ),
    recipe_feature(
        "trend_strength_decay",
        ratio_or(
            pl.col("trend_strength_abs"), pl.col("trend_strength_abs").rolling_max(_HOUR, min_samples=57), 0.0
        ),
        "abs(trend_strength) over its largest value in 60 minutes",
        unit="0..1",
        window="85 m1",
        null_rule="NW, Z=0",
        bounds=(0, 1),
    ),
)
