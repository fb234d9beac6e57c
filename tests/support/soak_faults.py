"""All faults of the simulated exchange at once, each with a bounded probability, for a soak."""

from datetime import datetime, timedelta
from typing import Any, Final

from hydra.sim.exchange.faults import FaultKind

_ORDERS: Final = ("order", "algoOrder")
_UNKNOWN: Final = (
    FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER, FaultKind.UNKNOWN_BEFORE, FaultKind.UNKNOWN_AFTER,
    FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER, FaultKind.EMPTY_ANSWER, FaultKind.HTTP_5XX,
    FaultKind.MAINTENANCE, FaultKind.MAINTENANCE_BARE, FaultKind.BAD_TIMESTAMP,
)  # fmt: skip
_REFUSALS: Final = (-1008, -2019, -2021, -2022, -4116, -4118, -5022)
_OF_MESSAGES: Final = (FaultKind.DROP, FaultKind.DOUBLE, FaultKind.REORDER, FaultKind.LATENCY)
WINDOW_S: Final = 20.0
"""The faults are set anew so often, in the exchange's seconds; a silence lasts a third of it."""


def all_faults(now: datetime, place: int) -> list[dict[str, Any]]:
    """The faults of the window that begins now; place: its number, from which the seeds come.

    Rare ones act in some windows only, so that in between something is traded.
    """
    faults: list[dict[str, Any]] = [
        {"kind": kind, "endpoint": endpoint, "probability": 0.004}
        for kind in _UNKNOWN
        for endpoint in _ORDERS
    ]
    faults += [
        {"kind": FaultKind.REFUSED, "endpoint": endpoint, "probability": 0.003, "value": code}
        for code in _REFUSALS
        for endpoint in _ORDERS
    ]
    faults += [{"kind": kind, "stream": "user", "probability": 0.05} for kind in _OF_MESSAGES]
    faults += [{"kind": kind, "stream": "depth", "probability": 0.01} for kind in _OF_MESSAGES]
    faults += [
        {"kind": FaultKind.HALF_FILLED, "endpoint": "order", "probability": 0.05},
        {"kind": FaultKind.EXPIRED, "endpoint": "order", "probability": 0.02},
        {"kind": FaultKind.CHILD_FIRST, "probability": 0.3},
        {"kind": FaultKind.SILENT_WITHOUT_EVENTS},
        {"kind": FaultKind.JITTER, "stream": "user", "value": 300},
        {"kind": FaultKind.LATENCY, "endpoint": "order", "probability": 0.05, "value": 500},
        {"kind": FaultKind.BOOK_GAP, "probability": 0.002},
        {"kind": FaultKind.STALE_SNAPSHOT, "endpoint": "depth", "probability": 0.02, "value": 10},
        {"kind": FaultKind.HALF_CANDLE, "probability": 0.02},
        {"kind": FaultKind.CLOCK_OFF, "probability": 0.02, "value": 1.5},
        {"kind": FaultKind.HTTP_5XX, "endpoint": "userTrades", "probability": 0.01},
        {"kind": FaultKind.LOST_ANSWER, "endpoint": "openAlgoOrders", "probability": 0.01},
    ]
    silent = (now + timedelta(seconds=WINDOW_S / 3)).isoformat()
    turns: tuple[dict[str, Any], ...] = (
        {"kind": FaultKind.SILENCE_WITH_PONGS, "stream": "user", "end": silent},
        {"kind": FaultKind.SILENCE, "stream": "user", "end": silent},
        {"kind": FaultKind.DISCONNECT, "stream": "user", "count": 1},
        {"kind": FaultKind.DISCONNECT, "stream": "user", "count": 1, "value": 1},
        {"kind": FaultKind.FROZEN_FEED, "stream": "markPrice", "end": silent},
        {"kind": FaultKind.HTTP_429, "endpoint": "order", "count": 1, "value": 1},
        {"kind": FaultKind.HTTP_418, "endpoint": "order", "count": 1, "value": 2},
        {"kind": FaultKind.AUTO_DELEVERAGE, "count": 1},
        {"kind": FaultKind.LIQUIDATION, "count": 1},
    )
    faults += [turns[place * 2 % len(turns)], turns[(place * 2 + 1) % len(turns)]]
    return [{**one, "seed": place * 1_000 + number} for number, one in enumerate(faults)]
