"""How far this machine's clock is from the exchange's, measured and stored.

The clock of a simulated exchange has a time and a speed of its own: it is compared with where it was when
ingest began, in seconds of this machine.
"""

from typing import Any, Final

from hydra.errors import HydraError, OtherMarketError
from hydra.exchange.exchange_clock import ClockOffset, ExchangeClock, elapsed_us
from hydra.exchange.interface import MarketData
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.rows import Record
from hydra.ingest.live.store import instant

EVERY_S: Final = 30.0
"""Layer 2 takes a comparison for current for a minute."""

_MAY_DIFFER_US: Final = 60_000_000
_MAY_DIFFER_HERE_US: Final = 10_000_000
"""So far may time told lie before time heard: of the exchange, and of this machine."""


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

    def refuse_past(self, told_us: int, heard_us: int) -> None:
        """Refuse a simulated exchange that was started again where it began, not where it would be.

        told_us: its time; heard_us: up to when it was heard. At the highest speed it comes there at once.

        Raises:
            OtherMarketError: its time lies before what was heard.
        """
        speed = self._clock.speed
        behind_us = heard_us - told_us - _MAY_DIFFER_US - _MAY_DIFFER_HERE_US * speed
        if self._is_simulated and speed and behind_us > 0:
            told, heard = (f"{instant(one):%Y-%m-%d %H:%M:%S}" for one in (told_us, heard_us))
            venue = self._data.capabilities.venue
            raise OtherMarketError(
                f"the time of {venue} went back to {told} UTC, before {heard} UTC, to which it is stored: "
                "start the exchange again with --began and the time at which it was first started, or serve "
                "another market (--seed), or wait until it has come there"
            )

    async def refuse_past_now(self, heard_us: int) -> None:
        """The same, with its time now; an exchange that does not answer is not judged.

        Raises:
            OtherMarketError: its time lies before what was heard, or another market answers.
        """
        if not self._is_simulated:
            return
        try:
            told = await self._data.server_clock()
        except OtherMarketError:
            raise
        except HydraError:
            return
        self.refuse_past(told.time_us, heard_us)

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
