"""Fetches the snapshots that order books need, again and again with pauses, until each book is whole."""

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
        self._asked: asyncio.Queue[HeardPair] = asyncio.Queue()

    def ask(self, pair: HeardPair) -> None:
        """The book of `pair` needs a snapshot."""
        self._asked.put_nowait(pair)

    async def run(self, intake: Intake) -> None:
        """Fetch what is asked for, some at once."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work(intake))

    async def _work(self, intake: Intake) -> None:
        while True:
            pair = await self._asked.get()
            try:
                await self._fetch(pair, intake)
            finally:
                pair.is_snapshot_asked = False

    async def _fetch(self, pair: HeardPair, intake: Intake) -> None:
        wait_s = _FIRST_WAIT_S
        while pair.book.needs_snapshot:
            try:
                snapshot = await self._data.order_book(pair.symbol)
            except HydraError as error:
                log.warning("the order book of %s: %s", pair.symbol, error)
            else:
                self._captured(pair.symbol, as_frame(snapshot))
                intake.snapshot(pair, snapshot)
                if not pair.book.needs_snapshot:
                    return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def as_frame(snapshot: DepthSnapshot) -> bytes:
    """The snapshot as Binance's REST answers it, for a capture."""
    milliseconds = snapshot.time_us // 1_000
    levels = {"bids": snapshot.bids, "asks": snapshot.asks}
    return msgspec.json.encode(
        {"lastUpdateId": snapshot.last_id, "E": milliseconds, "T": milliseconds, **levels}
    )
