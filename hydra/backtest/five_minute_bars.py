"""What a run's record says of the stretches in which only five-minute candles are recorded.

Features over minutes are null there by their own rules, and for up to a day after. The record lists them. An
order waits for one bar, which is five minutes long there.
Source: C124; docs/architecture.md (point in time).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from hydra.backtest.market import AFTER_THE_LAST_CANDLE, BacktestMarket, instant_of
from hydra.durations import DAY, MINUTE, MINUTE_US
from hydra.features.engine.decision_frame import DECISION_DELAY

RECORDED_AS: Final = "five_minute_bars"
"""The key in a run's record."""

_LONGEST_WINDOW: Final = DAY
"""Of minutes, among the rules' inputs (return_24h): so long do missing minutes act after a stretch."""


def five_minute_record(market: BacktestMarket, inputs: pl.DataFrame) -> dict[str, Any]:
    """The part of a run's record about five-minute bars; empty if none was played.

    inputs: see `rule_inputs`. stretches: first and last close. candles: number played, by pair.
    """
    bars = market.five_minute_bars
    if bars is None or bars.is_empty():
        return {}
    ends = np.unique(bars["time"].to_physical().to_numpy() // MINUTE_US + 1)
    breaks = np.flatnonzero(np.diff(ends) > AFTER_THE_LAST_CANDLE // MINUTE)
    firsts, lasts = ends[np.append(0, breaks + 1)], ends[np.append(breaks, len(ends) - 1)]
    counts: Mapping[int, int] = dict(bars.group_by("instrument_id").len().iter_rows())
    return {
        RECORDED_AS: {
            "stretches": [
                [instant_of(int(first)).isoformat(), instant_of(int(last)).isoformat()]
                for first, last in zip(firsts, lasts, strict=True)
            ],
            "candles": {str(key): counts[key] for key in sorted(counts)},
            "missing_inputs": missing_inputs(market, inputs),
        }
    }


def missing_inputs(market: BacktestMarket, inputs: pl.DataFrame) -> list[str]:
    """The inputs of the rules that are null in most minutes of the stretches, or of the day after them.

    inputs: see `rule_inputs`. A feed that was never recorded is null in all other minutes too: left out.
    """
    bars = market.five_minute_bars
    if bars is None:
        return []
    decided = (pl.col("time") + MINUTE + DECISION_DELAY).alias("candle_time")
    candles = bars.select("instrument_id", decided).sort("candle_time")
    dated = inputs.sort("time").join_asof(
        candles, left_on="time", right_on="candle_time", by="instrument_id", coalesce=False
    )
    aged = dated.with_columns((pl.col("time") - pl.col("candle_time")).alias("age"))
    within = aged.filter(pl.col("age") == timedelta())
    after = aged.filter(pl.col("age").is_between(timedelta(), _LONGEST_WINDOW, closed="right"))
    others = aged.filter(pl.col("age").is_null() | (pl.col("age") > _LONGEST_WINDOW))
    names = [name for name in inputs.columns if name not in {"instrument_id", "time"}]
    recorded = [name for name in names if others.is_empty() or others[name].count()]
    return [
        name
        for name in recorded
        if any(2 * part[name].null_count() > part.height for part in (within, after))
    ]
