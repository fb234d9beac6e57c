"""Five-minute bars as they were known at a point in time.

A bar comes from the first of these that exists: the rollup's bucket, if it was complete; the one-minute rows
of the bucket known by then; a recorded five-minute candle. Only complete buckets of the rollup are used, so
rows that it has not seen yet (late ones, the open bucket, an aggregate not refreshed) cannot make a wrong
bar.
Source: docs/architecture.md, law 3; C110, C124, C128.
"""

from datetime import datetime
from typing import Final

import polars as pl

from hydra.arrays import TIME
from hydra.features.facts import SOURCES

_BUCKET: Final = ("instrument_id", "time")
_COLUMNS: Final = list(SOURCES["candles_5m"].columns)
_FIVE_MINUTES: Final = pl.duration(minutes=5)
# Three as a column: polars replaces division by a number with multiplication by its reciprocal, the database
# does not, and the last bits of a bar must be the same in both.
_THREE: Final = pl.repeat(3.0, pl.len())
_QUOTE_VOLUME: Final = pl.coalesce(
    "quote_volume", pl.col("volume") * (pl.col("high") + pl.col("low") + pl.col("close")) / _THREE
)
_KNOWN_AT: Final = pl.max_horizontal(pl.col("known_at").max(), pl.col("time").first() + _FIVE_MINUTES).alias(
    "known_at"
)
_TAKER: Final = pl.col("taker_buy_quote_volume")


def bars_as_of(
    whole: pl.DataFrame, base: pl.DataFrame, recorded: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """The bars known at `as_of`, sorted by pair and time, as SOURCES["candles_5m"].columns.

    whole: buckets of the rollup with five rows, all known. base: all one-minute rows known by `as_of`.
    recorded: recorded five-minute candles known by `as_of`; one is shown only where `base` has no row.
    """
    bucketed = base.with_columns(pl.col("time").dt.truncate("5m"))
    bars = ended_bars(_without(bucketed, whole), as_of)
    alone = _without(_without(recorded, bucketed), whole)
    parts = [part.select(_COLUMNS) for part in (whole, bars, alone) if part.height]
    return pl.concat([bars.clear(), *parts]).sort(_BUCKET)


def _without(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The rows of `rows` whose bucket is not in `others`, in order."""
    if rows.is_empty() or others.is_empty():
        return rows
    return rows.join(others, on=_BUCKET, how="anti", maintain_order="left")


def ended_bars(bucketed: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """One bar for each bucket that has ended by `as_of`, from one-minute rows in time order.

    bucketed: rows of SOURCES["candles_1m"].columns whose `time` is already the open of their bucket.
    A bar is never known before its end, even if its last minutes are missing.
    A minute without quote volume counts as volume x (high+low+close)/3 (C128), as in the rollups; taker
    volume is null unless every minute has it. `row_count` says how many minutes the bar holds.
    """
    ended = bucketed.filter(pl.col("time") + _FIVE_MINUTES <= pl.lit(as_of, dtype=TIME))
    return ended.group_by(_BUCKET, maintain_order=True).agg(
        _KNOWN_AT,
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        _added_up(pl.col("volume")),
        _added_up(_QUOTE_VOLUME).alias("quote_volume"),
        pl.when(_TAKER.is_not_null().all()).then(_added_up(_TAKER)).alias("taker_buy_quote_volume"),
        pl.len().cast(pl.Int64).alias("row_count"),
    )


def _added_up(values: pl.Expr) -> pl.Expr:
    """The sum, added one by one in time order, as the database adds up the rollup.

    `sum()` adds in another order: a restarted process, which reads the rollup, would decide with other last
    bits than a process that made the bars itself.
    """
    return values.cum_sum().last()
