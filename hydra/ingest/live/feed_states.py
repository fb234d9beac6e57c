"""What each feed does now, as rows of market.feed_states."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hydra.exchange.interface import Feed
from hydra.ingest.live.connections import Connections
from hydra.ingest.live.feed_watch import FeedWatch
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.polls import Polls, PollState
from hydra.ingest.live.store import instant

ALL_PAIRS: Final = 0
_PERIODS: Final = 4
_SMOOTHING: Final = 0.3

State = dict[str, Any]


class FeedStates:
    """Rows of the states; rates are smoothed over some calls."""

    def __init__(self, venue: str, unknown_fields: Callable[[], Mapping[Feed, int]]) -> None:
        """unknown_fields: counts by feed, so far."""
        self._venue = venue
        self._unknown = unknown_fields
        self._counted: dict[tuple[str, int], tuple[float, int]] = {}
        self._rates: dict[tuple[str, int], float] = defaultdict(float)

    def rows(self, intake: Intake, connections: Connections, polls: Polls) -> list[State]:
        """One row per feed and pair, and one per poll."""
        now_us, unknown = intake.newest_us, self._unknown()
        streams = (
            self._of_stream(feed, watch, pair.instrument_id, connections, unknown.get(feed, 0))
            for pair in intake.pairs.values()
            for feed, watch in pair.watches.items()
        )
        found = [state for state in streams if state is not None]
        return [*found, *self._of_polls(polls, now_us)]

    def stopped(self, rows: list[State], reason: str) -> list[State]:
        """`rows` of feeds that have ended."""
        return [row | {"state": "STOPPED", "detail": reason, "messages_per_second": 0.0} for row in rows]

    def _of_stream(
        self,
        feed: Feed,
        watch: FeedWatch,
        instrument_id: int,
        connections: Connections,
        unknown: int,
    ) -> State | None:
        route = connections.route_of(feed)
        if route is None:
            return None
        if not route.is_open:
            state, detail = "CONNECTING", route.detail
        elif watch.is_silent(route.heard_us):
            state, detail = "SILENT", "connected, but nothing comes"
        else:
            state, detail = "LIVE", None
        return {
            **self._counts(feed.value, instrument_id, watch.messages),
            "state": state,
            "detail": detail,
            "last_time": instant(watch.last_us or None),
            "last_received_at": instant(watch.received_us or None),
            "lag_seconds": (watch.received_us - watch.last_us) / 1e6 if watch.messages else None,
            "unknown_fields": unknown,
        }

    def _of_polls(self, polls: Polls, now_us: int) -> Iterator[State]:
        for poll in polls.states:
            answered = instant(poll.succeeded_us or None)
            yield {
                **self._counts(poll.feed, ALL_PAIRS, poll.answers),
                "state": _state_of(poll, now_us),
                "detail": poll.detail,
                "last_time": answered,
                "last_received_at": answered,
                "lag_seconds": None,
                "unknown_fields": 0,
            }

    def _counts(self, feed: str, instrument_id: int, messages: int) -> State:
        key, now = (feed, instrument_id), time.monotonic()
        since, before = self._counted.get(key, (now, messages))
        self._counted[key] = now, messages
        if now > since:
            rate = (messages - before) / (now - since)
            self._rates[key] += _SMOOTHING * (rate - self._rates[key])
        return {
            "venue": self._venue,
            "feed": feed,
            "instrument_id": instrument_id,
            "messages": messages,
            "messages_per_second": self._rates[key],
        }


def _state_of(poll: PollState, now_us: int) -> str:
    if poll.is_refused:
        return "REFUSED"
    if not poll.succeeded_us:
        return "CONNECTING"
    return "SILENT" if now_us - poll.succeeded_us > _PERIODS * poll.every_us else "LIVE"
