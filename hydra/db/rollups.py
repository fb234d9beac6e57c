"""Brings the rollups up to date after a bulk load: one call for both editions.

Live rows need none of this: on the Apache edition statement triggers keep the rollups, on the community
edition continuous aggregates compute the newest buckets when they are read. A bulk load first calls `defer`
(the triggers then do nothing in that transaction) and at its end `refresh`. Of trades and order books the
triggers only mark what they touched; `refresh_marked` follows within a minute or so.
Source: docs/architecture.md, law 3; docs/database.md, "Two editions"; C110, C128.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.errors import StopError


class Rollup(NamedTuple):
    """A level of rollups in schema market: buckets of `width`, computed by `select` (sql/schema/rollups).

    chunk: the length of its chunks on the Apache edition. offset: how far its buckets lie off the grid.
    """

    relation: str
    width: timedelta
    select: str
    chunk: timedelta
    offset: timedelta = timedelta()


class RollupSource(NamedTuple):
    """A table of facts with its levels, lowest first, and the function that refreshes them on Apache.

    has_many_rows: on Apache its triggers mark the touched minutes for `refresh_marked`; and its facts are
    dropped some day (market.retention), while the rollups stay.
    """

    table: str
    refresh_function: str
    levels: tuple[Rollup, ...]
    has_many_rows: bool = False

    @property
    def steps(self) -> tuple[tuple[str, Rollup], ...]:
        """Each level with the relation that it is computed from: the level below, for the first the facts."""
        below = (self.table, *(level.relation for level in self.levels))
        return tuple(zip(below, self.levels, strict=False))


def _minutes(relation: str, width: int, select: str, chunk_days: int, **offset: timedelta) -> Rollup:
    return Rollup(relation, timedelta(minutes=width), select, timedelta(days=chunk_days), **offset)


ROLLUP_SOURCES: Final = {
    source.table: source
    for source in (
        RollupSource(
            "candles_1m",
            "refresh_candle_rollups",
            (
                _minutes("candles_5m_rollup", 5, "candles_5m", 30),
                _minutes("candles_15m", 15, "candles", 90),
                _minutes("candles_1h", 60, "candles", 180),
                _minutes("candles_4h", 240, "candles", 360),
            ),
        ),
        RollupSource(
            "liquidations",
            "refresh_liquidation_rollups",
            (
                _minutes("liquidations_1m", 1, "liquidations_1m", 30),
                _minutes("liquidations_5m", 5, "liquidations_5m", 30),
            ),
        ),
        RollupSource(
            "open_interest",
            "refresh_open_interest_rollups",
            # A measurement on the grid belongs to the bucket that ends there: (g - 5 min, g].
            (
                _minutes(
                    "open_interest_5m_buckets", 5, "open_interest_5m", 30, offset=timedelta(microseconds=1)
                ),
            ),
        ),
        RollupSource(
            "trades",
            "refresh_trade_rollups",
            (
                _minutes("trade_flow_1m", 1, "trade_flow_1m", 30),
                _minutes("trade_flow_5m", 5, "trade_flow_5m", 30),
            ),
            has_many_rows=True,
        ),
        RollupSource(
            "order_books",
            "refresh_order_book_rollups",
            (_minutes("order_book_1m", 1, "order_book_1m", 30),),
            has_many_rows=True,
        ),
    )
}

# The newest two buckets of each level are computed in real time by the continuous aggregate, as in its
# refresh policy (community_policies.sql), so that late rows can still enter them.
SETTLING_BUCKETS: Final = 2

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def has_rollups(source_table: str) -> bool:
    """Whether anything is rolled up from this table of schema market."""
    return source_table in ROLLUP_SOURCES


def defer(connection: psycopg.Connection) -> None:
    """Disable the triggers until the current transaction ends; `refresh` must follow."""
    connection.execute(queries.load("rollups/defer"))


def refresh(
    connection: psycopg.Connection,
    source_table: str,
    first_time: datetime,
    last_time: datetime,
    instrument_ids: Sequence[int] | None = None,
) -> None:
    """Re-aggregate every bucket that touches [first_time, last_time] of `source_table`.

    On the Apache edition this is part of the caller's transaction, and `instrument_ids` narrows it (None:
    all). On the community edition `connection` must be in autocommit mode without an open transaction, and
    the newest buckets are left to the real-time part of the aggregate; instruments cannot be told apart.
    Call it once over all files of an import rather than once per file.

    Raises:
        StopError: nothing is rolled up from `source_table`, or the connection cannot do it.
    """
    source = ROLLUP_SOURCES.get(source_table)
    if source is None:
        raise StopError(
            f"nothing is rolled up from market.{source_table}; sources: {', '.join(ROLLUP_SOURCES)}"
        )
    if uses_continuous_aggregates(connection):
        for first, last in _stored_ranges(connection, source, first_time, last_time):
            _refresh_aggregates(connection, source, first, last)
    else:
        ids = None if instrument_ids is None else list(instrument_ids)
        span = {"instrument_ids": ids, "first_time": first_time, "last_time": last_time}
        function = sql.Identifier("market", source.refresh_function)
        connection.execute(sql.SQL(queries.load("rollups/refresh")).format(function=function), span)


def refresh_marked(connection: psycopg.Connection, closed_by: datetime) -> int:
    """Re-aggregate the minutes that were marked and had closed by `closed_by`; how many of instruments.

    Nothing to do on the community edition, which computes what is not refreshed when it is read.
    """
    if uses_continuous_aggregates(connection):
        return 0
    row = connection.execute(queries.load("rollups/refresh_marked"), {"closed_by": closed_by}).fetchone()
    return int(row[0]) if row else 0


def refresh_all(connection: psycopg.Connection, source: RollupSource) -> None:
    """Re-aggregate everything that is stored of `source`, on the Apache edition."""
    names = {name: sql.Identifier("market", name) for name in (source.refresh_function, source.table)}
    function, table = names.values()
    connection.execute(sql.SQL(queries.load("rollups/refresh_all")).format(function=function, table=table))


def refresh_new(connection: psycopg.Connection) -> None:
    """Community edition: refresh what is rolled up from stored facts for the first time (after a migration).

    `connection` must be in autocommit mode.
    """
    found = connection.execute(queries.load("rollups/never_refreshed")).fetchall()
    spans = {relation: (first, last) for relation, first, last in found}
    for source in ROLLUP_SOURCES.values():
        if source.levels[0].relation in spans:
            refresh(connection, source.table, *spans[source.levels[0].relation])


def uses_continuous_aggregates(connection: psycopg.Connection) -> bool:
    """Whether this database's rollups are continuous aggregates (it was migrated on community)."""
    return _is_true(connection, "rollups/uses_continuous_aggregates")


