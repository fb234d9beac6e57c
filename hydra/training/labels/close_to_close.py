"""Labels from two closes: profit at a fixed horizon, direction, five classes.

Source: docs/practice.md, "Labels"; C65, C66, C73, C75, C80.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Flags, Floats, Integers
from hydra.bounds import PositiveCount
from hydra.ledger.costs import CostParameters, cost_version
from hydra.training.labels.label_rows import (
    TIME_BARRIER,
    Unlabelled,
    directions,
    known,
    label_rows,
    unlabelled_where,
)
from hydra.training.labels.minute_prices import MinutePrices

DEFAULT_HORIZON_MINUTES: Final = 30
"""Of a signal without a holding time (C65), and of the direction label."""

_BPS: Final = 10_000
_FEES: Final = 2


@dataclass(frozen=True, slots=True)
class FiveClassParameters:
    """A bar is an hour (C80); the horizon is printed."""

    bar_minutes: PositiveCount = 60
    horizon_bars: PositiveCount = 5


def net_return(direction: Floats, entry: Floats, later: Floats, round_trip_cost: float) -> Floats:
    """Fraction of the entry price that holding from `entry` to `later` brings; direction +1 or -1.

    Formula: side * (later - entry) / entry - cost
    Source: ML document, "Label Definition"; C66.
    """
    return direction * (later - entry) / entry - round_trip_cost


def is_higher(price: Floats, later: Floats) -> Flags:
    """True where the price is strictly higher later.

    Formula: later > price
    Source: ML document, "Label Definition".
    """
    higher: Flags = later > price
    return higher


def five_class(future_return: Floats) -> Integers:
    """-2 (strong sell) to 2 (strong buy).

    Formula: > 1.5%: 2; > 0.5%: 1; > -0.5%: 0; > -1.5%: -1; else -2
    Source: strategy document, "Data Preparation"; C73.
    """
    return np.digitize(future_return, (-0.015, -0.005, 0.005, 0.015), right=True) - 2


def fixed_horizon_labels(
    prices: MinutePrices, signals: pl.DataFrame, costs: CostParameters | None = None
) -> pl.DataFrame:
    """1 where a signal's side earns more than its fees over the signal's own holding time, else 0.

    signals: instrument_id, time, side, holding_period_minutes (null: 30). The price is the close that the
    decision knows, and the close at the horizon; the cost is a taker fee at each end (0.1 % by default).
    Beside the label: gross_bps, fees_bps, net_bps.
    """
    paid = costs or CostParameters()
    fees = float(paid.taker_fee_bps) * _FEES
    horizon = signals["holding_period_minutes"].fill_null(DEFAULT_HORIZON_MINUTES).cast(pl.Int64).to_numpy()
    ends = _ends(prices, signals, 0, horizon)
    net = net_return(directions(signals), ends.price, ends.later, fees / _BPS)
    label = pl.Series(net > 0).cast(pl.Int8)
    more = (
        known(net * _BPS + fees).alias("gross_bps"),
        pl.lit(fees).alias("fees_bps"),
        known(net * _BPS).alias("net_bps"),
        TIME_BARRIER,
        pl.lit(cost_version(paid)).alias("cost_version"),
    )
    return label_rows(signals, label, ends.span, ends.unlabelled, more)


def direction_labels(
    prices: MinutePrices, decisions: pl.DataFrame, horizon_minutes: int = DEFAULT_HORIZON_MINUTES
) -> pl.DataFrame:
    """1 where the close is higher after `horizon_minutes`, else 0. decisions: instrument_id, time."""
    ends = _ends(prices, decisions, 0, np.full(decisions.height, horizon_minutes))
    label = pl.Series(is_higher(ends.price, ends.later)).cast(pl.Int8)
    return label_rows(decisions, label, ends.span, ends.unlabelled, (TIME_BARRIER,))


def five_class_labels(
    prices: MinutePrices, decisions: pl.DataFrame, parameters: FiveClassParameters | None = None
) -> pl.DataFrame:
    """The class of the return over the horizon, from the close one bar after the decision (C75).

    decisions: instrument_id, time. Beside the label: future_return.
    """
    own = parameters or FiveClassParameters()
    horizon = np.full(decisions.height, own.horizon_bars * own.bar_minutes)
    ends = _ends(prices, decisions, own.bar_minutes, horizon)
    future_return = ends.later / ends.price - 1
    label = pl.Series(five_class(future_return)).cast(pl.Int8)
    more = (known(future_return).alias("future_return"), TIME_BARRIER)
    return label_rows(decisions, label, ends.span, ends.unlabelled, more)


@dataclass(frozen=True, slots=True)
class _Ends:
    """The closes at the two ends of each label, NaN where missing."""

    price: Floats
    later: Floats
    span: tuple[Integers, Integers]
    unlabelled: pl.Series


def _ends(prices: MinutePrices, decisions: pl.DataFrame, wait: int, horizon: Integers) -> _Ends:
    """The closes `wait` minutes after each decision and `horizon` minutes after that."""
    rows, columns = prices.places(decisions)
    last = rows + wait + horizon
    price, later = (prices.at(prices.closes, row, columns) for row in (rows + wait, last))
    unlabelled = unlabelled_where(
        [
            (Unlabelled.END_OF_DATA, last > prices.last_rows[columns]),
            (Unlabelled.MISSING_BAR, np.isnan(price) | np.isnan(later)),
        ]
    )
    return _Ends(price, later, (prices.known_us(rows), prices.known_us(last)), unlabelled)
