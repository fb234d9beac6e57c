"""Time of day, day of week, trading sessions, time to the next funding."""

import math

import polars as pl

from hydra.features.catalogue.for_models.recipe_feature import recipe_feature
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_STANDARD_HOURS = 8
_SESSION_HOURS = 8
_EPOCH = pl.lit(0).cast(pl.Datetime("us", "UTC"))


def _wave(name: str, angle: pl.Expr, words: str, *, cosine: bool) -> Feature:
    return Feature(
        name=name,
        unit="-1..1",
        window="-",
        inputs=("decision.time",),
        null_rule="N0",
        pit="C",
        grid=Grid.DECISION,
        source="ML document, engineer_features",
        description=f"{'cos' if cosine else 'sin'}(2 pi {words}",
        expression=angle.cos() if cosine else angle.sin(),
        lowest=-1.0,
        highest=1.0,
    )


def _minutes_to_funding() -> pl.Expr:
    """From the last settlement in steps of its interval; without one, the eight-hour grid of the day."""
    last = pl.coalesce(pl.col("settlement_time"), _EPOCH)
    interval = pl.coalesce(pl.col("settlement_interval_hours"), _STANDARD_HOURS) * 60
    elapsed = (pl.col("time") - last).dt.total_microseconds() / 60_000_000
    return interval - elapsed % interval


def _calendar(
    name: str,
    expression: pl.Expr,
    description: str,
    unit: str,
    highest: float,
    lowest: float = 0,
) -> Feature:
    return recipe_feature(
        name,
        expression,
        description,
        unit=unit,
        window="-",
        inputs=("decision.time",),
        null_rule="N0",
        pit="C",
        grid=Grid.DECISION,
        bounds=(lowest, highest),
    )


def _session(name: str, first: int) -> Feature:
    is_open = pl.col("time").dt.hour().is_between(first, first + _SESSION_HOURS - 1).cast(pl.Float64)
    return _calendar(
        f"session_{name}",
        is_open,
        f"1 if the UTC hour is in [{first}, {first + _SESSION_HOURS})",
        "0 or 1",
        1,
    )


_DAY_ANGLE = pl.col("tod_fraction") * (2 * math.pi)
_HOUR, _WEEKDAY = pl.col("hour_angle"), pl.col("weekday_angle")

WORKING = (
    WorkingColumn("hour_angle", Grid.DECISION, pl.col("time").dt.hour() * (2 * math.pi / 24)),
    # Monday is 0.
    WorkingColumn("weekday_angle", Grid.DECISION, (pl.col("time").dt.weekday() - 1) * (2 * math.pi / 7)),
)

FEATURES = (
    _wave("hour_of_day_sin", _HOUR, "hour/24), whole UTC hour", cosine=False),
    _wave("hour_of_day_cos", _HOUR, "hour/24), whole UTC hour", cosine=True),
    _wave("day_of_week_sin", _WEEKDAY, "weekday/7), Monday 0", cosine=False),
    _wave("day_of_week_cos", _WEEKDAY, "weekday/7), Monday 0", cosine=True),
    Feature(
        name="minutes_to_funding",
        unit="minutes",
        window="-",
        inputs=("funding_rates.time", "funding_rates.interval_hours"),
        null_rule="N0",
        pit="C",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES",
        description=(
            "minutes to the next settlement: last known settlement plus whole intervals (the exchange's own "
            "next time is not archived); without one, the next of 00:00, 08:00, 16:00 UTC"
        ),
        expression=_minutes_to_funding(),
        lowest=0.0,
    ),
    _calendar(
        "tod_fraction",
        (
            pl.col("time").dt.hour().cast(pl.Int32) * 3600
            + pl.col("time").dt.minute().cast(pl.Int32) * 60
            + pl.col("time").dt.second()
        )
        / 86_400,
        "whole seconds since 00:00 UTC / 86400",
        "0..1",
        1,
    ),
    _calendar("tod_sin", _DAY_ANGLE.sin(), "sin(2 pi tod_fraction)", "-1..1", 1, -1),
    _calendar("tod_cos", _DAY_ANGLE.cos(), "cos(2 pi tod_fraction)", "-1..1", 1, -1),
    _calendar("dow", (pl.col("time").dt.weekday() - 1).cast(pl.Float64), "weekday, Monday 0", "0..6", 6),
    _session("asian", 0),
    _session("european", 8),
    _session("us", 16),
)
