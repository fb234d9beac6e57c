"""What has to be asked for again and again: open interest, ratios, settlements, sentiment, the clock.

Each poll runs by the exchange's clock. An answer that fails is tried again; what the exchange keeps of the
past is asked for from the newest row on, so that a hole closes by itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.durations import EPOCH
from hydra.errors import BadDataError, RetryError, StopError
from hydra.exchange.interface import MarketData
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pace import Pace
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.rows import Record

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
_REFUSED_US: Final = 5 * MINUTE_US
_LONGEST_REFUSED_US: Final = 60 * MINUTE_US
"""After a refusal it is asked again: a firewall or a maintenance page may have answered."""

_PERIOD: Final = timedelta(minutes=5)
_LONGEST_PAST: Final = timedelta(days=30)
_CHECKED: Final = timedelta(minutes=8)
_SETTLED: Final = timedelta(seconds=75)
_NO_ROWS_OVER: Final = timedelta(minutes=15)
"""A period whose ratios are not complete after so long never will be."""

log = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class PollState:
    """How one poll fares. succeeded_us: exchange time of its newest good answer."""

    feed: str
    every_us: int
    succeeded_us: int = 0
    answers: int = 0
    detail: str | None = None
    is_refused: bool = False


@dataclass(slots=True)
class Newest:
    """Times of the newest rows, by table and instrument."""

    times: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def of(self, table: str, pair: HeardPair) -> datetime | None:
        """The newest row's time; None: there is none."""
        return self.times.get((table, pair.instrument_id))

    def note(self, table: str, pair: HeardPair, rows: pl.DataFrame) -> None:
        """Rows up to their newest time are there."""
        if rows.height:
            self.times[table, pair.instrument_id] = rows["time"].max()  # type: ignore[assignment]


