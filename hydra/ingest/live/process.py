"""One process of ingest: it listens to an exchange and stores what it hears, until it is told to stop.

Source: docs/architecture.md, "The flow".
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from hydra.db import queries
from hydra.db.engine import connect
from hydra.errors import DatabaseError, HydraError, RetryError, StopError
from hydra.exchange.capture import SNAPSHOT_OF, CaptureWriter
from hydra.exchange.exchange_clock import ExchangeClock
from hydra.exchange.hosts import VENUE_HEADER
from hydra.exchange.instruments import InstrumentTerms
from hydra.exchange.interface import Feed, Frame, MarketData
from hydra.ingest.live.before import Before, expect, read_before, read_holes
from hydra.ingest.live.book_snapshots import BookSnapshots
from hydra.ingest.live.clock_watch import EVERY_S, ClockWatch
from hydra.ingest.live.connections import Connections, Route, reason_of
from hydra.ingest.live.feed_states import FeedStates
from hydra.ingest.live.holes import MINUTE_US, Hole
from hydra.ingest.live.intake import Intake, next_beat_us
from hydra.ingest.live.other_sources import OtherSources
from hydra.ingest.live.pace import HEARD_AGAIN_S, Pace
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.polls import Polls
from hydra.ingest.live.receipt_clock import HeardClock, Receipt, ReceiptClock
from hydra.ingest.live.repairs import Repairs
from hydra.ingest.live.silences import Silences
from hydra.ingest.live.spill import SpillFolder
from hydra.ingest.live.store import Store
from hydra.ingest.live.turn import is_own_turn
from hydra.ingest.live.writer import HandedOver, Writer
from hydra.ingest.terms import ensure_venue

HAND_OVER_S: Final = 0.1
STATES_S: Final = 1.0
DAY_S: Final = 86_400
_START_S: Final = 10.0
_MOST_QUEUED: Final = 200_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Orders:
    """What is listened to and where it goes.

    waits: where another process listens to the same, wait until it ends.
    url: the database, as the worker. base_url: where a simulated exchange plays the other sources; None: a
    real exchange. capture: the folder for raw frames.
    """

    data: MarketData
    environment: str
    symbols: Sequence[str]
    url: str
    spill: Path
    code_version: str
    base_url: str | None = None
    coinglass_key: str | None = None
    capture: Path | None = None
    waits: bool = False


async def ingest(orders: Orders, tell: Callable[[str], None]) -> None:
    """Listen until SIGTERM or SIGINT, then store what was heard and end.

    Raises:
        StopError: the exchange refuses for good, another process listens, or the database has not the schema.
        RetryError: the exchange cannot be reached at the start.
        DatabaseError: the server cannot be used at the start.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    clock = ExchangeClock()
    watch = ClockWatch(orders.data, clock, is_simulated=orders.base_url is not None)
    try:
        session = _process_values(orders)
        if orders.waits and not await is_own_turn(orders.url, session, stopping, tell):
            return
        terms = await _started(watch, orders)
        for symbol in sorted(set(orders.symbols) - {one.pair.exchange_symbol for one in terms}):
            log.warning("%s does not list %s: it is left out", orders.data.capabilities.venue, symbol)
        process = _opened(orders, clock, watch, terms)
        await process.listen(stopping, tell)
    finally:
        await orders.data.close()


async def _started(watch: ClockWatch, orders: Orders) -> list[InstrumentTerms]:
    """The terms, once the exchange answers; it is asked for some seconds."""
    deadline = time.monotonic() + _START_S
    while True:
        try:
            await watch.start()
            return await orders.data.terms(orders.symbols)
        except RetryError:
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(1.0)


def _opened(
    orders: Orders, clock: ExchangeClock, watch: ClockWatch, terms: Sequence[InstrumentTerms]
) -> "Process":
    """The process with its session and what an earlier one left; the spilled rows are stored first."""
    venue = orders.data.capabilities.venue
    with connect(orders.url, autocommit=True) as connection:
        ids = ensure_venue(connection, venue, terms)
        writer = Writer(orders.url, Store(venue, _session(connection, orders)), SpillFolder(orders.spill))
        gapless = orders.data.capabilities.has_gapless_trade_ids
        pairs = [_pair(one, ids, gapless=gapless) for one in terms]
        try:
            writer.open()
            before = read_before(connection, venue, pairs)
            if watch.newest is not None:
                watch.refuse_past(watch.newest.time_us, before.committed_through_us or 0)
        except HydraError as error:
            _end_session(connection, writer.session_id, str(error))
            raise
    return Process(orders, clock, watch, writer, pairs, before)


def _end_session(connection: psycopg.Connection, session_id: int, reason: str) -> None:
    values = {"session_id": session_id, "end_reason": reason}
    connection.execute(queries.load("ingest/live/end_session"), values)


