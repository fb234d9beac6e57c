"""Fetches the snapshots that order books need, again and again with pauses, until each book is whole.

A book that cannot be had waits its pause beside the others, so that it does not hold them up.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from hydra.errors import HydraError
from hydra.exchange.interface import MarketData
from hydra.exchange.messages import DepthSnapshot
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pair import HeardPair

AT_ONCE: Final = 4
_FIRST_WAIT_S: Final = 0.3
_LONGEST_WAIT_S: Final = 20.0

log = logging.getLogger(__name__)


class BookSnapshots:
    """Fetches until cancelled. captured: gets symbol and text of each snapshot."""

    def __init__(self, data: MarketData, captured: Callable[[str, bytes], None]) -> None:
        self._data = data
        self._captured = captured
        self._asked: asyncio.Queue[tuple[HeardPair, float]] = asyncio.Queue()

    def ask(self, pair: HeardPair) -> None:
        """The book of `pair` needs a snapshot."""
        self._asked.put_nowait((pair, _FIRST_WAIT_S))

    async def run(self, intake: Intake) -> None:
        """Fetch what is asked for, some at once."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work(intake))

    async def _work(self, intake: Intake) -> None:
        loop = asyncio.get_running_loop()
        while True:
            pair, wait_s = await self._asked.get()
            if pair.book.needs_snapshot:
                await self._fetch(pair, intake)
            if pair.book.needs_snapshot:
                later = pair, min(2 * wait_s, _LONGEST_WAIT_S)
                loop.call_later(wait_s, self._asked.put_nowait, later)
            else:
                pair.is_snapshot_asked = False

    async def _fetch(self, pair: HeardPair, intake: Intake) -> None:
        try:
            snapshot = await self._data.order_book(pair.symbol)
        except HydraError as error:
            log.warning("the order book of %s: %s", pair.symbol, error)
        else:
            self._captured(pair.symbol, as_frame(snapshot))
            intake.snapshot(pair, snapshot)


def as_frame(snapshot: DepthSnapshot) -> bytes:
    """The snapshot as Binance's REST answers it, for a capture."""
    milliseconds = snapshot.time_us // 1_000
    levels = {"bids": snapshot.bids, "asks": snapshot.asks}
    return msgspec.json.encode(
        {"lastUpdateId": snapshot.last_id, "E": milliseconds, "T": milliseconds, **levels}
    )
