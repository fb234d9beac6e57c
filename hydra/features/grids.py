"""The grids: which facts lie on which clock, how far back a decision reaches, which row it reads.

Source: features.md section 0 (known_at, null codes); C54, C60.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from hydra.errors import BadDataError
from hydra.features.event_windows import liquidation_buckets
from hydra.features.facts import TIME, MarketFacts
from hydra.features.feature import Grid
from hydra.features.lateness import MINUTE_US, NOMINAL_LAG_US, Instants, event_instants, integers
from hydra.features.layout import Integers, Layout, SortedKeys, gather, lay_out

_FIVE_MINUTES_US: Final = 5 * MINUTE_US
_HOUR_US: Final = 60 * MINUTE_US
_SETTLEMENTS: Final = 100
_FUNDING_HOLE: Final = 70


@dataclass(frozen=True)
class GridRows:
    """A grid ready to run: its rows (null where a fact is missing) and the row that each decision reads."""

    frame: pl.DataFrame
    rows: Integers


@dataclass(frozen=True)
class Clock:
    """A grid of equal steps.

    reach: rows that the longest window looks back. longest_hole: missing rows that some window bridges:
    5% of the longest window, or what is left of it beside its least number of samples.
    """

    frame: str
    step_us: int
    reach: int
    longest_hole: int

    @property
    def lookback_us(self) -> int:
        """From a decision back to the first fact that it can need."""
        return (self.reach + 2) * self.step_us


CLOCKS: Final = {
    Grid.M1: Clock("candles_1m", MINUTE_US, reach=1442, longest_hole=72),
    # The longest window has 304 rows; the rest lets Wilder's recursion forget where it began.
    Grid.M5: Clock("candles_5m", _FIVE_MINUTES_US, reach=600, longest_hole=14),
    Grid.M5_MONTH: Clock("candles_5m", _FIVE_MINUTES_US, reach=8654, longest_hole=8640 - 2016),
    Grid.H1: Clock("candles_1m", _HOUR_US, reach=721, longest_hole=720 - 168),
    # oi_delta_pct needs two rows an hour apart, whatever lies between: no hole within reach is a cut.
    Grid.OPEN_INTEREST: Clock("open_interest_5m", _FIVE_MINUTES_US, reach=114, longest_hole=114),
    Grid.POSITIONING: Clock("positioning", _FIVE_MINUTES_US, reach=4, longest_hole=4),
    Grid.LIQUIDATION_5M: Clock("liquidations", _FIVE_MINUTES_US, reach=291, longest_hole=14),
}
_BOOK_LOOKBACK_US: Final = MINUTE_US
_MINUTES_OF_FULL_BAR: Final = 5


def _positions(frame: pl.DataFrame, name: str, step_us: int) -> Integers:
    time_us = integers(frame["time"])
    off_grid = time_us % step_us != 0
    if off_grid.any():
        at = frame["time"][int(np.argmax(off_grid))]
        raise BadDataError(
            f"facts frame {name} has a row at {at}, off its grid of {step_us // MINUTE_US} minutes; "
            f"snap it when it is imported"
        )
    return time_us // step_us


def _laid(frame: pl.DataFrame, layout: Layout, base: tuple[str, ...]) -> pl.DataFrame:
    """The base columns of `frame` in the rows of `layout`."""
    columns = [
        pl.col("time").alias(name) if name == "fact_time" else name for name in base if name != "segment"
    ]
    laid = gather(frame.select(columns), layout.source)
    return laid.with_columns(pl.Series("segment", layout.segment)) if "segment" in base else laid


def _on_clock(
    frame: pl.DataFrame,
    position: Integers,
    clock: Clock,
    base: tuple[str, ...],
    instants: Instants,
    read: Integers,
) -> GridRows:
    layout = lay_out(integers(frame["instrument_id"]), position, clock.longest_hole, padding=clock.reach)
    return GridRows(_laid(frame, layout, base), layout.rows_of(instants.instrument, read))


def _equal_steps(grid: Grid, facts: MarketFacts, instants: Instants, base: tuple[str, ...]) -> GridRows:
    """Facts that lie on the grid themselves; the row read is the last that is nominally known."""
    clock = CLOCKS[grid]
    frame: pl.DataFrame = getattr(facts, clock.frame)
    if clock.frame == "candles_5m":
        # A bar that does not hold its five minutes counts as missing.
        frame = frame.filter(pl.col("row_count") >= _MINUTES_OF_FULL_BAR)
    read = (instants.time_us - NOMINAL_LAG_US[clock.frame]) // clock.step_us
    return _on_clock(frame, _positions(frame, clock.frame, clock.step_us), clock, base, instants, read)


def _hours(facts: MarketFacts, instants: Instants, base: tuple[str, ...]) -> GridRows:
    """Per whole clock hour the deviation and number of its one-minute returns.

    The row read is the last hour that ended before the close of the decision's bar, so a decision on the
    hour does not compare the hour with itself.
    """
    minute = pl.col("time").dt.epoch("us") // MINUTE_US
    follows = (minute.diff() == 1) & (pl.col("instrument_id").diff() == 0)
    change = pl.when(follows).then(pl.col("close") / pl.col("close").shift(1) - 1)
    hours = (
        facts.candles_1m.lazy()
        .select("instrument_id", position=minute // 60, change=change)
        .group_by("instrument_id", "position")
        .agg(return_deviation=pl.col("change").std(), return_count=pl.col("change").count())
        .sort("instrument_id", "position")
        .collect()
    )
    bar_open = (instants.time_us - NOMINAL_LAG_US["candles_1m"]) // MINUTE_US
    return _on_clock(hours, integers(hours["position"]), CLOCKS[Grid.H1], base, instants, bar_open // 60 - 1)


def _liquidation_buckets(facts: MarketFacts, instants: Instants, base: tuple[str, ...]) -> GridRows:
    """The row read is the last clock bucket that ended before the decision's own five minutes."""
    buckets = liquidation_buckets(facts)
    read = (instants.time_us - 2 * _FIVE_MINUTES_US) // _FIVE_MINUTES_US
    clock = CLOCKS[Grid.LIQUIDATION_5M]
    return _on_clock(buckets, integers(buckets["position"]), clock, base, instants, read)


