"""Snapshots of order books: fetched until each book is whole, and none holds up the others."""

import asyncio
import time
from types import SimpleNamespace
from typing import cast

from hydra.errors import RetryError
from hydra.exchange.interface import MarketData
from hydra.exchange.messages import DepthSnapshot
from hydra.ingest.live.book_snapshots import AT_ONCE, BookSnapshots
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.receipt_clock import CapturedClock


def test_books_that_cannot_be_had_do_not_hold_up_the_others() -> None:
    """As many as are fetched at once are refused each time, e.g. of markets that were closed."""
    refused = [HeardPair(f"S{number}USDT", number, "S") for number in range(AT_ONCE)]
    good = HeardPair("BTCUSDT", 100, "BTC")
    asked: list[str] = []

    async def order_book(symbol: str) -> DepthSnapshot:
        asked.append(symbol)
        if symbol != good.symbol:
            raise RetryError("not now")
        return DepthSnapshot(symbol, 1, 1, [(1.0, 1.0)], [(2.0, 1.0)])

    async def run() -> float:
        data = cast("MarketData", SimpleNamespace(order_book=order_book))
        snapshots = BookSnapshots(data, lambda _symbol, _body: None)
        pairs = [*refused, good]
        intake = Intake(pairs, CapturedClock(), lambda _frame: None, lambda _hole: None, snapshots.ask)
        for pair in pairs:
            pair.is_snapshot_asked = True
            snapshots.ask(pair)
        running, began = asyncio.ensure_future(snapshots.run(intake)), time.monotonic()
        async with asyncio.timeout(60):
            while good.is_snapshot_asked or asked.count("S0USDT") < 2:
                await asyncio.sleep(0.01)
        running.cancel()
        return time.monotonic() - began

    assert asyncio.run(run()) < 5
    assert (good.book.last_id, asked.count("BTCUSDT")) == (1, 1)
    assert all(pair.is_snapshot_asked for pair in refused)
