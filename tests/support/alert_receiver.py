"""A receiver of webhooks on loopback: what it got, and what it answers."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """`url`: where it answers; `status`, `delay_s`, `headers`: how, and it can be changed at any time.

    refused: what is answered with 500 whatever else, by a part of its body.
    """

    url: str = ""
    status: int = 204
    delay_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    refused: str | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait_for(self, count: int, timeout_s: float = 120.0) -> list[dict[str, Any]]:
        """The messages that it took, once there are so many."""
        deadline = time.monotonic() + timeout_s
        while len(self.taken) < count:
            assert time.monotonic() < deadline, (len(self.requests), self.taken)
            time.sleep(0.02)
        return self.taken


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that the base class calls
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.requests.append((dict(self.headers), body))
            time.sleep(kept.delay_s)
            is_refused = kept.refused is not None and kept.refused.encode() in body
            status = 500 if is_refused else kept.status
            if status // 100 == 2:
                kept.taken.append(json.loads(body))
            self.send_response(status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
