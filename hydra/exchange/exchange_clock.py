"""The exchange's time, from this machine's clocks and from what the exchange says.

The offset is measured by asking for the exchange's time: the answer belongs to the middle of the request, so
it is known to half of the round trip. A simulated exchange tells its speed too; at the highest speed (0) time
is what is heard.
Source: docs/architecture.md, law 3.
"""

import time
from collections.abc import Awaitable, Callable
from statistics import median_low
from typing import Final, NamedTuple

SAMPLES: Final = 5


class ServerClock(NamedTuple):
    """The exchange's answer: its time (microseconds since 1970) and how fast that runs (1: as here)."""

    time_us: int
    speed: float


class ClockOffset(NamedTuple):
    """Exchange clock less own wall clock, and the duration of the request, milliseconds."""

    time_us: int
    offset_ms: float
    round_trip_ms: float


def elapsed_us() -> int:
    """Microseconds since the machine started; goes on while it sleeps, and no one sets it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


def wall_us() -> int:
    """Microseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1_000


class _Sample(NamedTuple):
    offset_us: float
    round_trip_us: int
    answer: ServerClock
    own_us: float


class ExchangeClock:
    """Tells the exchange's time, which never goes back."""

    def __init__(
        self, elapsed_us: Callable[[], int] = elapsed_us, wall_us: Callable[[], int] = wall_us
    ) -> None:
        self._elapsed_us = elapsed_us
        self._wall_us = wall_us
        self._anchor_us = 0
        self._anchored_at_us = 0
        self._speed = 0.0
        self._newest_us = 0

    @property
    def speed(self) -> float:
        """Exchange seconds a second; 0: time is what is heard."""
        return self._speed

    def now_us(self) -> int:
        """The exchange's time: as measured and run on, and not before anything heard or told; 0: unknown."""
        run_on = self._anchor_us + int((self._elapsed_us() - self._anchored_at_us) * self._speed)
        self._newest_us = max(self._newest_us, run_on)
        return self._newest_us

    def heard(self, time_us: int) -> None:
        """An event of the exchange with this time has come."""
        self._newest_us = max(self._newest_us, time_us)

    async def measure(self, ask: Callable[[], Awaitable[ServerClock]], samples: int = SAMPLES) -> ClockOffset:
        """Ask `samples` times and take the answer whose offset is the median.

        Raises:
            HydraError: as `ask`.
        """
        taken = [await self._sample(ask) for _ in range(samples)]
        return self._anchor(median_low(taken))

    async def _sample(self, ask: Callable[[], Awaitable[ServerClock]]) -> _Sample:
        asked, asked_wall = self._elapsed_us(), self._wall_us()
        answer = await ask()
        round_trip = self._elapsed_us() - asked
        middle = round_trip / 2
        return _Sample(answer.time_us - asked_wall - middle, round_trip, answer, asked + middle)

    def _anchor(self, sample: _Sample) -> ClockOffset:
        self._anchor_us, self._speed = sample.answer
        self._anchored_at_us = int(sample.own_us)
        self._newest_us = max(self._newest_us, self._anchor_us)
        return ClockOffset(self._anchor_us, sample.offset_us / 1_000, sample.round_trip_us / 1_000)
