"""The mark price of a funding settlement: stored with the rate, or the last known one (C126, C132).

In a gap of the data the last known price may be old; every settlement is booked.
"""

from typing import Final

import polars as pl

from hydra.arrays import TIME
from hydra.backtest.market import BacktestMarket
from hydra.trading.market_rows import LAST, MARK

SETTLEMENT: Final = "settlement"
_LONGEST_MARK_BAR: Final = 60
_KEY: Final = ("instrument_id", "time")


def with_settlement_marks(settlements: pl.DataFrame, market: BacktestMarket) -> pl.DataFrame:
    """`settlements` (instrument_id, time, as_of) with mark and mark_source; null before any price.

    as_of: the decision at which the settlement became known; only prices known by then count. Of mark bars
    and candles the last to end is used; if they end together, the mark bar.
    """
    own = settlements.join(market.funding_marks, on=_KEY, how="left")
    wanted = own.filter(pl.col("mark_price").is_null()).select(*_KEY, "as_of").sort("time")
    marks, candles = _newest(wanted, _mark_closes(market)), _newest(wanted, _candle_closes(market))
    found = wanted.join(marks, on=_KEY, how="left").join(candles, on=_KEY, how="left", suffix="_last")
    is_mark = (pl.col("ended") >= pl.col("ended_last")) | pl.col("ended_last").is_null()
    chosen = found.with_columns(
        pl.when(is_mark).then("price").otherwise("price_last").alias("price"),
        pl.when(is_mark).then(pl.lit(MARK)).otherwise(pl.lit(LAST)).alias("source"),
    )
    return own.join(chosen.select(*_KEY, "price", "source"), on=_KEY, how="left").with_columns(
        pl.coalesce("mark_price", "price").alias("mark"),
        pl.coalesce("source", pl.lit(SETTLEMENT)).alias("mark_source"),
    )


def _candle_closes(market: BacktestMarket) -> pl.DataFrame:
    return market.facts.candles_1m.select(
        "instrument_id",
        (pl.col("time") + pl.duration(minutes=1)).alias("ended"),
        "known_at",
        pl.col("close").alias("price"),
    )


def _mark_closes(market: BacktestMarket) -> pl.DataFrame:
    """In the order of pair and end; of bars with the same end the shortest is last."""
    length = pl.col("timeframe_minutes")
    return (
        market.mark_prices.filter(length <= _LONGEST_MARK_BAR)
        .with_columns((pl.col("time") + pl.duration(minutes=length)).alias("ended"))
        .sort("instrument_id", "ended", length, descending=[False, False, True])
        .select("instrument_id", "ended", "known_at", pl.col("close").alias("price"))
    )


def _newest(wanted: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """instrument_id, time, ended, price: the newest close up to the settlement that is known by as_of.

    closes: sorted by end within each pair.
    """
    # Sorted within each pair, as the join by pair needs it.
    found = wanted.join_asof(
        closes, left_on="time", right_on="ended", by="instrument_id", check_sortedness=False, coalesce=False
    ).drop_nulls("ended")
    is_known = pl.col("known_at") <= pl.col("as_of")
    # Late closes are rare, so each is looked up by itself.
    late = [_newest_known(closes, *row) for row in found.filter(~is_known).select(*_KEY, "as_of").iter_rows()]
    columns = (*_KEY, "ended", "price")
    return pl.concat([found.filter(is_known).select(columns), *(one.select(columns) for one in late)])


def _newest_known(closes: pl.DataFrame, instrument_id: int, time: object, as_of: object) -> pl.DataFrame:
    is_usable = (
        (pl.col("instrument_id") == instrument_id)
        & (pl.col("ended") <= pl.lit(time, TIME))
        & (pl.col("known_at") <= pl.lit(as_of, TIME))
    )
    return closes.filter(is_usable).tail(1).with_columns(pl.lit(time, TIME).alias("time"))
