"""When something was received, by the exchange's clock: never back, and never before what was heard.

Source: docs/architecture.md, law 3.
"""

from typing import Protocol

from hydra.exchange.exchange_clock import ExchangeClock

SLACK_S = 1.0
"""At a speed above 1 the delays of this machine would count as many exchange seconds: so long they do not."""


class Receipt(Protocol):
    """Tells when what comes now is received (microseconds)."""

    def now_us(self) -> int:
        """Exchange time, which never goes back."""

    def heard(self, time_us: int) -> None:
        """An event of this time has come."""


class ReceiptClock:
    """The exchange's clock as it stamps what comes."""

    def __init__(self, clock: ExchangeClock, not_before_us: int = 0) -> None:
        """not_before_us: up to which facts are stored already."""
        self._clock = clock
        self._newest_us = not_before_us

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


class CapturedClock:
    """The receive times of a capture."""

    def __init__(self, not_before_us: int = 0) -> None:
        self._newest_us = not_before_us

    def heard(self, time_us: int) -> None:
        """A frame was received then, or an event has this time."""
        self._newest_us = max(self._newest_us, time_us)

    def now_us(self) -> int:
        """The newest receive time."""
        return self._newest_us
