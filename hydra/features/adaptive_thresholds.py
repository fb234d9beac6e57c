"""A pair's own thresholds at a decision, from what its features were at past decisions (C112).

Samples are taken at every whole hour of the 90 days before the UTC day of the decision, each from the facts
known at its hour. So all decisions of a day share their thresholds, and none knows anything of its own day.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

import polars as pl
from adbc_driver_manager.dbapi import Connection

from hydra.features.anchor import WARM_UP, WarmUp
from hydra.features.catalogue.thresholds import FEATURES, SAMPLED_DAYS
from hydra.features.decision_frame import DECISION_DELAY
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import TIME, MarketFacts
from hydra.features.known_rows import INPUTS
from hydra.features.point_in_time import Reading, read_facts

ADAPTIVE_THRESHOLDS: Final = tuple(feature.name for feature in FEATURES)

_SAMPLED: Final = tuple(dict.fromkeys(feature.inputs[0].removeprefix("sample.") for feature in FEATURES))
_HOUR: Final = timedelta(hours=1)
_READ: Final = ("candles_1m", "funding_rates", "open_interest_5m", "positioning")
_READING: Final = Reading(
    inputs={name: INPUTS[name] for name in _READ},
    warm_up={
        **{name: WARM_UP[name] for name in _READ},
        "candles_1m": WarmUp(timedelta(hours=25), timedelta(days=1), "the price 24 hours ago"),
        "funding_rates": WarmUp(
            timedelta(days=2), timedelta(days=1), "a settlement, valid for two intervals"
        ),
    },
)


def sampled_decisions(instrument_ids: Sequence[int], as_of: datetime) -> pl.DataFrame:
    """instrument_id and time: the hourly decisions that the thresholds at `as_of` (UTC) are made of."""
    day = datetime.combine(as_of.astimezone(UTC).date(), time(), UTC)
    first, last = day - timedelta(days=SAMPLED_DAYS), day - _HOUR
    hours = pl.datetime_range(first, last, _HOUR, time_unit="us", time_zone="UTC", eager=True)
    ids = pl.Series("instrument_id", instrument_ids, dtype=pl.Int16()).to_frame()
    return ids.join((hours + DECISION_DELAY).cast(TIME).alias("time").to_frame(), how="cross")


def adaptive_thresholds(facts: MarketFacts, instrument_ids: Sequence[int], as_of: datetime) -> pl.DataFrame:
    """instrument_id and ADAPTIVE_THRESHOLDS at `as_of`, a row a pair in the given order.

    A threshold is null where fewer than 30 days of hours are known.
    """
    samples = feature_matrix(facts, sampled_decisions(instrument_ids, as_of), _SAMPLED)
    thresholds = [feature.expression.alias(feature.name) for feature in FEATURES]
    return samples.group_by("instrument_id", maintain_order=True).agg(thresholds)


def read_adaptive_thresholds(
    connection: Connection, instrument_ids: Sequence[int], as_of: datetime
) -> pl.DataFrame:
    """`adaptive_thresholds` from the database: reads 91 days of candles, settlements, ratios and interest.

    Raises:
        DatabaseError: the server cannot answer.
    """
    start = sampled_decisions(instrument_ids[:1], as_of)["time"][0]
    facts = read_facts(connection, instrument_ids=instrument_ids, start=start, as_of=as_of, reading=_READING)
    return adaptive_thresholds(facts, instrument_ids, as_of)
