"""The pair's own thresholds for the generators: percentiles of its trailing 90 days (C112).

The rows are samples, which are features of past decisions. A threshold is one number a pair.
"""

from typing import Final

import polars as pl

from hydra.features.facts import Grid
from hydra.features.feature import Feature

SAMPLED_DAYS: Final = 90
SAMPLES: Final = SAMPLED_DAYS * 24
LEAST_SAMPLES: Final = 30 * 24
"""With fewer samples than a month of hours the threshold is null, and no generator fires on it."""

_HIGH: Final = 0.975
_LOW: Final = 0.025


def _threshold(
    name: str, sampled: str, share: float, value: pl.Expr, description: str, unit: str = "fraction"
) -> Feature:
    enough = value.count() >= LEAST_SAMPLES
    return Feature(
        name=name,
        unit=unit,
        window=f"{SAMPLED_DAYS} d ({SAMPLES} hourly samples) before the UTC day",
        inputs=(f"sample.{sampled}",),
        null_rule=f"null with fewer than {LEAST_SAMPLES} samples (30 d)",
        pit="B,E,F",
        grid=Grid.SAMPLE,
        source="C112",
        description=description,
        expression=pl.when(enough).then(value.quantile(share, interpolation="linear")),
    )


FEATURES = (
    _threshold(
        "adaptive_funding_threshold",
        "funding_rate",
        _HIGH,
        pl.col("funding_rate").abs(),
        "97.5th percentile of abs(funding_rate)",
        "fraction per 8 h",
    ),
    _threshold(
        "adaptive_price_threshold",
        "return_24h",
        _HIGH,
        pl.col("return_24h").abs(),
        "97.5th percentile of abs(return_24h)",
    ),
    _threshold(
        "adaptive_oi_fall_threshold",
        "oi_delta_pct",
        _HIGH,
        -pl.col("oi_delta_pct"),
        "2.5th percentile of oi_delta_pct, as a magnitude: a fall beyond it is extreme",
    ),
    _threshold(
        "adaptive_ratio_high_threshold",
        "long_short_ratio",
        _HIGH,
        pl.col("long_short_ratio"),
        "97.5th percentile of long_short_ratio",
        "ratio",
    ),
    _threshold(
        "adaptive_ratio_low_threshold",
        "long_short_ratio",
        _LOW,
        pl.col("long_short_ratio"),
        "2.5th percentile of long_short_ratio",
        "ratio",
    ),
)
