"""Orders as Binance's parameters. Numbers are text of ours: nothing rounds them on the way.

Stops and targets go to the store of conditional orders and are triggered by the mark price (C45).
Source: docs/exchange.md, "The account".
"""

from decimal import Decimal
from typing import Final, NamedTuple

from hydra.domain import OrderType
from hydra.durations import SECOND_MS
from hydra.exchange.account import ORDER_WINDOW_S
from hydra.layers.layer5_orders import OrderPlan

_TIME_IN_FORCE: Final = {OrderType.LIMIT: "GTC", OrderType.POST_ONLY: "GTX"}


class OrderRequest(NamedTuple):
    """The endpoint of ccxt and the parameters of a call that places an order."""

    endpoint: str
    parameters: dict[str, str]


def order_request(symbol: str, plan: OrderPlan) -> OrderRequest:
    """The call that places the order of `plan`."""
    shared = {
        "symbol": symbol,
        "side": "BUY" if plan.is_buy else "SELL",
        "newOrderRespType": "RESULT",
        "recvWindow": str(round(ORDER_WINDOW_S * SECOND_MS)),
    } | _extent(plan)
    if plan.order_type.is_conditional:
        own = {
            "algoType": "CONDITIONAL",
            "type": plan.order_type.value,
            "triggerPrice": _price(plan.trigger_price, plan),
            "workingType": "MARK_PRICE",
            "clientAlgoId": plan.client_order_id,
        }
        return OrderRequest("fapiPrivatePostAlgoOrder", shared | own)
    own = {"type": "MARKET", "newClientOrderId": plan.client_order_id}
    if plan.order_type is not OrderType.MARKET:
        own |= {
            "type": "LIMIT",
            "price": _price(plan.limit_price, plan),
            "timeInForce": _TIME_IN_FORCE[plan.order_type],
        }
    return OrderRequest("fapiPrivatePostOrder", shared | own)


def _extent(plan: OrderPlan) -> dict[str, str]:
    """How much it buys or sells; the exchange takes neither of the other two beside closePosition."""
    if plan.closes_position:
        return {"closePosition": "true"}
    reduces = {"reduceOnly": "true"} if plan.reduce_only else {}
    return {"quantity": text(plan.quantity), **reduces}


def _price(price: Decimal | None, plan: OrderPlan) -> str:
    if price is None:
        raise ValueError(f"the {plan.order_type} order {plan.client_order_id} has no price")
    return text(price)


def text(number: Decimal) -> str:
    """A number as the exchange reads it: no exponent."""
    return format(number, "f")
