"""Sums of single trades, by the side of the aggressor, over windows that end at a decision."""

from typing import Final

import numpy as np
import polars as pl

from hydra.durations import FIVE_MINUTES_US, HOUR_US
from hydra.features.engine.event_windows import window_bounds, window_sums
from hydra.features.engine.lateness import DecisionInstants

LAST_TRADES: Final = 100
LARGE_TRADE_USD: Final = 100_000.0


def large_flow_usd() -> pl.Expr:
    """Value of a trade with the aggressor's sign (buyer +) where it is large, else 0."""
    value = pl.col("price") * pl.col("quantity")
    signed = pl.when(pl.col("buyer_is_maker")).then(-value).otherwise(value)
    return pl.when(value >= LARGE_TRADE_USD).then(signed).otherwise(0.0)


def trade_columns(trades: pl.DataFrame, instants: DecisionInstants) -> pl.DataFrame:
    """Per decision, from trades known by then and at most 60 minutes old.

    hour_trades: their number. last_trades, last_quantity, last_signed_quantity: of the last 100.
    traded_5m_usd, large_flow_5m_usd: of the last five minutes.
    """
    quantity = trades["quantity"].to_numpy()
    signed = np.where(trades["buyer_is_maker"].to_numpy(), -quantity, quantity)
    end, (oldest, last_five) = window_bounds(trades, instants, HOUR_US, FIVE_MINUTES_US)
    last = np.maximum(oldest, end - LAST_TRADES)
    large = trades.select(large_flow_usd()).to_series().to_numpy()
    return pl.DataFrame(
        {
            "hour_trades": end - oldest,
            "last_trades": end - last,
            "last_quantity": window_sums(quantity, last, end),
            "last_signed_quantity": window_sums(signed, last, end),
            "traded_5m_usd": window_sums(quantity * trades["price"].to_numpy(), last_five, end),
            "large_flow_5m_usd": window_sums(large, last_five, end),
        }
    )


def large_flow_buckets(trades: pl.DataFrame) -> pl.DataFrame:
    """large_flow_usd per instrument and five clock minutes with a trade; position: since 1970."""
    bucket = (pl.col("time").dt.epoch("us") // FIVE_MINUTES_US).alias("position")
    sums = trades.lazy().group_by("instrument_id", bucket).agg(large_flow_usd().sum().alias("large_flow_usd"))
    return sums.sort("instrument_id", "position").collect()
