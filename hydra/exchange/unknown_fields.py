"""Counts the fields of messages that HYDRA does not know: exchanges add some several times a year.

Looking through every message would cost more than parsing it. Messages of one kind with the same number of
fields have the same fields, so only the first of them is looked through, and then one of every 1,000, in case
a field was exchanged for another. The number of fields is the number of colons: no value of these messages
holds one, and a message with one in a value counts as one of another number.
"""

from collections import Counter
from typing import Any, Final

import msgspec

from hydra.exchange.interface import Feed

LOOKED_THROUGH_EVERY: Final = 1_000
_WRAPPER: Final = frozenset({"stream", "topic", "data"})


class _Shape:
    """The messages of one kind with one number of fields."""

    __slots__ = ("feed", "messages", "unknown")

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.messages = 0
        self.unknown: tuple[str, ...] = ()


class UnknownFields:
    """Counts by feed and field; a field of an object in a message is `object.field`.

    known: by kind of message (its event or topic), the feed and the names of all known fields. A wrapper
    around a message is known anyway.
    """

    def __init__(self, known: dict[str, tuple[Feed, frozenset[str]]]) -> None:
        self._known = known
        self._shapes: dict[tuple[str, int], _Shape] = {}
        self._counted: Counter[tuple[Feed, str]] = Counter()

    def note(self, kind: str, frame: bytes) -> None:
        """Count the unknown fields of `frame`, which holds a message of `kind`."""
        key = kind, frame.count(b":")
        shape = self._shapes.get(key)
        if shape is None or not shape.messages % LOOKED_THROUGH_EVERY:
            shape = self._looked_through(key, frame)
        shape.messages += 1

    def counts(self) -> dict[tuple[Feed, str], int]:
        """How many messages had each unknown field, since the start."""
        counts = self._counted.copy()
        for shape in self._shapes.values():
            counts.update({(shape.feed, name): shape.messages for name in shape.unknown})
        return dict(counts)

    def by_feed(self) -> dict[Feed, int]:
        """How many unknown fields the messages of each feed had, since the start."""
        totals: Counter[Feed] = Counter()
        for (feed, _), count in self.counts().items():
            totals[feed] += count
        return dict(totals)

    def _looked_through(self, key: tuple[str, int], frame: bytes) -> _Shape:
        feed, known = self._known[key[0]]
        shape = self._shapes.setdefault(key, _Shape(feed))
        try:
            content = msgspec.json.decode(frame)
        except ValueError:
            # Damaged where nothing is read.
            return shape
        names = {name.removeprefix("data.") for name in _names(content)}
        unknown = tuple(sorted(names - known - _WRAPPER))
        if unknown != shape.unknown:
            self._counted.update({(feed, name): shape.messages for name in shape.unknown})
            shape.messages, shape.unknown = 0, unknown
        return shape


def _names(value: Any, inside: str = "") -> set[str]:
    if isinstance(value, list):
        return set[str]().union(*(_names(one, inside) for one in value if isinstance(one, dict)))
    names = {f"{inside}{name}" for name in value}
    for name, one in value.items():
        if isinstance(one, dict | list):
            names |= _names(one, f"{inside}{name}.")
    return names
