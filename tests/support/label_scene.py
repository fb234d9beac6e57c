"""Decisions and prices of a few bars, for labels that are worked out by hand."""

from datetime import timedelta
from typing import Any

import polars as pl

from hydra.arrays import TIME
from hydra.backtest.bars import bar_grid
from hydra.backtest.market import BacktestMarket
from hydra.training.labels.minute_prices import MinutePrices, minute_prices
from tests.support.few_bars import BTC, MINUTE, START, Bar, market_of

SECONDS = timedelta(seconds=2)


def prices_of(market: BacktestMarket) -> MinutePrices:
    return minute_prices(market, bar_grid(market))


def closing_at(*closes: float) -> MinutePrices:
    """Bars that close at `closes`, the first at START + 1 minute; the close at START is 100,000."""
    bars: list[Bar] = [(close, close, close, close) for close in closes]
    return prices_of(market_of([*bars, bars[-1], bars[-1]]))


def decisions(*minutes: int, **columns: Any) -> pl.DataFrame:
    """Decisions of BTC so many minutes after START."""
    times = [START + minute * MINUTE + SECONDS for minute in minutes]
    frame = pl.DataFrame(
        {"instrument_id": [BTC] * len(times), "time": times},
        schema={"instrument_id": pl.Int16(), "time": TIME},
    )
    return frame.with_columns(pl.Series(name, value) for name, value in columns.items())
