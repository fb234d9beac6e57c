"""What faults do to requests: delays, refusals by address, and which of the others act."""

import asyncio
from collections.abc import Callable, Set
from typing import Final

from hydra.sim.exchange.faults import ActiveFault, Fault, FaultKind
from hydra.sim.exchange.message_faults import Faults
from hydra.sim.exchange.refusals import (
    INVALID_ACCOUNT,
    MAINTENANCE,
    MAINTENANCE_BARE,
    Refusal,
    banned,
    too_many,
)
from hydra.sim.exchange.weights import WEIGHT_LIMIT

_DELAYS: Final = frozenset({FaultKind.LATENCY, FaultKind.JITTER})
_INVALID_ACCOUNT: Final = -1109
_REFUSING: Final[dict[FaultKind, Callable[[int, int], Refusal]]] = {
    FaultKind.HTTP_429: lambda seconds, _now_ms: too_many(WEIGHT_LIMIT, seconds),
    FaultKind.HTTP_418: lambda seconds, now_ms: banned(now_ms + seconds * 1_000, seconds),
    FaultKind.HTTP_5XX: lambda status, _now_ms: Refusal(status, f"<html><h1>{status}</h1></html>"),
    FaultKind.MAINTENANCE: lambda code, _now_ms: INVALID_ACCOUNT if code == _INVALID_ACCOUNT else MAINTENANCE,
    FaultKind.MAINTENANCE_BARE: lambda _number, _now_ms: MAINTENANCE_BARE,
}


class RequestFaults:
    """The faults of requests. Which act is a function of the number of the request on its path."""

    def __init__(self, faults: Faults, now_ms: Callable[[], int]) -> None:
        self._faults, self._now_ms = faults, now_ms
        self._requests: dict[str, int] = {}

    def acting(
        self,
        path: str,
        symbol: str,
        kinds: Set[FaultKind],
        concerns: Callable[[Fault], bool] = lambda _fault: True,
    ) -> list[ActiveFault]:
        """The faults of these kinds that concern the present request and act on it."""
        number = self._requests.get(path, 0)
        return [
            one
            for one in self._faults.about_endpoint(path)
            if one.fault.kind in kinds
            and concerns(one.fault)
            and one.acts(path, symbol, number, self._now_ms())
        ]

    async def suffer(self, path: str, symbol: str) -> None:
        """A request has come: wait as faults say.

        Raises:
            Refusal: 429, 418, 5xx, maintenance, as faults say.
        """
        self._requests[path] = self._requests.get(path, 0) + 1
        if not self._faults.active:
            return
        for one in self.acting(path, symbol, _DELAYS):
            share = 1.0
            if one.fault.kind is FaultKind.JITTER:
                share = one.share(path, symbol, self._requests[path])
            await asyncio.sleep(share * one.fault.number / 1_000)
        for one in self.acting(path, symbol, _REFUSING.keys()):
            raise _REFUSING[one.fault.kind](int(one.fault.number), self._now_ms())
