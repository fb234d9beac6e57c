"""The minutes of a connected exchange: each is decided when it has closed and is stored.

A minute is skipped if the exchange is further on than the run allows: prices have moved. Where ingest has not
come that far, the newest of such minutes is decided on what is stored: its data are stale, so nothing is
entered, and positions get what the rules say of an outage.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.errors import RetryError
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.ingest.live.receipt_clock import SLACK_S
from hydra.runtime.minute_opening import (
    IngestProgress,
    Opening,
    is_behind,
    last_too_old,
    opening_of,
)

INGEST_CHANNEL: Final = "ingest_progress"
"""The PostgreSQL channel on which ingest announces every commit; the payload is the exchange's venue."""

HELD_AFTER: Final = DECISION_DELAY + timedelta(seconds=1)
"""How far a simulated exchange in lock-step goes beyond the close of the minute to decide."""

_SAY_AGAIN_S: Final = 1.0
_ASK_EVERY_S: Final = 1.0
_AWAITED_SHARE: Final = 3
"""Ingest that is behind is awaited for this part of the age that a minute may have."""

Hold = Callable[[datetime], None]
"""Lets a simulated exchange in lock-step go on, as far as the instant."""


@dataclass
class ExchangeNow:
    """The time on the exchange, as far as this machine can tell.

    rate: None: a real exchange, whose clock is that of the world. Of a simulated one its speed, times real
    time; 0: its clock goes on only when something is heard. told: what a simulated exchange answers when it
    is asked for its time; as at its ingest, a second of delay here does not count at a speed above 1.
    """

    rate: float | None
    told: Callable[[], datetime] | None = None
    wall: Callable[[], float] = time.time
    _asked: tuple[float, float] | None = field(default=None, init=False)
    _ask_at: float = field(default=float("-inf"), init=False)

    def at(self, stored: datetime) -> datetime:
        """Now, no earlier than `stored`: what ingest has committed. When that falls behind, time goes on."""
        wall_s = self.wall()
        if self.rate is None:
            return max(stored, datetime.fromtimestamp(wall_s, UTC))
        if self.told is not None and wall_s >= self._ask_at:
            self._ask_at = wall_s + _ASK_EVERY_S
            with suppress(RetryError):
                self._asked = self.told().timestamp(), wall_s
        if self._asked is None:
            return stored
        told_s, asked_s = self._asked
        slack_s = SLACK_S if self.rate > 1.0 else 0.0
        return max(stored, datetime.fromtimestamp(told_s + (wall_s - asked_s - slack_s) * self.rate, UTC))


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
    _behind_since: datetime | None = field(default=None, init=False)

    def opening(self, minute: datetime) -> Opening | None:
        """The minute once it can be decided, or those that are too old."""
        self._let_go_to(minute)
        progress = self._progress()
        if progress is None:
            return None
        now = self.now.at(progress.committed_through)
        if self._is_ingest_awaited(minute, progress, now):
            return None
        return opening_of(minute, progress, now, self.oldest)

    def _is_ingest_awaited(self, minute: datetime, progress: IngestProgress, now: datetime) -> bool:
        """Whether ingest is behind, but not for long as seen from here: it comes on after an outage of the
        database or a sleep of this machine, and nobody should act on what it is about to bring.
        """
        if not is_behind(minute, progress, now, self.oldest):
            self._behind_since = None
            return False
        self._behind_since = self._behind_since or now
        return now - self._behind_since < self.oldest / _AWAITED_SHARE

    def too_late(self, minute: datetime) -> Opening | None:
        """`minute` as skipped, if it is too old by now."""
        progress = self._progress()
        if progress is None:
            return None
        now = self.now.at(progress.committed_through)
        return None if last_too_old(minute, now, self.oldest) is None else Opening(now, minute)

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
