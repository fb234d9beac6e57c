"""One-minute candles by whole clock hour: closes, sums and means that the month is compared with."""

from typing import Final

import polars as pl

from hydra.features.engine.hourly_returns import hourly_returns
from hydra.features.expressions import traded_value

_LAST_MINUTE: Final = 59
_MINUTE: Final = pl.duration(minutes=1)
_VALUE: Final = pl.col("value")


def hour_bars(candles: pl.DataFrame) -> pl.DataFrame:
    """Per instrument and clock hour with candles, by both; position: hours since 1970.

    candles: instrument_id, time, high, low, close, volume, quote_volume; sorted. hour_close: close of the
    hour's last minute, null without it. hour_bars: minutes that are there. hour_value_sum: their traded
    value. hour_amihud_mean: mean of abs(one-minute return)/traded value. return_deviation and return_count
    as `hourly_returns` gives them.
    """
    follows = pl.col("time").diff() == _MINUTE
    same = pl.col("instrument_id").diff() == 0
    change = pl.when(follows & same).then(pl.col("close") / pl.col("close").shift(1) - 1)
    minutes = candles.with_columns(
        pl.col("time").dt.minute().alias("minute"), change.abs().alias("move"), traded_value().alias("value")
    )
    hours = minutes.group_by("instrument_id", pl.col("time").dt.truncate("1h"), maintain_order=True).agg(
        pl.col("close").filter(pl.col("minute") == _LAST_MINUTE).first().alias("hour_close"),
        pl.len().alias("hour_bars"),
        _VALUE.sum().alias("hour_value_sum"),
        (pl.when(_VALUE > 0).then(pl.col("move") / _VALUE)).mean().alias("hour_amihud_mean"),
    )
    return hours.hstack(hourly_returns(candles).drop("instrument_id"))
