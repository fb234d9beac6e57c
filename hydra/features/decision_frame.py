"""One row a pair and decision: the last close, and how old everything is that the decision rests on.

Data health (layer 2, C111) judges these ages; here nothing is judged.
Source: features.md section 0; layers document, "Data Health"; C08, C19, C111.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from hydra.errors import StopError
from hydra.features.facts import SCHEMAS, TIME, MarketFacts

DECISION_DELAY: Final = timedelta(seconds=2)
"""A minute is decided this long after its close: when its candle is known (features.md section 0)."""

_COLUMNS: Final = (
    "instrument_id",
    "time",
    "last_close",
    "candle_age_seconds",
    "funding_age_seconds",
    "open_interest_age_seconds",
    "positioning_age_seconds",
    "order_book_age_seconds",
    "liquidation_feed_age_seconds",
    "order_book_feed_age_seconds",
)
_DECISION: Final = {"instrument_id": pl.Int16(), "time": TIME}


def decision_frame(facts: MarketFacts, as_of: datetime) -> pl.DataFrame:
    """The row of every pair of which `facts` knows anything, decided at `as_of`; see `decision_frames`."""
    sources = _sources(facts.candles_1m.lazy(), facts)
    ids = pl.concat([getattr(facts, name)["instrument_id"].unique() for name in SCHEMAS]).unique().sort()
    framed = ids.to_frame().with_columns(pl.lit(as_of, dtype=TIME).alias("time")).lazy()
    for name, newest in zip(sources, pl.collect_all(_newest_at(as_of, sources)), strict=True):
        aged = newest.lazy().with_columns(_age(pl.lit(as_of, dtype=TIME), name)).drop("_event")
        framed = framed.join(aged, on="instrument_id", how="left", maintain_order="left")
    result: pl.DataFrame = framed.rename({"close": "last_close"}).select(_COLUMNS).collect()
    return result


def _newest_at(as_of: datetime, sources: dict[str, pl.LazyFrame]) -> list[pl.LazyFrame]:
    known = (pl.col("known_at") <= pl.lit(as_of, dtype=TIME)) & (pl.col("time") <= pl.lit(as_of, dtype=TIME))
    return [
        rows.filter(known).rename({"time": "_event"}).drop("known_at").group_by("instrument_id").last()
        for rows in sources.values()
    ]


def decision_minutes(instrument_ids: Sequence[int], start: datetime, end: datetime) -> pl.DataFrame:
    """Every decision of `instrument_ids` in [start, end]: two seconds after each full minute.

    Returns instrument_id (Int16) and time (UTC), by time, then pair.

    Raises:
        StopError: `start` or `end` has no time zone.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise StopError(f"decisions from {start} to {end}: give both instants with a time zone, in UTC")
    first = start.astimezone(UTC).replace(second=0, microsecond=0)
    minutes = pl.datetime_range(first, end, "1m", time_zone="UTC", eager=True)
    instants = (minutes + DECISION_DELAY).cast(TIME).alias("time").to_frame()
    ids = pl.Series("instrument_id", sorted(instrument_ids), dtype=pl.Int16()).to_frame()
    within = pl.col("time").is_between(pl.lit(start, dtype=TIME), pl.lit(end, dtype=TIME))
    return instants.filter(within).join(ids, how="cross").select(list(_DECISION))


def decision_frames(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """For each decision what was last known then, from facts with time and known_at <= its instant.

    decisions: instrument_id (Int16), time (UTC). Returns its rows in their order with
    last_close (quote units, null before the first candle) and ages in seconds, null where there is nothing:
    candle_age_seconds since the close of the last minute, funding_age_seconds since the last settlement,
    open_interest_age_seconds since the last grid instant with contracts above zero (C19),
    positioning_age_seconds since the end of the last period with a long/short ratio,
    order_book_age_seconds since the last snapshot, liquidation_feed_age_seconds and
    order_book_feed_age_seconds since the feed's last proof of life.
    """
    framed = decisions.lazy().with_row_index("_order").sort("time")
    minutes = _not_outdated(facts.candles_1m, decisions["time"].min())
    for name, rows in _sources(minutes.lazy(), facts).items():
        framed = _with_newest(framed, rows, name)
    return framed.sort("_order").rename({"close": "last_close"}).select(_COLUMNS).collect()


def _sources(minutes: pl.LazyFrame, facts: MarketFacts) -> dict[str, pl.LazyFrame]:
    """Key and event time of what each age is measured on; candles count from their close."""
    key = ("instrument_id", "time", "known_at")
    alive = facts.heartbeats.lazy()
    return {
        "candle": minutes.select(*key, "close").with_columns(pl.col("time") + pl.duration(minutes=1)),
        "funding": facts.funding_rates.lazy().select(key),
        "open_interest": facts.open_interest_5m.lazy().filter(pl.col("contracts") > 0).select(key),
        "positioning": facts.positioning.lazy().filter(pl.col("long_short_ratio").is_not_null()).select(key),
        "order_book": facts.order_book_tops.lazy().select(key),
        "liquidation_feed": alive.filter(pl.col("feed") == "liquidations").select(key),
        "order_book_feed": alive.filter(pl.col("feed") == "order_book").select(key),
    }


def _not_outdated(minutes: pl.DataFrame, first: object) -> pl.DataFrame:
    """`minutes` without those that every pair had newer ones of by the `first` decision.

    A month of candles need not be sorted to find the last.
    """
    later = pl.col("known_at") > pl.lit(first, dtype=TIME)
    newest = minutes.filter(~later).group_by("instrument_id").agg(pl.col("time").max())
    return minutes.filter(later | (pl.col("time") >= pl.lit(newest["time"].min(), dtype=TIME)))


def _with_newest(decisions: pl.LazyFrame, rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """`decisions`, in the order of time, with `<name>_age_seconds` and the rest of the newest row known."""
    usable = rows.with_columns(pl.max_horizontal("known_at", "time").alias("known_at"))
    arrivals = usable.sort("known_at", "time")
    news = arrivals.filter(pl.col("time") == pl.col("time").cum_max().over("instrument_id"))
    joined = decisions.join_asof(
        news.rename({"time": "_event"}),
        left_on="time",
        right_on="known_at",
        by="instrument_id",
        strategy="backward",
        check_sortedness=False,
    )
    return joined.with_columns(_age(pl.col("time"), name)).drop("_event", "known_at")


def _age(instant: pl.Expr, name: str) -> pl.Expr:
    return ((instant - pl.col("_event")).dt.total_microseconds() / 1e6).alias(f"{name}_age_seconds")
