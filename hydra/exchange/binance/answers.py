"""Answers of Binance's REST as frames of the fact tables."""

from typing import Any, Final

import polars as pl

from hydra.exchange.archive.funding import INTERVALS_HOURS
from hydra.exchange.frames import TIME, Column, frame_of

LAST_INSTANT: Final = "last_instant"
"""Column of the last millisecond of a kline; the table has none."""

_NUMBER: Final = pl.Float64()

_CANDLE: Final[dict[str, Column]] = {
    "time": (0, TIME),
    "open": (1, _NUMBER),
    "high": (2, _NUMBER),
    "low": (3, _NUMBER),
    "close": (4, _NUMBER),
    "volume": (5, _NUMBER),
    "quote_volume": (7, _NUMBER),
    "trade_count": (8, pl.Int32()),
    "taker_buy_volume": (9, _NUMBER),
    "taker_buy_quote_volume": (10, _NUMBER),
    LAST_INSTANT: (6, TIME),
}
_MARK: Final = {name: _CANDLE[name] for name in ("time", "open", "high", "low", "close", LAST_INSTANT)}
_FUNDING: Final[dict[str, Column]] = {
    "settled_at": ("fundingTime", TIME),
    "rate": ("fundingRate", _NUMBER),
    "mark_price": ("markPrice", _NUMBER),
}
_OPEN_INTEREST: Final[dict[str, Column]] = {
    "time": ("timestamp", TIME),
    "contracts": ("sumOpenInterest", _NUMBER),
    "value_usd": ("sumOpenInterestValue", _NUMBER),
}
_TRADE: Final[dict[str, Column]] = {
    "time": ("T", TIME),
    "trade_id": ("a", pl.Int64()),
    "price": ("p", _NUMBER),
    "quantity": ("q", _NUMBER),
    "buyer_is_maker": ("m", pl.Boolean()),
}

RATIOS: Final = {
    "long_short_ratio": ("fapiDataGetGlobalLongShortAccountRatio", "longShortRatio"),
    "top_account_long_short_ratio": ("fapiDataGetTopLongShortAccountRatio", "longShortRatio"),
    "top_position_long_short_ratio": ("fapiDataGetTopLongShortPositionRatio", "longShortRatio"),
    "taker_buy_sell_ratio": ("fapiDataGetTakerlongshortRatio", "buySellRatio"),
}
"""Column of market.positioning -> ccxt's endpoint and the field of its rows."""


def candles(rows: Any) -> pl.DataFrame:
    """Columns of market.candles_1m from klines, and LAST_INSTANT."""
    return frame_of("klines", rows, _CANDLE)


def mark_bars(rows: Any) -> pl.DataFrame:
    """Columns of market.mark_prices from markPriceKlines of a minute, and LAST_INSTANT."""
    return frame_of("markPriceKlines", rows, _MARK).select(
        pl.lit(1, pl.Int16).alias("timeframe_minutes"), *_MARK
    )


def funding(rows: Any) -> pl.DataFrame:
    """Columns of market.funding_rates from fundingRate; on the hour, interval_hours since the one before.

    The interval of the first row is null, and of one after a distance that the exchange does not use.
    """
    settled = frame_of("fundingRate", rows, _FUNDING).with_columns(
        pl.col("settled_at").dt.round("1h").alias("time")
    )
    hours = pl.col("time").diff().dt.total_hours()
    interval = pl.when(hours.is_in(INTERVALS_HOURS)).then(hours).cast(pl.Int16).alias("interval_hours")
    return settled.sort("time").select("time", "rate", interval, "mark_price")


def open_interest(rows: Any) -> pl.DataFrame:
    """Columns of market.open_interest from openInterestHist."""
    return frame_of("openInterestHist", rows, _OPEN_INTEREST).sort("time")


def open_interest_now(row: Any) -> pl.DataFrame:
    """The same from openInterest, which tells no value."""
    columns: dict[str, Column] = {"time": ("time", TIME), "contracts": ("openInterest", _NUMBER)}
    return frame_of("openInterest", [row], columns).with_columns(pl.lit(None, pl.Float64).alias("value_usd"))


def positioning(answers: dict[str, Any]) -> pl.DataFrame:
    """Columns of market.positioning from the answers by column; null where one has no row of a period."""
    joined: pl.DataFrame | None = None
    for name, (endpoint, field) in RATIOS.items():
        columns: dict[str, Column] = {"time": ("timestamp", TIME), name: (field, _NUMBER)}
        ratios = frame_of(endpoint.removeprefix("fapiDataGet"), answers[name], columns)
        joined = ratios if joined is None else joined.join(ratios, on="time", how="full", coalesce=True)
    if joined is None:
        raise AssertionError("there are ratios")
    return joined.sort("time")


def trades(rows: Any) -> pl.DataFrame:
    """Columns of market.trades from aggTrades."""
    return frame_of("aggTrades", rows, _TRADE)
