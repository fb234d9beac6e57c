"""Volatility: of one-minute returns for the models, of five-minute bars for the regime."""

import polars as pl

from hydra.features.expressions import (
    least_present,
    rolling_deviation,
    rolling_mean,
    true_range,
    z_score,
    z_score_of,
    z_window,
)
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn
from hydra.layers.layer2_volatility import annualised_volatility

_HOUR_MINUTES = 60
_MONTH_HOURS = 720
_WEEK_HOURS = 168
_DAY_BARS = 288
_ATR_BARS = 14
_BAND_BARS = 20
_CLOSE_5M = ("candles_5m.close",)
_BAR_5M = ("candles_5m.high", "candles_5m.low", "candles_5m.close")


def _volatility(name: str, minutes: int, source: str) -> Feature:
    return Feature(
        name=name,
        unit="annualised fraction",
        window=f"{minutes} m1",
        inputs=("candles_1m.close",),
        null_rule="NW",
        pit="B",
        grid=Grid.M1,
        source=source,
        description=f"std1 of the last {minutes} one-minute returns x sqrt(525600)",
        expression=annualised_volatility(rolling_deviation(pl.col("return_1m"), minutes, ddof=1), 1),
        lowest=0.0,
    )


WORKING = (
    *z_window("previous_atr", Grid.M5, pl.col("m5_atr_14").shift(1), _DAY_BARS),
    # The hour grid holds volatility_1h at whole clock hours: std1 of the sixty returns of that hour.
    WorkingColumn(
        "hourly_volatility",
        Grid.H1,
        pl.when(pl.col("return_count") >= least_present(_HOUR_MINUTES)).then(
            annualised_volatility(pl.col("return_deviation"), 1)
        ),
    ),
    WorkingColumn(
        "hourly_volatility_mean",
        Grid.H1,
        pl.col("hourly_volatility").rolling_mean(_MONTH_HOURS, min_samples=_WEEK_HOURS),
    ),
    WorkingColumn(
        "hourly_volatility_deviation",
        Grid.H1,
        pl.col("hourly_volatility").rolling_std(_MONTH_HOURS, min_samples=_WEEK_HOURS),
    ),
)

FEATURES = (
    _volatility("volatility_5m", 5, "ML document, Feature Engineering; C13"),
    _volatility("volatility_1h", 60, "ML document, Feature Engineering; C13"),
    _volatility("volatility_24h", 1440, "ML document, Regime Classifier; C13"),
    Feature(
        name="volatility_zscore",
        unit="sd",
        window="30 d (720 hourly samples)",
        inputs=("candles_1m.close",),
        null_rule="NW (min 7 d), Z=0",
        pit="B",
        grid=Grid.DECISION,
        source="ML document, Regime Classifier; C113",
        description="volatility_1h against its values at the previous 720 whole clock hours",
        expression=z_score(
            pl.col("volatility_1h"), pl.col("hourly_volatility_mean"), pl.col("hourly_volatility_deviation")
        ),
    ),
    Feature(
        name="m5_atr_14",
        unit="fraction",
        window="14 m5",
        inputs=_BAR_5M,
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; C58, C59",
        description="simple mean over 14 five-minute bars of the true range, divided by the last close",
        expression=rolling_mean(true_range(), _ATR_BARS) / pl.col("close"),
        lowest=0.0,
    ),
    Feature(
        name="m5_atr_zscore",
        unit="sd",
        window="24 h (288 m5)",
        inputs=_BAR_5M,
        null_rule="NW, Z=0",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; C113",
        description="m5_atr_14 against its previous 288 values",
        expression=z_score_of(pl.col("m5_atr_14"), "previous_atr"),
    ),
    Feature(
        name="m5_bollinger_width",
        unit="fraction",
        window="20 m5",
        inputs=_CLOSE_5M,
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; docs/features.md, Conventions (ddof 0)",
        description="4*std0(C, 20)/SMA_20 on five-minute bars",
        expression=4 * rolling_deviation(pl.col("close"), _BAND_BARS, ddof=0) / pl.col("m5_sma_20"),
        lowest=0.0,
    ),
)
