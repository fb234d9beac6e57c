"""Order flow between snapshots of the book, over the five minutes that end at a decision."""

from typing import Final

import numpy as np
import polars as pl

from hydra.durations import FIVE_MINUTES_US
from hydra.features.engine.event_windows import window_bounds, window_sums
from hydra.features.engine.lateness import DecisionInstants

_LONGEST_STEP_SECONDS: Final = 15
_STEP: Final = pl.col("time").diff().dt.total_microseconds() / 1e6


def order_flow_columns(levels: pl.DataFrame, instants: DecisionInstants) -> pl.DataFrame:
    """Per decision: the order flow at the best prices over the snapshots of the last five minutes.

    order_flow: base units, sum over snapshots. flow_top_quantity: their mean quantity at the best bid and
    ask. flow_covered_seconds: seconds since the snapshot before, summed; steps beyond 15 s do not count.
    """
    steps = levels.select(
        flow=_order_flow(), top=(pl.col("best_bid_quantity") + pl.col("best_ask_quantity")) / 2, seconds=_STEP
    ).with_columns(is_step=pl.col("flow").is_not_null().cast(pl.Float64))
    known = steps.with_columns(pl.when(pl.col("is_step") > 0).then(pl.all()).otherwise(0.0))
    end, (first,) = window_bounds(levels, instants, FIVE_MINUTES_US)
    flow, top, seconds, count = (window_sums(known[name].to_numpy(), first, end) for name in known.columns)
    return pl.DataFrame(
        {
            "order_flow": flow,
            "flow_top_quantity": top / np.maximum(count, 1),
            "flow_covered_seconds": seconds,
        }
    )


def _order_flow() -> pl.Expr:
    """Cont-Kukanov-Stoikov's increment from the snapshot before; null for the first of a series."""
    bid, ask = pl.col("best_bid"), pl.col("best_ask")
    bid_quantity, ask_quantity = pl.col("best_bid_quantity"), pl.col("best_ask_quantity")
    increment = (
        (bid >= bid.shift(1)).cast(pl.Float64) * bid_quantity
        - (bid <= bid.shift(1)).cast(pl.Float64) * bid_quantity.shift(1)
        - (ask <= ask.shift(1)).cast(pl.Float64) * ask_quantity
        + (ask >= ask.shift(1)).cast(pl.Float64) * ask_quantity.shift(1)
    )
    is_same = pl.col("instrument_id").diff() == 0
    return pl.when(is_same & (_STEP <= _LONGEST_STEP_SECONDS)).then(increment)
