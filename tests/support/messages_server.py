"""A server on loopback that speaks Anthropic's Messages API and OpenAI's Responses API as far as HYDRA asks.

It checks what the real ones check: the key as Bearer, the version, the fields of a request, an alternation of
roles; a question that it would refuse is answered as they do. What it answers to a good one, a test decides.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "sk-local-0123456789"
VERSION = "2026-10-21"
MODELS = frozenset({"claude-haiku-5-5", "claude-sonnet-5-5", "claude-sonnet-4-5", "gpt-6.1-sol"})

Answerer = Callable[[dict[str, Any]], str]
"""What the model says to a request."""


@dataclass(frozen=True)
class Reply:
    """How a request is answered: by an error, or by a message with `text` or what `text` makes of it."""

    text: str | Answerer = ""
    status: int = 200
    kind: str = "api_error"
    stop_reason: str = "end_turn"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    body: bytes | None = None
    has_usage: bool = True
    usage: Mapping[str, int] | None = None
    blocks_before: tuple[Mapping[str, Any], ...] = ()


@dataclass
class MessagesServer:
    """`replies` are given one after the other, the last one for ever. `asked`: the requests that were good.

    refused: what was wrong with the others.
    """

    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    url: str = ""

    async def message(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/messages."""
        body = await request.json()
        complaint = self._complaint(request, body)
        if complaint is not None:
            return self._error(*complaint)
        reply = self._next(request, body)
        await asyncio.sleep(reply.delay_s)
        if reply.body is not None:
            return web.Response(body=reply.body, status=reply.status, headers=reply.headers)
        if reply.status != 200:
            return self._error(reply.status, reply.kind, "told by the test", reply.headers)
        text = reply.text if isinstance(reply.text, str) else reply.text(body)
        usage = reply.usage or {
            "input_tokens": _tokens(json.dumps(body)),
            "output_tokens": _tokens(text),
        }
        message = {
            "id": f"msg_{len(self.asked)}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [*reply.blocks_before, {"type": "text", "text": text}],
            "stop_reason": reply.stop_reason,
            "stop_sequence": None,
            **({"usage": usage} if reply.has_usage else {}),
        }
        return web.json_response(message, headers={"request-id": f"req_{len(self.asked)}", **reply.headers})

    async def response(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/responses."""
        body = await request.json()
        wanted = body.get("text", {}).get("format", {})
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            words = f"Incorrect API key: {request.headers.get('Authorization')}"
            return web.json_response({"error": {"message": words}}, status=401)
        if wanted.get("type") != "json_schema" or wanted.get("strict") is not True or "name" not in wanted:
            self.refused.append("no strict schema")
            return web.json_response({"error": {"message": "no strict schema"}}, status=400)
        if body["model"] not in MODELS:
            return web.json_response({"error": {"message": f"no model {body['model']}"}}, status=404)
        reply = self._next(request, body)
        await asyncio.sleep(reply.delay_s)
        if reply.status != 200:
            refusal = {"error": {"message": "told by the test"}}
            return web.json_response(refusal, status=reply.status, headers=reply.headers)
        text = reply.text if isinstance(reply.text, str) else reply.text(body)
        is_cut = reply.stop_reason == "max_output_tokens"
        said = {"type": "output_text", "text": text, "annotations": []}
        part = {"type": "refusal", "refusal": text} if reply.stop_reason == "refusal" else said
        answer = {
            "id": f"resp_{len(self.asked)}",
            "object": "response",
            "created_at": 0,
            "model": body["model"],
            "status": "incomplete" if is_cut else "completed",
            "incomplete_details": {"reason": reply.stop_reason} if is_cut else None,
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": []},
                {
                    "type": "message",
                    "id": "m_1",
                    "role": "assistant",
                    "status": "completed",
                    "content": [part],
                },
            ],
            "usage": {"input_tokens": _tokens(json.dumps(body)), "output_tokens": _tokens(text)},
        }
        return web.json_response(answer, headers={"x-request-id": f"req_{len(self.asked)}"})

    def _next(self, request: web.Request, body: dict[str, Any]) -> Reply:
        self.asked.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.times.append(time.monotonic())
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _complaint(self, request: web.Request, body: dict[str, Any]) -> tuple[int, str, str] | None:
        """What the real service would refuse: status, kind and words."""
        wanted = body.get("output_config", {}).get("format", {})
        known = {"model", "max_tokens", "system", "messages", "output_config"}
        if request.headers.get("Authorization") != f"Bearer {KEY}" or "x-api-key" in request.headers:
            return 401, "authentication_error", f"invalid key {request.headers.get('Authorization')}"
        if request.headers.get("anthropic-version") != VERSION:
            return 400, "invalid_request_error", "anthropic-version"
        if body.get("model") not in MODELS:
            return 404, "not_found_error", f"model: {body.get('model')}"
        if (
            set(body) - known
            or wanted.get("type") != "json_schema"
            or not isinstance(body["max_tokens"], int)
        ):
            return 400, "invalid_request_error", f"fields {sorted(set(body) - known)}"
        if [message["role"] for message in body["messages"]] != ["user"]:
            return 400, "invalid_request_error", "roles"
        return None

    def _error(
        self, status: int, kind: str, words: str, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        self.refused.append(words)
        body = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_error"}
        return web.json_response(body, status=status, headers={"request-id": "req_error", **(headers or {})})


def _tokens(text: str) -> int:
    """About as a tokenizer counts."""
    return max(1, len(text) // 4)


@contextmanager
def messages_server(*replies: Reply) -> Iterator[MessagesServer]:
    """The server on a free port of loopback, in a thread of its own."""
    server = MessagesServer(list(replies) or [Reply()])
    loop = asyncio.new_event_loop()
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/v1/messages", server.message)
    application.router.add_post("/v1/responses", server.response)
    runner = web.AppRunner(application, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10.0)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def analyses(action: str = "hold", confidence: str = "low", reason: str = "told by the test") -> str:
    """An answer with the same view of all eight pairs."""
    symbols = ("BTC", "ETH", "SOL", "BNB", "ADA", "XRP", "LTC", "DOGE")
    rows = [
        {"symbol": symbol, "action": action, "confidence": confidence, "reason": reason} for symbol in symbols
    ]
    return json.dumps({"analyses": rows})