class Polls:
    """Asks for the facts that no stream brings. states: one a poll."""

    def __init__(self, data: MarketData, intake: Intake, pace: Pace, newest: Newest) -> None:
        self.states: list[PollState] = []
        self._data = data
        self._intake = intake
        self._pace = pace
        self._newest = newest
        self._tasks: list[tuple[PollState, Ask]] = []

    @property
    def _pairs(self) -> Sequence[HeardPair]:
        return list(self._intake.pairs.values())

    def add(self, feed: str, every_s: float, ask: Ask) -> None:
        """Call `ask` now and every `every_s` seconds of the exchange's time."""
        state = PollState(feed, int(every_s * SECOND_US))
        self.states.append(state)
        self._tasks.append((state, ask))

    def add_of_exchange(self) -> None:
        """The polls of the exchange itself."""
        kept = self._data.capabilities.history
        self.add("open_interest", 15, self._open_interest)
        self.add("candles_1m", 300, self._candles)
        if "positioning" in kept:
            self.add("positioning", 60, self._positioning)
        if "funding_rates" in kept:
            self.add("funding_rates", 3600, self._funding)

    async def run(self) -> None:
        """Poll until cancelled."""
        async with asyncio.TaskGroup() as group:
            for state, ask in self._tasks:
                group.create_task(self._poll(state, ask))

    async def _poll(self, state: PollState, ask: Ask) -> None:
        while True:
            due_us = self._pace.now_us() + state.every_us
            try:
                await ask()
            except (RetryError, BadDataError) as error:
                _note(state, str(error))
                due_us = self._pace.now_us() + min(state.every_us, MINUTE_US)
            except StopError as error:
                _note(state, str(error))
                state.is_refused = True
                pause_us = min(max(state.every_us, _REFUSED_US), _LONGEST_REFUSED_US)
                due_us = self._pace.now_us() + pause_us
            else:
                state.answers += 1
                state.succeeded_us, state.detail, state.is_refused = self._pace.now_us(), None, False
            await self._pace.until(due_us)

    async def _each(self, ask: Callable[[HeardPair], Awaitable[None]]) -> None:
        """Ask for every pair. What is wrong with one of them does not keep the others from it.

        Raises:
            HydraError: the first of them.
        """
        wrong: list[BadDataError] = []
        for pair in self._pairs:
            try:
                await ask(pair)
            except BadDataError as error:
                wrong.append(error)
        if wrong:
            raise wrong[0]

    async def _open_interest(self) -> None:
        await asyncio.gather(*map(self._open_interest_of, self._pairs))

    async def _open_interest_of(self, pair: HeardPair) -> None:
        """Store it, once a price is heard: where the exchange tells no value, it is contracts x price."""
        if pair.price is None:
            return
        rows = await self._data.open_interest_now(pair.symbol)
        newest = self._newest.of("open_interest", pair)
        if newest is not None:
            rows = rows.filter(pl.col("time") > newest)
            if rows.height and _period(rows["time"].item(0)) - _period(newest) > 1:
                await self._history("open_interest", pair, newest, rows["time"].item(0))
        if rows.height:
            value = pl.coalesce("value_usd", pl.col("contracts") * pl.lit(pair.price, pl.Float64))
            rows = rows.with_columns(value.alias("value_usd"))
            self._intake.add_frame("open_interest", rows, instrument_id=pair.instrument_id)
            self._newest.note("open_interest", pair, rows)

    async def _candles(self) -> None:
        """The newest candles once more: what the stream told otherwise becomes a revision (C125)."""
        # A hole that was given up may have been closed by an answer since.
        self._intake.record([Record("ingest/live/fill_gaps", {})])
        await self._each(self._candles_of)

    async def _candles_of(self, pair: HeardPair) -> None:
        now = self._now()
        rows = await self._data.history("candles_1m", pair.symbol, now - _CHECKED, now - _SETTLED)
        newest = pair.minutes.newest
        if newest is not None:
            heard = pl.col("time").dt.epoch("us") <= newest * MINUTE_US
            self._intake.add_frame("candles_1m", rows.filter(heard), instrument_id=pair.instrument_id)

    async def _positioning(self) -> None:
        await self._each(self._positioning_of)

    async def _positioning_of(self, pair: HeardPair) -> None:
        now = self._now()
        newest = self._newest.of("positioning", pair) or now - 3 * _PERIOD
        if now - newest >= _PERIOD:
            await self._history("positioning", pair, newest + timedelta(seconds=1), now)

    async def _funding(self) -> None:
        await self._each(self._funding_of)

    async def _funding_of(self, pair: HeardPair) -> None:
        now = self._now()
        newest = self._newest.of("funding_rates", pair) or now - timedelta(days=1)
        await self._history("funding_rates", pair, newest + timedelta(seconds=1), now)

    def _now(self) -> datetime:
        return EPOCH + timedelta(microseconds=self._pace.now_us())

    async def _history(self, table: str, pair: HeardPair, start: datetime, end: datetime) -> None:
        """Store the rows of [start, end), page by page."""
        start = max(start, end - _LONGEST_PAST)
        while start < end:
            page = await self._data.history(table, pair.symbol, start, end)
            rows = _complete(page, end) if table == "positioning" else page
            self._intake.add_frame(table, rows, instrument_id=pair.instrument_id)
            self._newest.note(table, pair, rows)
            if not rows.height:
                return
            start = rows["time"].item(-1) + timedelta(seconds=1)


def _period(time: datetime) -> int:
    """The number of the five minutes (g - 5 min, g] of `time`."""
    return (time - EPOCH - timedelta(microseconds=1)) // _PERIOD


def _complete(rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """`rows` before the first that has a ratio still to come: the ratios of a period come one by one."""
    waits = pl.any_horizontal(pl.all().is_null()) & (pl.col("time") > now - _NO_ROWS_OVER)
    return rows.filter(waits.cum_sum() == 0)


def _note(state: PollState, detail: str) -> None:
    if state.detail is None:
        log.warning("%s: %s", state.feed, detail)
    state.detail = detail
