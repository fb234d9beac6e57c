"""One-minute candles by clock hour: returns, closes, sums and means, for comparison with the month."""

from typing import Final

import polars as pl

from hydra.durations import HOUR_MINUTES, HOUR_US
from hydra.features.expressions import traded_value

_MINUTE: Final = pl.duration(minutes=1)
_VALUE: Final = pl.col("value")
_CHANGE: Final = pl.col("change")
_RETURNS: Final = (
    _CHANGE.std(ddof=1).fill_null(0.0).alias("return_deviation"),
    _CHANGE.count().cast(pl.Int64).alias("return_count"),
)


def hourly_returns(candles: pl.DataFrame) -> pl.DataFrame:
    """Per instrument and clock hour with candles: the deviation and the number of its one-minute returns.

    candles: instrument_id, time (bar open), close; sorted. A return belongs to the hour in which its bar
    opens and needs the bar exactly one minute earlier. Columns: instrument_id, position (hours since
    1970), return_deviation (ddof 1; 0 with fewer than two returns), return_count.
    """
    return _by_hour(candles, _RETURNS)


def hour_bars(candles: pl.DataFrame) -> pl.DataFrame:
    """The columns of `hourly_returns`, and more for each hour.

    candles: also high, low, volume, quote_volume. hour_close: close of the hour's last minute, null if
    missing. hour_bars: number of minutes present. hour_value_sum: their traded value. hour_amihud_mean: mean
    of
    abs(one-minute return)/traded value.
    """
    is_last = pl.col("time").dt.minute() == HOUR_MINUTES - 1
    more = (
        pl.col("close").filter(is_last).first().alias("hour_close"),
        pl.len().alias("hour_bars"),
        _VALUE.sum().alias("hour_value_sum"),
        (pl.when(_VALUE > 0).then(_CHANGE.abs() / _VALUE)).mean().alias("hour_amihud_mean"),
    )
    return _by_hour(candles.with_columns(traded_value().alias("value")), (*_RETURNS, *more))


def _by_hour(candles: pl.DataFrame, columns: tuple[pl.Expr, ...]) -> pl.DataFrame:
    """`columns` over the minutes of each instrument and hour, with `change`, the one-minute return."""
    follows = (pl.col("time").diff() == _MINUTE) & (pl.col("instrument_id").diff() == 0)
    change = pl.col("close") / pl.col("close").shift(1) - 1
    minutes = candles.with_columns(
        change=pl.when(follows & change.is_finite()).then(change),
        position=pl.col("time").dt.epoch("us") // HOUR_US,
    )
    # The rows are sorted: numbering the runs is four times faster than grouping by the two columns.
    hour = pl.struct("instrument_id", "position").rle_id().alias("hour")
    key = pl.col("instrument_id", "position").first()
    return minutes.group_by(hour, maintain_order=True).agg(key, *columns).drop("hour")
