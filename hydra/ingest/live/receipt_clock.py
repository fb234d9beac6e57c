"""When something was received, by the exchange's clock: never back, and never before what was heard.

Source: docs/architecture.md, law 3.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from hydra.exchange.exchange_clock import ExchangeClock

_WAITED_FOR_S: Final = 2.0
SLACK_S: Final = 1.0
"""At a speed above 1 the delays of this machine would count as many exchange seconds: so long they do not."""


_BACK_US: Final = 86_400_000_000
_AHEAD_US: Final = 60_000_000
_AHEAD_OF_HEARD_US: Final = 3_600_000_000
"""Time is what is heard: a jump of less than this is taken for time."""


class Receipt(Protocol):
    """Tells when what comes now is received (microseconds)."""

    def is_possible(self, time_us: int) -> bool:
        """Whether an event of this time can come now. One wrong time would move all that follows."""

    def now_us(self) -> int:
        """Exchange time, which never goes back."""

    def heard(self, time_us: int) -> None:
        """An event of this time has come."""

    def through_us(self) -> int:
        """Up to when everything that was known has come."""

    def listen_to(self, route: str | None) -> None:
        """What comes from now on comes on `route`; None: by REST."""

    def leave(self, route: str) -> None:
        """`route` is lost."""


class ReceiptClock:
    """The exchange's clock as it stamps what comes."""

    def __init__(self, clock: ExchangeClock, not_before_us: int = 0) -> None:
        """not_before_us: up to which facts are stored already."""
        self._clock = clock
        self._newest_us = not_before_us

    def is_possible(self, time_us: int) -> bool:
        """At most a minute ahead of the clock and a day behind it."""
        ahead_us = int(_AHEAD_US * max(self._clock.speed, 1.0))
        return _is_between(time_us, self._clock.now_us(), ahead_us)

    def heard(self, time_us: int) -> None:
        """An event of this time has come."""
        self._newest_us = max(self._newest_us, time_us)

    def now_us(self) -> int:
        """Exchange time, which never goes back."""
        speed = self._clock.speed
        run_on = self._clock.now_us()
        if speed > 1.0:
            run_on -= int(SLACK_S * 1e6 * speed)
        self._newest_us = max(self._newest_us, run_on)
        return self._newest_us

    def through_us(self) -> int:
        """The same: what comes later is known later."""
        return self.now_us()

    def listen_to(self, route: str | None) -> None:
        """Every route is as old as the others."""

    def leave(self, route: str) -> None:
        """It is not waited for."""


class HeardClock:
    """The clock of an exchange that runs as fast as it is read: time is what was heard.

    A route may be read long before another. So what comes is known at its route's own time, and everything
    has come up to the time of the slowest route, but for one that brings nothing for two seconds.
    """

    def __init__(self, not_before_us: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        """not_before_us: up to which facts are stored already."""
        self._first_us = self._newest_us = not_before_us
        self._now = now
        self._routes: dict[str, tuple[int, float]] = {}
        self._route: str | None = None

    def listen_to(self, route: str | None) -> None:
        """What comes from now on comes on `route`; None: by REST, known when the newest was."""
        self._route = route

    @property
    def is_quiet(self) -> bool:
        """No route has brought anything for two seconds."""
        since = self._now() - _WAITED_FOR_S
        return all(at < since for _, at in self._routes.values())

    def is_possible(self, time_us: int) -> bool:
        """At most an hour ahead of the newest event and a day behind it."""
        return _is_between(time_us, self._newest_us, _AHEAD_OF_HEARD_US)

    def leave(self, route: str) -> None:
        """`route` is lost: it is not waited for."""
        self._routes.pop(route, None)

    def heard(self, time_us: int) -> None:
        """An event of this time has come."""
        self._newest_us = max(self._newest_us, time_us)
        if self._route is not None:
            heard_us, _ = self._routes.get(self._route, (self._first_us, 0.0))
            self._routes[self._route] = max(heard_us, time_us), self._now()

    def now_us(self) -> int:
        """The time of the route that is listened to, which never goes back; without one the newest."""
        if self._route is None:
            return self._newest_us
        return self._routes.get(self._route, (self._first_us, 0.0))[0]

    def through_us(self) -> int:
        """The time of the slowest route that brings something."""
        since = self._now() - _WAITED_FOR_S
        lively = [heard_us for heard_us, at in self._routes.values() if at >= since]
        return min(lively, default=self._newest_us)


class CapturedClock:
    """The receive times of a capture."""

    def __init__(self, not_before_us: int = 0) -> None:
        self._newest_us = not_before_us

    def is_possible(self, time_us: int) -> bool:
        """At most an hour ahead of the newest frame and a day behind it."""
        return _is_between(time_us, self._newest_us, _AHEAD_OF_HEARD_US)

    def heard(self, time_us: int) -> None:
        """A frame was received then, or an event has this time."""
        self._newest_us = max(self._newest_us, time_us)

    def now_us(self) -> int:
        """The newest receive time."""
        return self._newest_us

    def through_us(self) -> int:
        """The same: frames are in the order of their coming."""
        return self._newest_us

    def listen_to(self, route: str | None) -> None:
        """Frames are in the order of their coming."""

    def leave(self, route: str) -> None:
        """It is not waited for."""


def _is_between(time_us: int, now_us: int, ahead_us: int) -> bool:
    """Whether a time fits to `now_us`; everything fits to an unknown one."""
    return now_us == 0 or now_us - _BACK_US <= time_us <= now_us + ahead_us
