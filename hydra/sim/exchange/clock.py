"""The clock of the simulated exchange: it runs at any speed, or as fast as its clients read, and can be held.

Times are milliseconds since 1970, UTC.
"""

import time
from collections.abc import Callable
from typing import Final

MAXIMAL: Final = 0.0
"""The speed at which time is that of the newest message sent."""


class SimulatedClock:
    """Tells the exchange's time. speed: exchange seconds a second; MAXIMAL: moved by `sent_up_to`."""

    def __init__(
        self, start_ms: int, speed: float, end_ms: int | None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
        self.end_ms = end_ms
        self._monotonic = monotonic
        self._hold_ms: int | None = None
        self._now_ms = float(start_ms)
        self._read_at = monotonic()

    def go_on_from(self, instant_ms: int) -> None:
        """Start there, if that is later than its start."""
        self._now_ms = max(self._now_ms, float(instant_ms))

    def begin(self, ran_s: float = 0.0) -> None:
        """Start to run: until now it has stood at its start. ran_s: as if it had begun so long ago."""
        self._read_at = self._monotonic() - ran_s

    @property
    def is_maximal(self) -> bool:
        """Time is what was sent."""
        return self.speed == MAXIMAL

    @property
    def hold_ms(self) -> int | None:
        """The instant at which the clock stands until it is released."""
        return self._hold_ms

    @property
    def is_held(self) -> bool:
        """It stands at its hold."""
        return self._hold_ms is not None and self.now_ms() >= self._hold_ms

    @property
    def has_ended(self) -> bool:
        """The market is over: the clock stands for good."""
        return self.end_ms is not None and self.now_ms() >= self.end_ms

    def now_ms(self) -> int:
        """The exchange's time, which never goes back."""
        if not self.is_maximal:
            read_at = self._monotonic()
            run_on = self._now_ms + (read_at - self._read_at) * 1_000 * self.speed
            self._now_ms, self._read_at = self._bounded(run_on), read_at
        return int(self._now_ms)

    def may_send_up_to(self) -> int | None:
        """The last instant whose messages may be sent now; None: no bound (MAXIMAL without hold and end)."""
        if not self.is_maximal:
            return self.now_ms()
        bounds = [bound for bound in (self._hold_ms, self.end_ms) if bound is not None]
        return min(bounds) if bounds else None

    def sent_up_to(self, instant_ms: int) -> None:
        """At the highest speed: the messages up to `instant_ms` are sent."""
        if self.is_maximal:
            self._now_ms = max(self._now_ms, float(instant_ms))

    def hold_until(self, instant_ms: int | None) -> None:
        """Stand at `instant_ms`, at once if that is past; None: run on."""
        self.now_ms()
        self._hold_ms = instant_ms

    def set_speed(self, speed: float) -> None:
        """Run at another speed from now on."""
        self.now_ms()
        self._read_at = self._monotonic()
        self.speed = speed

    def real_seconds(self, milliseconds: int) -> float:
        """How long `milliseconds` of the exchange take here; at the highest speed 1 s stands for any."""
        return 1.0 if self.is_maximal else milliseconds / 1_000 / self.speed

    def _bounded(self, instant: float) -> float:
        for bound in (self._hold_ms, self.end_ms):
            if bound is not None:
                instant = min(instant, max(bound, self._now_ms))
        return instant
