"""What faults do to the messages of the streams."""

import heapq
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from itertools import count
from typing import Final
from weakref import WeakKeyDictionary

from hydra.durations import MINUTE_MS
from hydra.sim.exchange.channels import Connection, Stream
from hydra.sim.exchange.events import Event
from hydra.sim.exchange.faults import OF_MESSAGES, ActiveFault, Fault, FaultKind

_LEAVES_OUT: Final = frozenset({FaultKind.DROP, FaultKind.FROZEN_FEED})
_SILENCES: Final = frozenset({FaultKind.SILENCE, FaultKind.SILENCE_WITH_PONGS})
_Deliver = Callable[[Event], None]


@dataclass
class _Passage:
    """What becomes of one message: when it is due, how often it comes, whether behind the next one."""

    event: Event
    due_ms: int
    copies: int = 1
    is_held_back: bool = False
    is_left_out: bool = False


class Faults:
    """The faults that are set. `now_ms`: the exchange's time."""

    def __init__(self, faults: tuple[Fault, ...], now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._waiting: list[tuple[int, int, _Deliver, Event]] = []
        self._numbers = count()
        # What is on its way arrives, in its order, whatever faults are set meanwhile.
        self._held: dict[str, tuple[Event, _Deliver]] = {}
        self._latest: dict[str, int] = {}
        self._silenced: WeakKeyDictionary[Connection, ActiveFault] = WeakKeyDictionary()
        self.hang_up: Callable[[Connection, bool], None] = lambda _connection, _is_reset: None
        self.set(faults)

    def set(self, faults: tuple[Fault, ...]) -> None:
        """Replace every fault; counts begin at 0, and who was silenced hears again."""
        self._end_silences(list(self._silenced))
        self.active = [ActiveFault(fault, place) for place, fault in enumerate(faults)]
        self._of_messages = [one for one in self.active if one.fault.kind in OF_MESSAGES]
        self._halves: dict[str, Event] = {}

    @property
    def touch_messages(self) -> bool:
        """Whether any fault of messages is set, or one is still on its way."""
        return bool(self._of_messages or self._held or self._waiting)

    def of_kinds(self, kinds: Set[FaultKind]) -> list[ActiveFault]:
        """The faults of these kinds."""
        return [one for one in self.active if one.fault.kind in kinds]

    def about_endpoint(self, endpoint: str) -> Iterator[ActiveFault]:
        """The faults whose scope holds this endpoint."""
        return (one for one in self.active if one.is_about(endpoint=endpoint))

    def pass_on(self, channel: Stream, event: Event, deliver: _Deliver) -> None:
        """Deliver the event at once, later, twice or not at all."""
        passage = _Passage(event, self._now_ms())
        for one in self._of_messages:
            if one.is_about(stream=channel.kind):
                self._apply(one, channel, passage)
            if passage.is_left_out:
                return
        self._deliver(channel, passage, deliver)

    def _apply(self, one: ActiveFault, channel: Stream, passage: "_Passage") -> None:
        """What one fault does to a message."""
        kind, instant = one.fault.kind, passage.event["E"]
        if kind is FaultKind.HALF_CANDLE:
            passage.event = self._halved(one, channel, passage.event)
            return
        if kind is FaultKind.BOOK_GAP and passage.event["e"] != "depthUpdate":
            return
        if not one.acts(channel.kind, channel.symbol, instant, instant):
            return
        if kind in _LEAVES_OUT or kind is FaultKind.BOOK_GAP:
            passage.is_left_out = True
        elif kind in _SILENCES:
            self._silence(one, channel)
        elif kind is FaultKind.DISCONNECT:
            self._disconnect(channel, is_reset=bool(one.fault.number))
        elif kind in {FaultKind.DOUBLE, FaultKind.REORDER}:
            passage.copies += kind is FaultKind.DOUBLE
            passage.is_held_back |= kind is FaultKind.REORDER
        else:
            share = one.share(channel.kind, channel.symbol, instant) if kind is FaultKind.JITTER else 1.0
            passage.due_ms += int(one.fault.number * share)

    def _deliver(self, channel: Stream, passage: "_Passage", deliver: _Deliver) -> None:
        before = self._held.pop(channel.name, None)
        if passage.is_held_back and before is None:
            self._held[channel.name] = (passage.event, deliver)
            return
        # A stream keeps its order, as one connection does.
        due_ms = max(passage.due_ms, self._latest.get(channel.name, 0))
        for _ in range(passage.copies):
            self._send(channel.name, due_ms, deliver, passage.event)
        if before is not None:
            self._send(channel.name, due_ms, before[1], before[0])

    def _send(self, name: str, due_ms: int, deliver: _Deliver, event: Event) -> None:
        if due_ms <= self._now_ms():
            deliver(event)
        else:
            self._latest[name] = due_ms
            heapq.heappush(self._waiting, (due_ms, next(self._numbers), deliver, event))

    def send_due(self, now_ms: int) -> None:
        """Deliver what waited until now, and end the silences whose window is over."""
        self._end_silences([who for who, one in self._silenced.items() if one.has_ended(now_ms)])
        while self._waiting and self._waiting[0][0] <= now_ms:
            _, _, deliver, event = heapq.heappop(self._waiting)
            deliver(event)

    def _halved(self, one: ActiveFault, channel: Stream, event: Event) -> Event:
        candle = event.get("k")
        if candle is None:
            return event
        if not candle["x"]:
            if event["E"] % MINUTE_MS < MINUTE_MS // 2:
                self._halves[channel.name] = candle
            return event
        half = self._halves.pop(channel.name, None)
        if half is None or half["t"] != candle["t"]:
            return event
        if not one.acts(channel.kind, channel.symbol, event["E"], event["E"]):
            return event
        return {**event, "k": {**half, "x": True}}

    def _disconnect(self, channel: Stream, *, is_reset: bool) -> None:
        for connection in list(channel.subscribers):
            self.hang_up(connection, is_reset)

    def _silence(self, one: ActiveFault, channel: Stream) -> None:
        for connection in channel.subscribers:
            connection.is_silent = True
            connection.answers_pings = one.fault.kind is not FaultKind.SILENCE
            self._silenced[connection] = one

    def _end_silences(self, connections: list[Connection]) -> None:
        for connection in connections:
            del self._silenced[connection]
            connection.is_silent, connection.answers_pings = False, True
