"""History of an exchange by REST into the fact tables: page after page, resumable at any moment.

A page, its gaps and how far the range has come (market.backfills) commit together, so a kill loses at most
the page on its way. Rollups are refreshed once at the end; if that is interrupted, the next load does it.
Source: docs/architecture.md, law 3; C108, C115, C125.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import polars as pl
import psycopg

from hydra.db import queries, rollups
from hydra.db.engine import connect
from hydra.durations import MINUTE
from hydra.errors import BadDataError, RetryError
from hydra.exchange.archive.known_at import known_at
from hydra.exchange.interface import MarketData
from hydra.ingest.fact_tables import FACT_TABLES
from hydra.ingest.gaps import record_gaps
from hydra.ingest.merge import Merged, merge_rows
from hydra.ingest.rollup_freshness import add_batch, finish_rollups, summarise_tables

LAYOUT: Final = "REST history"
BAR_TABLES: Final = frozenset({"candles_1m", "mark_prices"})
KEPT: Final = {"open_interest": timedelta(days=30), "positioning": timedelta(days=30)}
"""What exchanges give only of the last days, by table (C108)."""

Result = TypeVar("Result")

_AT_ONCE: Final = 8
# The exchange publishes its five-minute statistics some time after the period.
_PUBLISHED_AFTER: Final = timedelta(minutes=15)
_KEPT_MARGIN: Final = timedelta(minutes=10)
PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0)
"""Between attempts at a page. After a 429 or 418 the client itself waits until the time that was named."""
START_PAUSES_S: Final = PAUSES_S[:2]
"""At the start: an exchange that cannot be reached is told soon."""
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Series:
    """One table of one instrument in [start, end): what is fetched in order, page by page."""

    table: str
    symbol: str
    instrument_id: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Filled:
    """What became of a series. resumed_at: where an earlier backfill had come to; None at the start."""

    series: Series
    inserted: int
    unchanged: int
    revised: int
    pages: int
    resumed_at: datetime | None


Progress = Callable[[float, int], None]
"""Called with the share of the time range that is done, 0..1, and the rows fetched by this call."""


def series_of(
    instrument_ids: Mapping[str, int],
    tables: Sequence[str],
    start: datetime,
    end: datetime,
    now: datetime,
) -> list[Series]:
    """The series of `tables` and instruments (by the exchange's symbols), as far as they are kept."""
    oldest = {table: now - kept + _KEPT_MARGIN for table, kept in KEPT.items()}
    return [
        Series(table, symbol, instrument_id, max(start, oldest.get(table, start)), end)
        for table in tables
        for symbol, instrument_id in instrument_ids.items()
        if max(start, oldest.get(table, start)) < end
    ]


async def backfill(
    database_url: str,
    exchange: MarketData,
    instrument_ids: Mapping[str, int],
    tables: Sequence[str],
    start: datetime,
    end: datetime,
    progress: Progress = lambda _share, _rows: None,
) -> list[Filled]:
    """Fetch and store what is not stored yet of [start, end), several series at once.

    instrument_ids: by the exchange's symbols. The exchange's client waits for the rate limit by itself.

    Raises:
        RetryError: the exchange could not be asked for minutes; the next call goes on where this one came to.
        BadDataError: an answer does not hold what it should.
        psycopg.Error: the database refuses or is gone.
    """
    now = await patiently(exchange.server_time, START_PAUSES_S)
    wanted = series_of(instrument_ids, tables, start, min(end, now), now)
    with closing(connect(database_url, autocommit=True)) as connection:
        finish_rollups(connection)
        store = _Store(connection, exchange.capabilities.venue)
        done = _Done(wanted, progress)
        at_once = asyncio.Semaphore(_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_fill(exchange, store, one, done, at_once)) for one in wanted]
        except BaseExceptionGroup as several:
            # The first one is the cause; the group has cancelled the others.
            raise several.exceptions[0] from None
        filled = [task.result() for task in tasks]
        await asyncio.to_thread(store.finish, [one.series.table for one in filled if one.inserted])
    return filled


@dataclass
class _Done:
    """How much of the time range of all series is done."""

    series: Sequence[Series]
    progress: Progress
    rows: int = 0
    seconds: dict[Series, float] = field(default_factory=dict)

    def reached(self, series: Series, through: datetime, rows: int) -> None:
        self.rows += rows
        self.seconds[series] = (min(through, series.end) - series.start).total_seconds()
        total = sum((one.end - one.start).total_seconds() for one in self.series)
        self.progress(sum(self.seconds.values()) / total, self.rows)


async def _fill(
    exchange: MarketData, store: "_Store", series: Series, done: _Done, at_once: asyncio.Semaphore
) -> Filled:
    async with at_once:
        resumed_at = await store.through(series)
        cursor = resumed_at or series.start
        batch_id = await store.open(series, cursor) if cursor < series.end else 0
        total, pages = Merged(0, 0, 0), 0
        done.reached(series, cursor, 0)
        while cursor < series.end:
            asked = partial(exchange.history, series.table, series.symbol, cursor, series.end)
            page = await patiently(asked, PAUSES_S)
            through = _after(series, cursor, page)
            merged = await store.page(series, page, through, batch_id)
            total = Merged(*(one + other for one, other in zip(total, merged, strict=True)))
            done.reached(series, series.end if page.is_empty() else through, page.height)
            if page.is_empty():
                break
            cursor, pages = through, pages + 1
    return Filled(series, total.inserted, total.unchanged, total.revised, pages, resumed_at)


