"""The generated market: a day of eight pairs with books every 60 s, and a year of its facts without books."""

import resource
import sys
import time
from datetime import UTC, datetime

from hydra.sim.market.market import Market
from hydra.sim.market.settings import MarketSettings
from tests.bench.result import Result, at_most, median_seconds, reported

_START = datetime(2026, 3, 2, tzinfo=UTC)
_YEAR_DAYS = 365
_KIB_PER_GIB = 1024**2


def _play_day() -> None:
    Market(MarketSettings(1, _START, book_interval_seconds=60)).advance(1440)


def _year_seconds() -> float:
    """Day by day, as a user who writes each day to the database would."""
    market = Market(MarketSettings(1, _START, warm_up_days=_YEAR_DAYS))
    begin = time.perf_counter()
    for _ in range(_YEAR_DAYS):
        market.advance(1440)
    return time.perf_counter() - begin


def _peak_memory_gib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (_KIB_PER_GIB if sys.platform == "linux" else _KIB_PER_GIB * 1024)


def measure() -> list[Result]:
    """Seconds for a day and for a year of eight pairs, compiled code at hand; peak memory of the process."""
    return [
        at_most("generated day of 8 pairs, books every 60 s", median_seconds(_play_day), "s", 2.0),
        at_most("generated year of 8 pairs without books", _year_seconds(), "s", 60.0),
        reported("peak memory of the process", _peak_memory_gib(), "GiB"),
    ]
