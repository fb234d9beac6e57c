"""The percentile of a value among the whole clock hours of the last month.

The value changes every minute, its month every hour, so a rolling rank of either does not give it.
Source: engine document, FeatureRecipe.
"""

from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Floats, Integers
from hydra.compiled import compiled_when_needed
from hydra.features.engine.layout import NO_ROW, first_rows

MONTH_HOURS: Final = 720
LEAST_HOURS: Final = 168
"""A week: with fewer hours the percentile is null, as in volatility_zscore."""
EQUAL: Final = 1e-9
"""Tolerance: at a whole hour the newest sample equals the value, but was summed in another order."""

MONTH_SHARES: Final = {
    "traded_value_share": ("traded_value_60", "hour_traded_value"),
    "amihud_share": ("amihud_60", "hour_amihud"),
    "near_depth_share": ("levels_near_depth", "hour_near_depth"),
    "book_spread_share": ("levels_spread_bps", "hour_spread_bps"),
}
"""A percentile's column: the value at the decision, and its samples on the hour grid."""


def month_share(value: pl.Series, samples: pl.Series, begins: Integers, rows: Integers) -> pl.Series:
    """Share of the last 720 `samples` that are <= the value; null where that is unknown.

    value: per decision. samples: on the hour grid, null where missing. begins: the first row of each of its
    segments. rows: per decision the newest hour it may see. Null with fewer than 168 samples.
    """
    first = np.maximum(first_rows(begins, rows), rows - MONTH_HOURS + 1)
    shares = compiled_when_needed(_share_of)(_numbers(value), _numbers(samples), first, rows)
    return pl.Series(shares, dtype=pl.Float64).fill_nan(None)


def _numbers(series: pl.Series) -> Floats:
    numbers: Floats = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return numbers


def _share_of(value: Floats, samples: Floats, first: Integers, rows: Integers) -> Floats:
    """Counts each decision's window; comparisons with nan are false."""
    shares = np.full(len(value), np.nan)
    for place in range(len(value)):
        row = rows[place]
        if row == NO_ROW or np.isnan(value[place]):
            continue
        known, below = 0, 0
        limit = value[place] + EQUAL * abs(value[place])
        for hour in range(first[place], row + 1):
            known += samples[hour] == samples[hour]
            below += samples[hour] <= limit
        if known >= LEAST_HOURS:
            shares[place] = below / known
    return shares
