"""Oscillators on one-minute bars."""

from typing import Final

import polars as pl

from hydra.features.expressions import rolling_mean, z_score
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_BARS: Final = 20
# Lambert's constant: most values of the index then lie between -100 and 100.
_SCALE: Final = 0.015
# The newest of n values is at most n/2 mean deviations from their mean.
_FARTHEST: Final = _BARS / 2 / _SCALE


def _mean_deviation() -> pl.Expr:
    """Mean absolute deviation of the last typical prices from their mean; null if the mean is."""
    mean = pl.col("typical_price_mean")
    return pl.mean_horizontal((pl.col("typical_price").shift(bar) - mean).abs() for bar in range(_BARS))


WORKING = (
    WorkingColumn("typical_price", Grid.M1, (pl.col("high") + pl.col("low") + pl.col("close")) / 3),
    WorkingColumn("typical_price_mean", Grid.M1, rolling_mean(pl.col("typical_price"), _BARS)),
    WorkingColumn("typical_price_deviation", Grid.M1, _mean_deviation()),
)

FEATURES = (
    Feature(
        name="cci",
        unit="-",
        window=f"{_BARS} m1",
        inputs=("candles_1m.high", "candles_1m.low", "candles_1m.close"),
        null_rule="NW, Z=0",
        pit="B",
        grid=Grid.M1,
        source="strategy document, Advanced Feature Categories; docs/features.md, Conventions (TA-Lib CCI)",
        description=(
            "commodity channel index: typical price (H+L+C)/3 less its mean over 20 minutes, in units of "
            "0.015 mean deviations"
        ),
        expression=z_score(
            pl.col("typical_price"),
            pl.col("typical_price_mean"),
            _SCALE * pl.col("typical_price_deviation"),
        ),
        lowest=-_FARTHEST,
        highest=_FARTHEST,
    ),
)
