"""Reads from the database what became known between two instants, fact by fact.

Source: docs/architecture.md, law 3; docs/features.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from hydra.db.arrow import read_frame
from hydra.db.arrow_connection import ArrowConnection
from hydra.features.fact_source import FactSource
from hydra.features.facts import LAYER_SOURCES


def read_known(
    connection: ArrowConnection,
    instrument_ids: Sequence[int],
    starts: Mapping[str, datetime],
    known_after: datetime,
    as_of: datetime,
    sources: Mapping[str, FactSource] = LAYER_SOURCES,
) -> dict[str, pl.DataFrame]:
    """For every one of `sources` the rows with known_after < known_at <= as_of, not earlier than its start.

    starts: earliest time per fact, as `anchor` gives it. Each frame is sorted by pair and key. Five-minute
    bars: only the recorded ones.
    """
    ids = list(instrument_ids)
    return {
        name: _in_order(read_frame(connection, source.query, (ids, starts[name], known_after, as_of)), source)
        for name, source in sources.items()
    }


def _in_order(rows: pl.DataFrame, source: FactSource) -> pl.DataFrame:
    """`rows` by pair and key. They come so, but for rows that a repair replaced later, at the end (C125)."""
    keys = ["instrument_id", *source.key]
    pair, time = (rows[name].to_physical().to_numpy() for name in keys[:2])
    if ((pair[1:] > pair[:-1]) | ((pair[1:] == pair[:-1]) & (time[1:] >= time[:-1]))).all():
        return rows
    ordered = rows.sort([*keys, source.latest] if source.latest else keys)
    return ordered.unique(keys, keep="last", maintain_order=True)


def read_whole_buckets(
    connection: ArrowConnection, instrument_ids: Sequence[int], start: datetime, as_of: datetime
) -> pl.DataFrame:
    """The five-minute buckets of the rollup that were complete at `as_of`, not earlier than `start`."""
    return read_frame(connection, "reads/candles_5m_whole", (list(instrument_ids), start, as_of))


def count_imports(connection: ArrowConnection) -> int:
    """The number of imports in the database; an import brings facts whose known_at lies in the past."""
    return int(read_frame(connection, "reads/import_count", ()).item())