def settlement_positions(funding: pl.DataFrame) -> Integers:
    """Each settlement's number in its instrument's sequence; a missing settlement leaves a number out."""
    hours = pl.col("time").diff().dt.total_microseconds() / _HOUR_US
    steps = (hours / pl.col("interval_hours")).round().clip(lower_bound=1).over("instrument_id")
    numbers = funding.select(steps.fill_null(0).cum_sum().over("instrument_id").cast(pl.Int64))
    return numbers.to_series().to_numpy()


def _settlements(facts: MarketFacts, instants: Instants, base: tuple[str, ...]) -> GridRows:
    funding = facts.funding_rates
    instrument, position = integers(funding["instrument_id"]), settlement_positions(funding)
    layout = lay_out(instrument, position, _FUNDING_HOLE, padding=_SETTLEMENTS)
    known_us = integers(funding["time"]) + NOMINAL_LAG_US["funding_rates"]
    last = SortedKeys.of(instrument, known_us).last_up_to(instants.instrument, instants.time_us)
    row_of_fact = np.append(np.flatnonzero(layout.source >= 0), -1)
    return GridRows(_laid(funding, layout, base), row_of_fact[last])


def _book(facts: MarketFacts, instants: Instants, base: tuple[str, ...]) -> GridRows:
    tops = facts.order_book_tops
    keys = SortedKeys.of(integers(tops["instrument_id"]), event_instants(tops))
    columns = [pl.col("time").alias(name) if name == "fact_time" else name for name in base]
    return GridRows(tops.select(columns), keys.last_up_to(instants.instrument, instants.time_us))


_BUILDERS: Final[dict[Grid, Callable[[MarketFacts, Instants, tuple[str, ...]], GridRows]]] = {
    Grid.H1: _hours,
    Grid.LIQUIDATION_5M: _liquidation_buckets,
    Grid.SETTLEMENT: _settlements,
    Grid.BOOK: _book,
}


def build_grid(grid: Grid, facts: MarketFacts, instants: Instants, base: tuple[str, ...]) -> GridRows:
    """The rows of `grid` with the fact columns `base`, and the row that each decision reads.

    Raises:
        BadDataError: a fact lies off its grid.
    """
    sliced = _slice(grid, facts, instants)
    if grid in _BUILDERS:
        return _BUILDERS[grid](sliced, instants, base)
    return _equal_steps(grid, sliced, instants, base)


def _slice(grid: Grid, facts: MarketFacts, instants: Instants) -> MarketFacts:
    """Only the facts of the grid's frames that some decision can reach."""
    if grid is Grid.SETTLEMENT:
        longest = facts.funding_rates["interval_hours"].max()
        hours = int(longest) if isinstance(longest, int) else 0
        return reachable(facts, instants, ("funding_rates",), (_SETTLEMENTS + 2) * hours * _HOUR_US)
    if grid is Grid.BOOK:
        return reachable(facts, instants, ("order_book_tops",), _BOOK_LOOKBACK_US)
    if grid is Grid.LIQUIDATION_5M:
        frames: tuple[str, ...] = ("liquidations", "heartbeats")
        # Two more buckets, since a bucket that is cut in half would be wrong.
        return reachable(facts, instants, frames, CLOCKS[grid].lookback_us + 2 * _FIVE_MINUTES_US)
    # One more step, since the first hour or bar may be cut.
    return reachable(facts, instants, (CLOCKS[grid].frame,), CLOCKS[grid].lookback_us + _HOUR_US)


def reachable(
    facts: MarketFacts, instants: Instants, frames: tuple[str, ...], lookback_us: int
) -> MarketFacts:
    """`facts` with `frames` cut to the decisions' instruments and to what lies within the lookback."""
    first = pl.lit(int(instants.time_us.min()) - lookback_us).cast(TIME)
    last = pl.lit(int(instants.time_us.max()) + MINUTE_US).cast(TIME)
    instruments = np.unique(instants.instrument).tolist()
    near = pl.col("time").is_between(first, last) & pl.col("instrument_id").is_in(instruments)
    return replace(facts, **{name: getattr(facts, name).filter(near) for name in frames})
