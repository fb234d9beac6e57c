"""Orders on the wire: parameters to requests of the account, its records to answers."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from hydra.sim.exchange.account import answers, refusals
from hydra.sim.exchange.account.account import Account
from hydra.sim.exchange.account.records import Order
from hydra.sim.exchange.account.requests import ConditionalRequest, OrderChange, OrderKey, OrderRequest
from hydra.sim.exchange.account.words import (
    CONDITIONAL_LIMIT_TYPES,
    CONDITIONAL_TYPES,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
    WorkingType,
)
from hydra.sim.exchange.private.fields import NOT_SUPPORTED, Fields
from hydra.sim.exchange.refusals import Refusal, missing, not_valid, refusal

Answer = Any
_BAD_SIDE: Final = refusal(400, -1117, "Invalid side.")
_BAD_BATCH: Final = refusal(400, -4082, "Invalid batch place order size.")
_WRONG_POSITION_SIDE: Final = refusal(400, -4061, "Order's position side does not match user's setting.")
_CANCELLED_ALL: Final = {"code": 200, "msg": "The operation of cancel all open order is done."}
_TRAILING: Final = "TRAILING_STOP_MARKET"
_MOST_IN_BATCH: Final = 5
_MOST_CANCELS: Final = 10
_SETTLED_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX})
_ALL_ORDER: Final = frozenset({"symbol", "side", "positionSide", "type", "timeInForce", "quantity", "price"})
_COMMON: Final = _ALL_ORDER | {
    "reduceOnly",
    "newOrderRespType",
    "priceMatch",
    "selfTradePreventionMode",
    "goodTillDate",
    "closePosition",
    "workingType",
    "priceProtect",
    "callbackRate",
}
OF_ORDER: Final = _COMMON | {"newClientOrderId", "stopPrice", "activationPrice"}
OF_CHANGE: Final = _ALL_ORDER | {"orderId", "origClientOrderId", "reduceOnly", "modifyId", "priceMatch"}
OF_CONDITIONAL: Final = _COMMON | {"algoType", "triggerPrice", "activatePrice", "clientAlgoId"}


def place(account: Account, fields: Fields, now_ms: int) -> Answer:
    """POST order."""
    return _receipt(account.place(_order(fields), now_ms), fields)


def place_batch(account: Account, fields: Fields, now_ms: int) -> Answer:
    """POST batchOrders: one after the other, each with its own answer."""
    return _each(fields, lambda one: _receipt(account.place(_order(one), now_ms), one))


def modify(account: Account, fields: Fields, now_ms: int) -> Answer:
    """PUT order."""
    return answers.order_receipt(account.modify(_change(fields), now_ms))


def modify_batch(account: Account, fields: Fields, now_ms: int) -> Answer:
    """PUT batchOrders."""
    return _each(fields, lambda one: answers.order_receipt(account.modify(_change(one), now_ms)))


def cancel(account: Account, fields: Fields, now_ms: int) -> Answer:
    """DELETE order."""
    return _cancelled(account, fields.order_key(), now_ms)


def cancel_batch(account: Account, fields: Fields, now_ms: int) -> Answer:
    """DELETE batchOrders."""
    symbol = fields.symbol()
    ids = fields.list("orderIdList", "orderidlist")
    names = fields.list("origClientOrderIdList", "origclientorderidlist")
    if not all(isinstance(one, int) for one in ids) or not all(isinstance(one, str) for one in names):
        raise not_valid("orderIdList" if ids else "origClientOrderIdList")
    keys = [OrderKey(symbol, one) for one in ids] or [OrderKey(symbol, None, one) for one in names]
    if not 1 <= len(keys) <= _MOST_CANCELS:
        raise _BAD_BATCH
    return [_or_refusal(partial(_cancelled, account, key, now_ms)) for key in keys]


def cancel_all(account: Account, fields: Fields, now_ms: int) -> Answer:
    """DELETE allOpenOrders."""
    account.cancel_all(fields.symbol(), now_ms)
    return _CANCELLED_ALL


def count_down(account: Account, fields: Fields, now_ms: int) -> Answer:
    """POST countdownCancelAll."""
    symbol, countdown_ms = fields.symbol(), fields.mandatory_whole("countdownTime")
    account.count_down(symbol, countdown_ms, now_ms)
    return {"symbol": symbol, "countdownTime": str(countdown_ms)}


def order(account: Account, fields: Fields, now_ms: int) -> Answer:
    """GET order."""
    return answers.order_row(account.order(fields.order_key(), now_ms))


def open_order(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET openOrder."""
    return answers.order_row(account.open_order(fields.order_key()))


