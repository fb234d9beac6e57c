"""Inputs of layer 2 that are all good, and the value of one expression of it."""

from typing import Any

import polars as pl

GOOD: dict[str, Any] = {
    "candle_age_seconds": 2.0,
    "funding_age_seconds": 3_600.0,
    "open_interest_age_seconds": 120.0,
    "order_book_age_seconds": 3.0,
    "liquidation_feed_age_seconds": 5.0,
    "clock_age_seconds": 20.0,
    "funding_rate": 0.0001,
    "spread_bps": 1.0,
    "m5_candles": 24.0,
    "m5_price_vs_sma_20": 0.0,
}


def evaluated(expression: pl.Expr) -> Any:
    """The only value of an expression of literals."""
    return pl.select(expression).item()
