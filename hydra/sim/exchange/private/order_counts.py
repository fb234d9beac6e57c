"""How many orders an account sends in ten seconds and in a minute of the exchange."""

import time
from typing import Final

from hydra.durations import MINUTE_MS
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.refusals import refusal
from hydra.sim.exchange.trading_rules import MINUTE_ORDERS, TEN_SECONDS_ORDERS
from hydra.sim.exchange.weights import wait_s, window_of

_TEN_SECONDS_MS: Final = 10_000
LIMITS: Final = {
    "10S": (_TEN_SECONDS_MS, TEN_SECONDS_ORDERS, "10 seconds"),
    "1M": (MINUTE_MS, MINUTE_ORDERS, "minute"),
}
"""Name in the header -> length, orders, words."""


class OrderCounts:
    """The counts of one account."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._counts = {name: ((-1, -1), 0) for name in LIMITS}

    def take(self, orders: int) -> None:
        """Count orders; what is refused counts too.

        Raises:
            Refusal: 429, -1015.
        """
        for name, (length_ms, limit, words) in LIMITS.items():
            window, (counted_in, count) = self._window(length_ms), self._counts[name]
            count = orders + (count if window == counted_in else 0)
            self._counts[name] = (window, count)
            if count > limit:
                told = f"Too many new orders; current limit is {limit} orders per {words}."
                left_ms = length_ms - self._clock.now_ms() % length_ms
                raise refusal(429, -1015, told, {"Retry-After": str(wait_s(self._clock, left_ms))})

    def _window(self, length_ms: int) -> tuple[int, int]:
        return window_of(self._clock, length_ms, time.monotonic())

    def headers(self) -> dict[str, str]:
        """As an accepted order tells them."""
        return {f"X-MBX-ORDER-COUNT-{name}": str(count) for name, (_, count) in self._counts.items()}
