"""One rate-limit budget per host for all HYDRA processes of this machine.

It lies in a file under a lock of the operating system, so that it outlives its processes: what a killed
process had taken stays taken. Weights count in a sliding window, so that no minute of the exchange's clock
can hold more than the limit; the exchange's own count raises it where others call from this address too.
After a 429 or 418 no process calls before the time that the exchange named.
Source: docs/exchange.md, "Limits".
"""

import asyncio
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from hydra.errors import RetryError

LONGEST_WAIT_S: Final = 90.0
"""A longer wait is an error that says until when; callers have other things to do meanwhile."""

SHARE: Final = 0.85
"""Of a limit that market data uses; the rest is left to accounts, and to other programs of the address."""

_SLOTS: Final = 60
_FILE_BYTES: Final = 32_768
_LONGEST_BAN_S: Final = 4 * 86_400.0
_ROUNDING_S: Final = 0.001
_CLOCK_STEP_S: Final = 1.0
"""A clock that is kept right goes back by less."""

_SHORTEST_WINDOW_S: Final = 1.0


class Limit(NamedTuple):
    """At most `most` in any `window_s` seconds."""

    most: float
    window_s: float


class Blocked(NamedTuple):
    """No call before `until` (seconds since 1970), because of an answer with `status`."""

    until: float
    status: int


def waiting_time_s(taken: Mapping[int, float], limit: Limit, weight: float, now: float) -> float:
    """Seconds until `weight` fits; `taken`: weight by slot, a slot being a sixtieth of the window."""
    slot_s = limit.window_s / _SLOTS
    surplus = sum(taken.values()) + weight - limit.most
    wait = 0.0
    for slot in sorted(taken):
        if surplus <= 0:
            break
        surplus -= taken[slot]
        wait = (slot + 1) * slot_s + limit.window_s - now
    return max(wait, 0.0)


class RateBudget:
    """The budget of one host, shared through the file `path`.

    limits: by pool. share: of a limit that this caller uses. Use one object a process and host. `speed`: of
    the exchange's clock, by which it counts; one that runs as fast as it can (0) counts by the second.
    """

    def __init__(
        self,
        path: Path,
        host: str,
        limits: Mapping[str, Limit],
        share: float = SHARE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._host = host
        self._limits = dict(limits)
        self._share = share
        self._clock = clock
        self.speed = 1.0

    async def take(self, pool: str, weight: float = 1.0, *, whole_limit: bool = False) -> None:
        """Wait until a call of `weight` may be made, and count it.

        whole_limit: it may use more than the caller's share.

        Raises:
            RetryError: the exchange has shut this address out for longer than callers wait.
        """
        while (wait := self._try_to_take(pool, weight, whole_limit=whole_limit)) > 0:
            await asyncio.sleep(wait + _ROUNDING_S)

    def _try_to_take(self, pool: str, weight: float, *, whole_limit: bool = False) -> float:
        with self._locked() as state:
            now = self._clock()
            blocked = _blocked(state, now)
            if blocked.until > now:
                return self._wait_or_refuse(blocked, now)
            limit = self._limit(pool, 1.0 if whole_limit else self._share)
            taken = _taken(state, pool, limit, now)
            wait = waiting_time_s(taken, limit, weight, now)
            if wait == 0:
                _add(state, pool, taken, int(now * _SLOTS / limit.window_s), weight)
            return wait

    def _limit(self, pool: str, share: float) -> Limit:
        most, window_s = self._limits[pool]
        return Limit(most * share, window_s / self.speed if self.speed else _SHORTEST_WINDOW_S)

    def _wait_or_refuse(self, blocked: Blocked, now: float) -> float:
        wait = blocked.until - now
        if wait > LONGEST_WAIT_S:
            raise RetryError(self.refusal(blocked))
        return wait

    def refusal(self, blocked: Blocked) -> str:
        """The sentence for people."""
        until = datetime.fromtimestamp(blocked.until, UTC)
        return (
            f"{self._host} takes no call from this address before {until:%Y-%m-%d %H:%M:%S} UTC "
            f"(HTTP {blocked.status}): HYDRA waits until then"
        )

    def left(self, pool: str) -> tuple[float, Limit]:
        """What may still be taken in the present window, and the limit as this caller uses it."""
        with self._locked() as state:
            limit = self._limit(pool, self._share)
            taken = sum(_taken(state, pool, limit, self._clock()).values())
            return max(limit.most - taken, 0.0), limit

    def blocked(self) -> Blocked | None:
        """Until when the exchange has shut this address out; None: it has not."""
        with self._locked() as state:
            now = self._clock()
            found = _blocked(state, now)
            return found if found.until > now else None

    def block(self, status: int, seconds: float) -> Blocked:
        """No process calls for `seconds` from now; an earlier, longer block stays."""
        with self._locked() as state:
            now = self._clock()
            until = max(_blocked(state, now).until, now + min(seconds, _LONGEST_BAN_S))
            state["blocked"], state["blocked_at"] = Blocked(until, status), now
            return Blocked(until, status)

    def used(self, pool: str, count: float) -> None:
        """The exchange has counted `count` in its present window: more than known is others' use."""
        with self._locked() as state:
            now = self._clock()
            limit = self._limit(pool, self._share)
            taken = _taken(state, pool, limit, now)
            others = count - sum(taken.values())
            if others > 0:
                _add(state, pool, taken, int(now * _SLOTS / limit.window_s), others)

    def set_limit(self, pool: str, limit: Limit) -> None:
        """The exchange has told its limit."""
        self._limits[pool] = limit

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Any]]:
        """The state in the file, written back at the end; others wait meanwhile (microseconds)."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = os.pread(descriptor, _FILE_BYTES, 0)
            state = _read(before)
            yield state
            # One write of always the same length: a kill -9 leaves the old state or the new one.
            after = json.dumps(state).encode().ljust(_FILE_BYTES)
            if after != before:
                os.pwrite(descriptor, after, 0)
        finally:
            os.close(descriptor)


def _read(content: bytes) -> dict[str, Any]:
    """An unreadable file (the machine lost power) is an empty one."""
    try:
        state = json.loads(content)
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}


def _blocked(state: Mapping[str, Any], now: float) -> Blocked:
    """The block that was noted; none of a clock that was set back since: what it would last is not known."""
    noted = Blocked(*state.get("blocked", (0.0, 0)))
    was_set_back = now < state.get("blocked_at", 0.0) - _CLOCK_STEP_S
    return Blocked(0.0, 0) if was_set_back or noted.until > now + _LONGEST_BAN_S else noted


def _taken(state: Mapping[str, Any], pool: str, limit: Limit, now: float) -> dict[int, float]:
    """What counts still, by slot. A clock that was set back leaves no slot of the future."""
    slot_s = limit.window_s / _SLOTS
    newest = int(now / slot_s)
    stored = {int(slot): weight for slot, weight in state.get(pool, {}).items()}
    return {slot: weight for slot, weight in stored.items() if newest - _SLOTS <= slot <= newest}


def _add(state: dict[str, Any], pool: str, taken: dict[int, float], slot: int, weight: float) -> None:
    state[pool] = {**taken, slot: taken.get(slot, 0.0) + weight}
