"""Traded value and taker flow on five-minute bars."""

import polars as pl

from hydra.features.expressions import least_present, traded_value, z_score_of, z_window
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_DAY_BARS = 288
_HOUR_BARS = 12


def _hour_sum(value: pl.Expr) -> pl.Expr:
    return value.rolling_sum(_HOUR_BARS, min_samples=least_present(_HOUR_BARS))


def _taker_flow() -> pl.Expr:
    """Net taker value over traded value of the last hour; no trade at all: 0."""
    net, total = _hour_sum(pl.col("net_taker_value")), _hour_sum(pl.col("taker_known_value"))
    return pl.when(net.is_null()).then(None).when(total == 0).then(0.0).otherwise(net / total)


WORKING = (
    *z_window("previous_value", Grid.M5, pl.col("traded_value").shift(1), _DAY_BARS),
    WorkingColumn("traded_value", Grid.M5, traded_value()),
    WorkingColumn("net_taker_value", Grid.M5, 2 * pl.col("taker_buy_quote_volume") - pl.col("quote_volume")),
    WorkingColumn(
        "taker_known_value",
        Grid.M5,
        pl.when(pl.col("taker_buy_quote_volume").is_not_null()).then(pl.col("quote_volume")),
    ),
)

FEATURES = (
    Feature(
        name="m5_volume_zscore",
        unit="sd",
        window="24 h (288 m5)",
        inputs=("candles_5m.quote_volume", "candles_5m.volume", "candles_5m.high", "candles_5m.low"),
        null_rule="NW, Z=0",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; C113, C128",
        description="quote volume of the last five-minute bar against the previous 288",
        expression=z_score_of(pl.col("traded_value"), "previous_value"),
    ),
    Feature(
        name="m5_cvd_momentum",
        unit="-1..1",
        window="60 min (12 m5)",
        inputs=("candles_5m.quote_volume", "candles_5m.taker_buy_quote_volume"),
        null_rule="Z=0, NW; null without taker data",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; C128",
        description="sum over 12 five-minute bars of (2*taker-bought value - value) / sum of value",
        expression=_taker_flow(),
        lowest=-1.0,
        highest=1.0,
    ),
)
