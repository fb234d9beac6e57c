"""One row a pair and decision: the last close, and how old everything is that the decision rests on.

Data health (layer 2, C111) judges these ages; here nothing is judged.
Source: features.md section 0; layers document, "Data Health"; C08, C19, C111.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from hydra.arrays import TIME
from hydra.durations import EPOCH, SECOND_US
from hydra.errors import StopError
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.engine.lateness import newest_known, run_ends
from hydra.features.engine.layout import gather
from hydra.features.engine.newest_rows import AskedInstants, newest_rows
from hydra.features.facts import SCHEMAS, MarketFacts

DECISION_DELAY: Final = timedelta(seconds=2)
"""A minute is decided this long after its close: when its candle is known (features.md section 0)."""
DECISION_DELAY_US: Final = DECISION_DELAY // timedelta(microseconds=1)

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


@dataclass(frozen=True, eq=False)
class _Source:
    """What an age is measured on: rows of a facts frame where `condition` holds, and how long each lasts."""

    frame: str
    condition: pl.Expr | None = None
    length: timedelta = timedelta(0)
    columns: tuple[str, ...] = ("instrument_id", "time", "known_at")

    def usable(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that count."""
        return frame if self.condition is None else frame.filter(self.condition)

    def events(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Key and event time of usable rows: what lasts counts from its end."""
        events = rows.select(self.columns)
        return events.with_columns(pl.col("time") + self.length) if self.length else events


_SOURCES: Final = {
    "candle": _Source(
        "candles_1m",
        length=timedelta(minutes=1),
        columns=("instrument_id", "time", "known_at", "close"),
    ),
    "funding": _Source("funding_rates"),
    "open_interest": _Source("open_interest_5m", pl.col("contracts") > 0),
    "positioning": _Source("positioning", pl.col("long_short_ratio").is_not_null()),
    "order_book": _Source("order_book_tops"),
    "liquidation_feed": _Source("heartbeats", pl.col("feed") == "liquidations"),
    "order_book_feed": _Source("heartbeats", pl.col("feed") == "order_book"),
}


def decision_frame(facts: MarketFacts, as_of: datetime, memory: GridMemory | None = None) -> pl.DataFrame:
    """The row of every pair of which `facts` knows anything, decided at `as_of`; see `decision_frames`.

    Who decides minute after minute gives the same `memory` each time.
    """
    memory = memory or GridMemory()
    newest = {name: _newest_at(as_of, facts, name, memory) for name in _SOURCES}
    ids = sorted({id_ for name in SCHEMAS for id_ in newest_known(facts, name, memory)})
    ages = {
        f"{name}_age_seconds": [_seconds_since(rows.get(id_), as_of) for id_ in ids]
        for name, rows in newest.items()
    }
    closes = [newest["candle"][id_]["close"] if id_ in newest["candle"] else None for id_ in ids]
    columns = {"instrument_id": ids, "time": [as_of] * len(ids), "last_close": closes, **ages}
    return pl.DataFrame(columns, schema={**dict.fromkeys(_COLUMNS, pl.Float64()), **_DECISION})


def newest_known_at(facts: MarketFacts, memory: GridMemory) -> dict[int, datetime]:
    """Of each pair the instant at which the newest of its facts became known."""
    newest: dict[int, int] = {}
    for name in SCHEMAS:
        for id_, known_us in newest_known(facts, name, memory).items():
            newest[id_] = max(known_us, newest.get(id_, known_us))
    return {id_: EPOCH + timedelta(microseconds=known_us) for id_, known_us in newest.items()}


def newest_known_each(facts: MarketFacts, decisions: pl.DataFrame) -> pl.Series:
    """For each of `decisions` when the newest fact of its pair, known at its instant, became known.

    decisions: instrument_id (Int16) and time, any order. Null where nothing was known.
    """
    asked = AskedInstants.of(decisions)
    newest = []
    for name in SCHEMAS:
        known = getattr(facts, name).select("instrument_id", pl.col("known_at").alias("time"), "known_at")
        newest.append(gather(known.select(pl.col("known_at").alias(name)), newest_rows(known, asked)))
    return pl.concat(newest, how="horizontal").select(known_at=pl.max_horizontal(*SCHEMAS)).to_series()


def _newest_at(
    as_of: datetime, facts: MarketFacts, name: str, memory: GridMemory
) -> dict[int, dict[str, Any]]:
    """Of each instrument the newest row of a source with time and known_at <= `as_of`, by instrument.

    The last of each will mostly do; only else are all looked at.
    """
    source = _SOURCES[name]
    frame: pl.DataFrame = getattr(facts, source.frame)
    last = memory.keep(("last", name), lambda: _last_of_each(frame, source), (frame,))
    if all(row["known_at"] <= as_of and row["time"] <= as_of for row in last.values()):
        return last
    instant = pl.lit(as_of, dtype=TIME)
    known = frame.filter((pl.col("known_at") <= instant) & (pl.col("time") <= instant - source.length))
    return _last_of_each(known, source)


def _last_of_each(frame: pl.DataFrame, source: _Source) -> dict[int, dict[str, Any]]:
    """The last row of each instrument, by instrument. frame: sorted by instrument and time."""
    rows = source.usable(frame)
    last = source.events(rows[run_ends(rows["instrument_id"].to_numpy())])
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
    asked = AskedInstants.of(decisions)
    parts = [decisions.select(tuple(_DECISION))]
    for name, source in _SOURCES.items():
        rows = source.events(source.usable(getattr(facts, source.frame)))
        found = gather(rows.drop("instrument_id", "known_at"), newest_rows(rows, asked))
        age = (decisions["time"] - found["time"]).dt.total_microseconds() / SECOND_US
        parts.append(found.drop("time").with_columns(age.alias(f"{name}_age_seconds")))
    return pl.concat(parts, how="horizontal").rename({"close": "last_close"}).select(_COLUMNS)
