"""The grids: which facts lie on which time grid, how far back a decision reads, and which row it reads.

Source: docs/features.md, "When a fact is known"; docs/features.md, "Codes"; C54, C60.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import TIME, Integers
from hydra.durations import HOUR_US, MINUTE_US
from hydra.errors import BadDataError
from hydra.features.engine.event_windows import liquidation_buckets
from hydra.features.engine.fact_slices import NearRows, check_order, moments, near_rows, rows_between
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.engine.hour_bars import hour_bars, hourly_returns
from hydra.features.engine.lateness import NOMINAL_LAG_US, DecisionInstants, event_instants, integers
from hydra.features.engine.layout import (
    NO_ROW,
    GridLayout,
    as_value,
    gather,
    last_up_to,
    lay_out,
    ranked_keys,
)
from hydra.features.engine.leaders import LEADERS, leader_columns, with_leaders
from hydra.features.engine.trade_windows import large_flow_buckets
from hydra.features.fact_source import Snapshots, Steps
from hydra.features.facts import SOURCES, Grid, MarketFacts

_SETTLEMENTS: Final = 100
_FUNDING_HOLE: Final = 70


@dataclass(frozen=True)
class GridRows:
    """A grid ready to run: its rows (null where a fact is missing) and the row that each decision reads.

    begins: the first row of each segment; none where rows are not laid out in segments.
    """

    frame: pl.DataFrame
    rows: Integers
    begins: Integers = field(default_factory=lambda: np.empty(0, np.int64))


_HOUR_FACTS: Final = ("high", "low", "close", "volume", "quote_volume")
_HOUR_BOOK: Final = ("best_bid", "best_ask", "near_depth_usd")
_LEADER_CLOSES: Final = leader_columns("close")
_MINUTES_OF_FULL_BAR: Final = 5


def placed(grid: Grid) -> tuple[str, Steps | Snapshots]:
    """The fact whose rows lie on `grid`, and how."""
    return next((name, source.grids[grid]) for name, source in SOURCES.items() if grid in source.grids)


def _steps(grid: Grid) -> Steps:
    how = placed(grid)[1]
    if not isinstance(how, Steps):
        raise TypeError(f"the rows of {grid} are single events, not steps of a clock")
    return how


def _fact_columns(base: tuple[str, ...]) -> tuple[str, ...]:
    """The base columns that are facts; the grid itself adds "fact_time"."""
    return tuple(name for name in base if name != "fact_time")


def _laid(frame: pl.DataFrame, layout: GridLayout, base: tuple[str, ...]) -> pl.DataFrame:
    """The base columns of `frame` in the rows of `layout`."""
    return gather(frame.select(_with_fact_time(base)), layout.source)


def _with_fact_time(base: tuple[str, ...]) -> list[pl.Expr]:
    time = [pl.col("time").alias("fact_time")] if "fact_time" in base else []
    return [*map(pl.col, _fact_columns(base)), *time]


def _on_clock(
    frame: pl.DataFrame,
    position: Integers,
    steps: Steps,
    base: tuple[str, ...],
    instants: DecisionInstants,
    read: Integers,
) -> GridRows:
    layout = lay_out(instants.rank_of(frame), position, steps.longest_hole, steps.reach, int(read.max()))
    return GridRows(_laid(frame, layout, base), layout.rows_of(instants.rank, read), layout.offsets)


def _equal_steps(
    grid: Grid,
    steps: Steps,
    near: NearRows,
    instants: DecisionInstants,
    base: tuple[str, ...],
    memory: GridMemory,
) -> GridRows:
    """Facts that already lie on the grid; the row read is the last that is nominally known."""
    read = (instants.time_us - NOMINAL_LAG_US[near.name]) // steps.step_us
    beside = (near.ranges, *instants.places, as_value(read))
    return memory.keep(
        (grid, base), lambda: _lay_near(near, steps, base, instants, read), (near.source,), beside
    )


def _lay_near(
    near: NearRows, steps: Steps, base: tuple[str, ...], instants: DecisionInstants, read: Integers
) -> GridRows:
    columns = _fact_columns(base)
    if near.name == "candles_5m":
        # A bar that does not hold its five minutes counts as missing.
        rows = near.frame((*columns, "row_count")).filter(pl.col("row_count") >= _MINUTES_OF_FULL_BAR)
    else:
        rows = near.frame(tuple(name for name in columns if name not in _LEADER_CLOSES))
        if _LEADER_CLOSES & set(columns):
            rows = with_leaders(rows, near.source, "time", "close", columns)
    return _on_clock(rows, _positions(near.name, rows, steps), steps, base, instants, read)


def _positions(name: str, frame: pl.DataFrame, steps: Steps) -> Integers:
    time_us = integers(frame["time"])
    position = time_us // steps.step_us
    off_grid = position * steps.step_us != time_us
    if off_grid.any():
        at = frame["time"][int(np.argmax(off_grid))]
        raise BadDataError(
            f"facts frame {name} has a row at {at}, off its grid of "
            f"{steps.step_us // MINUTE_US} minutes; snap it when it is imported"
        )
    return position


def _hours(
    facts: MarketFacts, instants: DecisionInstants, base: tuple[str, ...], memory: GridMemory
) -> GridRows:
    """The row read is the last hour that ended before the close of the decision's bar.

    A decision on the hour is not compared with its own hour, and minutes after the hour do not change the
    result.
    """
    steps = _steps(Grid.H1)
    read = (instants.time_us - NOMINAL_LAG_US["candles_1m"]) // MINUTE_US // 60 - 1
    first_us = int(instants.time_us.min()) - steps.lookback_us
    beyond_us = (int(read.max()) + 1) * HOUR_US
    hours = _hours_between(facts, instants.instruments, (first_us, beyond_us), memory)
    return _on_clock(hours, integers(hours["position"]), steps, base, instants, read)


def _hours_between(
    facts: MarketFacts, instruments: Integers, span_us: tuple[int, int], memory: GridMemory
) -> pl.DataFrame:
    """The hours of the candles from the first to before the second instant.

    The first hour is partial and shrinks with every decision; the others are complete and stay the same for
    an hour. The first return of a complete hour needs the minute before it, if the span contains that.
    """
    first_us, beyond_us = span_us
    whole_us = min(-(-first_us // HOUR_US) * HOUR_US, beyond_us)
    from_us = max(first_us, whole_us - MINUTE_US)
    part, whole = (
        rows_between(facts, "candles_1m", instruments, span, memory).rows(("close",))
        for span in ((first_us, whole_us - 1), (from_us, beyond_us - 1))
    )
    hours = memory.recall(Grid.H1, _checked_hours, whole)
    is_whole = pl.col("position") >= whole_us // HOUR_US
    return pl.concat([_checked_hours(part), hours.filter(is_whole)]).sort("instrument_id", "position")


def _checked_hours(candles: pl.DataFrame) -> pl.DataFrame:
    check_order("candles_1m", candles)
    return hourly_returns(candles)


def _hour_bars(
    facts: MarketFacts, instants: DecisionInstants, base: tuple[str, ...], memory: GridMemory
) -> GridRows:
    """The row read is the last hour that ended by the close of the decision's bar."""
    steps = _steps(Grid.HOUR)
    read = ((instants.time_us - NOMINAL_LAG_US["candles_1m"]) // MINUTE_US + 1) // 60 - 1
    with_the_leaders = replace(
        instants, instruments=np.union1d(instants.instruments, np.array(list(LEADERS.values())))
    )
    near = near_rows(facts, "candles_1m", with_the_leaders, steps.lookback_us, memory).frame(_HOUR_FACTS)
    ended = near.filter(pl.col("time") < pl.lit((int(read.max()) + 1) * HOUR_US).cast(TIME))
    every = hour_bars(ended)
    own = every.filter(pl.col("instrument_id").is_in(instants.instruments.tolist()))
    with_closes = with_leaders(own, every, "position", "hour_close", base)
    books = near_rows(facts, "order_book_hours", instants, steps.lookback_us, memory).frame(_HOUR_BOOK)
    hours = _with_hourly_books(with_closes, books)
    return _on_clock(hours, integers(hours["position"]), steps, base, instants, read)


def _with_hourly_books(hours: pl.DataFrame, books: pl.DataFrame) -> pl.DataFrame:
    """`hours`, and those of `books` without candles, with the order book's values at the end of each."""
    position = (pl.col("time").dt.epoch("us") // HOUR_US - 1).alias("position")
    ended = books.select("instrument_id", position, *_HOUR_BOOK)
    key = ["instrument_id", "position"]
    return hours.join(ended, on=key, how="full", coalesce=True).sort(key)


def _liquidation_buckets(
    grid: Grid, facts: MarketFacts, instants: DecisionInstants, base: tuple[str, ...], memory: GridMemory
) -> GridRows:
    """The row read is the last clock bucket that ended before the decision's own bucket length."""
    steps = _steps(grid)
    liquidations, heartbeats = (
        near_rows(facts, name, instants, steps.lookback_us, memory) for name in ("liquidations", "heartbeats")
    )
    minutes = steps.step_us // MINUTE_US
    buckets = memory.keep(
        grid,
        lambda: liquidation_buckets(liquidations.frame(("value_usd",)), heartbeats.frame(("feed",)), minutes),
        (liquidations.source, heartbeats.source),
        (liquidations.ranges, heartbeats.ranges),
    )
    read = (instants.time_us - 2 * steps.step_us) // steps.step_us
    position = integers(buckets["position"])
    return memory.keep(
        (grid, base),
        lambda: _on_clock(buckets, position, steps, base, instants, read),
        (buckets,),
        (*instants.places, as_value(read) if buckets.height else b""),
    )


def _trade_buckets(
    facts: MarketFacts, instants: DecisionInstants, base: tuple[str, ...], memory: GridMemory
) -> GridRows:
    """The row read is the last clock bucket that ended before the decision's own five minutes."""
    steps = _steps(Grid.TRADES_5M)
    trades = near_rows(facts, "trades", instants, steps.lookback_us, memory)
    buckets = large_flow_buckets(trades.frame(("price", "quantity", "buyer_is_maker")))
    read = (instants.time_us - 2 * steps.step_us) // steps.step_us
    return _on_clock(buckets, integers(buckets["position"]), steps, base, instants, read)


def settlement_positions(funding: pl.DataFrame) -> Integers:
    """Each settlement's number in its instrument's sequence; a missing settlement skips a number."""
    hours = pl.col("time").diff().dt.total_microseconds() / HOUR_US
    steps = (hours / pl.col("interval_hours")).round().clip(lower_bound=1).over("instrument_id")
    numbers = funding.select(steps.fill_null(0).cum_sum().over("instrument_id").cast(pl.Int64))
    return integers(numbers.to_series())


@dataclass(frozen=True)
class _SettledRows:
    """Settlements on a grid: their rows, the time from which each is known (ranked keys), and its row."""

    frame: pl.DataFrame
    known: Integers
    row_of_fact: Integers
    begins: Integers


def _settlements(
    facts: MarketFacts, instants: DecisionInstants, base: tuple[str, ...], memory: GridMemory
) -> GridRows:
    longest = facts.funding_rates["interval_hours"].max()
    lookback_us = (_SETTLEMENTS + 2) * (longest if isinstance(longest, int) else 0) * HOUR_US
    near = near_rows(facts, "funding_rates", instants, lookback_us, memory)
    beside = (near.ranges, *instants.places)
    settled = memory.keep(
        (Grid.SETTLEMENT, base), lambda: _lay_settlements(near, instants, base), (near.source,), beside
    )
    last = last_up_to(settled.known, instants.rank, instants.time_us)
    return GridRows(settled.frame, settled.row_of_fact[last], settled.begins)


def _lay_settlements(near: NearRows, instants: DecisionInstants, base: tuple[str, ...]) -> _SettledRows:
    funding = near.frame((*_fact_columns(base), "interval_hours"))
    rank = instants.rank_of(funding)
    layout = lay_out(rank, settlement_positions(funding), _FUNDING_HOLE, reach=0, last_read=0)
    known_us = integers(funding["time"]) + NOMINAL_LAG_US["funding_rates"]
    row_of_fact = np.append(np.flatnonzero(layout.source != NO_ROW), NO_ROW)
    laid = _laid(funding, layout, base)
    return _SettledRows(laid, ranked_keys(rank, known_us), row_of_fact, layout.offsets)


def _snapshots(
    grid: Grid, near: NearRows, instants: DecisionInstants, base: tuple[str, ...], memory: GridMemory
) -> GridRows:
    """The row read is the last snapshot that is known."""
    beside = (near.ranges, *instants.places, moments(instants, near))
    return memory.keep((grid, base), lambda: _lay_snapshots(near, base, instants), (near.source,), beside)


def _lay_snapshots(near: NearRows, base: tuple[str, ...], instants: DecisionInstants) -> GridRows:
    rows = near.frame((*_fact_columns(base), "known_at"))
    keys = ranked_keys(instants.rank_of(rows), event_instants(rows))
    return GridRows(rows.select(_with_fact_time(base)), last_up_to(keys, instants.rank, instants.time_us))


_BUILDERS: Final[
    dict[Grid, Callable[[MarketFacts, DecisionInstants, tuple[str, ...], GridMemory], GridRows]]
] = {
    Grid.H1: _hours,
    Grid.HOUR: _hour_bars,
    Grid.LIQUIDATION_DAY: partial(_liquidation_buckets, Grid.LIQUIDATION_DAY),
    Grid.LIQUIDATION_1M: partial(_liquidation_buckets, Grid.LIQUIDATION_1M),
    Grid.TRADES_5M: _trade_buckets,
    Grid.SETTLEMENT: _settlements,
}


def build_grid(
    grid: Grid, facts: MarketFacts, instants: DecisionInstants, base: tuple[str, ...], memory: GridMemory
) -> GridRows:
    """The rows of `grid` with the fact columns `base`, and the row that each decision reads.

    Raises:
        BadDataError: a fact lies off its grid, or a frame is not in order.
    """
    if grid in _BUILDERS:
        return _BUILDERS[grid](facts, instants, base, memory)
    name, how = placed(grid)
    near = near_rows(facts, name, instants, how.lookback_us, memory)
    if isinstance(how, Steps):
        return _equal_steps(grid, how, near, instants, base, memory)
    return _snapshots(grid, near, instants, base, memory)
