"""Frozen feeds: found, recorded, and their connections opened anew."""

from collections.abc import Mapping
from datetime import datetime

from hydra.exchange.interface import Feed
from hydra.ingest.live.before import time_us
from hydra.ingest.live.connections import ALIVE_US, Connections, Route
from hydra.ingest.live.holes import lost_records
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pair import HeardPair

WITHOUT_PAST = (Feed.LIQUIDATIONS, Feed.PREMIUM_INDEX)
"""Streams whose past no exchange gives; books are recorded where they break."""

UNTIL_HEARD_US = 10**18
EXPLAINS_US = 60_000_000
"""So long after an interruption, what is missing is missing because of it."""

AGAIN_US = 60_000_000
LONGEST_AGAIN_US = 3_600_000_000
"""A feed that stays silent on its new connection gets another one after the first, each time after twice as
long, at most the second: an exchange may have stopped a market."""


class Silences:
    """What is not heard now, of one intake and its connections."""

    def __init__(self, intake: Intake, connections: Connections) -> None:
        self._intake = intake
        self._connections = connections
        self._silent: dict[tuple[str, Feed], int] = {}
        self._again: dict[Feed, tuple[int, int]] = {}
        self._down: dict[Feed, tuple[int, str]] = {}
        self._frozen: set[str] = set()

    def begin(
        self, since_us: int | None, cause: str, heard: Mapping[tuple[str, int], datetime] | None = None
    ) -> None:
        """Nothing is heard yet; since_us: up to when an earlier process came.

        heard: by table and instrument, up to when that process had heard the feeds that have no past.
        """
        started_us = self._intake.stamp() if since_us is None else since_us
        for feed in Feed:
            self._interrupt(feed, started_us, cause)
            self._intake.causes[feed] = cause, started_us + UNTIL_HEARD_US
        for pair in self._intake.pairs.values():
            pair.book_broke = started_us, cause
            for feed in (*WITHOUT_PAST, Feed.ORDER_BOOKS):
                last = (heard or {}).get((feed.value, pair.instrument_id))
                if last is not None and started_us - time_us(last) > ALIVE_US:
                    self._record(feed, pair, (time_us(last), started_us), "SILENT")

    def lost(self, route: Route) -> None:
        """`route` brings nothing any longer."""
        cause = "SILENT" if route.name in self._frozen else "DISCONNECTED"
        for feed in route.feeds:
            self._interrupt(feed, route.heard_us, cause)
            if feed is Feed.ORDER_BOOKS:
                for pair in self._intake.pairs.values():
                    self._intake.book_lost(pair, cause)

    def opened(self, route: Route) -> None:
        """`route` brings frames again."""
        now_us = self._intake.stamp()
        self._frozen.discard(route.name)
        for feed in route.feeds:
            for pair in self._intake.pairs.values():
                pair.watches[feed].restarted(now_us)
            started_us, cause = self._down.pop(feed, (now_us, "DISCONNECTED"))
            self._intake.causes[feed] = cause, now_us + EXPLAINS_US
            if feed in WITHOUT_PAST and started_us < now_us:
                for pair in self._intake.pairs.values():
                    self._record(feed, pair, (started_us, now_us), cause)

    def look(self) -> None:
        """Find feeds that are silent, and those that speak again."""
        now_us = self._intake.clock.through_us()
        for route in self._connections.routes:
            if route.is_open and route.is_silent(now_us):
                self._frozen.add(route.name)
                self._connections.lose(route)
                self._connections.replace(route.feeds[0])
        for pair in self._intake.pairs.values():
            for feed, watch in pair.watches.items():
                self._look_at(pair, feed, heard_us=watch.received_us)

    def _look_at(self, pair: HeardPair, feed: Feed, heard_us: int) -> None:
        key, route = (pair.symbol, feed), self._connections.route_of(feed)
        is_open = route is not None and route.is_open
        since_us = self._silent.get(key)
        if since_us is not None:
            if heard_us > since_us:
                del self._silent[key]
                if feed is Feed.PREMIUM_INDEX:
                    self._record(feed, pair, (since_us, heard_us), "SILENT")
                return
            at_us, pause_us = self._again[feed]
            if is_open and self._intake.newest_us >= at_us:
                self._replace(feed, pause_us)
            return
        if route is None or not is_open or not pair.watches[feed].is_silent(route.heard_us):
            return
        now_us = self._intake.newest_us
        self._silent[key] = heard_us or route.heard_us
        self._intake.causes[feed] = "SILENT", now_us + EXPLAINS_US
        if feed is Feed.ORDER_BOOKS:
            self._intake.book_lost(pair, "SILENT")
        self._replace(feed, AGAIN_US)

    def _replace(self, feed: Feed, pause_us: int) -> None:
        """Open the connection of `feed` anew, and again after `pause_us` if it stays silent."""
        self._again[feed] = self._intake.newest_us + pause_us, min(2 * pause_us, LONGEST_AGAIN_US)
        self._connections.replace(feed)

    def _interrupt(self, feed: Feed, since_us: int, cause: str) -> None:
        self._down.setdefault(feed, (since_us, cause))

    def _record(self, feed: Feed, pair: HeardPair, span_us: tuple[int, int], cause: str) -> None:
        is_known = cause != "START"
        self._intake.record(lost_records(feed.value, pair.instrument_id, span_us, cause, is_known=is_known))