def open_orders(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET openOrders."""
    return [answers.order_row(one) for one in account.open_orders(fields.optional_symbol())]


def all_orders(account: Account, fields: Fields, now_ms: int) -> Answer:
    """GET allOrders."""
    found = account.orders(fields.optional_symbol(), fields.week("orderId"), now_ms)
    return [answers.order_row(one) for one in found]


def place_conditional(account: Account, fields: Fields, now_ms: int) -> Answer:
    """POST algoOrder."""
    return answers.conditional_receipt(account.place_conditional(_conditional(fields), now_ms))


def cancel_conditional(account: Account, fields: Fields, now_ms: int) -> Answer:
    """DELETE algoOrder."""
    return answers.conditional_cancel_receipt(account.cancel_conditional(fields.conditional_key(), now_ms))


def cancel_all_conditional(account: Account, fields: Fields, now_ms: int) -> Answer:
    """DELETE algoOpenOrders."""
    account.cancel_all_conditional(fields.symbol(), now_ms)
    return _CANCELLED_ALL


def conditional(account: Account, fields: Fields, now_ms: int) -> Answer:
    """GET algoOrder."""
    return answers.conditional_answer(account.conditional_order(fields.conditional_key(), now_ms))


def open_conditionals(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET openAlgoOrders."""
    found = account.open_conditional_orders(fields.optional_symbol())
    algo_id = fields.whole("algoId")
    return [answers.open_conditional_row(one) for one in found if algo_id in {None, one.algo_id}]


def all_conditionals(account: Account, fields: Fields, now_ms: int) -> Answer:
    """GET allAlgoOrders."""
    found = account.conditional_orders(fields.symbol(), fields.week("algoId"), now_ms)
    return [answers.conditional_row(one) for one in found]


def _cancelled(account: Account, key: OrderKey, now_ms: int) -> Answer:
    return answers.order_receipt(account.cancel(key, now_ms))


def _order(fields: Fields) -> OrderRequest:
    if fields.text("type") in {*CONDITIONAL_TYPES, _TRAILING}:
        raise refusals.USE_ALGO_ENDPOINT
    symbol, kind = fields.symbol(), fields.word("type", OrderType, refusals.BAD_ORDER_TYPE)
    side = fields.word("side", OrderSide, _BAD_SIDE)
    fields.refuse("stopPrice", "activationPrice", "callbackRate")
    if fields.flag("closePosition"):
        raise refusals.close_position_type(kind)
    _refuse_unmodelled(fields)
    if kind is OrderType.LIMIT:
        price, time_in_force = fields.mandatory_number("price"), _time_in_force(fields)
    elif kind is OrderType.MARKET:
        fields.refuse("price", "timeInForce")
        price, time_in_force = None, TimeInForce.GTC
    else:
        raise refusals.BAD_ORDER_TYPE
    return OrderRequest(
        symbol,
        side,
        kind,
        fields.mandatory_number("quantity"),
        price,
        time_in_force,
        fields.flag("reduceOnly"),
        fields.optional("newClientOrderId"),
    )


def _time_in_force(fields: Fields) -> TimeInForce:
    return fields.word("timeInForce", TimeInForce, refusals.BAD_TIME_IN_FORCE)


def _refuse_unmodelled(fields: Fields) -> None:
    """Hedge mode, price match and good-till dates are not simulated: nothing is silently another order."""
    if (fields.optional("newOrderRespType") or "ACK") not in {"ACK", "RESULT"}:
        raise not_valid("newOrderRespType")
    if (fields.optional("positionSide") or "BOTH") != "BOTH":
        raise _WRONG_POSITION_SIDE
    if (fields.optional("priceMatch") or "NONE") != "NONE" or fields.optional("timeInForce") == "GTD":
        raise NOT_SUPPORTED


def _conditional(fields: Fields) -> ConditionalRequest:
    if fields.text("algoType") != "CONDITIONAL":
        raise not_valid("algoType")
    if fields.text("type") == _TRAILING:
        raise NOT_SUPPORTED
    kind = fields.word("type", OrderType, refusals.BAD_ORDER_TYPE)
    if kind not in CONDITIONAL_TYPES:
        raise refusals.BAD_ORDER_TYPE
    fields.refuse("activatePrice", "callbackRate")
    _refuse_unmodelled(fields)
    closes = fields.flag("closePosition")
    return ConditionalRequest(
        fields.symbol(),
        fields.word("side", OrderSide, _BAD_SIDE),
        kind,
        fields.mandatory_number("triggerPrice"),
        fields.number("quantity") if closes else fields.mandatory_number("quantity"),
        fields.mandatory_number("price") if kind in CONDITIONAL_LIMIT_TYPES else fields.number("price"),
        _time_in_force(fields) if "timeInForce" in fields else TimeInForce.GTC,
        fields.word("workingType", WorkingType) if "workingType" in fields else WorkingType.CONTRACT_PRICE,
        fields.flag("priceProtect"),
        closes,
        fields.flag("reduceOnly"),
        fields.optional("clientAlgoId"),
    )


def _change(fields: Fields) -> OrderChange:
    key, side = fields.order_key(), fields.word("side", OrderSide, _BAD_SIDE)
    _refuse_unmodelled(fields)
    return OrderChange(key, side, fields.mandatory_number("quantity"), fields.number("price"))


def _receipt(order: Order, fields: Fields) -> Answer:
    """RESULT tells the end of what ends at once; anything else answers as if nothing had filled yet."""
    answer = answers.order_receipt(order)
    ends_at_once = order.type is OrderType.MARKET or order.time_in_force in _SETTLED_AT_ONCE
    if fields.optional("newOrderRespType") == "RESULT" and ends_at_once:
        return answer
    return {**answer, "status": OrderStatus.NEW.value, "executedQty": "0", "cumQty": "0"}


def _each(fields: Fields, answer: Callable[[Fields], Answer]) -> list[Answer]:
    """An answer for each order of a batch."""
    orders = fields.list("batchOrders")
    if not orders and "batchOrders" not in fields:
        raise missing("batchOrders")
    if not 1 <= len(orders) <= _MOST_IN_BATCH or not all(isinstance(one, dict) for one in orders):
        raise _BAD_BATCH
    return [_or_refusal(partial(answer, fields.inside(one))) for one in orders]


def _or_refusal(answer: Callable[[], Answer]) -> Answer:
    try:
        return answer()
    except Refusal as refused:
        return refused.with_traceback(None).body
