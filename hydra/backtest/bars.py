"""The bars, prices and settlements that the paper exchange plays, by decided minute and pair.

A fact belongs to the first decided minute at which it is known. Source: docs/architecture.md, law 3; C126.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats, Integers
from hydra.backtest.market import FIVE, BacktestMarket, instant_of
from hydra.backtest.settlement_marks import with_settlement_marks
from hydra.durations import DAY_MINUTES, MINUTE, MINUTE_US
from hydra.features.engine.decision_frame import DECISION_DELAY_US
from hydra.features.engine.lateness import integers
from hydra.features.engine.layout import NO_ROW, gather, ranked_keys
from hydra.trading.bars import Bar, Settlement
from hydra.trading.market_rows import LAST, MARK, STALE_AFTER

_TRADED: Final = ("open", "high", "low", "close", "volume")
_MARKED: Final = ("open", "high", "low", "close")


@dataclass(frozen=True)
class BarGrid:
    """Per decided minute (rows) and pair (columns).

    traded: open, high, low, close, volume of the candle that closed then; NaN: none.
    marked: open, high, low, close of its mark bar, or of the candle where no mark is recorded (has_mark).
    length: of the candle, in minutes.
    last_price, mark_price: the newest known, of any age; NaN: none. price_minute: the epoch minute at which
    its candle ended.
    irregular: bars that came late, by (row, column); they replace the arrays' values there.
    settlements: by (row, column) of the minute at which they became known.
    """

    traded: tuple[Floats, ...]
    marked: tuple[Floats, ...]
    has_mark: Flags
    length: Integers
    last_price: Floats
    mark_price: Floats
    price_minute: Integers
    irregular: dict[tuple[int, int], list[Bar]]
    settlements: dict[tuple[int, int], list[Settlement]]
    is_irregular: Flags
    has_settlement: Flags
    instrument_ids: tuple[int, ...]
    minutes: Integers

    @property
    def is_stale(self) -> Flags:
        """True where the price is older than five minutes (C132)."""
        stale: Flags = self.minutes[:, None] - self.price_minute > STALE_AFTER // MINUTE
        return stale

    def bars(self, row: int, column: int) -> list[Bar]:
        """The bars that became known at a minute, usually one."""
        late = self.irregular.get((row, column))
        if late is not None:
            return late
        traded = [values.item(row, column) for values in self.traded]
        if math.isnan(traded[0]):
            return []
        marked = [values.item(row, column) for values in self.marked]
        minutes = self.length.item(row, column)
        opened = instant_of(int(self.minutes[row]) - minutes)
        has_mark = self.has_mark.item(row, column)
        return [_bar(self.instrument_ids[column], opened, traded, marked, minutes, has_mark=has_mark)]


def _bar(
    instrument_id: int,
    opened: datetime,
    traded: Sequence[float],
    marked: Sequence[float],
    minutes: int,
    *,
    has_mark: bool,
) -> Bar:
    bar_open, high, low, close, volume = traded
    mark_open, mark_high, mark_low, mark_close = marked
    return Bar(
        instrument_id,
        opened,
        bar_open,
        high,
        low,
        close,
        volume,
        mark=(mark_open, mark_high, mark_low, mark_close),
        mark_source=MARK if has_mark else LAST,
        length=minutes * MINUTE,
    )


def bar_grid(market: BacktestMarket) -> BarGrid:
    shape = (len(market.minutes), len(market.instrument_ids))
    bars = _placed_bars(market)
    newest = _newest_bars(bars, shape)
    regular = np.where(_taken(bars["irregular"], newest, absent=True), -1, newest)
    irregular = _irregular_bars(bars.filter(pl.col("irregular")))
    last_price, mark_price, price_minute = _newest_prices(bars, newest)
    settlements = _settlements(market)
    return BarGrid(
        traded=tuple(_taken(bars[name], regular, absent=np.nan) for name in _TRADED),
        marked=tuple(_taken(bars[f"mark_{name}"], regular, absent=np.nan) for name in _MARKED),
        has_mark=_taken(bars["has_mark"], regular, absent=False),
        length=_taken(bars["minutes"], regular, absent=1),
        last_price=last_price,
        mark_price=mark_price,
        price_minute=price_minute,
        irregular=irregular,
        settlements=settlements,
        is_irregular=_flags(shape, irregular),
        has_settlement=_flags(shape, settlements),
        instrument_ids=market.instrument_ids,
        minutes=market.minutes,
    )


def _flags(
    shape: tuple[int, int], found: dict[tuple[int, int], list[Bar]] | dict[tuple[int, int], list[Settlement]]
) -> Flags:
    flags = np.zeros(shape, np.bool_)
    for pair_minute in found:
        flags[pair_minute] = True
    return flags


def _newest_bars(bars: pl.DataFrame, shape: tuple[int, int]) -> Integers:
    """Per pair-minute the index of its newest bar in `bars`; -1 where there is none."""
    places = np.full(shape, -1, np.int64)
    # Bars are in time order: of two in one pair-minute, the later assignment wins.
    places[bars["row"].to_numpy(), bars["column"].to_numpy()] = np.arange(bars.height)
    return places


def _taken(values: pl.Series, places: Integers, *, absent: float | bool) -> NDArray[Any]:
    """`values` at `places`; `absent` where a place is -1."""
    if values.is_empty():
        return np.full(places.shape, absent)
    plain = values.to_numpy()
    return np.where(places < 0, absent, plain[places])


def first_known_rows(minutes: Integers, known_at: pl.Series) -> Integers:
    """For each instant the index of the first decided minute at which it is known; len(minutes): none."""
    rows: Integers = np.searchsorted(minutes * MINUTE_US + DECISION_DELAY_US, integers(known_at), "left")
    return rows


def _placed_bars(market: BacktestMarket) -> pl.DataFrame:
    """The candles by decided minute: row, column, mark bar and irregular, in the order of pair and time.

    irregular: late, or several in one pair-minute.
    """
    minutes, candles = market.minutes, market.facts.candles_1m
    known_us, opened = integers(candles["known_at"]), integers(candles["time"]) // MINUTE_US
    rows = first_known_rows(minutes, candles["known_at"])
    decided = minutes[np.minimum(rows, len(minutes) - 1)]
    before_the_first = int(minutes[0] - 1) * MINUTE_US + DECISION_DELAY_US
    usable = (rows < len(minutes)) & (known_us > before_the_first) & (decided - opened < DAY_MINUTES)
    columns = market.columns_of(candles["instrument_id"])
    pair_minutes = rows * len(market.instrument_ids) + columns
    count = np.bincount(pair_minutes[usable], minlength=(len(minutes) + 1) * len(market.instrument_ids))
    placed = candles.select("instrument_id", "time", *_TRADED).with_columns(
        pl.Series("row", rows),
        pl.Series("column", columns),
        pl.Series("opened", opened),
        pl.Series("decided", decided),
        pl.Series("irregular", (decided - 1 != opened) | (count[pair_minutes] > 1)),
    )
    return _with_marks(_with_lengths(placed.filter(pl.Series(usable)), market), market)


def _with_lengths(bars: pl.DataFrame, market: BacktestMarket) -> pl.DataFrame:
    """`bars` with minutes: the length of each."""
    if market.five_minute_bars is None:
        return bars.with_columns(pl.lit(1, pl.Int64).alias("minutes"))
    long = market.five_minute_bars.with_columns(pl.lit(FIVE, pl.Int64).alias("minutes"))
    joined = bars.join(long, on=["instrument_id", "time"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("minutes").fill_null(1))


def _with_marks(bars: pl.DataFrame, market: BacktestMarket) -> pl.DataFrame:
    """`bars` with has_mark and mark_*: the mark bar of the minute if known by then, else the bar itself.

    recorded_mark: the close of the mark bar. mark_row: from which decided minute on it is known.
    """
    marks = market.mark_prices.filter(pl.col("timeframe_minutes") == 1)
    marks = marks.with_columns(pl.Series("mark_row", first_known_rows(market.minutes, marks["known_at"])))
    found = gather(marks.select("mark_row", *_MARKED), _same_minutes(marks, bars))
    never = len(market.minutes)
    mark_row = found["mark_row"].fill_null(never).set(bars["minutes"] > 1, never)
    has_mark = mark_row <= bars["row"]
    return bars.with_columns(
        has_mark.alias("has_mark"),
        mark_row.alias("mark_row"),
        found["close"].alias("recorded_mark"),
        *(bars[name].zip_with(~has_mark, found[name]).alias(f"mark_{name}") for name in _MARKED),
    )


def _same_minutes(marks: pl.DataFrame, bars: pl.DataFrame) -> Integers:
    """Per bar, the index in `marks` (sorted by pair and time) of the same pair and minute, or NO_ROW."""
    if marks.is_empty():
        return np.full(bars.height, NO_ROW)
    keys, wanted = (
        ranked_keys(integers(one["instrument_id"]), integers(one["time"])) for one in (marks, bars)
    )
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, NO_ROW)


def _irregular_bars(bars: pl.DataFrame) -> dict[tuple[int, int], list[Bar]]:
    found: dict[tuple[int, int], list[Bar]] = defaultdict(list)
    for bar in bars.sort("row", "column", "time").iter_rows(named=True):
        traded, marked = [bar[name] for name in _TRADED], [bar[f"mark_{name}"] for name in _MARKED]
        found[bar["row"], bar["column"]].append(
            _bar(
                bar["instrument_id"],
                bar["time"] - (bar["minutes"] - 1) * MINUTE,
                traded,
                marked,
                bar["minutes"],
                has_mark=bar["has_mark"],
            )
        )
    return dict(found)


def _newest_prices(bars: pl.DataFrame, newest: Integers) -> tuple[Floats, Floats, Integers]:
    """Close and mark of the newest candle known at each minute, and the minute at which it ended.

    The mark of a candle may become known after the candle.
    """
    opened = _taken(bars["opened"], newest, absent=-1)
    known_until = np.maximum.accumulate(opened, axis=0)
    # A candle that came after a newer one does not replace it.
    places = np.maximum.accumulate(np.where(opened == known_until, newest, -1), axis=0)
    last, mark = (_taken(bars[name], places, absent=np.nan) for name in ("close", "recorded_mark"))
    rows = np.arange(len(newest))[:, None]
    is_known = _taken(bars["mark_row"], places, absent=len(newest)) <= rows
    return last, np.where(is_known, mark, last), known_until + 1


def _settlements(market: BacktestMarket) -> dict[tuple[int, int], list[Settlement]]:
    """Settlements by the minute at which they became known; without those before any price."""
    rates = market.facts.funding_rates
    placed = rates.with_columns(pl.Series("row", first_known_rows(market.minutes, rates["known_at"])))
    before_the_first = int(market.minutes[0] - 1) * MINUTE_US + DECISION_DELAY_US
    usable = placed.filter(
        (pl.col("row") < len(market.minutes)) & (pl.col("known_at").to_physical() > before_the_first)
    )
    decided = pl.Series("decided", market.minutes)[usable["row"]].alias("decided")
    as_of = (pl.col("decided") * MINUTE_US + DECISION_DELAY_US).cast(pl.Datetime("us", "UTC")).alias("as_of")
    column = pl.Series("column", market.columns_of(usable["instrument_id"]))
    dated = usable.with_columns(decided, column).with_columns(as_of)
    found: dict[tuple[int, int], list[Settlement]] = defaultdict(list)
    for one in with_settlement_marks(dated, market).sort("row", "column", "time").iter_rows(named=True):
        if one["mark"] is not None:
            found[one["row"], one["column"]].append(
                Settlement(one["instrument_id"], one["time"], one["rate"], one["mark"], one["mark_source"])
            )
    return dict(found)
