"""The quantities of layer 2: realised volatility and its rank, cascade risk, expected range."""

import math

import polars as pl

from hydra.domain import Regime
from hydra.durations import MINUTE
from hydra.features.expressions import rolling_deviation, z_score
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn
from hydra.layers.layer2_regime import check_cascade
from hydra.layers.layer2_volatility import annualised_volatility

_VOLATILITY_BARS = 12
MONTH_BARS = 8640
LEAST_MONTH_BARS = 2016
_HOURS_PER_YEAR = 365 * 24
_NINETY_PERCENT = 1.645
_REGIME_MEMORY = 12
_SURE = 0.6
_CLOSE = ("candles_5m.close",)
_SOURCE = "layers document, StatisticalResult"

_BEFORE = pl.col("realized_volatility").shift(1)


def _range_edge(name: str, sign: int) -> Feature:
    half = _NINETY_PERCENT * math.sqrt(1 / _HOURS_PER_YEAR)
    return Feature(
        name=name,
        unit="price",
        window="next hour",
        inputs=("candles_1m.close", *_CLOSE),
        null_rule="null if an input is",
        pit="B",
        grid=Grid.DECISION,
        source=_SOURCE,
        description=f"price*(1 {'-' if sign < 0 else '+'} 1.645*realized_volatility*sqrt(1/8760)), 90% edge",
        expression=pl.col("last_close") * (1 + sign * half * pl.col("realized_volatility")),
    )


def _regime_break() -> pl.Expr:
    """1 if a confident regime is rarer than the most frequent of the last 12 evaluations.

    If it shares the first place, there is no break.
    """
    counts = [
        (pl.col("regime") == regime.value).cast(pl.Int64).shift(1).rolling_sum(_REGIME_MEMORY)
        .over("instrument_id")
        for regime in Regime
    ]  # fmt: skip
    own = pl.coalesce(
        pl.when(pl.col("regime") == regime.value).then(count)
        for regime, count in zip(Regime, counts, strict=True)
    )
    changed = own < pl.max_horizontal(*counts)
    return (changed & (pl.col("regime_confidence") >= _SURE)).cast(pl.Float64)


WORKING = (
    WorkingColumn(
        "month_mean", Grid.M5_MONTH, _BEFORE.rolling_mean(MONTH_BARS, min_samples=LEAST_MONTH_BARS)
    ),
    WorkingColumn(
        "month_deviation", Grid.M5_MONTH, _BEFORE.rolling_std(MONTH_BARS, min_samples=LEAST_MONTH_BARS)
    ),
)

FEATURES = (
    Feature(
        name="realized_volatility",
        unit="annualised fraction",
        window="12 m5",
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M5_MONTH,
        source="layers document, check_volatility; C12, C13",
        description="std0 of the last 12 five-minute simple returns x sqrt(105120)",
        expression=annualised_volatility(
            rolling_deviation(pl.col("close") / pl.col("close").shift(1) - 1, _VOLATILITY_BARS, ddof=0), 5
        ),
        lowest=0.0,
    ),
    Feature(
        name="volatility_percentile",
        unit="0..1",
        window="30 d (8640 m5)",
        inputs=_CLOSE,
        null_rule="null with fewer than 2016 samples",
        pit="B",
        grid=Grid.DECISION,
        source="layers document, Volatility Regime; C12",
        description="share of the previous 30 days' realized_volatility that is at most the current one",
        expression=pl.when(
            pl.col("realized_volatility").is_not_null() & (pl.col("month_samples") >= LEAST_MONTH_BARS)
        ).then(pl.col("month_not_above") / pl.col("month_samples")),
        lowest=0.0,
        highest=1.0,
    ),
    Feature(
        name="realized_volatility_zscore",
        unit="sd",
        window="30 d (8640 m5)",
        inputs=_CLOSE,
        null_rule="null with fewer than 2016 samples, Z=0",
        pit="B",
        grid=Grid.M5_MONTH,
        source=f"{_SOURCE} (there volatility_zscore); C113",
        description="realized_volatility against its previous 30 days (not the same as volatility_zscore)",
        expression=z_score(pl.col("realized_volatility"), pl.col("month_mean"), pl.col("month_deviation")),
    ),
    _range_edge("expected_range_1h_low", -1),
    _range_edge("expected_range_1h_high", 1),
    Feature(
        name="cascade_probability",
        unit="0..0.9",
        window="last 100 liquidations, at most 60 min old",
        inputs=("liquidations.value_usd", "open_interest_5m.value_usd", "heartbeats.time"),
        null_rule="null if velocity null",
        pit="E",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; layers document, check_cascade; C10, C19",
        description="liq_velocity above 0.05: 0.9, above 0.02: 0.6, else 10 x liq_velocity",
        expression=check_cascade(pl.col("liq_velocity")),
        lowest=0.0,
        highest=0.9,
        heard=MINUTE,
    ),
    Feature(
        name="regime_break_alert",
        unit="0 or 1",
        window="12 evaluations",
        inputs=("evaluation.regime", "evaluation.regime_confidence"),
        null_rule="null before 12 evaluations",
        pit="E",
        grid=Grid.EVALUATION,
        source=_SOURCE,
        description="regime differs from the mode of the last 12 evaluations and its confidence is >= 0.6",
        expression=_regime_break(),
        lowest=0.0,
        highest=1.0,
    ),
)
