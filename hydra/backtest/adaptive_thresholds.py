"""The pairs' own thresholds of every decided day, read only if the rules use them (C112)."""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from hydra.backtest.market import BacktestMarket
from hydra.db.arrow import arrow_reader
from hydra.features.adaptive_thresholds import read_adaptive_thresholds
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.trading.parameters import Rules


def with_own_thresholds(market: BacktestMarket, url: str, rules: Rules) -> BacktestMarket:
    """`market` with the thresholds of each day, from the 90 days before it; unchanged if `rules` use none.

    Raises:
        DatabaseError: the facts cannot be read.
    """
    if not rules.signals.is_adaptive or market.own_thresholds is not None:
        return market
    first, last = ((market.time_of(index) + DECISION_DELAY).date() for index in (0, -1))
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    with arrow_reader(url) as arrow:
        rows = read_adaptive_thresholds(arrow, market.instrument_ids, days)
    return replace(market, own_thresholds=rows)


def join_own_thresholds(market: BacktestMarket, assessed: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """`assessed` with the thresholds of each pair and day, as in a live run."""
    if not rules.signals.is_adaptive:
        return assessed
    if market.own_thresholds is None:
        raise AssertionError("a market for adaptive rules comes from `with_own_thresholds`")
    dated = assessed.with_columns(pl.col("time").dt.date().alias("day"))
    joined = dated.join(market.own_thresholds, on=["instrument_id", "day"], how="left", maintain_order="left")
    return joined.drop("day")
