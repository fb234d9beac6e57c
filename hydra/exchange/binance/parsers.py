"""Binance USD-M: raw frames of its public streams, and the order book of REST, as messages.

A frame is the event itself or {"stream": ..., "data": event}. Events that HYDRA does not hear (bookTicker,
orders of the account, whole-market arrays) give None. The JSON in each docstring is a message as the exchange
sends it; the tests parse it. Source: docs/exchange.md.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from hydra.domain import Side
from hydra.errors import BadDataError
from hydra.exchange.interface import Feed
from hydra.exchange.messages import (
    ClosedCandle,
    DepthSnapshot,
    DepthUpdate,
    ForcedOrder,
    Message,
    PremiumIndex,
    RunningCandle,
    SubscriptionAnswer,
    Trade,
)
from hydra.exchange.unknown_fields import UnknownFields
from hydra.exchange.wire_numbers import (
    Count,
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

_CANDLE_MS: Final = 60_000
_SHOWN_CHARACTERS: Final = 200


class _AggregateTrade(Struct, tag_field="e", tag="aggTrade", gc=False):
    symbol: Symbol = field(name="s")
    trade_id: SequenceNumber = field(name="a")
    price: Price = field(name="p")
    quantity: TradedQuantity = field(name="q")
    time_ms: Milliseconds = field(name="T")
    buyer_is_maker: bool = field(name="m")


class _Candle(Struct, gc=False):
    # null: a simulated exchange that serves history in which it is not recorded.
    open_ms: Milliseconds = field(name="t")
    interval: str = field(name="i")
    open: Price = field(name="o")
    high: Price = field(name="h")
    low: Price = field(name="l")
    close: Price = field(name="c")
    volume: Quantity = field(name="v")
    quote_volume: Quantity | None = field(name="q")
    trade_count: Count | None = field(name="n")
    taker_buy_volume: Quantity | None = field(name="V")
    taker_buy_quote_volume: Quantity | None = field(name="Q")
    is_closed: bool = field(name="x")


class _CandleEvent(Struct, tag_field="e", tag="kline", gc=False):
    symbol: Symbol = field(name="s")
    event_ms: Milliseconds = field(name="E")
    candle: _Candle = field(name="k")


class _Order(Struct, gc=False):
    symbol: Symbol = field(name="s")
    side: Literal["BUY", "SELL"] = field(name="S")
    average_price: Quantity = field(name="ap")
    filled_quantity: Quantity = field(name="z")
    time_ms: Milliseconds = field(name="T")


class _ForcedOrderEvent(Struct, tag_field="e", tag="forceOrder", gc=False):
    order: _Order = field(name="o")


class _MarkPrice(Struct, tag_field="e", tag="markPriceUpdate", gc=False):
    symbol: Symbol = field(name="s")
    event_ms: Milliseconds = field(name="E")
    mark_price: Price = field(name="p")
    index_price: Price = field(name="i")
    predicted_rate: Rate = field(name="r")
    next_settlement_ms: Milliseconds = field(name="T")


class _Depth(Struct, tag_field="e", tag="depthUpdate", gc=False):
    symbol: Symbol = field(name="s")
    time_ms: Milliseconds = field(name="T")
    first_id: SequenceNumber = field(name="U")
    last_id: SequenceNumber = field(name="u")
    previous_id: Annotated[int, Meta(ge=-1, le=2**63 - 1)] = field(name="pu")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")


class _Book(Struct, gc=False):
    last_id: SequenceNumber = field(name="lastUpdateId")
    time_ms: Milliseconds = field(name="T")
    bids: Levels
    asks: Levels


_Event = _AggregateTrade | _CandleEvent | _ForcedOrderEvent | _MarkPrice | _Depth


class _Combined(Struct, gc=False):
    data: _Event


_EVENT: Final = msgspec.json.Decoder(_Event, strict=False)
_COMBINED: Final = msgspec.json.Decoder(_Combined, strict=False)
_BOOK: Final = msgspec.json.Decoder(_Book, strict=False)
_COMBINED_START: Final = b'{"stream":'

_BOOK_KIND: Final = "depth"
_KNOWN: Final = {
    "aggTrade": (Feed.TRADES, "e E s a p q f l T m nq st"),
    "kline": (
        Feed.CANDLES,
        "e E s st ps k k.t k.T k.s k.i k.f k.L k.o k.c k.h k.l k.v k.n k.x k.q k.V k.Q k.B",
    ),
    "forceOrder": (
        Feed.LIQUIDATIONS,
        "e E st ps o o.s o.S o.o o.f o.q o.p o.ap o.X o.l o.z o.T o.ps o.st",
    ),
    "markPriceUpdate": (Feed.PREMIUM_INDEX, "e E s p ap i P r T st ps"),
    "depthUpdate": (Feed.ORDER_BOOKS, "e E T s ps st U u pu b a"),
    _BOOK_KIND: (Feed.ORDER_BOOKS, "lastUpdateId E T bids asks"),
}
UNKNOWN_FIELDS: Final = UnknownFields(
    {kind: (feed, frozenset(names.split())) for kind, (feed, names) in _KNOWN.items()}
)
"""Of all frames that this process has parsed."""


def parse(frame: bytes) -> Message | None:
    """The message in a frame; None for one that says nothing to HYDRA.

    Raises:
        BadDataError: the frame is no JSON, or a message that HYDRA hears lacks a field or has an impossible
            value; says which.
    """
    try:
        event = (_COMBINED.decode(frame).data) if frame.startswith(_COMBINED_START) else _EVENT.decode(frame)
    except (ValueError, RecursionError):
        return _unlike_an_event(frame)
    kind, message_of = _HEARD[type(event)]
    UNKNOWN_FIELDS.note(kind, frame)
    return message_of(event)


def depth_snapshot(body: bytes | dict[str, Any], symbol: str) -> DepthSnapshot:
    """The answer of GET /fapi/v1/depth, as text or decoded.

    {"lastUpdateId":1027024,"E":1589436922972,"T":1589436922959,"bids":[["4.00000000","431.00000000"]],
    "asks":[["4.00000200","12.00000000"]]}

    Raises:
        BadDataError: it is none, its sides are not sorted best first, or they cross.
    """
    text = body if isinstance(body, bytes) else msgspec.json.encode(body)
    try:
        book = _BOOK.decode(text)
    except ValueError as error:
        raise _bad(f"the order book of {shown(symbol)}", str(error), text) from None
    UNKNOWN_FIELDS.note(_BOOK_KIND, text)
    bids, asks = ([price for price, _ in side] for side in (book.bids, book.asks))
    if bids != sorted(set(bids), reverse=True) or asks != sorted(set(asks)):
        raise _bad(f"the order book of {shown(symbol)}", "levels are not in order", text)
    if bids and asks and bids[0] >= asks[0]:
        raise _bad(f"the order book of {shown(symbol)}", f"bid {bids[0]} crosses ask {asks[0]}", text)
    return DepthSnapshot(symbol, book.time_ms * 1_000, book.last_id, book.bids, book.asks)


def trade(event: _AggregateTrade) -> Trade:
    """`<symbol>@aggTrade`; `nq`, the quantity without hidden retail orders, is left out.

    {"e":"aggTrade","E":1626992742869,"a":16599293,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961323,
    "l":23961323,"T":1626992742715,"m":false}
    """
    return Trade(
        event.symbol,
        event.time_ms * 1_000,
        event.trade_id,
        event.price,
        event.quantity,
        event.buyer_is_maker,
    )


def candle(event: _CandleEvent) -> ClosedCandle | RunningCandle | None:
    """`<symbol>@kline_1m`; candles of another length say nothing to HYDRA.

    {"e":"kline","E":1626992760203,"s":"SUSHIUSDT","k":{"t":1626992700000,"T":1626992759999,"s":"SUSHIUSDT",
    "i":"1m","f":126902874,"L":126902986,"o":"7.6080","c":"7.6170","h":"7.6180","l":"7.6070","v":"3005",
    "n":113,"x":true,"q":"22875.8590","V":"1900","Q":"14464.6960","B":"0"}}
    """
    bar = event.candle
    if bar.interval != "1m":
        return None
    if not bar.is_closed:
        return RunningCandle(event.symbol, event.event_ms * 1_000)
    if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        raise _impossible_candle(event, "open, high, low and close contradict each other")
    if _exceeds(bar.taker_buy_volume, bar.volume) or _exceeds(bar.taker_buy_quote_volume, bar.quote_volume):
        raise _impossible_candle(event, "takers bought more than was traded")
    if bar.open_ms % _CANDLE_MS:
        raise _impossible_candle(event, "it does not open on a minute")
    return ClosedCandle(
        event.symbol,
        bar.open_ms * 1_000,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.quote_volume,
        bar.trade_count,
        bar.taker_buy_volume,
        bar.taker_buy_quote_volume,
    )


def _exceeds(part: float | None, whole: float | None) -> bool:
    return part is not None and whole is not None and part > whole


def forced_order(event: _ForcedOrderEvent) -> ForcedOrder | None:
    """`<symbol>@forceOrder`: a SELL liquidates a long. None while nothing of it is filled.

    {"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014",
    "p":"9910.00000000","ap":"9910.12345678","X":"FILLED","l":"0.014","z":"0.014","T":1568014460893}}
    """
    order = event.order
    if not order.filled_quantity:
        return None
    if not order.average_price:
        raise BadDataError(f"a forced order of {shown(order.symbol)} is filled at price 0; it is left out")
    side = Side.LONG if order.side == "SELL" else Side.SHORT
    return ForcedOrder(order.symbol, order.time_ms * 1_000, side, order.average_price, order.filled_quantity)


def premium_index(event: _MarkPrice) -> PremiumIndex:
    """`<symbol>@markPrice@1s`.

    {"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091",
    "P":"11784.25641265","r":"0.00038167","T":1562306400000,"st":1}
    """
    return PremiumIndex(
        event.symbol,
        event.event_ms * 1_000,
        event.mark_price,
        event.index_price,
        event.predicted_rate,
        event.next_settlement_ms * 1_000,
    )


def depth_update(event: _Depth) -> DepthUpdate:
    """`<symbol>@depth@100ms`.

    {"stream":"sushiusdt@depth@100ms","data":{"e":"depthUpdate","E":1626992741037,"T":1626992741024,
    "s":"SUSHIUSDT","U":600859599090,"u":600859600917,"pu":600859598061,"b":[["7.5040","813"],["7.6090","0"],
    ["7.6110","2"]],"a":[["7.6150","1563"],["7.6220","3284"]]}}
    """
    if event.first_id > event.last_id or event.previous_id >= event.last_id:
        raise BadDataError(
            f"a depth update of {shown(event.symbol)} has the ids {event.first_id} to {event.last_id} after "
            f"{event.previous_id}, which is no order; it is left out"
        )
    return DepthUpdate(
        event.symbol,
        event.time_ms * 1_000,
        event.first_id,
        event.last_id,
        event.previous_id,
        event.bids,
        event.asks,
    )


def subscription_answer(body: dict[str, Any]) -> SubscriptionAnswer:
    """The answer to a request; id 0 where the exchange names none (it could not read the request).

    {"result":null,"id":1}
    {"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":3}
    """
    request_id = body.get("id") or 0
    if not isinstance(request_id, int):
        raise _bad("an answer", "its id is no number", msgspec.json.encode(body))
    error = body.get("error")
    if error is None:
        return SubscriptionAnswer(request_id, None)
    if isinstance(error, dict) and "msg" in error:
        return SubscriptionAnswer(request_id, f"{error['msg']} ({error.get('code')})")
    return SubscriptionAnswer(request_id, str(error))


_HEARD: Final[dict[type[Struct], tuple[str, Callable[[Any], Message | None]]]] = {
    _AggregateTrade: ("aggTrade", trade),
    _CandleEvent: ("kline", candle),
    _ForcedOrderEvent: ("forceOrder", forced_order),
    _MarkPrice: ("markPriceUpdate", premium_index),
    _Depth: ("depthUpdate", depth_update),
}


def _unlike_an_event(frame: bytes) -> Message | None:
    """What is no event as the fast path knows it: an answer, an unheard event, white space, or damage."""
    try:
        body = msgspec.json.decode(frame)
    except (ValueError, RecursionError) as error:
        raise _bad("a frame", str(error), frame) from None
    event = body["data"] if isinstance(body, dict) and "stream" in body and "data" in body else body
    if isinstance(event, list) and all(isinstance(one, dict) for one in event):
        return None
    if not isinstance(event, dict):
        raise _bad("a frame", "it is no message", frame)
    kind = event.get("e")
    if isinstance(kind, str):
        return _event_of(kind, event, frame)
    if "result" in event or "error" in event:
        return subscription_answer(event)
    raise _bad("a frame", "it is neither an event nor an answer", frame)


def _event_of(kind: str, event: dict[str, Any], frame: bytes) -> Message | None:
    for event_type, (heard, message_of) in _HEARD.items():
        if heard == kind:
            try:
                message = message_of(msgspec.convert(event, event_type, strict=False))
            except ValueError as error:
                raise _bad(f"a {kind}", str(error), frame) from None
            UNKNOWN_FIELDS.note(kind, frame)
            return message
    return None


def _bad(what: str, reason: str, text: bytes) -> BadDataError:
    start = shown(text[:_SHOWN_CHARACTERS].decode("utf-8", "backslashreplace"))
    return BadDataError(f"{what} of Binance cannot be used and is left out: {shown(reason)}: {start}")


def _impossible_candle(event: _CandleEvent, reason: str) -> BadDataError:
    return BadDataError(
        f"a closed candle of {shown(event.symbol)} that opened at {event.candle.open_ms} ms is left out: "
        f"{reason}"
    )
