"""A small Binance on loopback with a market that goes on: streams and REST tell the same, and it can fail.

It lives in a thread of its own. Its market is that of `invented_frames`, in real time, two pairs.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import WSMsgType, web

from hydra.exchange.interface import Feed
from tests.support.invented_frames import InventedSymbol

SYMBOLS = ("BTCUSDT", "ETHUSDT")
VENUE = "simulated-exchange-played"
FIRST_MS = 1_793_491_230_000
"""A half minute before a full one."""

_MINUTE_MS = 60_000


class PlayedExchange:
    """`url`: where it answers. `frozen`: kinds of events that are not sent. `sent`: trade ids and candles.

    `went_back_ms`: how far the time that it tells has gone back.
    """

    def __init__(self) -> None:
        self.url = ""
        self.frozen: set[str] = set()
        self.is_refusing = False
        self.went_back_ms = 0
        self.trades: dict[str, list[dict[str, Any]]] = {symbol: [] for symbol in SYMBOLS}
        self.candles: dict[str, list[dict[str, Any]]] = {symbol: [] for symbol in SYMBOLS}
        self.asked: list[str] = []
        self._streams = {symbol: InventedSymbol(symbol, number) for number, symbol in enumerate(SYMBOLS)}
        self._sockets: list[tuple[str, web.WebSocketResponse]] = []
        self._began = time.monotonic()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def now_ms(self) -> int:
        """Its clock."""
        return FIRST_MS + int((time.monotonic() - self._began) * 1_000)

    def start(self) -> None:
        """Serve on a free port."""
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        """End."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def drop_connections(self) -> None:
        """Close every socket, without a word."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(5)

    async def _drop(self) -> None:
        # Others are opened while these are closed.
        dropped, self._sockets = self._sockets, []
        for _, socket in dropped:
            await socket.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        playing = asyncio.ensure_future(self._play())
        await self._stop.wait()
        playing.cancel()
        await self._drop()
        await runner.cleanup()

    async def _play(self) -> None:
        tenth = self.now_ms() // 100
        while True:
            await asyncio.sleep(max(0.0, (tenth * 100 - self.now_ms()) / 1_000))
            for stream in self._streams.values():
                for frame in stream.frames(tenth * 100, tenth % 10):
                    await self._send(frame.connection, json.loads(frame.frame))
            tenth += 1

    async def _send(self, route: str, event: dict[str, Any]) -> None:
        if event["e"] == "aggTrade":
            self.trades[event["s"]].append(event)
        elif event["e"] == "kline" and event["k"]["x"]:
            self.candles[event["s"]].append(event["k"])
        if event["e"] in self.frozen:
            return
        path = "/public/" if route == "books" else "/market/"
        for where, socket in list(self._sockets):
            if where.startswith(path) and not socket.closed:
                try:
                    await socket.send_json(event)
                except ConnectionError:
                    continue

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._hold(request)
        self.asked.append(request.path)
        name = request.path.rpartition("/")[2]
        if self.is_refusing and name != "market":
            return web.json_response({"code": -1003, "msg": "no"}, status=429, headers={"Retry-After": "1"})
        answer = getattr(self, f"_{name}", None)
        if answer is None or request.path.startswith("/elsewhere"):
            return web.json_response([])
        return web.json_response(answer(request.query))

    async def _hold(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_json({"result": None, "id": json.loads(message.data)["id"]})
                self._sockets.append((request.path, socket))
        return socket

    def _market(self, _query: Any) -> Any:
        return {
            "venue": VENUE,
            "market": "generated",
            "seed": 1,
            "speed": 1.0,
            "start": "2026-11-01T00:00:00+00:00",
            "end": None,
            "pairs": list(SYMBOLS),
            "feeds": [feed.value for feed in Feed],
        }

    def _time(self, _query: Any) -> Any:
        return {"serverTime": self.now_ms() - self.went_back_ms, "simulatedSpeed": 1.0}

    def _exchangeInfo(self, _query: Any) -> Any:  # noqa: N802  # the exchange's name
        return {"symbols": [listed(symbol) for symbol in SYMBOLS], "rateLimits": []}

    def _depth(self, query: Any) -> Any:
        return self._streams[query["symbol"]].snapshot(self.now_ms())

    def _klines(self, query: Any) -> Any:
        return [_kline(bar) for bar in self.candles[query["symbol"]] if _is_in(bar["t"], query)]

    def _markPriceKlines(self, query: Any) -> Any:  # noqa: N802
        return self._klines(query)

    def _aggTrades(self, query: Any) -> Any:  # noqa: N802
        first = int(query["fromId"])
        return [trade for trade in self.trades[query["symbol"]] if trade["a"] >= first][:1_000]

    def _openInterest(self, query: Any) -> Any:  # noqa: N802
        return {"symbol": query["symbol"], "openInterest": "1000.5", "time": self.now_ms()}

    def _fng(self, _query: Any) -> Any:
        return {"data": []}


@contextmanager
def played_exchange() -> Iterator[PlayedExchange]:
    """One that plays until the block ends."""
    exchange = PlayedExchange()
    exchange.start()
    try:
        yield exchange
    finally:
        exchange.stop()


def _is_in(time_ms: int, query: Any) -> bool:
    return int(query["startTime"]) <= time_ms <= int(query["endTime"])


def _kline(bar: dict[str, Any]) -> list[Any]:
    names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
    return [bar[name] for name in names]


def listed(symbol: str) -> dict[str, Any]:
    """A symbol as exchangeInfo lists it."""
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "orderTypes": ["LIMIT", "MARKET"],
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01", "minPrice": "0.01", "maxPrice": "1000000"},
            {"filterType": "LOT_SIZE", "stepSize": "0.01", "minQty": "0.01", "maxQty": "1000"},
            {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.01", "minQty": "0.01", "maxQty": "120"},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95"},
        ],
    }
