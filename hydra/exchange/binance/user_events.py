"""Binance's user stream: raw frames as events of an account.

A frame is the event itself or {"stream": ..., "data": event}. Events that HYDRA does not hear (TRADE_LITE,
MARGIN_CALL ...) and answers to requests give None. The JSON in each docstring is a message as the exchange
sends it; the tests parse it. Source: docs/exchange.md, "The account".
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, field

from hydra.errors import BadDataError
from hydra.exchange.account import (
    AccountEvent,
    AccountUpdate,
    BalanceSeen,
    OrderSeen,
    OrderUpdate,
    PositionSeen,
    StreamEnded,
    TradeSeen,
)
from hydra.exchange.binance.account_answers import ASSET
from hydra.exchange.binance.order_words import (
    Row,
    conditional_state_of,
    expiry_words,
    state_of,
    told,
    type_of,
)
from hydra.exchange.wire_numbers import Milliseconds, SequenceNumber, Symbol, instant_of
from hydra.outside_text import shown

EVENTS: Final = ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE", "listenKeyExpired")
"""What is asked for in the URL: without names, streams were seen to stay silent."""

_FILLS: Final = frozenset({"TRADE", "CALCULATED"})
_ISOLATED: Final = "isolated"
_SHOWN_BYTES: Final = 200
_Side = Literal["BUY", "SELL"]


class _Order(Row):
    symbol: Symbol = field(name="s")
    client_order_id: str = field(name="c")
    order_id: SequenceNumber = field(name="i")
    side: _Side = field(name="S")
    type: str = field(name="o")
    time_in_force: str = field(name="f")
    quantity: Decimal = field(name="q")
    price: Decimal = field(name="p")
    average_price: Decimal = field(name="ap")
    execution: str = field(name="x")
    status: str = field(name="X")
    filled: Decimal = field(name="z")
    time_ms: Milliseconds = field(name="T")
    reduce_only: bool = field(name="R")
    trade_id: int = field(name="t", default=0)
    last_quantity: Decimal = field(name="l", default=Decimal(0))
    last_price: Decimal = field(name="L", default=Decimal(0))
    # null or absent where nothing was paid.
    fee: Decimal | None = field(name="n", default=None)
    fee_asset: str | None = field(name="N", default=None)
    is_maker: bool = field(name="m", default=False)
    realised: Decimal = field(name="rp", default=Decimal(0))
    expiry: str = field(name="er", default="0")


class _OrderEvent(Struct, tag_field="e", tag="ORDER_TRADE_UPDATE", gc=False):
    order: _Order = field(name="o")


class _Conditional(Row):
    symbol: Symbol = field(name="s")
    client_order_id: str = field(name="caid")
    algo_id: SequenceNumber = field(name="aid")
    side: _Side = field(name="S")
    type: str = field(name="o")
    status: str = field(name="X")
    trigger_price: Decimal = field(name="tp")
    price: Decimal = field(name="p")
    reduce_only: bool = field(name="R")
    quantity: Decimal | None = field(name="q", default=None)
    child: str | int | None = field(name="ai", default=None)
    average_price: Decimal = field(name="ap", default=Decimal(0))
    filled: Decimal = field(name="aq", default=Decimal(0))
    reject_reason: str = field(name="rm", default="")


class _ConditionalEvent(Struct, tag_field="e", tag="ALGO_UPDATE", gc=False):
    time_ms: Milliseconds = field(name="T")
    order: _Conditional = field(name="o")


class _Balance(Row):
    asset: str = field(name="a")
    wallet: Decimal = field(name="wb")


class _Position(Row):
    symbol: Symbol = field(name="s")
    quantity: Decimal = field(name="pa")
    entry_price: Decimal = field(name="ep")
    margin_type: str = field(name="mt")


class _Account(Struct, gc=False):
    reason: str = field(name="m")
    balances: list[_Balance] = field(name="B", default_factory=list)
    positions: list[_Position] = field(name="P", default_factory=list)


class _AccountEvent(Struct, tag_field="e", tag="ACCOUNT_UPDATE", gc=False):
    time_ms: Milliseconds = field(name="T")
    account: _Account = field(name="a")


class _Expired(Struct, tag_field="e", tag="listenKeyExpired", gc=False):
    pass


_Heard = _OrderEvent | _ConditionalEvent | _AccountEvent | _Expired


class _Kind(Struct, gc=False):
    """What a frame is, as far as that can be told before it is read."""

    event: str | None = field(name="e", default=None)
    data: msgspec.Raw = field(default_factory=msgspec.Raw)
    result: Any = msgspec.UNSET
    error: Any = msgspec.UNSET


_KIND: Final = msgspec.json.Decoder(_Kind)
_HEARD: Final = msgspec.json.Decoder(_Heard, strict=False)


def parse(frame: bytes) -> AccountEvent | None:
    """The event in a frame; None for one that says nothing to HYDRA.

    Raises:
        BadDataError: it is no message of this stream, or a field is missing or wrong; says which.
    """
    try:
        return _event_in(frame)
    except (ValueError, RecursionError) as error:
        start = shown(frame[:_SHOWN_BYTES].decode("utf-8", "backslashreplace"))
        raise BadDataError(
            f"a frame of the user stream cannot be used: {shown(str(error))}: {start}"
        ) from None


def _event_in(frame: bytes) -> AccountEvent | None:
    kind = _KIND.decode(frame)
    if wrapped := bytes(kind.data):
        return _event_in(wrapped)
    if kind.event in EVENTS:
        event = _HEARD.decode(frame)
        return _EVENT_OF[type(event)](event)
    if kind.event is None and kind.result is msgspec.UNSET and kind.error is msgspec.UNSET:
        raise ValueError("it is neither an event nor an answer")
    return None


def order_update(event: _OrderEvent) -> OrderUpdate:
    """An ordinary order began, changed, filled or ended.

    {"e":"ORDER_TRADE_UPDATE","T":1568879465650,"E":1568879465651,"o":{"s":"BTCUSDT","c":"hy-entry-1","S":"SELL",
    "o":"LIMIT","f":"GTX","q":"0.003","p":"9910.5","ap":"9910.5","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED",
    "i":8886774,"l":"0.001","z":"0.001","L":"9910.5","n":"0.00198210","N":"USDT","T":1568879465650,"t":1,
    "b":"0","a":"19.821","m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,
    "rp":"0","pP":false,"si":0,"ss":0,"V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}
    """
    order = event.order
    seen = OrderSeen(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        exchange_order_id=order.order_id,
        is_conditional=False,
        order_type=type_of(order.type, order.time_in_force),
        state=state_of(order.status),
        is_buy=order.side == "BUY",
        quantity=order.quantity,
        filled_quantity=order.filled,
        average_price=told(order.average_price),
        limit_price=told(order.price),
        trigger_price=None,
        reduce_only=order.reduce_only,
        time=instant_of(order.time_ms * 1_000),
        reason=expiry_words(order.expiry),
    )
    return OrderUpdate(seen, _trade(order))


def _trade(order: _Order) -> TradeSeen | None:
    """The fill; one without an id (a liquidation) is left to the list of trades."""
    if order.execution not in _FILLS or not order.last_quantity or not order.trade_id:
        return None
    return TradeSeen(
        symbol=order.symbol,
        trade_id=order.trade_id,
        exchange_order_id=order.order_id,
        client_order_id=order.client_order_id,
        is_buy=order.side == "BUY",
        price=order.last_price,
        quantity=order.last_quantity,
        fee=order.fee or Decimal(0),
        fee_asset=order.fee_asset or ASSET,
        is_maker=order.is_maker,
        realised_usd=order.realised,
        time=instant_of(order.time_ms * 1_000),
    )


def conditional_update(event: _ConditionalEvent) -> OrderUpdate:
    """A conditional order began, fired or ended; `isActivated` stays false whatever happens.

    {"e":"ALGO_UPDATE","T":1750515742297,"E":1750515742303,"o":{"caid":"hy-stop-1","aid":2148719,
    "at":"CONDITIONAL","o":"STOP_MARKET","s":"BTCUSDT","S":"SELL","ps":"BOTH","f":"GTC","q":"0.01",
    "X":"TRIGGERED","ai":"8886775","ap":"0.0000000000","aq":"0","act":"MARKET","tp":"57000.0","p":"0",
    "V":"EXPIRE_MAKER","wt":"MARK_PRICE","pm":"NONE","cp":false,"pP":false,"R":true,"tt":1750515742290,"gtd":0,
    "rm":"","ia":false}}
    """
    order = event.order
    quantity = order.quantity or Decimal(0)
    seen = OrderSeen(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        exchange_order_id=order.algo_id,
        is_conditional=True,
        order_type=type_of(order.type, ""),
        state=conditional_state_of(order.status, order.filled, quantity),
        is_buy=order.side == "BUY",
        quantity=quantity,
        filled_quantity=order.filled,
        average_price=told(order.average_price),
        limit_price=told(order.price),
        trigger_price=told(order.trigger_price),
        reduce_only=order.reduce_only,
        time=instant_of(event.time_ms * 1_000),
        child_order_id=int(order.child or 0) or None,
        reason=order.reject_reason,
    )
    return OrderUpdate(seen, None)


def account_update(event: _AccountEvent) -> AccountUpdate:
    """Money or positions changed.

    {"e":"ACCOUNT_UPDATE","T":1564745798938,"E":1564745798939,"a":{"m":"ORDER","B":[{"a":"USDT",
    "wb":"4999.99801790","cw":"4999.99801790","bc":"0"}],"P":[{"s":"BTCUSDT","pa":"-0.001",
    "ep":"9910.5000000000","bep":"9908.5","cr":"0","up":"0.01","mt":"isolated","iw":"0.99","ps":"BOTH"}]}}
    """
    account = event.account
    return AccountUpdate(
        balance=next((BalanceSeen(one.wallet, None) for one in account.balances if one.asset == ASSET), None),
        positions=tuple(
            PositionSeen(one.symbol, one.quantity, one.entry_price, one.margin_type == _ISOLATED)
            for one in account.positions
        ),
        reason=account.reason,
        time=instant_of(event.time_ms * 1_000),
    )


def expired(_event: _Expired) -> StreamEnded:
    """The key was not renewed in time: nothing more comes.

    {"e":"listenKeyExpired","E":1699596037418,"listenKey":"OfYGbUzi3PraNagEkdKuFwUHn48brFsItTdsuiIXrucvceD0rhRXZ7"}
    """
    return StreamEnded("the exchange says that its key has expired")


_EVENT_OF: Final[dict[type[Struct], Callable[[Any], AccountEvent]]] = {
    _OrderEvent: order_update,
    _ConditionalEvent: conditional_update,
    _AccountEvent: account_update,
    _Expired: expired,
}
