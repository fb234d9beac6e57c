"""A service that a run waits for: told once when lost and once when back, and tried again in between."""

import threading
import time
from collections.abc import Callable
from typing import Final

from hydra.settings import redacted_by_settings

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
REMIND_AFTER_S: Final = 60.0


class Outage:
    """Whether `name` is lost, and when to try it again. Safe for several threads.

    The pauses between the tries grow. `tell` gets a sentence when it is lost, when it is back, and in between
    after 1, 2, 4, ... minutes, with the newest reason.
    """

    def __init__(
        self, name: str, tell: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._tell = tell
        self._now = now
        self._lock = threading.Lock()
        self._since: float | None = None
        self._pause_s = FIRST_PAUSE_S
        self._try_at = self._remind_at = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the service is lost."""
        return self._since is not None

    @property
    def is_due(self) -> bool:
        """Whether the service may be tried: always while it is there."""
        return self._since is None or self._now() >= self._try_at

    def lost(self, reason: str) -> None:
        """A try failed. `reason`: any text; its first line is told."""
        why = redacted_by_settings((reason.strip().splitlines() or ["no reason given"])[0])
        with self._lock:
            now = self._now()
            if self._since is None:
                self._since, self._remind_at = now, now + REMIND_AFTER_S
                self._tell(f"{self._name} went away ({why}): waiting until it is back")
            elif now >= self._remind_at:
                self._remind_at = now + (now - self._since)
                self._tell(f"{self._name} has been away for {now - self._since:.0f} s ({why})")
            self._try_at = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def back(self) -> None:
        """A try succeeded."""
        if self._since is None:
            return
        with self._lock:
            if self._since is not None:
                self._tell(f"{self._name} is back after {self._now() - self._since:.0f} s")
                self._since, self._pause_s = None, FIRST_PAUSE_S
