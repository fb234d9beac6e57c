"""Finds facts with an impossible `known_at`, which the other checks trust.

Source: docs/features.md, "When a fact is known"; C133.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from hydra.backtest.market import BacktestMarket
from hydra.checks.comparer import CheckResult, CheckResults, Mismatch
from hydra.durations import FIVE_MINUTES, MINUTE
from hydra.features.facts import SOURCES

CHECK: Final = "facts: known before they are true"

_BARS: Final[Mapping[str, timedelta]] = {"candles_1m": MINUTE, "candles_5m": FIVE_MINUTES}
"""Bars lie under their open time and are true at their close; every other fact is true at its time."""
_MARKS: Final = "mark_prices"


def impossible_known_at(market: BacktestMarket) -> list[CheckResult]:
    """Every fact of `market` whose known_at lies before the instant at which it is true, by table."""
    results = CheckResults()
    for name in SOURCES:
        _look(results.of(CHECK, name), market.facts.of(name), pl.lit(_BARS.get(name, timedelta(0))))
    length = pl.duration(minutes=pl.col("timeframe_minutes"))
    _look(results.of(CHECK, _MARKS), market.mark_prices, length)
    return results.all()


def _look(result: CheckResult, frame: pl.DataFrame, length: pl.Expr) -> None:
    result.compared += frame.height
    ended = frame.with_columns((pl.col("time") + length).alias("ended"))
    for row in ended.filter(pl.col("known_at") < pl.col("ended")).iter_rows(named=True):
        earliest = f"{row['ended']:%Y-%m-%d %H:%M:%S} or later"
        result.note(Mismatch("known_at", row.get("instrument_id"), row["time"], earliest, row["known_at"]))
