"""The exit label: is it better to leave a position now than to hold it for another hour?

Source: ML document, "Label Definition"; C71, C72.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hydra.arrays import Flags, Floats, Integers
from hydra.bounds import Fraction, PositiveCount
from hydra.training.labels.close_to_close import net_return
from hydra.training.labels.label_rows import (
    TIME_BARRIER,
    Unlabelled,
    directions,
    known,
    label_rows,
    unlabelled_where,
)
from hydra.training.labels.minute_prices import MinutePrices


@dataclass(frozen=True, slots=True)
class ExitParameters:
    """As printed."""

    lookahead_minutes: PositiveCount = 60
    worse_by: Fraction = 0.005
    severe_loss: Fraction = 0.03


def should_exit(
    current_pnl: Floats, future_pnl: Floats, worst_pnl_from_entry: Floats, parameters: ExitParameters
) -> Flags:
    """True where leaving now is better. All are fractions of the entry price, without leverage and costs.

    worst_pnl_from_entry: of the coming hour, measured from the entry: a position that is already below the
    limit and stays there is always left.

    Formula: future_pnl < current_pnl - 0.005 or worst_pnl_from_entry < -0.03
    Source: ML document, "Label Definition"; C72.
    """
    leaves: Flags = (future_pnl < current_pnl - parameters.worse_by) | (
        worst_pnl_from_entry < -parameters.severe_loss
    )
    return leaves


def exit_labels(
    prices: MinutePrices, held: pl.DataFrame, parameters: ExitParameters | None = None
) -> pl.DataFrame:
    """1 where the position should be left, else 0; leaving_saves: the profit now less that after the hour.

    held: a row for each position and minute: instrument_id, time, side, entry_price; further columns, such
    as the position's number, are kept. Every close of the hour must be known.
    """
    own = parameters or ExitParameters()
    rows, columns = prices.places(held)
    direction = directions(held)
    entry = held["entry_price"].cast(pl.Float64).to_numpy()
    last = rows + own.lookahead_minutes
    lowest, highest = _extremes(prices.closes, own.lookahead_minutes)
    worst = np.where(direction > 0, prices.at(lowest, last, columns), prices.at(highest, last, columns))
    current, future, worst_pnl = (
        net_return(direction, entry, price, 0.0)
        for price in (prices.at(prices.closes, rows, columns), prices.at(prices.closes, last, columns), worst)
    )
    unlabelled = unlabelled_where(
        [
            (Unlabelled.END_OF_DATA, last > prices.last_rows[columns]),
            (Unlabelled.MISSING_INPUT, np.isnan(entry)),
            (Unlabelled.MISSING_BAR, np.isnan(current) | np.isnan(worst_pnl)),
        ]
    )
    label = pl.Series(should_exit(current, future, worst_pnl, own)).cast(pl.Int8)
    span: tuple[Integers, Integers] = prices.known_us(rows), prices.known_us(last)
    saves = known(current - future).alias("leaving_saves")
    return label_rows(held, label, span, unlabelled, (TIME_BARRIER, saves))


def _extremes(closes: Floats, minutes: int) -> tuple[Floats, Floats]:
    """Lowest and highest close of the last `minutes` rows, NaN where one of them is missing."""
    frame = pl.DataFrame(closes).with_columns(pl.all().fill_nan(None))
    found = (
        frame.select(pl.all().rolling_min(minutes, min_samples=minutes)),
        frame.select(pl.all().rolling_max(minutes, min_samples=minutes)),
    )
    lowest, highest = (one.with_columns(pl.all().fill_null(np.nan)).to_numpy() for one in found)
    return lowest, highest
