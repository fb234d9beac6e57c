"""How far this machine's clock is from the exchange's, measured and stored.

The clock of a simulated exchange has a time and a speed of its own: it is compared with where it was when
ingest began, in seconds of this machine.
"""

from typing import Any, Final

from hydra.exchange.exchange_clock import ClockOffset, ExchangeClock, elapsed_us
from hydra.exchange.interface import MarketData
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.rows import Record
from hydra.ingest.live.store import instant

EVERY_S: Final = 30.0
"""Layer 2 takes a comparison for current for a minute."""


class ClockWatch:
    """Measures the exchange's clock. newest: the newest measurement."""

    def __init__(self, data: MarketData, clock: ExchangeClock, *, is_simulated: bool) -> None:
        self.newest: ClockOffset | None = None
        self._data = data
        self._clock = clock
        self._is_simulated = is_simulated
        self._first: tuple[int, int] | None = None

    async def start(self) -> None:
        """Measure for the first time.

        Raises:
            HydraError: the exchange does not answer, or refuses.
        """
        self.newest = await self._clock.measure(self._data.server_clock)
        self._first = self.newest.time_us, elapsed_us()

    async def measure(self, intake: Intake) -> None:
        """Measure and store the offset.

        Raises:
            HydraError: the exchange does not answer, or refuses.
        """
        if self._clock.speed or self.newest is None:
            self.newest = await self._clock.measure(self._data.server_clock)
        # Stamped like every fact: a decision that has seen later ones has seen this.
        values: dict[str, Any] = {
            "time": instant(intake.stamp()),
            "offset_ms": self._offset_ms(self.newest),
            "round_trip_ms": self.newest.round_trip_ms,
        }
        intake.record([Record("ingest/live/add_clock_offset", values)])

    def _offset_ms(self, measured: ClockOffset) -> float:
        if not self._is_simulated:
            return measured.offset_ms
        # At the highest speed time is what is heard, so nothing can be off.
        if not self._clock.speed or self._first is None:
            return 0.0
        first_us, began_us = self._first
        run_on_us = (elapsed_us() - began_us) * self._clock.speed
        return (measured.time_us - first_us - run_on_us) / self._clock.speed / 1_000
