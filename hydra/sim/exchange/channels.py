"""Streams and their subscribers: an event is encoded once, and its frame shared by all who listen.

Frames are built here and written in batches, because one call of the web server a message would be the
limit of the highest speed.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import orjson

from hydra.sim.exchange.events import Event

PUBLIC: Final = "public"
MARKET: Final = "market"
PRIVATE: Final = "private"
_ROUTES: Final = {
    "depth": PUBLIC,
    "depth@100ms": PUBLIC,
    "bookTicker": PUBLIC,
    "trade": PUBLIC,
    "aggTrade": MARKET,
    "kline_1m": MARKET,
    "forceOrder": MARKET,
    "markPrice@1s": MARKET,
    "markPrice": MARKET,
}
"""Kind of a stream -> the path on which it is sent; on another it is accepted and stays silent."""
KINDS: Final = tuple(_ROUTES)
USER: Final = "user"
"""The user stream, which is no channel: it has listen keys."""

FULL_BYTES: Final = 1 << 20
"""A connection with so much unread is waited for at the highest speed."""
_SHORT: Final = 126
_MEDIUM: Final = 1 << 16


def frame_of(payload: bytes) -> bytes:
    """A text frame of the WebSocket protocol (RFC 6455), unmasked as a server sends it."""
    length = len(payload)
    if length < _SHORT:
        return bytes((0x81, length)) + payload
    if length < _MEDIUM:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


class Connection:
    """One WebSocket: its route, its streams, and the frames that wait for the next write."""

    def __init__(self, transport: asyncio.Transport, route: str, *, is_combined: bool) -> None:
        self.transport = transport
        self.route = route
        self.is_combined = is_combined
        self.streams: dict[str, None] = {}
        self.is_silent = False
        self.answers_pings = True
        self.heard_at = time.monotonic()
        self._waiting: list[bytes] = []

    @property
    def is_full(self) -> bool:
        """Its reader is behind."""
        return not self.transport.is_closing() and self.transport.get_write_buffer_size() > FULL_BYTES

    def put(self, frame: bytes) -> None:
        """Send a frame with the next write."""
        if not self.is_silent:
            self._waiting.append(frame)

    def write(self) -> None:
        """Write what waits, in one piece."""
        if self._waiting and not self.transport.is_closing():
            self.transport.write(b"".join(self._waiting))
        self._waiting.clear()


class Stream(Protocol):
    """What carries messages: kind and symbol for the scope of faults, and who hears it."""

    @property
    def name(self) -> str:
        """Messages of one name keep their order."""

    @property
    def kind(self) -> str:
        """depth, aggTrade ...; user."""

    @property
    def symbol(self) -> str:
        """Of the message."""

    @property
    def subscribers(self) -> Mapping[Connection, object]:
        """Who hears it."""


class MessageFaults(Protocol):
    """What may happen to a message between the market and a connection."""

    @property
    def touch_messages(self) -> bool:
        """Whether any fault of messages is set."""

    def pass_on(self, channel: Stream, event: Event, deliver: Callable[[Event], None]) -> None:
        """Deliver the event at once, later, twice or not at all."""


class Channel:
    """One stream: `btcusdt@aggTrade`."""

    def __init__(self, name: str, faults: MessageFaults) -> None:
        self.name = name
        self.symbol = name.split("@", 1)[0].upper()
        self.kind = name.split("@", 1)[1]
        self.route = _ROUTES[self.kind]
        self.subscribers: dict[Connection, None] = {}
        self.messages = 0
        self._faults = faults
        self._prefix = b'{"stream":' + orjson.dumps(name) + b',"data":'

    def send(self, event: Event) -> None:
        """Send an event to whoever listens."""
        if self._faults.touch_messages:
            self._faults.pass_on(self, event, self.deliver)
        else:
            self.deliver(event)

    def deliver(self, event: Event) -> None:
        """Put the event's frame to every subscriber."""
        payload = orjson.dumps(event)
        self.messages += 1
        raw, combined = None, None
        for connection in self.subscribers:
            if connection.is_combined:
                combined = combined or frame_of(self._prefix + payload + b"}")
                connection.put(combined)
            else:
                raw = raw or frame_of(payload)
                connection.put(raw)


class Channels:
    """Every stream of the exchange, and every connection."""

    def __init__(self, symbols: tuple[str, ...], faults: MessageFaults) -> None:
        names = [f"{symbol.lower()}@{kind}" for symbol in symbols for kind in KINDS]
        self._channels = {name: Channel(name, faults) for name in names}
        self.connections: dict[Connection, None] = {}
        self.changes = 0

    def channel(self, symbol: str, kind: str) -> Channel:
        """The stream of a symbol."""
        return self._channels[f"{symbol.lower()}@{kind}"]

    def subscribe(self, connection: Connection, name: str) -> None:
        """Let a connection hear a stream; one that does not exist or runs on another route stays silent."""
        connection.streams[name] = None
        channel = self._channels.get(name)
        if channel is not None and channel.route == connection.route:
            channel.subscribers[connection] = None
            self.changes += 1

    def unsubscribe(self, connection: Connection, name: str) -> None:
        """End a subscription; one that there is not is ignored."""
        connection.streams.pop(name, None)
        channel = self._channels.get(name)
        if channel is not None:
            channel.subscribers.pop(connection, None)

    def add(self, connection: Connection) -> None:
        """A connection was opened."""
        self.connections[connection] = None

    def remove(self, connection: Connection) -> None:
        """A connection was closed."""
        for name in list(connection.streams):
            self.unsubscribe(connection, name)
        self.connections.pop(connection, None)
        self.changes += 1

    def write(self) -> None:
        """Write what waits at every connection."""
        for connection in self.connections:
            connection.write()

    @property
    def have_listeners(self) -> bool:
        """Whether anyone hears anything."""
        return any(channel.subscribers for channel in self._channels.values())

    @property
    def any_full(self) -> bool:
        """Whether a reader is behind."""
        return any(connection.is_full for connection in self.connections)

    @property
    def messages(self) -> int:
        """Events sent since the start."""
        return sum(channel.messages for channel in self._channels.values())
