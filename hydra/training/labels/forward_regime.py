"""The regime label: what the hour after the decision was, by the printed function.

The quantities of the hour are features as they stand at its end, because their windows are that hour: each
has one definition. The regime of the hour before the decision would be a function of the model's own inputs.
Source: ML document, "Label Definition"; C19, C62, C63, C64.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Floats
from hydra.bounds import Fraction
from hydra.domain import Regime
from hydra.layers.layer2_regime import SEVERE_VELOCITY, RegimeParameters
from hydra.training.labels.label_rows import Unlabelled, label_rows, unlabelled_where
from hydra.training.labels.minute_prices import MinutePrices

REGIME_INPUTS: Final = ("liq_velocity", "funding_rate", "oi_delta_pct", "volatility_1h")
"""The features that the label reads at the end of the hour. funding_rate is a state: the last settled one."""

WINDOW_MINUTES: Final = 60
_WINDOW: Final = timedelta(minutes=WINDOW_MINUTES)
_MONTH: Final = timedelta(days=30)
_LEAST_HOURS: Final = 168
_OLDEST_LIMIT: Final = timedelta(hours=2)
_KEY: Final = ("instrument_id", "time")
_END: Final = "_at_the_end"


@dataclass(frozen=True, slots=True)
class ForwardRegimeParameters:
    """As printed; the limits that the rule-based regime has too are its own."""

    volatility_percentile: Fraction = 0.95
    severe_velocity: Fraction = SEVERE_VELOCITY
    rule: RegimeParameters = field(default_factory=RegimeParameters)


def forward_regime(
    liq_velocity: pl.Expr,
    funding_rate: pl.Expr,
    oi_delta: pl.Expr,
    returns_sum: pl.Expr,
    volatility: pl.Expr,
    high_volatility: pl.Expr,
    parameters: ForwardRegimeParameters,
) -> pl.Expr:
    """Regime code of an hour; null where any of its quantities is.

    returns_sum: of the sixty one-minute returns; its sign is that of their mean. high_volatility: the limit
    that was known at the decision (C63).

    Formula: liq_velocity > 0.05: CASCADE_RISK; funding > 0.001 and oi > 0.02 and mean return < 0:
        SQUEEZE_SHORT; funding < -0.001 and oi > 0.02 and mean return > 0: SQUEEZE_LONG; volatility > its 95th
        percentile: HIGH_VOLATILITY; sum of returns > 0.02: TRENDING_UP; < -0.02: TRENDING_DOWN; else RANGING
    Source: ML document, "Label Definition"; C14, C62, C63, C64.
    """
    rule = parameters.rule
    is_building = oi_delta > rule.oi_delta
    inputs = (liq_velocity, funding_rate, oi_delta, returns_sum, volatility, high_volatility)
    regime = (
        pl.when(liq_velocity > parameters.severe_velocity)
        .then(Regime.CASCADE_RISK.value)
        .when((funding_rate > rule.funding_rate) & is_building & (returns_sum < 0))
        .then(Regime.SQUEEZE_SHORT.value)
        .when((funding_rate < -rule.funding_rate) & is_building & (returns_sum > 0))
        .then(Regime.SQUEEZE_LONG.value)
        .when(volatility > high_volatility)
        .then(Regime.HIGH_VOLATILITY.value)
        .when(returns_sum > rule.trend_band)
        .then(Regime.TRENDING_UP.value)
        .when(returns_sum < -rule.trend_band)
        .then(Regime.TRENDING_DOWN.value)
        .otherwise(Regime.RANGING.value)
    )
    return pl.when(pl.all_horizontal(one.is_not_null() for one in inputs)).then(regime)


def forward_regime_labels(
    prices: MinutePrices,
    decisions: pl.DataFrame,
    features: pl.DataFrame,
    parameters: ForwardRegimeParameters | None = None,
) -> pl.DataFrame:
    """The regime of the hour after each decision (instrument_id, time).

    features: REGIME_INPUTS by instrument_id and time, for every minute that a label needs. Their whole hours
    before a decision give its limit of high volatility; with fewer than 168 of them there is no label.
    """
    own = parameters or ForwardRegimeParameters()
    rows, columns = prices.places(decisions)
    last = rows + WINDOW_MINUTES
    at_end = features.select(
        "instrument_id",
        pl.col("time") - _WINDOW,
        *(pl.col(name).cast(pl.Float64).fill_nan(None).alias(f"{name}{_END}") for name in REGIME_INPUTS),
    )
    summed = prices.at(_returns_sum(prices), last, columns)
    frame = (
        decisions.select(_KEY)
        .with_columns(pl.Series("returns_sum", summed, pl.Float64).fill_nan(None))
        .join(at_end, on=_KEY, how="left", maintain_order="left", validate="m:1")
        .join(_limits(decisions, features, own), on=_KEY, how="left", maintain_order="left")
    )
    velocity, funding, oi_delta, volatility = (pl.col(f"{name}{_END}") for name in REGIME_INPUTS)
    label = frame.select(
        forward_regime(
            velocity,
            funding,
            oi_delta,
            pl.col("returns_sum"),
            volatility,
            pl.col("high_volatility"),
            own,
        ).cast(pl.Int8)
    ).to_series()
    unlabelled = unlabelled_where(
        [
            (Unlabelled.END_OF_DATA, last > prices.last_rows[columns]),
            (Unlabelled.MISSING_BAR, np.isnan(summed)),
            (Unlabelled.MISSING_INPUT, label.is_null().to_numpy()),
        ]
    )
    span = prices.known_us(rows), prices.known_us(last)
    return label_rows(decisions, label, span, unlabelled)


def _returns_sum(prices: MinutePrices) -> Floats:
    """Sum of the last sixty one-minute returns at each row; NaN where a close of them is missing."""
    closes = pl.DataFrame(prices.closes).with_columns(pl.all().fill_nan(None))
    returns = closes.select(pl.all() / pl.all().shift(1) - 1)
    summed = returns.select(pl.all().rolling_sum(WINDOW_MINUTES, min_samples=WINDOW_MINUTES))
    found: Floats = summed.with_columns(pl.all().fill_null(np.nan)).to_numpy()
    return found


def _limits(
    decisions: pl.DataFrame, features: pl.DataFrame, parameters: ForwardRegimeParameters
) -> pl.DataFrame:
    """By decision the percentile of volatility_1h at the whole hours of the 30 days up to it."""
    hourly = (
        features.filter(pl.col("time").dt.minute() == 0)
        .select(*_KEY, pl.col("volatility_1h").cast(pl.Float64).fill_nan(None))
        .drop_nulls()
        .sort("time")
    )
    limits = hourly.select(
        "instrument_id",
        "time",
        pl.col("volatility_1h")
        .rolling_quantile_by(
            "time",
            window_size=_MONTH,
            quantile=parameters.volatility_percentile,
            interpolation="linear",
            min_samples=_LEAST_HOURS,
        )
        .over("instrument_id")
        .alias("high_volatility"),
    )
    wanted = decisions.select(_KEY).unique().sort("time")
    # Both sides are sorted; polars cannot check it where there are groups.
    return wanted.join_asof(
        limits, on="time", by="instrument_id", tolerance=_OLDEST_LIMIT, check_sortedness=False
    )
