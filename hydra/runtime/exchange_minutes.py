"""The minutes of a connected exchange: each is decided when it has closed and is stored.

A minute is skipped if the exchange is further on than the run allows: prices have moved.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.runtime.minute_opening import IngestProgress, Opening, as_of_minute, last_too_old

INGEST_CHANNEL: Final = "ingest_progress"
"""The PostgreSQL channel on which ingest announces every commit; the payload is the exchange's venue."""

HELD_AFTER: Final = DECISION_DELAY + timedelta(seconds=1)
"""How far a simulated exchange in lock-step goes beyond the close of the minute to decide."""

_SAY_AGAIN_S: Final = 1.0

Hold = Callable[[datetime], None]
"""Lets a simulated exchange in lock-step go on, as far as the instant."""


@dataclass
class ExchangeNow:
    """The time on the exchange, as far as this machine can tell.

    rate: None: a real exchange, whose clock is that of the world. Of a simulated one its speed, times real
    time; 0: its clock goes on only when something is heard. Ingest that falls behind does not hold it back.
    """

    rate: float | None
    wall: Callable[[], float] = time.time
    _ahead_s: float = field(default=float("-inf"), init=False)

    def at(self, stored: datetime) -> datetime:
        """Now, no earlier than `stored`: what ingest has committed."""
        wall_s = self.wall()
        if self.rate is None:
            return max(stored, datetime.fromtimestamp(wall_s, UTC))
        self._ahead_s = max(self._ahead_s, stored.timestamp() - wall_s * self.rate)
        return datetime.fromtimestamp(self._ahead_s + wall_s * self.rate, UTC)


@dataclass
class ExchangeMinutes:
    """The minutes of one venue. oldest: how old a minute may be when it is decided.

    hold: of a simulated exchange that runs as fast as it is read; else None.
    """

    connection: psycopg.Connection
    venue: str
    oldest: timedelta
    now: ExchangeNow
    hold: Hold | None = None
    channel: str | None = INGEST_CHANNEL
    _let_go: tuple[datetime, float] | None = field(default=None, init=False)

    def opening(self, minute: datetime) -> Opening | None:
        """The minute once it can be decided, or those that are too old."""
        self._let_go_to(minute)
        progress = self._progress()
        if progress is None:
            return None
        return self._skipped(minute, progress) or self._decided(minute, progress)

    def too_late(self, minute: datetime) -> Opening | None:
        """`minute` as skipped, if it is too old by now."""
        progress = self._progress()
        skipped = progress and self._skipped(minute, progress)
        return Opening(skipped.as_of, minute) if skipped else None

    def _decided(self, minute: datetime, progress: IngestProgress) -> Opening | None:
        as_of = as_of_minute(minute, progress)
        return None if as_of is None else Opening(as_of)

    def _skipped(self, minute: datetime, progress: IngestProgress) -> Opening | None:
        now = self.now.at(progress.committed_through)
        last = last_too_old(minute, now, self.oldest)
        return None if last is None else Opening(now, last)

    def _let_go_to(self, minute: datetime) -> None:
        """Say it again now and then: an exchange that was killed has forgotten it."""
        if self.hold is None:
            return
        now = time.monotonic()
        if self._let_go is None or self._let_go[0] != minute or now - self._let_go[1] > _SAY_AGAIN_S:
            self.hold(minute + HELD_AFTER)
            self._let_go = minute, now

    def _progress(self) -> IngestProgress | None:
        with self.connection.cursor(row_factory=class_row(IngestProgress)) as cursor:
            query = queries.load("stages/ingest_progress")
            return cursor.execute(query, {"venue": self.venue}).fetchone()
