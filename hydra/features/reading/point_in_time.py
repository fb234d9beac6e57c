"""Reads the facts behind decisions from the database, as they were known at a point in time.

Source: docs/architecture.md, laws 2 and 3; docs/features.md; C110, C115, C116, C124, C125.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from hydra.arrays import TIME
from hydra.db.arrow import end_read
from hydra.db.arrow_connection import ArrowConnection
from hydra.durations import EPOCH
from hydra.errors import StopError
from hydra.features.fact_source import FactSource
from hydra.features.facts import LAYER_SOURCES, SOURCES, MarketFacts, empty_frame
from hydra.features.reading.anchor import anchor
from hydra.features.reading.fact_reader import read_known, read_whole_buckets
from hydra.features.reading.five_minute_bars import bars_as_of


def read_facts(
    connection: ArrowConnection,
    *,
    instrument_ids: Sequence[int],
    start: datetime,
    as_of: datetime,
    sources: Mapping[str, FactSource] = LAYER_SOURCES,
) -> MarketFacts:
    """What HYDRA knew at `as_of` that decisions from `start` to `as_of` depend on.

    start: the first decision (UTC). Each fact begins at its anchor before it, so a live decision reads with
    start = as_of = t, and a batch with the ends of its range. Every row has time and known_at at or before
    `as_of`. A bucket that has not ended by then is left out.

    sources: the facts to read; the other frames stay empty.

    If a fact arrived again with another value, its first value is used; the later one is in
    `market.revisions` and never changes what a decision saw (C125). A repair (`hydra import --revise`) makes
    it count from the instant of the repair on; as of any time before, the row that it replaced is read.

    Raises:
        StopError: `start` lies after `as_of`, or one of them has no time zone.
        DatabaseError: the server cannot answer.
    """
    if start > as_of:
        raise StopError(f"facts from {start} as of {as_of}: the first decision lies after the reading")
    starts = anchor(start, sources)
    rows = read_known(connection, instrument_ids, starts, EPOCH, as_of, sources)
    if "candles_5m" in rows:
        whole = read_whole_buckets(connection, instrument_ids, starts["candles_5m"], as_of)
        rows["candles_5m"] = bars_as_of(whole, rows["candles_1m"], rows["candles_5m"], as_of)
    end_read(connection)
    return as_facts(rows, as_of)


def as_facts(rows: Mapping[str, pl.DataFrame], as_of: datetime) -> MarketFacts:
    """`rows` as the features read them: without further columns and the open bucket of open interest."""
    shown = shown_frames(rows, as_of)
    return MarketFacts(**{name: shown[name] if name in shown else empty_frame(name) for name in SOURCES})


def shown_frames(rows: Mapping[str, pl.DataFrame], as_of: datetime) -> dict[str, pl.DataFrame]:
    """The frames of `as_facts` that are in `rows`, by name."""
    shown = {**rows, "open_interest_5m": _ended_grid(rows["open_interest_5m"], as_of)}
    return {name: _only(shown[name], list(SOURCES[name].columns)) for name in SOURCES if name in shown}


def _only(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    return rows if rows.columns == columns else rows.select(columns)


def _ended_grid(grid: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The buckets that have ended. None counts as known before its end, as a later poll may still come."""
    ended = grid.filter(pl.col("time") <= pl.lit(as_of, dtype=TIME))
    return ended.with_columns(pl.max_horizontal("known_at", "time").alias("known_at"))
