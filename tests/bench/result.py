"""What a benchmark reports: one figure, its unit, the budget it is held against and the peer."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One measured figure.

    budget: the bound as words and number, e.g. ">= 0.2"; empty if the figure is only reported.
    peer: what it was measured against in the same run; empty if there is none.
    """

    name: str
    value: float
    unit: str
    budget: str
    peer: str
    ok: bool


def at_least(name: str, value: float, unit: str, bound: float, peer: str = "") -> Result:
    """A figure that must reach `bound`."""
    return Result(name, value, unit, f">= {bound:g}", peer, value >= bound)


def at_most(name: str, value: float, unit: str, bound: float, peer: str = "") -> Result:
    """A figure that must stay within `bound`."""
    return Result(name, value, unit, f"<= {bound:g}", peer, value <= bound)


def reported(name: str, value: float, unit: str, peer: str = "") -> Result:
    """A figure without a budget."""
    return Result(name, value, unit, "", peer, ok=True)


def median_seconds(action: Callable[[], object], runs: int = 3, warm_up: int = 1) -> float:
    """Median wall time of `action` over `runs`, after `warm_up` uncounted runs."""
    for _ in range(warm_up):
        action()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
