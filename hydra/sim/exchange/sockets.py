"""The WebSocket side: paths, subscriptions, pings, and the limits of a connection."""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from hydra.durations import DAY_MS
from hydra.sim.exchange.channels import MARKET, PRIVATE, PUBLIC, Channels, Connection, frame_of
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.private.user_stream import UserStream

MOST_STREAMS: Final = 1_024
MOST_MESSAGES_A_SECOND: Final = 10
LIFE_MS: Final = DAY_MS
PING_SECONDS: Final = 180.0
PONG_SECONDS: Final = 600.0
LARGEST_BACKLOG_BYTES: Final = 64 << 20
_CLOSE_FRAME: Final = b"\x88\x02\x03\xe9"
"""Code 1001: going away."""
_UNROUTED: Final = ""
_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")


class Sockets:
    """Accepts connections and holds them until they end. user_stream: of the account, if there is one."""

    def __init__(self, channels: Channels, clock: SimulatedClock, user_stream: UserStream | None) -> None:
        self._channels = channels
        self._user_stream = user_stream
        self._clock = clock

    def add_routes(self, app: web.Application) -> None:
        """The paths: /public, /market and /private, each with /ws and /stream; those without a route."""
        for route in (PUBLIC, MARKET, PRIVATE, _UNROUTED):
            prefix = f"/{route}" if route else ""
            app.router.add_get(f"{prefix}/ws", self._accept)
            app.router.add_get(f"{prefix}/ws/{{streams:.*}}", self._accept)
            app.router.add_get(f"{prefix}/stream", self._accept)

    async def _accept(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, autoping=False, autoclose=True)
        await socket.prepare(request)
        if request.transport is None:
            return socket
        parts = request.path.strip("/").split("/")
        route = parts[0] if parts[0] in {PUBLIC, MARKET, PRIVATE} else _UNROUTED
        connection = Connection(request.transport, route, is_combined=parts[-1] == "stream")
        self._channels.add(connection)
        for name in _named_streams(request):
            self._channels.subscribe(connection, name)
        if route == PRIVATE:
            self._join(request, connection)
        keepers = [asyncio.ensure_future(one) for one in (self._ping(connection), self._end(connection))]
        try:
            await self._read(socket, connection)
        finally:
            self._channels.remove(connection)
            if self._user_stream is not None:
                self._user_stream.leave(connection)
            for keeper in keepers:
                keeper.cancel()
        return socket

    def _join(self, request: web.Request, connection: Connection) -> None:
        """A user stream: /private/ws?listenKey=KEY&events=A/B, /private/ws/KEY."""
        key = request.query.get("listenKey") or request.match_info.get("streams", "")
        named = request.query.get("events")
        self._channels.subscribe(connection, key)
        if self._user_stream is not None:
            events = None if named is None else frozenset(named.split("/"))
            self._user_stream.join(connection, key, events)

    async def _read(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        allowance, counted_at = float(MOST_MESSAGES_A_SECOND), time.monotonic()
        async for message in socket:
            connection.heard_at = now = time.monotonic()
            if message.type is WSMsgType.PONG:
                continue
            allowance = min(MOST_MESSAGES_A_SECOND, allowance + (now - counted_at) * MOST_MESSAGES_A_SECOND)
            allowance, counted_at = allowance - 1, now
            if allowance < 0:
                hang_up(connection, is_reset=False)
                return
            if message.type is WSMsgType.PING:
                if connection.answers_pings:
                    connection.transport.write(_pong(message.data))
            elif message.type is WSMsgType.TEXT and (answer := self._answer(connection, message.data)):
                connection.put(frame_of(orjson.dumps(answer)))
                connection.write()

    def _answer(self, connection: Connection, text: str) -> dict[str, Any]:
        try:
            request = orjson.loads(text)
        except orjson.JSONDecodeError:
            return _error(3, "Invalid JSON: expected value at line 1 column 1")
        wrong = _wrong(request)
        if wrong:
            return _error(2, f"Invalid request: {wrong}")
        method, number, names = request["method"], request.get("id"), request.get("params") or []
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": list(connection.streams), "id": number}
        if method == "SUBSCRIBE" and len({*connection.streams, *names}) > MOST_STREAMS:
            return _error(2, f"Invalid request: more than {MOST_STREAMS} streams")
        for name in names:
            if method == "SUBSCRIBE":
                self._channels.subscribe(connection, name)
            else:
                self._channels.unsubscribe(connection, name)
        return {"result": None, "id": number}

    async def _ping(self, connection: Connection) -> None:
        """Ping every three minutes, and close a connection that has not been heard for ten."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            if time.monotonic() - connection.heard_at > PONG_SECONDS:
                hang_up(connection, is_reset=False)
                return
            if connection.answers_pings and not connection.transport.is_closing():
                connection.transport.write(b"\x89\x00")

    async def _end(self, connection: Connection) -> None:
        """Close the connection when its life is over, or when its reader is hopelessly behind."""
        ends_ms = self._clock.now_ms() + LIFE_MS
        while self._clock.now_ms() < ends_ms:
            await asyncio.sleep(0.2)
            if connection.transport.get_write_buffer_size() > LARGEST_BACKLOG_BYTES:
                hang_up(connection, is_reset=True)
                return
        hang_up(connection, is_reset=False)


def hang_up(connection: Connection, is_reset: bool) -> None:
    """Close a connection: with code 1001, or without a word."""
    if connection.transport.is_closing():
        return
    if is_reset:
        connection.transport.abort()
        return
    connection.write()
    connection.transport.write(_CLOSE_FRAME)
    with suppress(RuntimeError):
        connection.transport.close()


def _wrong(request: Any) -> str | None:
    """What is wrong with a message of a client, in the exchange's words; None: nothing."""
    if not isinstance(request, dict) or "method" not in request:
        return "missing field `method` at line 1 column 1"
    method, number, names = request["method"], request.get("id", 0), request.get("params") or []
    if method not in _METHODS:
        return f"unknown variant `{method}`, expected one of `{'`, `'.join(_METHODS)}` at line 1 column 1"
    if type(number) is not int or number < 0:
        return "request ID must be an unsigned integer"
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return None if is_list else "params must be a list of strings"


def _error(code: int, words: str) -> dict[str, Any]:
    return {"error": {"code": code, "msg": words}}


def _pong(payload: bytes) -> bytes:
    return bytes((0x8A, len(payload))) + payload


def _named_streams(request: web.Request) -> list[str]:
    """Streams in the URL: /market/ws/btcusdt@aggTrade, /market/stream?streams=a/b. ccxt appends a number."""
    text = request.query.get("streams") or request.match_info.get("streams", "")
    return [name for name in text.split("/") if "@" in name]
