"""One row per pair and decision: the last close, and the ages of the facts that the decision uses.

Layer 2's data health (C111) checks these ages; this module only measures them.
Source: docs/features.md; layers document, "Data Health"; C08, C19, C111.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from hydra.arrays import TIME
from hydra.durations import EPOCH, FIVE_MINUTES, SECOND_US
from hydra.errors import StopError
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.engine.lateness import newest_known, run_ends
from hydra.features.engine.layout import gather
from hydra.features.engine.newest_rows import AskedInstants, newest_rows
from hydra.features.fact_source import Age
from hydra.features.facts import LAYER_SOURCES, MarketFacts

DECISION_DELAY: Final = timedelta(seconds=2)
"""A minute is decided this long after its close, when its candle is known (docs/features.md)."""
DECISION_DELAY_US: Final = DECISION_DELAY // timedelta(microseconds=1)

DECISION_SCHEMA: Final = {"instrument_id": pl.Int16(), "time": TIME}
_AGES: Final = tuple((name, age) for name, source in LAYER_SOURCES.items() for age in source.ages)
_EVENT_COLUMNS: Final = ("instrument_id", "time", "known_at", "close")
_COLUMNS: Final = (*DECISION_SCHEMA, "last_close", *(f"{age.name}_age_seconds" for _, age in _AGES))


def _events(age: Age, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a facts frame that count for an age: key, event time and, for candles, the close."""
    rows = frame if age.condition is None else frame.filter(age.condition)
    events = rows.select(name for name in _EVENT_COLUMNS if name in rows.columns)
    return events.with_columns(pl.col("time") + age.length) if age.length else events


def decision_frame(facts: MarketFacts, as_of: datetime, memory: GridMemory | None = None) -> pl.DataFrame:
    """The row of every pair that `facts` contain, decided at `as_of`; see `decision_frames`.

    memory: pass the same one at every decision of a run, to reuse results that did not change.
    """
    memory = memory or GridMemory()
    newest = {age.name: _newest_at(as_of, facts.of(name), age, memory) for name, age in _AGES}
    ids = sorted({id_ for name in LAYER_SOURCES for id_ in newest_known(facts, name, memory)})
    ages = {
        f"{name}_age_seconds": [_seconds_since(rows.get(id_), as_of) for id_ in ids]
        for name, rows in newest.items()
    }
    closes = [newest["candle"][id_]["close"] if id_ in newest["candle"] else None for id_ in ids]
    columns = {"instrument_id": ids, "time": [as_of] * len(ids), "last_close": closes, **ages}
    return pl.DataFrame(columns, schema={**dict.fromkeys(_COLUMNS, pl.Float64()), **DECISION_SCHEMA})


def newest_known_at(facts: MarketFacts, memory: GridMemory) -> dict[int, datetime]:
    """By pair, the instant at which its newest fact became known."""
    newest: dict[int, int] = {}
    for name in LAYER_SOURCES:
        for id_, known_us in newest_known(facts, name, memory).items():
            newest[id_] = max(known_us, newest.get(id_, known_us))
    return {id_: EPOCH + timedelta(microseconds=known_us) for id_, known_us in newest.items()}


def newest_known_each(facts: MarketFacts, decisions: pl.DataFrame) -> pl.Series:
    """For each of `decisions` the known_at of the newest fact of its pair that was known then.

    decisions: instrument_id (Int16) and time, any order. Null where nothing was known.
    """
    asked = AskedInstants.of(decisions)
    frames = {name: facts.of(name) for name in LAYER_SOURCES} | {"bar_ends": _bar_ends(facts.candles_1m)}
    newest = []
    for name, frame in frames.items():
        known = frame.select("instrument_id", pl.col("known_at").alias("time"), "known_at")
        newest.append(gather(known.select(pl.col("known_at").alias(name)), newest_rows(known, asked)))
    return pl.concat(newest, how="horizontal").select(known_at=pl.max_horizontal(*frames)).to_series()


def _bar_ends(candles: pl.DataFrame) -> pl.DataFrame:
    """The ends of five minutes of which a candle was known: at its end a bar is known, however few it holds.

    The bar that stands in the facts became known with the last of its candles.
    """
    end = pl.col("time").dt.truncate("5m") + FIVE_MINUTES
    return candles.filter(pl.col("known_at") <= end).select("instrument_id", end.alias("known_at"))


def _newest_at(
    as_of: datetime, frame: pl.DataFrame, age: Age, memory: GridMemory
) -> dict[int, dict[str, Any]]:
    """The newest row of each instrument in a facts frame that was known at `as_of`.

    Usually the last row per instrument is known; otherwise all rows are searched.
    """
    last = memory.keep(("last", age.name), lambda: _last_of_each(frame, age), (frame,))
    if all(row["known_at"] <= as_of and row["time"] <= as_of for row in last.values()):
        return last
    instant = pl.lit(as_of, dtype=TIME)
    known = frame.filter((pl.col("known_at") <= instant) & (pl.col("time") <= instant - age.length))
    return _last_of_each(known, age)


def _last_of_each(frame: pl.DataFrame, age: Age) -> dict[int, dict[str, Any]]:
    """The last row of each instrument, by instrument. frame: sorted by instrument and time."""
    rows = _events(age, frame)
    last = rows[run_ends(rows["instrument_id"].to_numpy())]
    return {row["instrument_id"]: row for row in last.iter_rows(named=True)}


def _seconds_since(row: dict[str, Any] | None, as_of: datetime) -> float | None:
    return None if row is None else (as_of - row["time"]).total_seconds()


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
    return instants.filter(within).join(ids, how="cross").select(list(DECISION_SCHEMA))


def decision_frames(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """For each decision what was last known then, from facts with time and known_at <= its instant.

    decisions: instrument_id (Int16), time (UTC). Returns its rows in their order with
    last_close (quote units, null before the first candle) and ages in seconds, null where there is nothing:
    candle_age_seconds since the close of the last minute, funding_age_seconds since the last settlement,
    open_interest_age_seconds since the last grid instant with contracts above zero (C19),
    positioning_age_seconds since the end of the last period with a long/short ratio,
    order_book_age_seconds since the last snapshot, liquidation_feed_age_seconds and
    order_book_feed_age_seconds since the feed's last proof of life, clock_age_seconds since the clocks of the
    exchange and of this machine last agreed. Facts before a decision's anchor are not
    used, as live, however far back `facts` reach.
    """
    asked = AskedInstants.of(decisions)
    parts = [decisions.select(tuple(DECISION_SCHEMA))]
    for name, age in _AGES:
        rows = _events(age, facts.of(name))
        found = gather(rows.drop("instrument_id", "known_at"), newest_rows(rows, asked))
        found = found.select(pl.when(_is_read(name, age, decisions["time"])).then(pl.all()))
        seconds = (decisions["time"] - found["time"]).dt.total_microseconds() / SECOND_US
        parts.append(found.drop("time").with_columns(seconds.alias(f"{age.name}_age_seconds")))
    return pl.concat(parts, how="horizontal").rename({"close": "last_close"}).select(_COLUMNS)


def _is_read(name: str, age: Age, instants: pl.Series) -> pl.Expr:
    """Whether the row of a fact that ended at column `time` lies after the anchor of its instant."""
    warm_up = LAYER_SOURCES[name].warm_up
    anchors = instants.dt.truncate(warm_up.period) - warm_up.before
    return pl.col("time") - age.length >= pl.lit(anchors)
