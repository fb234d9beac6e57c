"""Returns, averages and ranges on one-minute bars."""

import polars as pl

from hydra.features.expressions import (
    ZERO_DEVIATION,
    bars_so_far,
    price_change,
    rolling_mean,
    true_range,
)
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_CLOSE = ("candles_1m.close",)
_BAR = ("candles_1m.high", "candles_1m.low", "candles_1m.close")
_ATR_BARS = 14


def _change(name: str, minutes: int, window: str, source: str) -> Feature:
    return Feature(
        name=name,
        unit="fraction",
        window=window,
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M1,
        source=source,
        description=f"C_0/C_{minutes} - 1: the change of the close over {window}",
        expression=price_change("close", minutes),
        lowest=-1.0,
    )


def _distance(bars: int) -> Feature:
    return Feature(
        name=f"price_vs_sma_{bars}",
        unit="fraction",
        window=f"{bars} m1",
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M1,
        source="ML document, SIGNAL_SCORER_FEATURES; C58",
        description=f"C_0/SMA_{bars} - 1 on one-minute bars",
        expression=pl.col("close") / pl.col(f"sma_{bars}") - 1,
        lowest=-1.0,
    )


def _relative_strength(bars: int) -> pl.Expr:
    """RSI with simple means; without losses 100, without gains and losses 50.

    Means of at most 1e-12 of the price are rounding errors and count as zero (C113).
    """
    noise = pl.col("close") * ZERO_DEVIATION
    gain, loss = pl.col(f"mean_gain_{bars}"), pl.col(f"mean_loss_{bars}")
    index = 100 - 100 / (1 + gain / loss)
    no_loss = pl.when(gain <= noise).then(50.0).otherwise(100.0)
    # Gain and loss are null together, and then the index is null.
    return pl.when(loss <= noise).then(no_loss).otherwise(index)


def _mean_moves(bars: int) -> tuple[WorkingColumn, WorkingColumn]:
    move = pl.col("close_move")
    return (
        WorkingColumn(f"mean_gain_{bars}", Grid.M1, rolling_mean(move.clip(lower_bound=0), bars)),
        WorkingColumn(f"mean_loss_{bars}", Grid.M1, rolling_mean((-move).clip(lower_bound=0), bars)),
    )


def _strength_index(bars: int, source: str) -> Feature:
    return Feature(
        name=f"rsi_{bars}",
        unit="0..100",
        window=f"{bars} m1",
        inputs=_CLOSE,
        null_rule="NW; Z: no losses 100, no moves 50",
        pit="B",
        grid=Grid.M1,
        source=source,
        description=f"100 - 100/(1 + G/L), G and L the simple means of gains and losses over {bars} minutes",
        expression=_relative_strength(bars),
        lowest=0.0,
        highest=100.0,
    )


WORKING = (
    WorkingColumn("bars_so_far", Grid.M1, bars_so_far("close")),
    WorkingColumn("sma_20", Grid.M1, rolling_mean(pl.col("close"), 20)),
    WorkingColumn("sma_50", Grid.M1, rolling_mean(pl.col("close"), 50)),
    WorkingColumn("close_move", Grid.M1, pl.col("close") - pl.col("close").shift(1)),
    WorkingColumn("change_20m", Grid.M1, price_change("close", 20)),
    *_mean_moves(14),
    *_mean_moves(7),
)

FEATURES = (
    _change("return_1m", 1, "1 min", "ML document, engineer_features; C60"),
    _change("return_5m", 5, "5 min", "ML document, engineer_features; C60"),
    _change("ret_3", 3, "3 min", "engine document, FeatureRecipe; C60"),
    _change("return_15m", 15, "15 min", "ML document, engineer_features; C60"),
    _change("return_1h", 60, "60 min", "ML document, SIGNAL_SCORER_FEATURES; C60"),
    _change("return_4h", 240, "4 h", "ML document, Regime Classifier; C60"),
    _change("return_24h", 1440, "24 h", "ML document, Regime Classifier; C60"),
    _distance(20),
    _distance(50),
    _strength_index(14, "ML document, SIGNAL_SCORER_FEATURES; docs/features.md, Conventions; C59"),
    _strength_index(7, "engine document, FeatureRecipe; C59"),
    Feature(
        name="atr_14_abs",
        unit="price",
        window="14 m1",
        inputs=_BAR,
        null_rule="NW",
        pit="B",
        grid=Grid.M1,
        source="ML document, engineer_features; C57, C59",
        description="simple mean over 14 minutes of the true range, in price units",
        expression=rolling_mean(true_range(), _ATR_BARS),
        lowest=0.0,
    ),
    Feature(
        name="atr_14",
        unit="fraction",
        window="14 m1",
        inputs=_BAR,
        null_rule="NW",
        pit="B",
        grid=Grid.M1,
        source="ML document, SIGNAL_SCORER_FEATURES; C57, C59",
        description="atr_14_abs divided by the last close",
        expression=pl.col("atr_14_abs") / pl.col("close"),
        lowest=0.0,
    ),
    Feature(
        name="last_close",
        unit="price",
        window="1 m1",
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M1,
        source="layers document, MarketState (price)",
        description="C_0: the close of the last closed minute",
        expression=pl.col("close"),
        lowest=0.0,
    ),
)
