"""Fetches from the exchange what its streams did not bring, and records what it has not.

Candles, trades and the others are fetched beside each other: what one endpoint does not give holds up no
other, and decisions wait for candles.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, NamedTuple

import polars as pl

from hydra.durations import EPOCH
from hydra.errors import BadDataError, HydraError, RetryError, StopError
from hydra.exchange.interface import MarketData
from hydra.ingest.live.holes import GRIDDED, MINUTE_US, Hole, missing_numbers
from hydra.ingest.live.intake import Intake

MOST_TRADES: Final = 200_000
"""A longer hole of one pair would take the exchange's weight of minutes: `hydra backfill` fetches it."""

_ATTEMPTS: Final = 6
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0
_REFUSED_WAIT_S: Final = 30.0
_HOUR: Final = timedelta(hours=1)

OUT_OF_ORDER_S: Final = 0.5

log = logging.getLogger(__name__)


class _Asked(NamedTuple):
    hole: Hole
    asked_at: float


def _log(hole: Hole, error: HydraError) -> None:
    log.warning("%s of %s cannot be fetched: %s", hole.table, hole.pair.symbol, error)


def _is_closed(hole: Hole) -> bool:
    """Whether the numbers of a hole have come since; of tables without numbers that is not known."""
    numbers = {"trades": hole.pair.trades, "candles_1m": hole.pair.minutes}.get(hole.table)
    if numbers is None:
        return False
    return not any(one.first <= hole.last and one.last >= hole.first for one in numbers.missing)


class Repairs:
    """Repairs holes until it is cancelled. waiting: how many are not repaired yet."""

    def __init__(self, data: MarketData) -> None:
        self._data = data
        self._candles: asyncio.Queue[_Asked] = asyncio.Queue()
        self._trades: asyncio.Queue[_Asked] = asyncio.Queue()
        self._others: asyncio.Queue[_Asked] = asyncio.Queue()

    @property
    def waiting(self) -> int:
        """Holes that are not repaired yet."""
        return self._candles.qsize() + self._trades.qsize() + self._others.qsize()

    def ask(self, hole: Hole) -> None:
        """Have `hole` repaired."""
        own = {"candles_1m": self._candles, "trades": self._trades}
        own.get(hole.table, self._others).put_nowait(_Asked(hole, time.monotonic()))

    async def run(self, intake: Intake) -> None:
        """Repair one hole after another."""
        async with asyncio.TaskGroup() as group:
            for queue in (self._candles, self._candles, self._trades, self._others):
                group.create_task(self._work(queue, intake))

    async def _work(self, queue: "asyncio.Queue[_Asked]", intake: Intake) -> None:
        while True:
            hole, asked_at = await queue.get()
            # What comes in another order, or on the other connection, needs no fetching.
            await asyncio.sleep(max(0.0, asked_at + OUT_OF_ORDER_S - time.monotonic()))
            if _is_closed(hole):
                intake.record(hole.repaired([]))
            else:
                await self._repair(hole, intake)

    async def _repair(self, hole: Hole, intake: Intake) -> None:
        came: set[int] = set()
        try:
            async for rows in self._pages(hole, came):
                intake.add_history(hole, rows)
        except BadDataError as error:
            _log(hole, error)
        missing = missing_numbers(hole, came)
        intake.give_up(hole, missing)
        intake.record(hole.repaired(missing))

    async def _pages(self, hole: Hole, came: set[int]) -> AsyncIterator[pl.DataFrame]:
        """The rows of `hole`, page by page; their numbers are added to `came`."""
        if hole.table not in self._data.capabilities.history:
            return
        if hole.table == "trades" and hole.last - hole.first >= MOST_TRADES:
            return
        attempts, wait_s, following = 0, _FIRST_WAIT_S, hole.first
        while following <= hole.last and attempts < _ATTEMPTS:
            try:
                rows, numbers = await self._page(hole, following)
            except RetryError:
                # The exchange is away: what it has is not lost.
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                continue
            except StopError as error:
                # Refused for good, or a firewall or a maintenance page answered.
                _log(hole, error)
                attempts += 1
                await asyncio.sleep(_REFUSED_WAIT_S)
                continue
            if not numbers:
                attempts += 1
                await asyncio.sleep(wait_s)
                wait_s *= 2
                continue
            came.update(numbers)
            yield rows
            attempts, wait_s, following = 0, _FIRST_WAIT_S, max(numbers) + 1

    async def _page(self, hole: Hole, following: int) -> tuple[pl.DataFrame, list[int]]:
        """One page of the hole from `following` on, and its numbers."""
        symbol = hole.pair.symbol
        if hole.table == "trades":
            rows = await self._data.trades_from(symbol, following)
            rows = rows.filter(pl.col("trade_id").is_between(hole.first, hole.last))
            return rows, rows["trade_id"].to_list()
        if hole.table in GRIDDED:
            first, end = (EPOCH + timedelta(minutes=number) for number in (following, hole.last + 1))
            rows = await self._data.history(hole.table, symbol, first, end)
            return rows, (rows["time"].dt.epoch("us") // MINUTE_US).to_list()
        settled = EPOCH + timedelta(microseconds=hole.first)
        rows = await self._data.history(hole.table, symbol, settled, settled + _HOUR)
        return rows, [hole.first] * min(rows.height, 1)
