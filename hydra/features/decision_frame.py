"""One row a pair and decision: the last close, and how old everything is that the decision rests on.

Data health (layer 2, C111) judges these ages; here nothing is judged.
Source: features.md section 0; layers document, "Data Health"; C08, C19, C111.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from hydra.errors import StopError
from hydra.features.facts import SCHEMAS, TIME, MarketFacts
from hydra.features.layout import Integers, gather

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
    minutes = _last_known(facts.candles_1m, as_of)
    newest = {name: _newest_at(as_of, rows) for name, rows in _sources(minutes, facts).items()}
    ids = sorted({id_ for name in SCHEMAS for id_ in _instruments(getattr(facts, name))})
    ages = {
        f"{name}_age_seconds": [_seconds_since(rows.get(id_), as_of) for id_ in ids]
        for name, rows in newest.items()
    }
    closes = [newest["candle"][id_]["close"] if id_ in newest["candle"] else None for id_ in ids]
    columns = {"instrument_id": ids, "time": [as_of] * len(ids), "last_close": closes, **ages}
    return pl.DataFrame(columns, schema={**dict.fromkeys(_COLUMNS, pl.Float64()), **_DECISION})


def _instruments(rows: pl.DataFrame) -> list[int]:
    """The instruments of rows sorted by them: looked up where each run ends, not collected."""
    ids = rows["instrument_id"]
    found: list[int] = ids.to_numpy()[_run_ends(ids)].tolist()
    return found


def _run_ends(ids: pl.Series) -> Integers:
    """Index of the last row of each instrument."""
    own = ids.to_numpy()
    changes = np.flatnonzero(own[1:] != own[:-1])
    return np.append(changes, len(own) - 1) if len(own) else changes


def _newest_at(as_of: datetime, rows: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """Of each instrument the newest row with time and known_at <= `as_of`, by instrument."""
    last = _last_known(rows, as_of)
    return {row["instrument_id"]: row for row in last.iter_rows(named=True)}


def _last_known(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The last row of each instrument with time and known_at <= `as_of`.

    rows: sorted by instrument and time. The last of each will mostly do; only else are all looked at.
    """
    last = gather(rows, _run_ends(rows["instrument_id"]))
    if all(_none_after(last[name], as_of) for name in ("time", "known_at")):
        return last
    instant = pl.lit(as_of, dtype=TIME)
    usable = rows.filter((pl.col("known_at") <= instant) & (pl.col("time") <= instant))
    return gather(usable, _run_ends(usable["instrument_id"]))


def _none_after(times: pl.Series, as_of: datetime) -> bool:
    newest = times.max()
    return not isinstance(newest, datetime) or newest <= as_of


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
    framed = decisions.lazy().with_row_index("_order").sort("time")
    minutes = _not_outdated(facts.candles_1m, decisions["time"].min())
    for name, rows in _sources(minutes, facts).items():
        framed = _with_newest(framed, rows.lazy(), name)
    return framed.sort("_order").rename({"close": "last_close"}).select(_COLUMNS).collect()


def _sources(minutes: pl.DataFrame, facts: MarketFacts) -> dict[str, pl.DataFrame]:
    """Key and event time of what each age is measured on; candles count from their close."""
    key = ("instrument_id", "time", "known_at")
    alive = facts.heartbeats
    return {
        "candle": minutes.select(*key, "close").with_columns(pl.col("time") + pl.duration(minutes=1)),
        "funding": facts.funding_rates.select(key),
        "open_interest": facts.open_interest_5m.filter(pl.col("contracts") > 0).select(key),
        "positioning": facts.positioning.filter(pl.col("long_short_ratio").is_not_null()).select(key),
        "order_book": facts.order_book_tops.select(key),
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
