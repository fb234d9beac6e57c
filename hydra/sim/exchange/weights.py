"""The rate limits: what each call weighs, and what happens to a caller who calls too often."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hydra.durations import DAY_MS, FIVE_MINUTES_MS, MINUTE_MS
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.query import whole_number
from hydra.sim.exchange.refusals import Refusal, banned, too_many

USED_WEIGHT: Final = "X-MBX-USED-WEIGHT-1M"
WEIGHT_LIMIT: Final = 2_400
_FIRST_BAN_MS: Final = 2 * MINUTE_MS
_LONGEST_BAN_MS: Final = 3 * DAY_MS
_REFUSALS_BEFORE_BAN: Final = 5
_BY_LIMIT: Final = {
    "depth": ((50, 2), (100, 5), (500, 10), (1_000, 20)),
    "klines": ((99, 1), (499, 2), (1_000, 5), (1_500, 10)),
}
_DEFAULT_LIMITS: Final = {"depth": 500, "klines": 500}
_KLINES: Final = frozenset({"klines", "markPriceKlines", "indexPriceKlines", "premiumIndexKlines"})
_WITHOUT_SYMBOL: Final = {"premiumIndex": 10, "ticker/24hr": 40, "ticker/bookTicker": 5, "ticker/price": 2}
_FIXED: Final = {
    "aggTrades": 20,
    "trades": 5,
    "historicalTrades": 20,
    "ticker/bookTicker": 2,
}
STATISTICS: Final = "statistics"
FUNDING: Final = "funding"
_OTHER_LIMITS: Final = {STATISTICS: 1_000, FUNDING: 500}


def pool_of(path: str) -> str | None:
    """The limit of its own that a path has (5 minutes); None: it counts for the weight."""
    if path.startswith("/futures/data/"):
        return STATISTICS
    return FUNDING if path.endswith(("/fundingRate", "/fundingInfo")) else None


def weight_of(path: str, query: Mapping[str, str]) -> int:
    """The weight of a call."""
    name = path.split("/", 3)[-1]
    family = "klines" if name in _KLINES else name
    if family in _BY_LIMIT:
        asked = whole_number(query.get("limit", ""))
        limit = _DEFAULT_LIMITS[family] if asked is None else asked
        return next((weight for most, weight in _BY_LIMIT[family] if limit <= most), _BY_LIMIT[family][-1][1])
    if "symbol" not in query and name in _WITHOUT_SYMBOL:
        return _WITHOUT_SYMBOL[name]
    return _FIXED.get(name, 1)


def window_of(clock: SimulatedClock, length_ms: int, wall_seconds: float) -> tuple[int, int]:
    """The present window of so many milliseconds of the exchange in which something is counted.

    Where time stands or is what was sent, a second of this machine begins a window too, so that nobody waits
    for a time that does not come.
    """
    stands = clock.is_maximal or clock.is_held or clock.has_ended
    return clock.now_ms() // length_ms, int(wall_seconds) if stands else -1


def wait_s(clock: SimulatedClock, milliseconds: int) -> int:
    """Whole seconds of this machine until then; 1 where time stands."""
    return 1 if clock.is_held else max(1, math.ceil(clock.real_seconds(milliseconds)))


@dataclass
class _Caller:
    window: tuple[int, int] = (-1, -1)
    used: int = 0
    refused: int = 0
    banned_until_ms: int = -1
    ban_ms: int = _FIRST_BAN_MS


class Weights:
    """Counts by address and minute of the exchange (`window_of`)."""

    def __init__(self, clock: SimulatedClock, limit: int = WEIGHT_LIMIT) -> None:
        self.limit = limit
        self._clock = clock
        self._callers: dict[tuple[str, str | None], _Caller] = {}
        self.wall_seconds: Callable[[], float] = time.monotonic

    def used(self, address: str) -> int:
        """The weight that an address has used in this minute."""
        return self._caller(address, None).used

    def take(self, address: str, path: str, query: Mapping[str, str]) -> None:
        """Count a public call; raises as `take_weight`."""
        pool = pool_of(path)
        self.take_weight(address, weight_of(path, query) if pool is None else 1, pool)

    def take_weight(self, address: str, weight: int, pool: str | None = None) -> None:
        """Count a call that weighs so much.

        Raises:
            Refusal: 429 beyond the limit, 418 for one who goes on after some of these.
        """
        caller, now_ms = self._caller(address, pool), self._clock.now_ms()
        if now_ms < caller.banned_until_ms:
            raise self._ban(caller, now_ms)
        limit = self.limit if pool is None else _OTHER_LIMITS[pool]
        if caller.used + weight <= limit:
            caller.used += weight
            return
        caller.refused += 1
        if caller.refused > _REFUSALS_BEFORE_BAN and not self._clock.is_maximal:
            caller.banned_until_ms = now_ms + caller.ban_ms
            caller.ban_ms = min(2 * caller.ban_ms, _LONGEST_BAN_MS)
            raise self._ban(caller, now_ms)
        left_ms = self._window_ms(pool) - now_ms % self._window_ms(pool)
        raise too_many(limit, wait_s(self._clock, left_ms))

    def _ban(self, caller: _Caller, now_ms: int) -> Refusal:
        return banned(caller.banned_until_ms, wait_s(self._clock, caller.banned_until_ms - now_ms))

    @staticmethod
    def _window_ms(pool: str | None) -> int:
        return MINUTE_MS if pool is None else FIVE_MINUTES_MS

    def _caller(self, address: str, pool: str | None) -> _Caller:
        caller = self._callers.setdefault((address, pool), _Caller())
        window = window_of(self._clock, self._window_ms(pool), self.wall_seconds())
        if window != caller.window:
            caller.window, caller.used, caller.refused = window, 0, 0
        return caller