async def patiently(ask: Callable[[], Awaitable[Result]], pauses_s: Sequence[float]) -> Result:
    """What `ask` answers; a refusal for now is waited out, as the exchange's client says how long.

    pauses_s: between attempts.

    Raises:
        RetryError: the last attempt was refused too.
    """
    for pause_s in pauses_s:
        try:
            return await ask()
        except RetryError:
            await asyncio.sleep(pause_s)
    return await ask()


def _after(series: Series, cursor: datetime, page: pl.DataFrame) -> datetime:
    """Everything before this instant has been fetched once `page`, asked from `cursor` on, is stored.

    Raises:
        BadDataError: the page is not of the range, or goes back.
    """
    if page.is_empty():
        return max(cursor, series.end - _PUBLISHED_AFTER)
    times: list[datetime] = page["time"].to_list()
    if times[0] < cursor or times[-1] >= series.end or times != sorted(set(times)):
        raise BadDataError(
            f"{series.symbol}: the exchange's {series.table} from {cursor:%Y-%m-%d %H:%M} on go from "
            f"{times[0]:%Y-%m-%d %H:%M} to {times[-1]:%Y-%m-%d %H:%M} and are not in order: try again later, "
            "and tell the exchange if it stays so"
        )
    return times[-1] + _MICROSECOND


@dataclass
class _Store:
    """The connection of one backfill, used by one thread at a time; batches: what it has opened."""

    connection: psycopg.Connection
    venue: str
    batches: list[int] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def through(self, series: Series) -> datetime | None:
        """Where an earlier backfill of the series has come to."""
        return await self._alone(self._through, series)

    async def open(self, series: Series, start: datetime) -> int:
        """Record that the series is loaded from `start` on; the number of the record."""
        return await self._alone(self._open, series, start)

    async def page(self, series: Series, rows: pl.DataFrame, through: datetime, batch_id: int) -> Merged:
        """Store a page, its gaps and how far the series has come."""
        return await self._alone(self._page, series, rows, through, batch_id)

    async def _alone(self, action: Callable[..., Result], *arguments: Any) -> Result:
        """Run `action` in a thread, alone, and to its end even if the backfill is cancelled meanwhile."""
        async with self._lock:
            running = asyncio.ensure_future(asyncio.to_thread(action, *arguments))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await running
                raise

    def finish(self, tables: Sequence[str]) -> None:
        """Refresh the rollups and the statistics of `tables`."""
        self.connection.execute(queries.load("ingest/mark_behind"), {"batch_ids": self.batches})
        finish_rollups(self.connection)
        summarise_tables(self.connection, sorted(set(tables)))

    def _through(self, series: Series) -> datetime | None:
        values = {"instrument_id": series.instrument_id, "table": series.table, "start": series.start}
        row = self.connection.execute(queries.load("ingest/backfilled_through"), values).fetchone()
        return row[0] if row else None

    def _open(self, series: Series, start: datetime) -> int:
        path = f"{self.venue} {series.symbol} {series.table} {start:%Y-%m-%dT%H:%M}"
        batch_id = add_batch(
            self.connection,
            {
                "path": path,
                "sha256": hashlib.sha256(path.encode()).hexdigest(),
                "layout": LAYOUT,
                "target_table": series.table,
                "first_time": start,
                "last_time": series.end,
                "rollups_fresh": False,
            },
        )
        self.batches.append(batch_id)
        return batch_id

    def _page(self, series: Series, rows: pl.DataFrame, through: datetime, batch_id: int) -> Merged:
        table = FACT_TABLES[series.table]
        with self.connection.transaction():
            rollups.defer(self.connection)
            known = rows.with_columns(_known_at(series.table))
            merged = merge_rows(self.connection, table, series.instrument_id, known, batch_id)
            if rows.height:
                record_gaps(self.connection, table, series.instrument_id, known)
            values = {
                "instrument_id": series.instrument_id,
                "table": series.table,
                "start": series.start,
                "end": series.end,
                "done_through": through,
                "inserted": merged.inserted,
            }
            self.connection.execute(queries.load("ingest/note_backfill"), values)
            counts = {
                "batch_id": batch_id,
                "read": rows.height,
                "inserted": merged.inserted,
                "unchanged": merged.unchanged,
                "revised": merged.revised,
            }
            self.connection.execute(queries.load("ingest/add_to_batch"), counts)
        return merged


def _known_at(table: str) -> pl.Expr:
    """When history was known: a bar after its close, everything else after its time."""
    true_at = pl.col("time") + (MINUTE if table in BAR_TABLES else timedelta(0))
    return known_at(table, true_at, true_at)
