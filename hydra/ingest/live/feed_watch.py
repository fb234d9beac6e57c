"""Whether a feed of one pair lives: from its own usual rate, in exchange time.

A connection may be open and answer pings while nothing comes. What a feed is late for follows from how often
it has come, so that a quiet pair is not taken for a frozen one.
"""

from typing import Final

from hydra.exchange.interface import Feed

SECOND_US: Final = 1_000_000
_INTERVALS: Final = 20.0
_SMOOTHING: Final = 0.05
_PAUSE: Final = 10.0
_SHORTEST_S: Final = {
    Feed.ORDER_BOOKS: 5.0,
    Feed.PREMIUM_INDEX: 6.0,
    Feed.CANDLES: 30.0,
    Feed.TRADES: 45.0,
}
"""Nothing shorter counts as silence. Forced orders may be rare: their feed has no rate of its own."""

_LONGEST_S: Final = 600.0
_FIRST_WITHIN_S: Final = 60.0


class FeedWatch:
    """One feed of one pair: what came of it, and whether it is silent.

    last_us: exchange time of its newest message. received_us: when that came. messages: how many came.
    """

    __slots__ = ("_interval_us", "_since_us", "feed", "last_us", "messages", "received_us")

    def __init__(self, feed: Feed, since_us: int = 0) -> None:
        """since_us: from when on it is listened to."""
        self.feed = feed
        self.last_us = 0
        self.received_us = 0
        self.messages = 0
        self._since_us = since_us
        self._interval_us = 0.0

    def came(self, time_us: int, received_us: int) -> None:
        """A message of `time_us` came."""
        if self.messages and received_us > self.received_us:
            interval = float(received_us - self.received_us)
            usual = self._interval_us or interval
            # A pause is not the new habit.
            self._interval_us = usual + _SMOOTHING * (min(interval, _PAUSE * usual) - usual)
        self.messages += 1
        self.received_us = received_us
        self.last_us = max(self.last_us, time_us)

    def restarted(self, now_us: int) -> None:
        """The connection is new: silence counts from now."""
        self._since_us = now_us

    def silent_after_us(self) -> int | None:
        """How long no message may come; None: any time."""
        shortest = _SHORTEST_S.get(self.feed)
        if shortest is None:
            return None
        if not self._interval_us:
            return int(max(shortest, _FIRST_WITHIN_S) * SECOND_US)
        usual = min(_INTERVALS * self._interval_us, _LONGEST_S * SECOND_US)
        return int(max(shortest * SECOND_US, usual))

    def is_silent(self, now_us: int) -> bool:
        """Whether it should have come by `now_us`."""
        allowed = self.silent_after_us()
        return allowed is not None and now_us - max(self.received_us, self._since_us) > allowed
