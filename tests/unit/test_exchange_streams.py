"""Raw frames through ccxt's WebSocket client, against an exchange on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hydra.errors import RetryError, StopError
from hydra.exchange import raw_socket
from hydra.exchange.binance.client import LIMITS, BinanceClient
from hydra.exchange.binance.rest import BinanceMarketData
from hydra.exchange.bybit.client import LIMITS as BYBIT_LIMITS
from hydra.exchange.bybit.client import BybitClient
from hydra.exchange.bybit.rest import BybitMarketData
from hydra.exchange.capabilities import BINANCE, BYBIT
from hydra.exchange.hosts import hosts_at
from hydra.exchange.interface import Feed, MarketData
from hydra.exchange.rate_budget import RateBudget
from tests.support.answering_exchange import AnsweringExchange, answering_exchange, refusing
from tests.support.waiting import soon

TRADE = '{"e":"aggTrade","E":2,"a":1,"s":"BTCUSDT","p":"1","q":"1","f":1,"l":1,"T":1,"m":false}'
Scene = Callable[[AnsweringExchange, MarketData, list[bytes]], Awaitable[Any]]


def binance_at(url: str, folder: Path) -> MarketData:
    hosts, client = hosts_at(url), BinanceClient()
    client.connect_to(hosts, RateBudget(folder / "budget.json", hosts.name, LIMITS))
    return BinanceMarketData(client, BINANCE, "production")


def bybit_at(url: str, folder: Path) -> MarketData:
    hosts, client = hosts_at(url), BybitClient()
    client.connect_to(hosts, RateBudget(folder / "bybit.json", hosts.name, BYBIT_LIMITS))
    return BybitMarketData(client, BYBIT)


@asynccontextmanager
async def listening(
    market: MarketData, frames: list[bytes], feeds: list[Feed], symbols: list[str]
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(
        market.listen("all", feeds, symbols, lambda _name, frame: frames.append(frame))
    )
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await market.close()


def run_scene(
    folder: Path,
    scene: Callable[[AnsweringExchange, asyncio.Task[None], list[bytes]], Awaitable[Any]],
    *,
    feeds: list[Feed] | None = None,
    symbols: list[str] | None = None,
    make: Callable[[str, Path], MarketData] = binance_at,
    **exchange_values: Any,
) -> Any:
    async def run() -> Any:
        async with answering_exchange() as exchange:
            for name, value in exchange_values.items():
                setattr(exchange, name, value)
            frames: list[bytes] = []
            market = make(exchange.url, folder)
            async with listening(market, frames, feeds or [Feed.TRADES], symbols or ["BTCUSDT"]) as task:
                return await scene(exchange, task, frames)

    return asyncio.run(run())


def test_frames_come_as_they_were_sent_and_in_order(tmp_path: Path) -> None:
    async def scene(exchange: AnsweringExchange, _task: asyncio.Task[None], frames: list[bytes]) -> None:
        await soon(lambda: len(exchange.requests) == 1)
        sent = [TRADE.replace('"a":1', f'"a":{number}') for number in range(1_000)]
        for text in sent:
            await exchange.send(text)
        await soon(lambda: len(frames) == 1_001)
        assert frames[1:] == [text.encode() for text in sent]
        assert frames[0] == b'{"result": null, "id": 1}'

    run_scene(tmp_path, scene)


def test_each_feed_is_asked_for_by_symbol_on_its_route(tmp_path: Path) -> None:
    async def scene(exchange: AnsweringExchange, _task: asyncio.Task[None], _frames: list[bytes]) -> None:
        await soon(lambda: len(exchange.requests) == 2)
        assert exchange.paths == ["/market/ws/1", "/public/ws/1"]
        market, public = (set(request["params"]) for request in exchange.requests)
        assert public == {"btcusdt@depth@100ms", "ethusdt@depth@100ms"}
        assert market == {
            f"{symbol}@{stream}"
            for symbol in ("btcusdt", "ethusdt")
            for stream in ("aggTrade", "kline_1m", "forceOrder", "markPrice@1s")
        }

    run_scene(tmp_path, scene, feeds=list(Feed), symbols=["BTCUSDT", "ETHUSDT"])


def test_many_streams_are_asked_for_in_batches_within_ten_requests_a_second(tmp_path: Path) -> None:
    async def scene(exchange: AnsweringExchange, _task: asyncio.Task[None], _frames: list[bytes]) -> None:
        start = time.monotonic()
        await soon(lambda: sum(len(request["params"]) for request in exchange.requests) == 1_200)
        assert len(exchange.requests) == 12
        assert time.monotonic() - start > 1.0
        assert exchange.paths == ["/market/ws/1", "/market/ws/2"], "a socket holds 1,000 streams"
        assert [request["id"] for request in exchange.requests] == [*range(1, 11), 1, 2]

    run_scene(tmp_path, scene, symbols=[f"S{number}USDT" for number in range(1_200)])


def test_a_socket_that_the_exchange_closes_is_lost(tmp_path: Path) -> None:
    async def scene(exchange: AnsweringExchange, task: asyncio.Task[None], frames: list[bytes]) -> None:
        await soon(lambda: bool(frames))
        await exchange.close_sockets()
        with pytest.raises(RetryError, match=r"the connection to .* broke off \(.* closing code 1001\)"):
            await asyncio.wait_for(task, 5)

    run_scene(tmp_path, scene)


def test_a_socket_without_a_sign_of_life_is_lost_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a ping each 0.2 s instead of 4 s; the exchange answers no ping and sends nothing."""
    monkeypatch.setattr(raw_socket, "SIGN_OF_LIFE_MS", 200)

    async def scene(_exchange: AnsweringExchange, task: asyncio.Task[None], frames: list[bytes]) -> None:
        await soon(lambda: bool(frames))
        start = time.monotonic()
        with pytest.raises(RetryError, match="does not answer in time"):
            await asyncio.wait_for(task, 5)
        assert time.monotonic() - start < 2

    run_scene(tmp_path, scene, is_silent=True)


