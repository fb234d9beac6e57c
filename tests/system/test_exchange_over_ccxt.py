"""The simulated exchange heard through unmodified ccxt: every table, every feed, refusals while it runs."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hydra.errors import RetryError
from hydra.exchange.connect import market_data
from hydra.exchange.exchange_clock import ExchangeClock
from hydra.exchange.interface import Feed, MarketData
from hydra.exchange.messages import ClosedCandle, DepthUpdate, PremiumIndex, RunningCandle, Trade
from hydra.exchange.sentiment import aggregated_liquidations, fear_and_greed
from hydra.settings import Settings
from hydra.sim.exchange.faults import Fault, FaultKind
from hydra.sim.exchange.server import Exchange, Serving
from hydra.sim.exchange.sources import GeneratedMarket, GeneratedSource
from tests.support.waiting import soon

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BTC = "BTCUSDT"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


@asynccontextmanager
async def connected(speed: float) -> AsyncIterator[tuple[Exchange, MarketData, str]]:
    source = GeneratedSource(GeneratedMarket(7, START, None, history_days=2, names=("BTC",)))
    exchange = Exchange(source, Serving(speed, 7, port=0))
    async with exchange.running() as port:
        url = f"http://127.0.0.1:{port}"
        settings = Settings.model_validate({"exchange_url": url})
        market = await asyncio.to_thread(market_data, settings, "simulated")
        try:
            yield exchange, market, url
        finally:
            await market.close()


def test_every_table_has_its_past_and_every_feed_its_messages() -> None:
    async def run() -> None:
        async with connected(60.0) as (exchange, market, url):
            assert market.capabilities.venue == exchange.market.source.venue
            clock = ExchangeClock()
            await clock.measure(market.server_clock)
            assert clock.speed == 60.0
            (terms,) = await market.terms([BTC])
            assert (terms.filters.tick_size, terms.filters.is_trading) == (
                exchange.market.source.pairs[0].filters.tick_size,
                True,
            )
            rows = {
                table: (await market.history(table, BTC, START - DAY, START)).height
                for table in sorted(market.capabilities.history - {"trades"})
            }
            assert rows == {
                "candles_1m": 499,
                "mark_prices": 499,
                "funding_rates": 3,
                "open_interest": 288,
                "positioning": 288,
            }
            assert (await fear_and_greed(2, url)).height == 2
            liquidated = await aggregated_liquidations(
                key="any", base="BTC", start=START - DAY, end=START, base_url=url
            )
            assert liquidated.height == 6
            await hear(market)

    asyncio.run(run())


async def hear(market: MarketData) -> None:
    """Every feed for two minutes of the exchange; frames are parsed as they come."""
    heard: Counter[type[Any]] = Counter()
    newest: list[Trade] = []

    def on_frame(_name: str, frame: bytes) -> None:
        message = market.parse(frame)
        heard[type(message)] += 1
        newest.extend([message] if isinstance(message, Trade) else [])

    listening = asyncio.ensure_future(market.listen("all", list(Feed), [BTC], on_frame))
    wanted = (Trade, RunningCandle, ClosedCandle, PremiumIndex, DepthUpdate)
    await soon(lambda: all(heard[kind] for kind in wanted) and heard[ClosedCandle] > 1)
    last = newest[-1]
    again = await market.trades_from(BTC, last.trade_id)
    assert again.row(0, named=True)["price"] == last.price
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


def test_trouble_of_the_exchange_passes_and_no_call_comes_before_the_time_of_a_limit() -> None:
    trouble = {
        FaultKind.HTTP_5XX: "HTTP 503",
        FaultKind.MAINTENANCE: "-1016",
        FaultKind.MAINTENANCE_BARE: "239999",
        FaultKind.HTTP_429: "HTTP 429",
        FaultKind.HTTP_418: "HTTP 418",
    }

    async def run() -> dict[FaultKind, float]:
        waited = {}
        async with connected(1.0) as (exchange, market, _):
            for kind, words in trouble.items():
                exchange.faults.set((Fault(kind, value=503.0 if kind is FaultKind.HTTP_5XX else 1.0),))
                with pytest.raises(RetryError, match=words):
                    await market.order_book(BTC)
                exchange.faults.set(())
                refused = time.monotonic()
                assert (await market.order_book(BTC)).last_id > 0
                waited[kind] = time.monotonic() - refused
        return waited

    waited = asyncio.run(run())
    assert all(0.95 < waited[kind] < 3 for kind in (FaultKind.HTTP_429, FaultKind.HTTP_418)), waited


def test_a_connection_that_is_closed_is_lost() -> None:
    async def run() -> None:
        async with connected(1.0) as (exchange, market, _):
            frames: list[bytes] = []
            listening = asyncio.ensure_future(
                market.listen("all", [Feed.PREMIUM_INDEX], [BTC], lambda _name, frame: frames.append(frame))
            )
            await soon(lambda: len(frames) > 1)
            exchange.faults.set((Fault(FaultKind.DISCONNECT),))
            with pytest.raises(RetryError, match="broke off"):
                await asyncio.wait_for(listening, 5)

    asyncio.run(run())