def whole_buckets(
    first_time: datetime, last_time: datetime, width: timedelta, now: datetime
) -> tuple[datetime, datetime] | None:
    """[start, end) of the whole buckets around [first_time, last_time], never past the open one.

    None if nothing but the open bucket is left. `now` says which bucket is open.
    """
    start = _floor(first_time, width)
    end = min(_floor(last_time, width) + width, _floor(now, width))
    return (start, end) if start < end else None


def _floor(time: datetime, width: timedelta) -> datetime:
    return time - (time - _EPOCH) % width


def _is_true(connection: psycopg.Connection, query: str) -> bool:
    row = connection.execute(queries.load(query)).fetchone()
    return bool(row and row[0])


def _stored_ranges(
    connection: psycopg.Connection, source: RollupSource, first_time: datetime, last_time: datetime
) -> list[tuple[datetime, datetime]]:
    """The parts of a range to refresh: where facts are dropped, a refresh would empty the rollup."""
    if not source.has_many_rows:
        return [(first_time, last_time)]
    values = {"table": source.table, "first_time": first_time, "last_time": last_time}
    return connection.execute(queries.load("rollups/chunk_ranges"), values).fetchall()


def _refresh_aggregates(
    connection: psycopg.Connection, source: RollupSource, first_time: datetime, last_time: datetime
) -> None:
    if not connection.autocommit:
        raise StopError("continuous aggregates refresh outside a transaction: use an autocommit connection")
    batches = _is_true(connection, "rollups/refresh_takes_options")
    call = queries.load("rollups/refresh_aggregate_unbatched" if batches else "rollups/refresh_aggregate")
    now = datetime.now(tz=UTC)
    for level in source.levels:
        # One bucket more at both ends of buckets off the grid: they extend a microsecond past it.
        settled, more = now - SETTLING_BUCKETS * level.width, level.width if level.offset else timedelta()
        span = whole_buckets(first_time - more, last_time + more, level.width, settled)
        if span is not None:
            first, last = span
            connection.execute(
                call, {"relation": f"market.{level.relation}", "first_time": first, "last_time": last}
            )
