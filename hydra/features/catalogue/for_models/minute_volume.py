"""Volume and order flow of minutes (recipe)."""

import math
from typing import Final

import polars as pl

from hydra.features.catalogue.for_models.recipe_feature import (
    BAR_INPUTS,
    CLOSE_INPUTS,
    VOLUME_INPUTS,
    over_deviation,
    ratio_or,
    recipe_feature,
)
from hydra.features.expressions import (
    least_present,
    rolling_mean,
    rolling_sum,
    traded_value,
    z_score_of,
    z_window,
)
from hydra.features.facts import Grid
from hydra.features.feature import WorkingColumn

_BARS: Final = 20
_FLOW_BARS: Final = 10
_HOUR: Final = 60
_ROOT: Final = 3 - 2 * math.sqrt(2)
_BPS: Final = 10_000
_FLOW_WEIGHT, _BOOK_WEIGHT, _TICK_WEIGHT = 0.5, 0.3, 0.2
_VOLUME = pl.col("volume")


def _slope(column: str, bars: int) -> pl.Expr:
    """Least-squares slope of the last `bars` values on the bar number, over those present; NW."""
    value, present = pl.col(column).fill_null(0.0), pl.col(column).is_not_null().cast(pl.Float64)
    numbers = [float(bar - bars + 1) for bar in range(bars)]
    squares = [number * number for number in numbers]
    count, sum_y = (each.rolling_sum(bars, min_samples=1) for each in (present, value))
    sum_x, sum_xy = (each.rolling_sum(bars, numbers, min_samples=1) for each in (present, value))
    sum_xx = present.rolling_sum(bars, squares, min_samples=1)
    slope = (count * sum_xy - sum_x * sum_y) / (count * sum_xx - sum_x * sum_x)
    return pl.when(count >= least_present(bars)).then(slope)


def _spread() -> pl.Expr:
    """Corwin and Schultz's spread of two consecutive bars, a fraction; negative estimates are 0."""
    high, low = pl.col("high"), pl.col("low")
    single = (high / low).log() ** 2
    beta = single + single.shift(1)
    highest, lowest = pl.max_horizontal(high, high.shift(1)), pl.min_horizontal(low, low.shift(1))
    gamma = (highest / lowest).log() ** 2
    alpha = (math.sqrt(2) - 1) * beta.sqrt() / _ROOT - (gamma / _ROOT).sqrt()
    # 2(e^a - 1)/(1 + e^a) = 2 tanh(a/2)
    estimate = (2 * (alpha / 2).tanh()).clip(lower_bound=0)
    return pl.when(beta.is_not_null()).then(estimate)


def _micro() -> pl.Expr:
    """50*(1 + w); without a book the other two weights are scaled up."""
    flow, ticks = _FLOW_WEIGHT * pl.col("taker_flow_10"), _TICK_WEIGHT * (2 * pl.col("uptick") - 1)
    with_book = flow + _BOOK_WEIGHT * pl.col("orderbook_imbalance") + ticks
    return 50 * (1 + pl.coalesce(with_book, (flow + ticks) / (_FLOW_WEIGHT + _TICK_WEIGHT)))


_FLOW_KNOWN = pl.when(pl.col("taker_buy_quote_volume").is_not_null()).then(pl.col("quote_volume"))
_MINUTE_VALUE = pl.col("minute_traded_value")
_WEIGHTED = pl.col("return_1m") * _VOLUME

WORKING = (
    *z_window("volume_before", Grid.M1, _VOLUME.shift(1), _BARS),
    WorkingColumn("log_volume", Grid.M1, (1 + _VOLUME).log()),
    WorkingColumn("high_low_spread", Grid.M1, _spread()),
    WorkingColumn(
        "taker_flow_10",
        Grid.M1,
        ratio_or(
            rolling_sum(2 * pl.col("taker_buy_quote_volume") - pl.col("quote_volume"), _FLOW_BARS),
            rolling_sum(_FLOW_KNOWN, _FLOW_BARS),
            0.0,
        ),
    ),
    WorkingColumn("minute_traded_value", Grid.M1, traded_value()),
    WorkingColumn("traded_value_60", Grid.M1, rolling_sum(_MINUTE_VALUE, _HOUR)),
    WorkingColumn(
        "amihud_60",
        Grid.M1,
        rolling_mean(pl.when(_MINUTE_VALUE > 0).then(pl.col("return_1m").abs() / _MINUTE_VALUE), _HOUR),
    ),
    WorkingColumn(
        "price_pressure",
        Grid.M1,
        ratio_or(
            rolling_sum(_WEIGHTED, _BARS),
            rolling_sum(pl.when(_WEIGHTED.is_not_null()).then(_VOLUME), _BARS),
            0.0,
        ),
    ),
)

FEATURES = (
    recipe_feature(
        "micro",
        _micro(),
        "50*(1 + w), w = 0.5*taker flow of 10 min + 0.3*orderbook_imbalance + 0.2*(2*uptick - 1)",
        unit="0..100",
        window="10 m1",
        inputs=(
            "candles_1m.taker_buy_quote_volume",
            "candles_1m.quote_volume",
            *CLOSE_INPUTS,
            "order_book_levels.bid_depth_10_usd",
        ),
        null_rule="NW; the book's weight is dropped without one; null without taker data",
        pit="B,E",
        grid=Grid.DECISION,
        bounds=(0, 100),
    ),
    recipe_feature(
        "spread",
        rolling_mean(pl.col("high_low_spread"), _BARS) * _BPS,
        "Corwin-Schultz estimate from highs and lows of two consecutive bars, negative 0, mean of 20",
        unit="bps",
        window="21 m1",
        inputs=BAR_INPUTS[:2],
        bounds=(0, None),
    ),
    recipe_feature(
        "vol_jump",
        z_score_of(_VOLUME, "volume_before"),
        "volume of the last bar against the previous 20",
        unit="sd",
        window="21 m1",
        inputs=VOLUME_INPUTS,
        null_rule="NW, Z=0",
        sources="C113",
    ),
    recipe_feature(
        "volume_ma_ratio",
        ratio_or(_VOLUME, pl.col("volume_before_mean"), 1.0),
        "V_0/mean(V_1..V_20)",
        unit="ratio",
        window="21 m1",
        inputs=VOLUME_INPUTS,
        null_rule="NW, Z=1",
        bounds=(0, None),
    ),
    recipe_feature(
        "volume_trend",
        _slope("log_volume", _BARS),
        "least-squares slope of ln(1 + V) on the bar number",
        unit="per bar",
        window="20 m1",
        inputs=VOLUME_INPUTS,
    ),
    recipe_feature(
        "volume_weighted_price_pressure",
        over_deviation(pl.col("price_pressure"), pl.col("return_deviation_20")),
        "sum(V*return_1m)/sum V over 20 bars, in units of std1(return_1m, 20)",
        unit="sd",
        window="20 m1",
        inputs=(*CLOSE_INPUTS, *VOLUME_INPUTS),
        null_rule="NW, Z=0",
    ),
)
