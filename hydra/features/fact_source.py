"""The definition of a kind of fact: columns, how and how far back it is read, where its rows lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from hydra.arrays import TIME
from hydra.durations import EPOCH

FACT_KEY_SCHEMA = {"instrument_id": pl.Int16(), "time": TIME, "known_at": TIME}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How far before the start of the `period` that contains t a fact is read, and for what.

    Rolling windows give the same values from any earlier start. Recursive features (Wilder's sums in ADX)
    depend on their first bar, so live reading, replay and batch agree only if they start at the same one. The
    start therefore depends only on the decision's instant.
    """

    before: timedelta
    period: timedelta
    reason: str

    def anchor(self, instant: datetime) -> datetime:
        """The earliest time of this fact that a decision at `instant` reads (UTC)."""
        return instant - (instant - EPOCH) % self.period - self.before


@dataclass(frozen=True, slots=True)
class Steps:
    """A grid of equal steps.

    reach: rows that the longest window looks back. longest_hole: missing rows that a window may bridge:
    5% of the longest window, or its length less its least number of samples.
    """

    step: timedelta
    reach: int
    longest_hole: int

    @property
    def step_us(self) -> int:
        """Microseconds from one row to the next."""
        return self.step // _MICROSECOND

    @property
    def lookback_us(self) -> int:
        """Microseconds from a decision back to the first fact that it can need."""
        return (self.reach + 3) * self.step_us


@dataclass(frozen=True, slots=True)
class Snapshots:
    """A grid of single events: a row an event; a decision reads the last that is known.

    lookback: the longest that an event can be valid; each feature sets the age that it accepts.
    """

    lookback: timedelta

    @property
    def lookback_us(self) -> int:
        """Microseconds from a decision back to the first fact that it can need."""
        return self.lookback // _MICROSECOND


@dataclass(frozen=True, eq=False)
class Age:
    """How old the newest row is at a decision: the column `<name>_age_seconds` of the decision frame.

    condition: the rows that count; None: all. length: the age counts from the end of this length.
    """

    name: str
    condition: pl.Expr | None = None
    length: timedelta = timedelta(0)


@dataclass(frozen=True, eq=False)
class FactSource:
    """One kind of fact.

    values: its columns beside the key, with their types. query: the file in sql/ that reads it. key: the
    columns that identify a row within one instrument, `time` first. latest: if two reads give the same key,
    the row with the larger value of this column is used; None if a fact is written once. warm_up: how far
    back layers 2 and 3 read it. model_warm_up: how far back the models read it, if further. is_for_models:
    live decisions do not read it.
    lag: from the fact's `time` to the instant from which the grids use it; a row known later is late, and
    decisions before its known_at do not see it. None: a single event, used from its known_at on.
    grids: the `facts.Grid` names on which its rows lie. ages: what the decision frame measures of it.
    """

    values: Mapping[str, pl.DataType]
    query: str
    warm_up: WarmUp
    key: tuple[str, ...] = ("time",)
    latest: str | None = None
    lag: timedelta | None = None
    grids: Mapping[str, Steps | Snapshots] = field(default_factory=dict)
    ages: tuple[Age, ...] = ()
    model_warm_up: WarmUp | None = None
    is_for_models: bool = False

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """Every column with its type, the key first."""
        return {**FACT_KEY_SCHEMA, **self.values}
