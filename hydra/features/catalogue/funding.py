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

FEATURES = (
    Feature(
        name="funding_rate",
        unit="fraction per 8 h",
        window="last settlement",
        inputs=_INPUTS,
        null_rule="NL(2*interval)",
        pit="F",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; C105, C106",
        description="last settled rate x 8/interval hours",
        expression=_fresh("settled_rate_8h"),
    ),
    Feature(
        name="funding_rate_zscore",
        unit="sd",
        window="100 settlements",
        inputs=_INPUTS,
        null_rule="NW (min 30), Z=0",
        pit="F",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; C54, C113",
        description="funding_rate against the last 100 settlements including the current one",
        expression=_fresh("settled_rate_zscore"),
    ),
    Feature(
        name="funding_annualized",
        unit="fraction per year",
        window="last settlement",
        inputs=_INPUTS,
        null_rule="NL(2*interval)",
        pit="F",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES",
        description="last settled raw rate x 24/interval hours x 365",
        expression=_fresh("settled_rate") * _HOURS_PER_YEAR / pl.col("settlement_interval_hours"),
    ),
    Feature(
        name="funding_momentum",
        unit="fraction per 8 h",
        window="3 settlements",
        inputs=_INPUTS,
        null_rule="NW",
        pit="F",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES",
        description="funding_rate now minus three settlements earlier",
        expression=_fresh("settled_rate_change"),
    ),
)
