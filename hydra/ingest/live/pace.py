"""Waiting in exchange time."""

import asyncio
from typing import Final, Protocol

from hydra.ingest.live.receipt_clock import Receipt

_SHORTEST_S: Final = 0.05
_LONGEST_S: Final = 1.0
HEARD_AGAIN_S: Final = 0.2
"""Where only candles are heard and time is what is heard, minutes pass in a second."""


class HasSpeed(Protocol):
    """Says how many exchange seconds pass in one of this machine; 0: as many as are heard of."""

    @property
    def speed(self) -> float:
        """Exchange seconds a second."""


class Pace:
    """Waits by the exchange's clock, however fast that runs."""

    def __init__(self, receipt: Receipt, clock: HasSpeed, longest_s: float = _LONGEST_S) -> None:
        """longest_s: so often it looks at the time, in seconds of this machine."""
        self.receipt = receipt
        self._clock = clock
        self._longest_s = longest_s

    def now_us(self) -> int:
        """Exchange time."""
        return self.receipt.now_us()

    async def until(self, time_us: int) -> None:
        """Wait until the exchange's clock shows `time_us`, at least some milliseconds."""
        while True:
            left_s = (time_us - self.now_us()) / 1e6 / max(self._clock.speed, 1.0)
            await asyncio.sleep(min(self._longest_s, max(_SHORTEST_S, left_s)))
            if self.now_us() >= time_us:
                return
