"""The user stream: listen keys, who listens with which, and the events on their way to them."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from hydra.durations import HOUR_MS
from hydra.sim.exchange.account.user_events import UserEvent
from hydra.sim.exchange.channels import USER, Connection, frame_of
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.events import Event
from hydra.sim.exchange.faults import FaultKind
from hydra.sim.exchange.message_faults import Faults
from hydra.sim.exchange.refusals import refusal

LISTEN_KEY_MS: Final = HOUR_MS
NO_LISTEN_KEY: Final = refusal(400, -1125, "This listenKey does not exist.")
_KEY_BYTES: Final = 32
_EXPIRED: Final = "listenKeyExpired"


class _Passing(NamedTuple):
    """An event on its way, as faults see it."""

    symbol: str
    subscribers: Mapping[Connection, object]
    name: str = USER
    kind: str = USER


class UserStream:
    """The stream of one account."""

    def __init__(self, faults: Faults, clock: SimulatedClock) -> None:
        self._faults, self._clock = faults, clock
        self._key: str | None = None
        self._expires_ms = 0
        self._listeners: dict[Connection, tuple[str, frozenset[str] | None]] = {}
        self._joined = 0
        self._fired: dict[str, Event] = {}
        """TRIGGERED events that wait for the fill of their order, by its id."""

    # Listen keys.

    def begin(self) -> str:
        """POST listenKey: the active one, for 60 minutes more, or a new one."""
        if self._key is None:
            self._key = secrets.token_hex(_KEY_BYTES)
        return self.prolong()

    def prolong(self) -> str:
        """PUT listenKey. Raises Refusal -1125 without an active one."""
        if self._key is None:
            raise NO_LISTEN_KEY
        self._expires_ms = self._clock.now_ms() + LISTEN_KEY_MS
        return self._key

    def end(self) -> None:
        """DELETE listenKey: its connections stay open, silent. Raises Refusal -1125 without an active one."""
        if self._key is None:
            raise NO_LISTEN_KEY
        self._key = None

    def expire(self) -> None:
        """End a key that was not prolonged, and say so to its connections."""
        if self._key is not None and self._clock.now_ms() >= self._expires_ms:
            self._send({"e": _EXPIRED, "E": self._expires_ms, "listenKey": self._key})
            self._key = None

    # Connections.

    def join(self, connection: Connection, listen_key: str, events: frozenset[str] | None) -> None:
        """A connection has come. events: their names; None: all. With a wrong key it stays silent."""
        self._joined += 1
        now_ms = self._clock.now_ms()
        silenced = [
            one
            for one in self._faults.of_kinds({FaultKind.SILENT_WITHOUT_EVENTS})
            if events is None and one.acts(USER, "", self._joined, now_ms)
        ]
        if not silenced:
            self._listeners[connection] = (listen_key, events)

    def leave(self, connection: Connection) -> None:
        """A connection has gone."""
        self._listeners.pop(connection, None)

    def write(self) -> None:
        """Write what waits."""
        for connection in self._listeners:
            connection.write()

    # Events.

    def tell(self, event: UserEvent) -> None:
        """Send an event, as faults let it pass."""
        for content in self._in_turn(orjson.loads(msgspec.json.encode(event))):
            self._send(content)

    def _send(self, content: Event) -> None:
        if not self._faults.touch_messages:
            self._deliver(content)
            return
        hearing = {connection: None for connection, (key, _) in self._listeners.items() if key == self._key}
        order = content.get("o") or content.get("ac") or {}
        self._faults.pass_on(_Passing(order.get("s", ""), hearing), content, self._deliver)

    def _deliver(self, content: Event) -> None:
        payload = orjson.dumps(content)
        for connection, (key, events) in self._listeners.items():
            if key == self._key and (events is None or content["e"] in events):
                wrapped = b'{"stream":"%b","data":%b}' % (key.encode(), payload)
                connection.put(frame_of(wrapped if connection.is_combined else payload))

    def _in_turn(self, content: Event) -> Iterator[Event]:
        """The events in the order of their sending: under CHILD_FIRST a TRIGGERED comes after a fill."""
        order: dict[str, Any] = content.get("o") or {}
        if content["e"] == "ALGO_UPDATE":
            child = str(order.get("ai"))
            if order["X"] == "TRIGGERED" and self._waits(order["s"], content["E"]):
                self._fired[child] = content
                return
            if child in self._fired:
                yield self._fired.pop(child)
        yield content
        if content["e"] == "ORDER_TRADE_UPDATE" and order["x"] in {"TRADE", "CANCELED", "EXPIRED"}:
            fired = self._fired.pop(str(order["i"]), None)
            if fired is not None:
                yield fired

    def _waits(self, symbol: str, now_ms: int) -> bool:
        faults = self._faults.of_kinds({FaultKind.CHILD_FIRST})
        return any(one.acts(USER, symbol, now_ms, now_ms) for one in faults)
