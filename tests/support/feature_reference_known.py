"""What is known at a decision, in plain Python: for features computed once more (see `feature_reference`)."""

import math
import statistics
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from hydra.durations import EPOCH, MINUTE
from hydra.features.facts import MarketFacts

# A float, or None where the feature is null.
Number = Any
Bar = dict[str, Any]


def floor(moment: datetime, step: timedelta) -> datetime:
    """The grid instant at or before `moment`."""
    return moment - (moment - EPOCH) % step


def window(values: list[Number], least: int) -> list[float] | None:
    """The present values, if they are enough."""
    present = [value for value in values if value is not None]
    return present if len(present) >= least else None


def nw(values: list[Number]) -> list[float] | None:
    """Null code NW: at most 5% of the window may be missing."""
    return window(values, math.ceil(0.95 * len(values)))


def mean(values: list[Number]) -> Number:
    """Mean of a window under NW."""
    present = nw(values)
    return None if present is None else statistics.fmean(present)


def score(value: Number, present: list[float] | None) -> Number:
    """z-score with ddof 1 and the zero-variance rule C113."""
    if value is None or present is None:
        return None
    centre, spread = statistics.fmean(present), statistics.stdev(present)
    return 0.0 if spread <= 1e-12 * abs(centre) else (value - centre) / spread


_ALIVE: WeakValueDictionary[tuple[int, int, datetime], "Known"] = WeakValueDictionary()
"""By facts, instrument and instant."""


class Known:
    """The facts of one instrument that are known at `t`."""

    def __init__(self, facts: MarketFacts, instrument: int, t: datetime) -> None:
        self.t = t
        self._facts, self.instrument = facts, instrument
        _ALIVE[id(facts), instrument, t] = self
        self.m1 = {row["time"]: row for row in self._rows("candles_1m")}
        self.m5 = {row["time"]: row for row in self._rows("candles_5m") if row["row_count"] == 5}
        self.bar1 = floor(t - timedelta(seconds=62), MINUTE)
        self.bar5 = floor(t - timedelta(seconds=302), 5 * MINUTE)
        self.grid = floor(t - MINUTE, 5 * MINUTE)
        self.oi = {row["time"]: row for row in self._rows("open_interest_5m")}
        self.ratios = {row["time"]: row for row in self._rows("positioning")}
        nominal = [r for r in self._rows("funding_rates") if r["time"] + timedelta(seconds=5) <= t]
        self.funding = sorted(nominal, key=lambda row: row["time"])

    @cached_property
    def peers(self) -> dict[int, "Known"]:
        """Every pair with candles, at the same instant; those that a test holds are not read again."""
        pairs = self._facts.candles_1m["instrument_id"].unique().sort().to_list()
        held = {pair: _ALIVE.get((id(self._facts), pair, self.t)) for pair in pairs}
        return {pair: known or Known(self._facts, pair, self.t) for pair, known in held.items()}

    def _rows(self, name: str) -> list[Bar]:
        return [
            row
            for row in self._facts.of(name).iter_rows(named=True)
            if row["instrument_id"] == self.instrument and row["known_at"] <= self.t
        ]

    def events(self, name: str) -> list[Bar]:
        """Events in order of their time."""
        return sorted(self._rows(name), key=lambda row: row["time"])

    def close(self, k: int) -> Number:
        """C_k on m1."""
        bar = self.m1.get(self.bar1 - k * MINUTE)
        return bar["close"] if bar else None

    def change(self, k: int, n: int) -> Number:
        """One return over n minutes, k minutes ago."""
        now, before = self.close(k), self.close(k + n)
        bars = [self.close(j) for j in range(k, k + n)]
        return None if now is None or before is None or nw(bars) is None else now / before - 1

    def m5_bar(self, k: int) -> Any:
        """The k-th last five-minute bar."""
        return self.m5.get(self.bar5 - 5 * k * MINUTE)

    def m5_close(self, k: int) -> Number:
        """C_k on m5."""
        bar = self.m5_bar(k)
        return bar["close"] if bar else None
