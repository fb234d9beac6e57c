"""A pair's own thresholds at a decision, from what its features were at past decisions (C112).

Samples are taken at every whole hour of the 90 days before the UTC day of the decision, each from the facts
known at its hour. All decisions of a day therefore share their thresholds, and none uses its own day.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import polars as pl

from hydra.arrays import TIME
from hydra.db.arrow_connection import ArrowConnection
from hydra.durations import DAY, HOUR
from hydra.features.catalogue.thresholds import FEATURES, SAMPLED_DAYS
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.features.evaluate import feature_matrix
from hydra.features.fact_source import WarmUp
from hydra.features.facts import SOURCES, MarketFacts
from hydra.features.reading.point_in_time import read_facts

ADAPTIVE_THRESHOLDS: Final = tuple(feature.name for feature in FEATURES)

_SAMPLED: Final = tuple(dict.fromkeys(feature.inputs[0].removeprefix("sample.") for feature in FEATURES))
_READ: Final = ("candles_1m", "funding_rates", "open_interest_5m", "positioning")
_WARM_UPS: Final = {
    "candles_1m": WarmUp(timedelta(hours=25), DAY, "the price 24 hours ago"),
    "funding_rates": WarmUp(timedelta(days=2), DAY, "a settlement, valid for two intervals"),
}
_SOURCES: Final = {
    name: replace(SOURCES[name], warm_up=_WARM_UPS.get(name, SOURCES[name].warm_up)) for name in _READ
}


def sampled_decisions(instrument_ids: Sequence[int], days: Sequence[date]) -> pl.DataFrame:
    """instrument_id and time: the hourly decisions from which the thresholds of `days` are computed.

    days: UTC, ascending; the hours between two of them are sampled too.
    """
    first, last = _midnight(days[0]) - timedelta(days=SAMPLED_DAYS), _midnight(days[-1]) - HOUR
    hours = pl.datetime_range(first, last, HOUR, time_unit="us", time_zone="UTC", eager=True)
    ids = pl.Series("instrument_id", instrument_ids, dtype=pl.Int16()).to_frame()
    return ids.join((hours + DECISION_DELAY).cast(TIME).alias("time").to_frame(), how="cross")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def adaptive_thresholds(
    facts: MarketFacts, instrument_ids: Sequence[int], days: Sequence[date]
) -> pl.DataFrame:
    """instrument_id, day and ADAPTIVE_THRESHOLDS, which hold for every decision of that UTC day.

    A row a pair and day, by day (ascending, as given), then pair in the given order. A threshold is null
    where fewer than 30 days of hours are known.
    """
    samples = feature_matrix(facts, sampled_decisions(instrument_ids, days), _SAMPLED)
    return pl.concat([_of_day(samples, day) for day in days])


def _of_day(samples: pl.DataFrame, day: date) -> pl.DataFrame:
    end = pl.lit(_midnight(day), dtype=TIME)
    before = samples.filter(pl.col("time").is_between(end - timedelta(days=SAMPLED_DAYS), end, closed="left"))
    thresholds = [feature.expression.alias(feature.name) for feature in FEATURES]
    rows = before.group_by("instrument_id", maintain_order=True).agg(thresholds)
    return rows.select("instrument_id", pl.lit(day).alias("day"), *ADAPTIVE_THRESHOLDS)


def read_adaptive_thresholds(
    connection: ArrowConnection, instrument_ids: Sequence[int], days: Sequence[date]
) -> pl.DataFrame:
    """`adaptive_thresholds` from the database, from facts known by the first instant of the last day.

    Reads 91 days of candles, settlements, ratios and open interest before the first day. The result does not
    depend on the time of day, nor on whether one day or many are read at once.

    Raises:
        DatabaseError: the server cannot answer.
    """
    start = sampled_decisions(instrument_ids[:1], days)["time"][0]
    as_of = _midnight(days[-1])
    facts = read_facts(connection, instrument_ids=instrument_ids, start=start, as_of=as_of, sources=_SOURCES)
    return adaptive_thresholds(facts, instrument_ids, days)
