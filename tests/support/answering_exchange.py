"""A small exchange on loopback: it answers what a test tells it, keeps what it is asked, holds streams."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass
class AnsweringExchange:
    """`answers`: by path, JSON or a function of the request. `asked`: (time, path, query) in order."""

    answers: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[float, str, Mapping[str, str]]] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    refused_streams: dict[str, Any] | None = None
    is_silent: bool = False
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any request."""
        if request.headers.get("Upgrade", "").lower() == "websocket" and request.path not in self.answers:
            return await self._hold(request)
        self.asked.append((time.time(), request.path, dict(request.query)))
        answer = self.answers.get(request.path)
        if answer is None:
            return web.Response(status=404, text="<html>not here</html>", content_type="text/html")
        if callable(answer):
            made: web.StreamResponse | Awaitable[web.StreamResponse] = answer(request)
            return made if isinstance(made, web.StreamResponse) else await made
        return web.json_response(answer, headers=self.headers)

    async def _hold(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=not self.is_silent)
        await socket.prepare(request)
        self.sockets.append(socket)
        self.paths.append(request.path)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._subscribed(socket, json.loads(message.data))
        return socket

    async def _subscribed(self, socket: web.WebSocketResponse, request: dict[str, Any]) -> None:
        self.requests.append(request)
        if self.refused_streams:
            await socket.send_json({"error": self.refused_streams, "id": request["id"]})
        elif "op" in request:
            if request["op"] == "subscribe":
                await socket.send_json(
                    {"success": True, "ret_msg": "", "op": "subscribe", "req_id": request["req_id"]}
                )
        else:
            await socket.send_json({"result": None, "id": request["id"]})

    async def send(self, text: str) -> None:
        """Send a frame on every open socket."""
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_str(text)

    async def close_sockets(self) -> None:
        """Close every socket, as before a restart."""
        for socket in self.sockets:
            await socket.close(code=WSCloseCode.GOING_AWAY)

    def asked_for(self, path: str) -> list[Mapping[str, str]]:
        """The queries that came for `path`."""
        return [query for _, asked, query in self.asked if asked == path]


@asynccontextmanager
async def answering_exchange(
    tls: SSLContext | None = None, **answers: Any
) -> AsyncIterator[AnsweringExchange]:
    """Serve on a free port of loopback; `answers` by the last part of the path."""
    exchange = AnsweringExchange()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", exchange.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    exchange.url = f"{'https' if tls else 'http'}://{host}:{port}"
    exchange.answers |= {f"/fapi/v1/{name}": answer for name, answer in answers.items()}
    try:
        yield exchange
    finally:
        for socket in exchange.sockets:
            await socket.close()
        await runner.cleanup()


def refusing(status: int, body: Any = "", headers: Mapping[str, str] | None = None) -> Reply:
    """A function for `answers`: refuses with `status`."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    return lambda _request: web.Response(status=status, text=text, content_type=kind, headers=headers)
