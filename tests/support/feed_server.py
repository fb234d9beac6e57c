"""A server of feeds on loopback, in a thread of its own: it answers as told, and keeps what it is asked."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]
RSS = "application/rss+xml; charset=utf-8"


@dataclass
class FeedServer:
    """answers: by path. asked: (path, headers) in order."""

    answers: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any request."""
        self.asked.append((request.path_qs, dict(request.headers)))
        reply = self.answers.get(request.path)
        return web.Response(status=404, text="not here") if reply is None else await reply(request)

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [path for path, _ in self.asked]


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    """Serve on a free port of loopback."""
    server, started = FeedServer(), threading.Event()
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(_application(server), shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        started.set()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def _application(server: FeedServer) -> web.Application:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    return application


def rss(*titles: str, published: str = "Fri, 27 Nov 2026 12:00:00 GMT") -> bytes:
    """A feed of these titles."""
    items = "".join(
        f"<item><title><![CDATA[{title}]]></title><guid>{title}</guid><pubDate>{published}</pubDate></item>"
        for title in titles
    )
    return f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


def serving(body: bytes, content_type: str = RSS, **headers: str) -> Reply:
    """Answers with `body`; _ in the name of a header stands for a hyphen."""

    async def reply(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Type": content_type, **_named(headers)})

    return reply


def conditional(body: bytes, etag: str, last_modified: str = "Fri, 27 Nov 2026 12:00:00 GMT") -> Reply:
    """Answers 304 where the request names the content's mark."""

    async def reply(request: web.Request) -> web.StreamResponse:
        marks = {"ETag": etag, "Last-Modified": last_modified}
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=marks)
        return web.Response(body=body, headers={"Content-Type": RSS, **marks})

    return reply


def failing(status: int, **headers: str) -> Reply:
    """Answers with `status`; the same of its headers."""

    async def reply(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="no", headers=_named(headers))

    return reply


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def redirecting(location: str, status: int = 302) -> Reply:
    """Leads elsewhere."""
    return failing(status, Location=location)


def endless(piece: bytes, pause_s: float = 0.0) -> Reply:
    """Sends `piece` again and again, without telling a length."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(piece)
                await asyncio.sleep(pause_s)
        return response

    return reply


def sample(name: str) -> bytes:
    """A feed of tests/samples/feeds."""
    return (Path(__file__).parents[1] / "samples" / "feeds" / name).read_bytes()
