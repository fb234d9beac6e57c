"""Answers of Bybit's REST (v5, linear contracts) as frames of the fact tables; newest rows come first."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive.funding import hours_between
from hydra.exchange.frames import TIME, Column, frame_of
from hydra.exchange.instruments import InstrumentTerms, LeverageBracket, OrderFilters
from hydra.exchange.messages import DepthSnapshot
from hydra.universe import UNIVERSE, Pair, find_pair

_NUMBER: Final = pl.Float64()
_UNLISTED: Final = max(UNIVERSE, key=lambda pair: pair.volatility_multiplier)
_UNTOLD: Final = ("trade_count", "taker_buy_volume", "taker_buy_quote_volume")

_MARK: Final[dict[str, Column]] = {
    "time": (0, TIME),
    "open": (1, _NUMBER),
    "high": (2, _NUMBER),
    "low": (3, _NUMBER),
    "close": (4, _NUMBER),
}
_CANDLE: Final[dict[str, Column]] = {**_MARK, "volume": (5, _NUMBER), "quote_volume": (6, _NUMBER)}
_FUNDING: Final[dict[str, Column]] = {
    "settled_at": ("fundingRateTimestamp", TIME),
    "rate": ("fundingRate", _NUMBER),
}
_OPEN_INTEREST: Final[dict[str, Column]] = {
    "time": ("timestamp", TIME),
    "contracts": ("openInterest", _NUMBER),
}
_RATIO: Final[dict[str, Column]] = {
    "time": ("timestamp", TIME),
    "long": ("buyRatio", _NUMBER),
    "short": ("sellRatio", _NUMBER),
}


def rows_of(what: str, answer: Any) -> list[Any]:
    """The list in an answer.

    Raises:
        BadDataError: it holds none.
    """
    result = answer.get("result") if isinstance(answer, Mapping) else None
    if not isinstance(result, Mapping) or not isinstance(result.get("list"), list):
        raise BadDataError(f"{what}: the answer holds no list")
    rows: list[Any] = result["list"]
    return rows


def candles(rows: Any) -> pl.DataFrame:
    """Columns of market.candles_1m; counts and takers are null, because the exchange does not tell them."""
    types = {"trade_count": pl.Int32}
    untold = [pl.lit(None, types.get(name, pl.Float64)).alias(name) for name in _UNTOLD]
    return frame_of("kline", rows, _CANDLE).sort("time").with_columns(untold)


def mark_bars(rows: Any) -> pl.DataFrame:
    """Columns of market.mark_prices, of a minute."""
    bars = frame_of("mark-price-kline", rows, _MARK).sort("time")
    return bars.select(pl.lit(1, pl.Int16).alias("timeframe_minutes"), "time", "open", "high", "low", "close")


def funding(rows: Any) -> pl.DataFrame:
    """Columns of market.funding_rates; the mark price is null."""
    settled = frame_of("funding/history", rows, _FUNDING).sort("settled_at")
    timed = settled.with_columns(pl.col("settled_at").dt.round("1h").alias("time"))
    mark = pl.lit(None, pl.Float64).alias("mark_price")
    return timed.select("time", "rate", hours_between().alias("interval_hours"), mark)


def open_interest(rows: Any) -> pl.DataFrame:
    """Columns of market.open_interest; the value is null."""
    value = pl.lit(None, pl.Float64).alias("value_usd")
    return frame_of("open-interest", rows, _OPEN_INTEREST).sort("time").with_columns(value)


def positioning(rows: Any) -> pl.DataFrame:
    """Columns of market.positioning; only the ratio of all accounts is told."""
    names = ("top_account_long_short_ratio", "top_position_long_short_ratio", "taker_buy_sell_ratio")
    untold = [pl.lit(None, pl.Float64).alias(name) for name in names]
    ratio = pl.when(pl.col("short") > 0).then(pl.col("long") / pl.col("short")).alias("long_short_ratio")
    return frame_of("account-ratio", rows, _RATIO).sort("time").select("time", ratio, *untold)


def depth(symbol: str, answer: Any) -> DepthSnapshot:
    """The order book as REST gives it.

    Raises:
        BadDataError: it is none.
    """
    try:
        book = answer["result"]
        bids, asks = ([(float(price), float(size)) for price, size in book[side]] for side in ("b", "a"))
        return DepthSnapshot(symbol, int(book["ts"]) * 1_000, int(book["u"]), bids, asks)
    except (KeyError, TypeError, ValueError) as error:
        raise BadDataError(
            f"orderbook of {symbol}: the answer is no order book ({type(error).__name__})"
        ) from None


def terms(symbol: str, instruments: Any, risk_limits: Any, now: datetime) -> InstrumentTerms | None:
    """Filters, funding terms and brackets of one symbol; None if it is not listed.

    Raises:
        BadDataError: a field is missing or wrong.
    """
    row = next((one for one in rows_of("instruments-info", instruments) if one.get("symbol") == symbol), None)
    if row is None:
        return None
    source = "instruments-info and risk-limit of bybit"
    try:
        lot = row["lotSizeFilter"]
        filters = OrderFilters(
            valid_from=now,
            tick_size=Decimal(row["priceFilter"]["tickSize"]),
            step_size=Decimal(lot["qtyStep"]),
            min_quantity=Decimal(lot["minOrderQty"]),
            max_quantity=Decimal(lot["maxOrderQty"]),
            max_market_quantity=Decimal(lot["maxMktOrderQty"]),
            min_notional_usd=Decimal(lot["minNotionalValue"]),
            funding_interval_hours=int(row["fundingInterval"]) // 60,
            source=source,
            funding_rate_cap=Decimal(row["upperFundingRate"]),
            funding_rate_floor=Decimal(row["lowerFundingRate"]),
            is_trading=row["status"] == "Trading",
        )
        return InstrumentTerms(
            _pair(row), filters, _brackets(rows_of("risk-limit", risk_limits), now, source)
        )
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadDataError(f"instruments-info: {error} of {symbol} is missing or wrong") from None


def _pair(row: Mapping[str, Any]) -> Pair:
    unlisted = (_UNLISTED.volatility_multiplier, _UNLISTED.size_multiplier, _UNLISTED.max_leverage)
    return find_pair(row["symbol"]) or Pair(0, row["baseCoin"], *unlisted, quote=row["quoteCoin"])


def _brackets(rows: list[Any], now: datetime, source: str) -> tuple[LeverageBracket, ...]:
    brackets: list[LeverageBracket] = []
    floor = Decimal(0)
    for number, row in enumerate(sorted(rows, key=lambda one: Decimal(one["riskLimitValue"])), start=1):
        cap = Decimal(row["riskLimitValue"])
        leverage = int(Decimal(row["maxLeverage"]))
        rate, deduction = Decimal(row["maintenanceMargin"]), Decimal(row["mmDeduction"] or 0)
        brackets.append(LeverageBracket(now, number, floor, cap, leverage, rate, deduction, source))
        floor = cap
    return tuple(brackets)
