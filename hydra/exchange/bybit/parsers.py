"""Bybit v5, linear contracts: raw frames of its public streams as messages.

A frame is {"topic": "<kind>.<symbol>", "data": ...}; its data may hold several trades, candles or
liquidations. The JSON in each docstring is a message as the exchange documents it; the tests parse it.
Source: docs/exchange.md.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct, field

from hydra.domain import Side
from hydra.errors import BadDataError
from hydra.exchange.interface import Feed
from hydra.exchange.messages import (
    ClosedCandle,
    DepthSnapshot,
    DepthUpdate,
    ForcedOrder,
    Message,
    OneMessage,
    PremiumIndex,
    RunningCandle,
    Several,
    SubscriptionAnswer,
    Trade,
)
from hydra.exchange.unknown_fields import UnknownFields
from hydra.exchange.wire_numbers import (
    Levels,
    Milliseconds,
    Price,
    Quantity,
    Rate,
    SequenceNumber,
    Symbol,
    TradedQuantity,
)
from hydra.outside_text import shown

_SHOWN_CHARACTERS: Final = 200
_LARGEST_ID: Final = 2**63 - 1

_BuyOrSell = Literal["Buy", "Sell"]


class _Frame(Struct, gc=False):
    topic: str = ""
    type: str = ""
    time_ms: Milliseconds = field(default=0, name="ts")
    engine_ms: Milliseconds = field(default=0, name="cts")
    data: Raw = Raw(b"null")


class _Trade(Struct, gc=False):
    symbol: Symbol = field(name="s")
    time_ms: Milliseconds = field(name="T")
    taker_side: _BuyOrSell = field(name="S")
    quantity: TradedQuantity = field(name="v")
    price: Price = field(name="p")
    trade_id: str = field(name="i")


class _Candle(Struct, gc=False):
    start: Milliseconds
    interval: str
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity
    turnover: Quantity
    confirm: bool
    timestamp: Milliseconds


class _Liquidation(Struct, gc=False):
    symbol: Symbol = field(name="s")
    time_ms: Milliseconds = field(name="T")
    position_side: _BuyOrSell = field(name="S")
    quantity: TradedQuantity = field(name="v")
    price: Price = field(name="p")


class _Ticker(Struct, gc=False):
    symbol: Symbol
    mark_price: Price | None = field(default=None, name="markPrice")
    index_price: Price | None = field(default=None, name="indexPrice")
    funding_rate: Rate | None = field(default=None, name="fundingRate")
    next_funding_ms: Milliseconds | None = field(default=None, name="nextFundingTime")


class _Depth(Struct, gc=False):
    symbol: Symbol = field(name="s")
    update_id: SequenceNumber = field(name="u")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")


_FRAME: Final = msgspec.json.Decoder(_Frame, strict=False)
_KNOWN: Final = {
    "publicTrade": (Feed.TRADES, "id type ts T s S v p L i BT RPI seq"),
    "kline": (
        Feed.CANDLES,
        "type ts start end interval open close high low volume turnover confirm timestamp",
    ),
    "allLiquidation": (Feed.LIQUIDATIONS, "type ts T s S v p"),
    "tickers": (
        Feed.PREMIUM_INDEX,
        "type ts cs symbol tickDirection price24hPcnt lastPrice prevPrice24h highPrice24h lowPrice24h "
        "prevPrice1h markPrice indexPrice openInterest openInterestValue turnover24h volume24h "
        "nextFundingTime fundingRate bid1Price bid1Size ask1Price ask1Size deliveryTime basisRate basis "
        "deliveryFeeRate predictedDeliveryPrice preOpenPrice preQty curPreListingPhase "
        "fundingIntervalHour fundingCap basisRateYear",
    ),
    "orderbook": (Feed.ORDER_BOOKS, "type ts cts s b a u seq"),
}
UNKNOWN_FIELDS: Final = UnknownFields(
    {kind: (feed, frozenset(names.split())) for kind, (feed, names) in _KNOWN.items()}
)
"""Of all frames that this process has parsed."""

_tickers: Final[dict[str, _Ticker]] = {}
"""The newest values by symbol: a delta holds only what has changed. A snapshot begins every subscription."""


def parse(frame: bytes) -> Message | None:
    """The message in a frame, or several; None for one that says nothing to HYDRA.

    Raises:
        BadDataError: the frame is no JSON, or a message that HYDRA hears lacks a field or has an impossible
            value; says which.
    """
    try:
        envelope = _FRAME.decode(frame)
        kind = envelope.topic.partition(".")[0]
        if kind not in _PARSERS:
            return None if envelope.topic else subscription_answer(msgspec.json.decode(frame))
        messages = _PARSERS[kind](envelope)
    except (ValueError, RecursionError) as error:
        start = shown(frame[:_SHOWN_CHARACTERS].decode("utf-8", "backslashreplace"))
        raise BadDataError(
            f"a frame of Bybit cannot be used and is left out: {shown(str(error))}: {start}"
        ) from None
    UNKNOWN_FIELDS.note(kind, frame)
    if len(messages) > 1:
        return Several(tuple(messages))
    return messages[0] if messages else None


def trades(envelope: _Frame) -> list[OneMessage]:
    """`publicTrade.<symbol>`; the id is a UUID, of which 63 bits are kept: ids tell nothing about holes.

    {"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,
    "s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick",
    "i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"seq":1783284617}]}
    """
    return [
        Trade(
            one.symbol,
            one.time_ms * 1_000,
            int(one.trade_id.replace("-", ""), 16) & _LARGEST_ID,
            one.price,
            one.quantity,
            one.taker_side == "Sell",
        )
        for one in _TRADES.decode(envelope.data)
    ]


def candles(envelope: _Frame) -> list[OneMessage]:
    """`kline.1.<symbol>`; candles of another length say nothing to HYDRA.

    {"topic":"kline.1.BTCUSDT","data":[{"start":1672324800000,"end":1672324859999,"interval":"1",
    "open":"16649.5","close":"16677","high":"16677","low":"16608","volume":"2.081","turnover":"34666.4005",
    "confirm":true,"timestamp":1672324860012}],"ts":1672324860012,"type":"snapshot"}
    """
    symbol = envelope.topic.rpartition(".")[2]
    return [_candle(symbol, one) for one in _CANDLES.decode(envelope.data) if one.interval == "1"]


def liquidations(envelope: _Frame) -> list[OneMessage]:
    """`allLiquidation.<symbol>`: Buy is a liquidated long; the price is the one of bankruptcy.

    {"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,"data":[{"T":1739502302929,
    "s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}
    """
    return [
        ForcedOrder(
            one.symbol,
            one.time_ms * 1_000,
            Side.LONG if one.position_side == "Buy" else Side.SHORT,
            one.price,
            one.quantity,
        )
        for one in _LIQUIDATIONS.decode(envelope.data)
    ]


def premium_index(envelope: _Frame) -> list[OneMessage]:
    """`tickers.<symbol>`: empty for a delta without news of mark, index or funding.

    {"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"PlusTick",
    "price24hPcnt":"0.017103","lastPrice":"17216.00","prevPrice24h":"16926.50","highPrice24h":"17281.50",
    "lowPrice24h":"16915.00","prevPrice1h":"17238.00","markPrice":"17217.33","indexPrice":"17227.36",
    "openInterest":"68744.761","openInterestValue":"1183601235.91","turnover24h":"1570383121.943499",
    "volume24h":"91705.276","nextFundingTime":"1673280000000","fundingRate":"-0.000212",
    "bid1Price":"17215.50","bid1Size":"84.489","ask1Price":"17216.00","ask1Size":"83.020"},
    "cs":24987956059,"ts":1673272861686}
    """
    news = _TICKER.decode(envelope.data)
    newest = news if envelope.type == "snapshot" else _merged(_tickers.get(news.symbol), news)
    _tickers[news.symbol] = newest
    values = newest.mark_price, newest.index_price, newest.funding_rate, newest.next_funding_ms
    mark_price, index_price, funding_rate, next_funding_ms = values
    if mark_price is None or index_price is None or funding_rate is None or next_funding_ms is None:
        return []
    if news == _Ticker(news.symbol):
        return []
    time_us, next_us = envelope.time_ms * 1_000, next_funding_ms * 1_000
    return [PremiumIndex(news.symbol, time_us, mark_price, index_price, funding_rate, next_us)]


def order_book(envelope: _Frame) -> list[OneMessage]:
    """`orderbook.<levels>.<symbol>`: a snapshot begins every subscription, and ids go up by one.

    {"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT",
    "b":[["30247.20","30.028"],["30245.40","0"]],"a":[["30248.70","0"],["30249.30","0.892"]],
    "u":177400507,"seq":66544703342},"cts":1687940967464}
    """
    book = _DEPTH.decode(envelope.data)
    time_us = (envelope.engine_ms or envelope.time_ms) * 1_000
    number = book.update_id
    if envelope.type == "snapshot":
        return [DepthSnapshot(book.symbol, time_us, number, book.bids, book.asks)]
    return [DepthUpdate(book.symbol, time_us, number, number, number - 1, book.bids, book.asks)]


def subscription_answer(body: Any) -> SubscriptionAnswer | None:
    """The answer to a subscription (`req_id` is its number; 0 where it has none); None for a pong.

    {"success":true,"ret_msg":"","conn_id":"cejreaspqfm9se7usbrg-2xh","req_id":"1","op":"subscribe"}
    {"success":false,"ret_msg":"Invalid topic: invalid.topic.BTCUSDT","conn_id":"cejreaspqfm9se7usbrg-2xh",
    "op":"subscribe"}
    """
    if not isinstance(body, dict) or "op" not in body:
        raise ValueError("it is neither a topic nor an answer")
    if body["op"] in {"ping", "pong"}:
        return None
    request = str(body.get("req_id") or "0")
    return SubscriptionAnswer(
        int(request), None if body.get("success") else str(body.get("ret_msg") or "no reason given")
    )


_TRADES: Final = msgspec.json.Decoder(list[_Trade], strict=False)
_CANDLES: Final = msgspec.json.Decoder(list[_Candle], strict=False)
_LIQUIDATIONS: Final = msgspec.json.Decoder(list[_Liquidation], strict=False)
_TICKER: Final = msgspec.json.Decoder(_Ticker, strict=False)
_DEPTH: Final = msgspec.json.Decoder(_Depth, strict=False)

_PARSERS: Final[dict[str, Callable[[_Frame], list[OneMessage]]]] = {
    "publicTrade": trades,
    "kline": candles,
    "allLiquidation": liquidations,
    "tickers": premium_index,
    "orderbook": order_book,
}


def _candle(symbol: str, bar: _Candle) -> ClosedCandle | RunningCandle:
    if not bar.confirm:
        return RunningCandle(symbol, bar.timestamp * 1_000)
    if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        raise ValueError("open, high, low and close of a closed candle contradict each other")
    return ClosedCandle(
        symbol,
        bar.start * 1_000,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.turnover,
        None,
        None,
        None,
    )


def _merged(known: _Ticker | None, news: _Ticker) -> _Ticker:
    if known is None:
        return news
    changes = {name: value for name, value in msgspec.structs.asdict(news).items() if value is not None}
    return msgspec.structs.replace(known, **changes)
