"""Settled funding. Rates are scaled to eight hours; predicted funding is not used (C106)."""

import polars as pl

from hydra.features.expressions import no_older_than, z_score
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_WINDOW_SETTLEMENTS = 100
_LEAST_SETTLEMENTS = 30
_MOMENTUM_SETTLEMENTS = 3
_STANDARD_HOURS = 8
_HOURS_PER_YEAR = 24 * 365
_INPUTS = ("funding_rates.rate", "funding_rates.interval_hours")

_TWO_INTERVALS = pl.duration(hours=2 * pl.col("settlement_interval_hours"))


def _fresh(column: str) -> pl.Expr:
    return no_older_than(column, "settlement_time", _TWO_INTERVALS)


_RATE_8H = pl.col("settled_rate_8h")

WORKING = (
    WorkingColumn("settlement_time", Grid.SETTLEMENT, pl.col("fact_time")),
    WorkingColumn("settlement_interval_hours", Grid.SETTLEMENT, pl.col("interval_hours").cast(pl.Int64)),
    WorkingColumn("settled_rate", Grid.SETTLEMENT, pl.col("rate")),
    WorkingColumn(
        "settled_rate_8h", Grid.SETTLEMENT, pl.col("rate") * _STANDARD_HOURS / pl.col("interval_hours")
    ),
    WorkingColumn(
        "settled_rate_zscore",
        Grid.SETTLEMENT,
        z_score(
            _RATE_8H,
            _RATE_8H.rolling_mean(_WINDOW_SETTLEMENTS, min_samples=_LEAST_SETTLEMENTS),
            _RATE_8H.rolling_std(_WINDOW_SETTLEMENTS, min_samples=_LEAST_SETTLEMENTS),
        ),
    ),
    WorkingColumn("settled_rate_change", Grid.SETTLEMENT, _RATE_8H - _RATE_8H.shift(_MOMENTUM_SETTLEMENTS)),
)


def _funding(
    name: str,
    expression: pl.Expr,
    description: str,
    *,
    unit: str = "fraction per 8 h",
    window: str = "last settlement",
    null_rule: str = "NL(2*interval)",
    readings: str = "",
) -> Feature:
    return Feature(
        name=name,
        unit=unit,
        window=window,
        inputs=_INPUTS,
        null_rule=null_rule,
        pit="F",
        grid=Grid.DECISION,
        source=f"ML document, SIGNAL_SCORER_FEATURES{readings}",
        description=description,
        expression=expression,
    )


FEATURES = (
    _funding(
        "funding_rate",
        _fresh("settled_rate_8h"),
        "last settled rate x 8/interval hours",
        readings="; C105, C106",
    ),
    _funding(
        "funding_rate_zscore",
        _fresh("settled_rate_zscore"),
        "funding_rate against the last 100 settlements including the current one",
        unit="sd",
        window="100 settlements",
        null_rule="NW (min 30), Z=0",
        readings="; C54, C113",
    ),
    _funding(
        "funding_annualized",
        _fresh("settled_rate") * _HOURS_PER_YEAR / pl.col("settlement_interval_hours"),
        "last settled raw rate x 24/interval hours x 365",
        unit="fraction per year",
    ),
    _funding(
        "funding_momentum",
        _fresh("settled_rate_change"),
        "funding_rate now minus three settlements earlier",
        window="3 settlements",
        null_rule="NW",
    ),
)
