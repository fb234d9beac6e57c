"""Another simulated exchange, or the same one earlier, answers where one was heard: it is not listened to."""

import asyncio
from collections.abc import Coroutine
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hydra.errors import OtherMarketError
from hydra.exchange.capabilities import BINANCE
from hydra.exchange.connect import market_data
from hydra.exchange.exchange_clock import ExchangeClock, ServerClock
from hydra.exchange.hosts import VENUE_HEADER
from hydra.exchange.interface import MarketData
from hydra.exchange.sentiment import fear_and_greed
from hydra.ingest.live.clock_watch import ClockWatch
from hydra.ingest.live.connections import Connections, Route, reason_of
from hydra.settings import Settings
from hydra.sim.exchange.server import Exchange, Serving
from hydra.sim.exchange.sources import GeneratedMarket, GeneratedSource

START = datetime(2026, 11, 1, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000
SYMBOLS = ["BTCUSDT"]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


def exchange(seed: int, port: int = 0) -> Exchange:
    market = GeneratedMarket(seed, START, None, history_days=2, names=("BTC",))
    return Exchange(GeneratedSource(market), Serving(60.0, seed, port=port))


async def connected(port: int) -> MarketData:
    settings = Settings.model_validate({"exchange_url": f"http://127.0.0.1:{port}"})
    return await asyncio.to_thread(market_data, settings, "simulated")


async def refused(call: Coroutine[Any, Any, Any]) -> None:
    with pytest.raises(OtherMarketError, match="another simulated market is served at"):
        await call


def test_another_market_at_the_address_of_the_first_one_refuses_every_call_of_its_listeners() -> None:
    """REST, both routes of streams, and the other sources that it plays."""

    async def run() -> None:
        async with exchange(7).running() as port:
            data = await connected(port)
            await data.server_clock()
        async with exchange(8, port).running():
            await refused(data.server_clock())
            for feed in sorted(data.capabilities.streams):
                await refused(data.listen("any", [feed], SYMBOLS, lambda _name, _frame: None))
            headers = {VENUE_HEADER: data.capabilities.venue}
            await refused(fear_and_greed(5, f"http://127.0.0.1:{port}", headers))
        await data.close()

    asyncio.run(run())


def test_connections_that_were_heard_end_when_another_market_answers() -> None:
    """A refusal of a firewall would be tried again; of the other market not one frame is heard."""
    heard: list[bytes] = []

    def hear(route: Route, frame: bytes) -> None:
        route.heard(1)
        heard.append(frame)

    async def run() -> str:
        async with exchange(7).running() as port:
            data = await connected(port)
            connections = Connections(data, SYMBOLS, hear, lambda _route: None, lambda _route: None)
            holding = asyncio.ensure_future(connections.hold())
            async with asyncio.timeout(20):
                while not all(route.heard_at for route in connections.routes):
                    await asyncio.sleep(0.05)
        count = len(heard)
        async with exchange(8, port).running():
            with pytest.raises(BaseExceptionGroup) as ended:
                await asyncio.wait_for(holding, 30)
        await data.close()
        assert len(heard) == count
        return str(reason_of(ended.value))

    assert "another simulated market" in asyncio.run(run())


@pytest.mark.parametrize(("speed", "behind_s", "is_past"), [
    (1.0, 60, False),
    (1.0, 71, True),
    (60.0, 600, False),
    (60.0, 661, True),
    (0.0, 86_400, False),
])  # fmt: skip
def test_a_time_that_went_back_is_refused_unless_it_is_a_small_difference(
    speed: float, behind_s: int, *, is_past: bool
) -> None:
    """At the highest speed an exchange comes there at once."""

    async def server_clock() -> ServerClock:
        return ServerClock(START_US, speed)

    data = cast("MarketData", SimpleNamespace(server_clock=server_clock, capabilities=BINANCE))
    watch = ClockWatch(data, ExchangeClock(), is_simulated=True)
    asyncio.run(watch.start())
    told = "went back to 2026-11-01 00:00:00 UTC, before 2026-11-01 00:"
    with pytest.raises(OtherMarketError, match=told) if is_past else nullcontext():
        watch.refuse_past(START_US, START_US + behind_s * 1_000_000)


def test_an_exchange_that_was_started_again_without_its_beginning_is_refused_before_it_is_heard() -> None:
    async def run() -> None:
        async with exchange(7).running() as port:
            data = await connected(port)
            watch = ClockWatch(data, ExchangeClock(), is_simulated=True)
            await watch.start()
        await watch.refuse_past_now(START_US + 3_600_000_000)  # nobody answers: that is no judgement
        async with exchange(7, port).running():
            with pytest.raises(OtherMarketError, match="--began"):
                await watch.refuse_past_now(START_US + 3_600_000_000)
        await data.close()

    asyncio.run(run())
