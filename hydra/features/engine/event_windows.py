"""Sums of single events (forced orders, heartbeats) over windows that end at a decision."""

from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Floats, Integers
from hydra.compiled import compiled_when_needed
from hydra.durations import FIVE_MINUTES_US, MINUTE_US
from hydra.features.engine.lateness import DecisionInstants, event_instants, integers
from hydra.features.engine.layout import gather, last_up_to, ranked_keys
from hydra.layers.layer2_data_health import LIQUIDATION_FEED

_MOST_EVENTS: Final = 100
# A span leaves its first instant out; sixty minutes old is still recent (C56).
_OLDEST_US: Final = 60 * MINUTE_US + 1
_FEW_WINDOWS: Final = 64
_MINUTE_NUMBER: Final = pl.col("time").dt.epoch("us") // MINUTE_US


def liquidation_columns(
    liquidations: pl.DataFrame, heartbeats: pl.DataFrame, gaps: pl.DataFrame, instants: DecisionInstants
) -> pl.DataFrame:
    """Per decision: recent_long_usd, recent_short_usd, last_5m_usd, heartbeat_time, and missing seconds.

    Recent: the last 100 known forced orders, at most 60 minutes old (C56). heartbeat_time: the last
    known proof of life of the liquidation feed, null if there is none. missing_60m_seconds,
    missing_5m_seconds: lengths of the feed's gaps that ended in the last 60 and 5 minutes, summed.
    """
    value = liquidations["value_usd"].to_numpy()
    long = np.where((liquidations["side"] == "LONG").to_numpy(), value, 0.0)
    end, recent, last_five = _bounds(liquidations, instants)
    gap_end, in_hour, in_five = _gap_bounds(gaps, instants)
    missing = gaps["missing_seconds"].to_numpy()
    return pl.DataFrame(
        {
            "recent_long_usd": window_sums(long, recent, end),
            "recent_short_usd": window_sums(value - long, recent, end),
            "last_5m_usd": window_sums(value, last_five, end),
            "heartbeat_time": _last_heartbeat(heartbeats, instants),
            "missing_60m_seconds": window_sums(missing, in_hour, gap_end),
            "missing_5m_seconds": window_sums(missing, in_five, gap_end),
        }
    )


def _bounds(events: pl.DataFrame, instants: DecisionInstants) -> tuple[Integers, Integers, Integers]:
    """Per decision: index after its last known event, first recent event, first of the last 5 min."""
    end, (oldest, last_five) = window_bounds(events, instants, _OLDEST_US, FIVE_MINUTES_US)
    return end, np.minimum(np.maximum(oldest, end - _MOST_EVENTS), end), last_five


def _gap_bounds(gaps: pl.DataFrame, instants: DecisionInstants) -> tuple[Integers, Integers, Integers]:
    """Per decision: index after its last known gap, first gap of the hour, first of the last 5 min."""
    end, (in_hour, in_five) = window_bounds(gaps, instants, _OLDEST_US, FIVE_MINUTES_US)
    return end, in_hour, in_five


def window_bounds(
    events: pl.DataFrame, instants: DecisionInstants, *spans_us: int
) -> tuple[Integers, tuple[Integers, ...]]:
    """Per decision: index after its last known event; per span the index of the first event after now - span.

    The indices of an instrument without events lie between those of its neighbours: empty windows.
    """
    rank = instants.rank_of(events)
    by_known, by_time = ranked_keys(rank, event_instants(events)), ranked_keys(rank, integers(events["time"]))
    now = ranked_keys(instants.rank, instants.time_us)
    end = np.searchsorted(by_known, now, "right")
    return end, tuple(np.minimum(np.searchsorted(by_time, now - span, "right"), end) for span in spans_us)


def window_sums(value: Floats, begin: Integers, end: Integers) -> Floats:
    """Sum of value[begin:end] per window, each summed on its own: a running total would drift."""
    sums = np.zeros(len(begin))
    if len(value):
        add = compiled_when_needed(_add_windows) if len(begin) > _FEW_WINDOWS else _add_windows
        add(value, begin, end, sums)
    return sums


def _add_windows(value: Floats, begin: Integers, end: Integers, sums: Floats) -> None:
    for window in range(len(begin)):
        total = 0.0
        for place in range(begin[window], end[window]):
            total += value[place]
        sums[window] = total


def _last_heartbeat(heartbeats: pl.DataFrame, instants: DecisionInstants) -> pl.Series:
    feed = heartbeats.filter(pl.col("feed") == LIQUIDATION_FEED)
    keys = ranked_keys(instants.rank_of(feed), event_instants(feed))
    rows = last_up_to(keys, instants.rank, instants.time_us)
    return gather(feed.select("time"), rows)["time"]


def liquidation_buckets(liquidations: pl.DataFrame, heartbeats: pl.DataFrame, minutes: int) -> pl.DataFrame:
    """Liquidated USD per instrument and clock bucket: columns instrument_id, position, liquidated_usd.

    position: steps of `minutes` since 1970. Only buckets in each of whose minutes the feed showed a
    heartbeat; a bucket without events is 0.
    """
    bucket = (_MINUTE_NUMBER // minutes).alias("position")
    beats = heartbeats.lazy().filter(pl.col("feed") == LIQUIDATION_FEED)
    alive = beats.select("instrument_id", _MINUTE_NUMBER.alias("position")).filter(_is_another())
    if minutes > 1:
        per_bucket = alive.group_by("instrument_id", pl.col("position") // minutes).len("minutes")
        alive = per_bucket.filter(pl.col("minutes") == minutes).drop("minutes")
    sums = (
        liquidations.lazy()
        .group_by("instrument_id", bucket)
        .agg(pl.col("value_usd").sum().alias("liquidated_usd"))
    )
    joined = alive.join(sums, on=["instrument_id", "position"], how="left")
    filled = joined.with_columns(pl.col("liquidated_usd").fill_null(0.0))
    return filled.sort("instrument_id", "position").collect()


def _is_another() -> pl.Expr:
    """The first row of each instrument and position: rows stand by instrument, then time."""
    return pl.any_horizontal(
        pl.col(key).ne_missing(pl.col(key).shift()) for key in ("instrument_id", "position")
    )
