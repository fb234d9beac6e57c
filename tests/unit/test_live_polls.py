"""Polls: what is wrong with one pair does not keep the others from being asked for."""

import asyncio
from datetime import datetime
from types import SimpleNamespace
from typing import cast

import polars as pl
import pytest

from hydra.errors import BadDataError
from hydra.exchange.capabilities import BINANCE
from hydra.exchange.interface import MarketData
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pace import Pace
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.polls import Newest, Polls
from hydra.ingest.live.receipt_clock import CapturedClock

START_US = 1_793_491_200_000_000


@pytest.mark.parametrize("table", ["candles_1m", "positioning", "funding_rates"])
def test_a_market_that_is_listed_no_longer_does_not_hide_the_others(table: str) -> None:
    """The first pair of the list is refused with -1121."""
    asked: list[str] = []

    async def history(_table: str, symbol: str, _start: datetime, _end: datetime) -> pl.DataFrame:
        asked.append(symbol)
        if symbol == "GONEUSDT":
            raise BadDataError("it does not list this symbol (-1121)")
        return pl.DataFrame(schema={"time": pl.Datetime("us", "UTC")})

    async def run() -> str | None:
        pairs = [HeardPair(symbol, number, symbol) for number, symbol in enumerate(("GONEUSDT", "BTCUSDT"))]
        clock = CapturedClock(START_US)
        intake = Intake(pairs, clock, lambda _frame: None, lambda _hole: None, lambda _pair: None)
        data = cast("MarketData", SimpleNamespace(capabilities=BINANCE, history=history))
        polls = Polls(data, intake, Pace(clock, SimpleNamespace(speed=1.0)), Newest())
        polls.add_of_exchange()
        state, ask = next((state, ask) for state, ask in polls._tasks if state.feed == table)
        polling = asyncio.ensure_future(polls._poll(state, ask))
        async with asyncio.timeout(60):
            while state.detail is None:
                await asyncio.sleep(0.001)
        polling.cancel()
        return state.detail

    assert asyncio.run(run()) == "it does not list this symbol (-1121)"
    assert asked == ["GONEUSDT", "BTCUSDT"]
