"""When a minute is decided, and as of when; or that it is too late to decide it.

Source: docs/architecture.md, law 3.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from hydra.durations import MINUTE
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.runtime.speed import Speed


@dataclass(frozen=True)
class Opening:
    """A minute to decide on facts known by `as_of`. skip_to: it is too late for it and all up to this one."""

    as_of: datetime
    skip_to: datetime | None = None


class Minutes(Protocol):
    """Says which minutes are decided when. channel: of PostgreSQL, whose notices may change the answer."""

    channel: str | None

    def opening(self, minute: datetime) -> Opening | None:
        """What to do with the next `minute`; None: wait."""

    def too_late(self, minute: datetime) -> Opening | None:
        """What to do with `minute`, which is open and untouched, if it is too late for it; else None."""


@dataclass
class ReplayedMinutes:
    """Minutes of stored history, at the speed of the run."""

    speed: Speed
    now: Callable[[], float] = time.monotonic
    channel: str | None = None
    _opened_at: float = field(default=float("-inf"), init=False)

    def opening(self, minute: datetime) -> Opening | None:
        """The minute, once it is due."""
        pause = self._opened_at + self.speed.seconds_between(MINUTE) - self.now()
        if pause > 0:
            time.sleep(pause)
        self._opened_at = self.now()
        return Opening(minute + DECISION_DELAY)

    def too_late(self, _minute: datetime) -> Opening | None:
        """Never: history waits."""
        return None


@dataclass(frozen=True)
class IngestProgress:
    """How far ingest of an exchange has come, exchange time.

    committed_through: every fact known by then is stored. candles_through: every pair's candle up to this
    close is; None: none yet.
    """

    committed_through: datetime
    candles_through: datetime | None


def as_of_minute(minute: datetime, progress: IngestProgress) -> datetime | None:
    """Up to when facts may be known to the decision of `minute` (its close); None: it cannot be decided yet.

    A minute is decided once every pair's candle is stored, at the latest two seconds after its close.
    """
    latest, stored = minute + DECISION_DELAY, progress.committed_through
    if stored >= latest:
        return latest
    has_candles = progress.candles_through is not None and progress.candles_through >= minute
    return stored if has_candles and stored >= minute else None


def last_too_old(minute: datetime, now: datetime, oldest: timedelta) -> datetime | None:
    """The last of the minutes from `minute` on that closed more than `oldest` before `now`; None: none."""
    too_old = -((minute + oldest - now) // MINUTE)
    return minute + (too_old - 1) * MINUTE if too_old > 0 else None


def opening_of(
    minute: datetime, progress: IngestProgress, now: datetime, oldest: timedelta
) -> Opening | None:
    """What to do with `minute` and those after it; None: wait.

    Those that closed more than `oldest` before `now` are skipped. But if ingest has not come to the last of
    them, that one is decided on what is stored: missing data have a verdict, and positions hear of it (C09).
    """
    last = last_too_old(minute, now, oldest)
    if last is None:
        as_of = as_of_minute(minute, progress)
        return None if as_of is None else Opening(as_of)
    if not is_behind(minute, progress, now, oldest):
        return Opening(now, last)
    return Opening(progress.committed_through) if last == minute else Opening(now, last - MINUTE)


def is_behind(minute: datetime, progress: IngestProgress, now: datetime, oldest: timedelta) -> bool:
    """Whether ingest has not come to the last of the minutes from `minute` on that are too old."""
    last = last_too_old(minute, now, oldest)
    return last is not None and as_of_minute(last, progress) is None
