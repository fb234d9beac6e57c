"""The bars of a market by minute and pair, on a grid without holes, as labels read them.

Source: docs/architecture.md, law 3; C126 (mark prices, settlements).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats, Integers
from hydra.backtest.bars import BarGrid
from hydra.backtest.market import BacktestMarket, epoch_minute
from hydra.durations import MINUTE_US
from hydra.errors import BadDataError
from hydra.features.engine.decision_frame import DECISION_DELAY_US
from hydra.ledger.costs import funding_payment

_NEVER: Final = -1


@dataclass(frozen=True)
class MinutePrices:
    """Row r belongs to the decision of minute `first_minute` + r: its bar is the one that closed then.

    bases: the pairs' names in the cost model; None without stored terms.
    (minutes, pairs), NaN where no bar is known: traded (open, high, low, close) and marked (open, high, low).
    is_played: a one-minute bar with volume. funding: payment of a settlement in minute r to a long of one
    unit, quote units; funding_row: the row at which it is known, -1 where there is none.
    as_of_us: (minutes,), up to when facts are known to the decision, microseconds since 1970 UTC.
    last_rows: (pairs,), the last row with a bar, -1: none.
    """

    instrument_ids: tuple[int, ...]
    bases: tuple[str | None, ...]
    first_minute: int
    traded: tuple[Floats, Floats, Floats, Floats]
    marked: tuple[Floats, Floats, Floats]
    is_played: Flags
    funding: Floats
    funding_row: Integers
    as_of_us: Integers
    last_rows: Integers

    @property
    def closes(self) -> Floats:
        """The last traded price of each minute."""
        return self.traded[3]

    def places(self, decisions: pl.DataFrame) -> tuple[Integers, Integers]:
        """The row and the column of each decision (instrument_id, time).

        Raises:
            BadDataError: a decision's pair or minute is not in the market.
        """
        since_us = decisions["time"].to_physical().to_numpy() - DECISION_DELAY_US
        rows = since_us // MINUTE_US - self.first_minute
        is_inside = (since_us % MINUTE_US == 0) & (rows >= 0) & (rows < len(self.as_of_us))
        column_of = {key: column for column, key in enumerate(self.instrument_ids)}
        columns = decisions["instrument_id"].replace_strict(column_of, default=_NEVER, return_dtype=pl.Int64)
        is_inside &= columns.to_numpy() != _NEVER
        if not is_inside.all():
            row = decisions.row(int(np.argmin(is_inside)), named=True)
            raise BadDataError(
                f"the decision of pair {row['instrument_id']} at {row['time']:%Y-%m-%d %H:%M:%S} is none of "
                "this market: label decisions of the market's own pairs and minutes"
            )
        return rows, columns.to_numpy()

    def at(self, values: Floats, rows: Integers, columns: Integers) -> Floats:
        """`values` at places; NaN beyond the last row."""
        found: Floats = values[np.minimum(rows, len(values) - 1), columns]
        return np.where(rows < len(values), found, np.nan)

    def known_us(self, rows: Integers) -> Integers:
        """When a row's bar is known; beyond the last row the last row's."""
        return self.as_of_us[np.minimum(rows, len(self.as_of_us) - 1)]


def minute_prices(market: BacktestMarket, bars: BarGrid) -> MinutePrices:
    """The grid of a market. A bar that came late, or with another in one minute, counts as missing."""
    first = int(market.minutes[0])
    rows = market.minutes - first
    shape = (int(rows[-1]) + 1, len(market.instrument_ids))

    def dense(values: NDArray[np.float64]) -> Floats:
        grid = np.full(shape, np.nan)
        grid[rows] = values
        return grid

    as_of_us = (first + np.arange(shape[0])) * MINUTE_US + DECISION_DELAY_US
    if market.recorded is not None:
        as_of_us[rows] = market.recorded.as_of_us
    opened, high, low, close, volume = (dense(values) for values in bars.traded)
    mark_open, mark_high, mark_low, _ = bars.marked
    has_bar = np.isfinite(close)
    is_played = np.zeros(shape, np.bool_)
    is_played[rows] = bars.length == 1
    funding, funding_row = _funding(market, bars, shape)
    bases = {key: spec.pair.base for terms in market.terms.terms for key, spec in terms.items()}
    return MinutePrices(
        instrument_ids=market.instrument_ids,
        bases=tuple(bases.get(key) for key in market.instrument_ids),
        first_minute=first,
        traded=(opened, high, low, close),
        marked=(dense(mark_open), dense(mark_high), dense(mark_low)),
        is_played=is_played & has_bar & (volume > 0),
        funding=funding,
        funding_row=funding_row,
        as_of_us=as_of_us,
        last_rows=np.where(has_bar.any(axis=0), shape[0] - 1 - has_bar[::-1].argmax(axis=0), _NEVER),
    )


def _funding(market: BacktestMarket, bars: BarGrid, shape: tuple[int, int]) -> tuple[Floats, Integers]:
    first = int(market.minutes[0])
    paid, row_known = np.zeros(shape), np.full(shape, _NEVER, np.int64)
    for (known, column), settlements in bars.settlements.items():
        for one in settlements:
            row = epoch_minute(one.time) - first
            if row >= 0:
                paid[row, column] += funding_payment(1, 1.0, one.mark, one.rate)
                row_known[row, column] = max(row_known[row, column], int(market.minutes[known]) - first)
    return paid, row_known