def _session(connection: psycopg.Connection, orders: Orders) -> int:
    row = connection.execute(queries.load("ingest/live/add_session"), _process_values(orders)).fetchone()
    if row is None:
        raise AssertionError("an INSERT ... RETURNING of one row gives one row")
    return int(row[0])


def _process_values(orders: Orders) -> dict[str, object]:
    return {
        "venue": orders.data.capabilities.venue,
        "environment": orders.environment,
        "code_version": orders.code_version,
        "process_id": os.getpid(),
    }


def _pair(terms: InstrumentTerms, ids: Mapping[str, int], *, gapless: bool) -> HeardPair:
    symbol = terms.pair.exchange_symbol
    pair = HeardPair(symbol, ids[symbol], terms.pair.base)
    if not gapless:
        pair.trades = None
    return pair


@dataclass
class Process:
    """Everything of one process, wired together."""

    orders: Orders
    clock: ExchangeClock
    watch: ClockWatch
    writer: Writer
    pairs: Sequence[HeardPair]
    before: Before
    _handed_candles_us: int | None = field(default=None, init=False)
    _handed_us: int = field(default=0, init=False)
    _capture: CaptureWriter | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Wire the parts."""
        orders, data = self.orders, self.orders.data
        self._repairs = Repairs(data)
        self._snapshots = BookSnapshots(data, self._captured_snapshot)
        since_us = (self.before.committed_through_us or 0) + 1
        # An exchange of speed 0 runs as fast as it is read; until then its time is the one that it told.
        receipt: Receipt = (
            ReceiptClock(self.clock, since_us)
            if self.clock.speed
            else HeardClock(max(since_us, self.clock.now_us()))
        )
        self._receipt = receipt
        self._intake = Intake(self.pairs, receipt, data.parse, self._repairs.ask, self._snapshots.ask)
        self._connections = Connections(
            data, orders.symbols, self._on_frame, self._on_open, self._on_lost, self._before_opening
        )
        self._silences = Silences(self._intake, self._connections)
        self._is_sparse = not self.clock.speed and Feed.TRADES not in data.capabilities.streams
        pace = Pace(receipt, self.clock, HEARD_AGAIN_S) if self._is_sparse else Pace(receipt, self.clock)
        self._polls = Polls(data, self._intake, pace, self.before.newest)
        self._states = FeedStates(data.capabilities.venue, data.unknown_fields)
        if orders.capture is not None:
            self._capture = CaptureWriter(orders.capture)
        self._add_polls(pace)

    def _add_polls(self, pace: Pace) -> None:
        orders = self.orders
        self._polls.add("clock", EVERY_S, lambda: self.watch.measure(self._intake))
        self._polls.add_of_exchange()
        self._polls.add("instrument_filters", DAY_S, self._renew_terms)
        venue = orders.data.capabilities.venue
        mark = "" if orders.base_url is None else f"{venue} "
        others = OtherSources(self._intake, pace, mark, orders.base_url, {VENUE_HEADER: venue})
        self._polls.add("sentiment", 3_600, others.fear_and_greed)
        key = orders.coinglass_key
        if key is not None:
            self._polls.add("aggregated_liquidations", 3_600, lambda: others.aggregated_liquidations(key))

    async def listen(self, stopping: asyncio.Event, tell: Callable[[str], None]) -> None:
        """Listen until `stopping` is set or something fails for good; then store what was heard."""
        self._begin()
        self.writer.start()
        reason = "stopped"
        tell(f"listening to {self.orders.data.capabilities.venue}: {len(self.pairs)} pairs")
        try:
            await self._until(stopping)
        except BaseException as error:
            reason = str(error) if isinstance(error, HydraError) else type(error).__name__
            raise
        finally:
            self._end(reason)

    def _begin(self) -> None:
        since_us = self.before.committed_through_us
        # Without trades a route may rest for a minute.
        is_lively = Feed.TRADES in self.orders.data.capabilities.streams
        heard = self.before.newest.times if is_lively else {}
        self._silences.begin(since_us, "START" if since_us is None else "RESTART", heard)
        for hole in self.before.holes:
            self._repairs.ask(hole)
        now_us = self._intake.stamp()
        for pair in self.pairs:
            last = now_us // MINUTE_US - 1
            if 0 < pair.mark_minute < last:
                first, pair.mark_minute = pair.mark_minute + 1, last
                span = first * MINUTE_US, (last + 1) * MINUTE_US
                self._intake.ask(Hole("mark_prices", pair, first, last, *span, "RESTART"))

    async def _until(self, stopping: asyncio.Event) -> None:
        work: tuple[Coroutine[Any, Any, None], ...] = (
            self._connections.hold(),
            self._repairs.run(self._intake),
            self._snapshots.run(self._intake),
            self._polls.run(),
            self._look(),
            self._hand_over_often(),
        )
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one) for one in work]
                await stopping.wait()
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise reason_of(errors) from None

    def _on_frame(self, route: Route, frame: Frame) -> None:
        intake, receipt = self._intake, self._receipt
        receipt.listen_to(route.name)
        intake.hear(frame)
        route.heard(intake.stamp())
        if self._capture is not None:
            self._write_capture(route.name, frame)
        if route.heard_us >= route.next_beat_us:
            intake.beat(route.feeds)
            route.next_beat_us = next_beat_us(route.heard_us)
        receipt.listen_to(None)
        if intake.candles_through_us != self._handed_candles_us or self._is_awaited():
            # Decisions wait for it.
            self._hand_over()

    async def _before_opening(self) -> None:
        await self.watch.refuse_past_now(self._intake.newest_us)

    def _on_open(self, route: Route) -> None:
        self._silences.opened(route)
        if not self.clock.speed and Feed.ORDER_BOOKS in route.feeds:
            # It may be held until its minute is decided: no update comes before, and books are waited for.
            self._intake.ask_snapshots()

    def _is_awaited(self) -> bool:
        """Whether all that belongs to the last candles handed over has come since."""
        candles_us = self._handed_candles_us
        return candles_us is not None and self._handed_us < candles_us <= self._receipt.through_us()

    def _on_lost(self, route: Route) -> None:
        self._receipt.leave(route.name)
        self._silences.lost(route)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self._ask_time_if_quiet()
            self._intake.look_for_late_bars()
            self._silences.look()
            if self._capture is not None:
                self._capture.flush_if_due()

    async def _ask_time_if_quiet(self) -> None:
        """An exchange of speed 0 waits for a decision: what was lost before would stop the time for ever.

        What waits to be read is read while it answers.
        """
        receipt = self._receipt
        if isinstance(receipt, HeardClock) and receipt.is_quiet:
            with suppress(RetryError):
                told = await self.orders.data.server_clock()
                if receipt.is_quiet:
                    receipt.heard(told.time_us)

    async def _hand_over_often(self) -> None:
        states_at = 0.0
        while True:
            await asyncio.sleep(HAND_OVER_S)
            if self.writer.failure is not None:
                raise self.writer.failure
            is_due = time.monotonic() >= states_at
            if is_due:
                states_at = time.monotonic() + STATES_S
            self._hand_over(self._state_rows() if is_due else ())
            self._hold_back()
            await self._ask_for_lost_rows()

    async def _ask_for_lost_rows(self) -> None:
        """A minute after the database takes rows again, have those fetched that nothing could hold."""
        through_us = self.writer.lost_through_us
        if not through_us or self.writer.stored_through_us < through_us + MINUTE_US:
            return
        with suppress(DatabaseError, psycopg.Error):
            for hole in await asyncio.to_thread(self._lost_holes):
                expect(hole)
                self._repairs.ask(hole)
            if self.writer.lost_through_us == through_us:
                self.writer.lost_through_us = 0

    def _lost_holes(self) -> list[Hole]:
        with connect(self.orders.url, autocommit=True) as connection:
            holes = read_holes(connection, self.orders.data.capabilities.venue, self.pairs)
        return [hole for hole in holes if hole.cause == "DROPPED"]

    def _hand_over(self, states: Sequence[dict[str, Any]] = ()) -> None:
        handed = self._intake.hand_over()
        self._handed_candles_us, self._handed_us = handed.candles_through_us, handed.committed_through_us
        self.writer.put(HandedOver(*handed, states))

    def _hold_back(self) -> None:
        """An exchange that runs as fast as it is read is read no faster than the database stores."""
        while not self.clock.speed and self.writer.is_behind(_MOST_QUEUED):
            time.sleep(HAND_OVER_S)

    def _state_rows(self) -> list[dict[str, Any]]:
        return self._states.rows(self._intake, self._connections, self._polls)

    async def _renew_terms(self) -> None:
        terms = await self.orders.data.terms(self.orders.symbols)

        def store() -> None:
            try:
                with connect(self.orders.url, autocommit=True) as connection:
                    ensure_venue(connection, self.orders.data.capabilities.venue, terms)
            except (DatabaseError, psycopg.Error) as error:
                raise RetryError(f"the database does not take the terms of trading ({error})") from None

        await asyncio.to_thread(store)

    def _write_capture(self, connection: str, frame: Frame) -> None:
        try:
            if self._capture is not None:
                self._capture.write(self._intake.newest_us * 1_000, connection, frame)
        except StopError as error:
            log.warning("%s; no more frames are captured", error)
            self._capture = None

    def _captured_snapshot(self, symbol: str, body: bytes) -> None:
        self._write_capture(f"{SNAPSHOT_OF}{symbol}", body)

    def _end(self, reason: str) -> None:
        states = self._states.stopped(self._state_rows(), reason)
        self._hand_over(states)
        self.writer.close()
        if self._capture is not None:
            self._capture.close()
        with suppress(HydraError, psycopg.Error), connect(self.orders.url, autocommit=True) as connection:
            _end_session(connection, self.writer.session_id, reason)
