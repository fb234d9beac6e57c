"""What a run says of the stretches that it played on five-minute candles, where only those are recorded.

Windows of minutes are not there and are null by their own rules; what the rules miss by it is listed. An
order waits for one bar, which is five minutes long there.
Source: C124; docs/architecture.md (point in time).
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from hydra.backtest.market import AFTER_THE_LAST_CANDLE, MINUTE, BacktestMarket, instant_of
from hydra.durations import MINUTE_US

RECORDED_AS: Final = "five_minute_bars"
"""Where a run's record says that it played some."""


def five_minute_record(market: BacktestMarket, inputs: pl.DataFrame) -> dict[str, Any]:
    """What a run's record says of its five-minute bars; empty where it played none.

    inputs: see `rule_inputs`. stretches: first and last close, pairs: how many candles of each were played.
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
    """The inputs of the rules that are null in most minutes with a five-minute candle, though recorded."""
    bars = market.five_minute_bars
    if bars is None:
        return []
    at = bars.with_columns((pl.col("time") + pl.duration(minutes=1, seconds=2)).alias("time"))
    keys = ("instrument_id", "time")
    played, others = (inputs.join(at, on=keys, how=how) for how in ("semi", "anti"))
    names = [name for name in inputs.columns if name not in keys]
    # What no minute knows, a feed that was never recorded, is not missing because of the candles.
    recorded = [name for name in names if others[name].null_count() < others.height or others.is_empty()]
    return [name for name in recorded if 2 * played[name].null_count() > played.height]