def test_a_socket_that_sends_but_answers_no_ping_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_socket, "SIGN_OF_LIFE_MS", 200)

    async def scene(exchange: AnsweringExchange, task: asyncio.Task[None], frames: list[bytes]) -> None:
        await soon(lambda: bool(frames))
        for _ in range(15):
            await exchange.send(TRADE)
            await asyncio.sleep(0.1)
        assert not task.done()

    run_scene(tmp_path, scene, is_silent=True)


def test_streams_that_the_exchange_refuses_stop_it(tmp_path: Path) -> None:
    async def scene(_exchange: AnsweringExchange, task: asyncio.Task[None], _frames: list[bytes]) -> None:
        with pytest.raises(StopError, match="refuses the streams: Invalid request"):
            await asyncio.wait_for(task, 5)

    run_scene(tmp_path, scene, refused_streams={"code": 2, "msg": "Invalid request: invalid stream"})


def test_an_error_of_the_reader_ends_the_connection(tmp_path: Path) -> None:
    async def run() -> None:
        def fail(_name: str, _frame: bytes) -> None:
            raise KeyError("of the reader")

        async with answering_exchange() as exchange:
            market = binance_at(exchange.url, tmp_path)
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            try:
                await asyncio.wait_for(market.listen("all", [Feed.TRADES], ["BTCUSDT"], fail), 5)
            finally:
                await market.close()

    with pytest.raises(KeyError, match="of the reader"):
        asyncio.run(run())


def test_a_connection_returns_before_its_life_ends_and_is_read_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller that listens again at once misses no frame: the old socket hears what is sent between."""
    monkeypatch.setattr(raw_socket, "EARLY_S", (24 * 3600 - 0.5, 24 * 3600 - 0.5))
    monkeypatch.setattr(raw_socket, "OVERLAP_S", 1.0)

    async def run() -> None:
        async with answering_exchange() as exchange:
            market = binance_at(exchange.url, tmp_path)
            frames: list[bytes] = []
            await market.listen("all", [Feed.TRADES], ["BTCUSDT"], lambda _, frame: frames.append(frame))
            await exchange.send(TRADE)
            await soon(lambda: TRADE.encode() in frames)
            assert not exchange.sockets[0].closed
            await soon(lambda: exchange.sockets[0].closed)
            await market.close()

    asyncio.run(run())


@pytest.mark.parametrize("speed", [60.0, 0.0])
def test_the_life_of_a_connection_is_that_of_the_exchanges_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    """24 h less 86,370 s are 30 s of the exchange: half a second at 60; at the highest speed it is asked."""
    monkeypatch.setattr(raw_socket, "EARLY_S", (86_370.0, 86_370.0))

    async def run() -> float:
        times = iter(range(0, 10**9, 20_000))
        async with answering_exchange() as exchange:

            def clock(request: Any) -> Any:
                told = {"serverTime": 1_800_000_000_000 + next(times), "simulatedSpeed": speed}
                return refusing(200, told)(request)

            exchange.answers["/fapi/v1/time"] = clock
            market = binance_at(exchange.url, tmp_path)
            await market.server_clock()
            start = time.monotonic()
            await market.listen("all", [Feed.TRADES], ["BTCUSDT"], lambda *_: None)
            lasted = time.monotonic() - start
            await market.close()
            return lasted

    assert 0.3 < asyncio.run(run()) < 3


def test_close_ends_what_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_socket, "EARLY_S", (24 * 3600 - 0.2, 24 * 3600 - 0.2))

    async def run() -> None:
        async with answering_exchange() as exchange:
            market = binance_at(exchange.url, tmp_path)
            await market.listen("all", [Feed.TRADES], ["BTCUSDT"], lambda *_: None)
            await market.close()
            await soon(lambda: exchange.sockets[0].closed)

    asyncio.run(run())


def test_bybits_topics_are_asked_for_on_one_socket(tmp_path: Path) -> None:
    async def scene(exchange: AnsweringExchange, _task: asyncio.Task[None], frames: list[bytes]) -> None:
        await soon(lambda: bool(frames))
        assert exchange.paths == ["/v5/public/linear"]
        assert exchange.requests[0]["args"] == ["orderbook.200.BTCUSDT", "publicTrade.BTCUSDT"]

    run_scene(tmp_path, scene, feeds=[Feed.ORDER_BOOKS, Feed.TRADES], make=bybit_at)
