"""The account's orders, trades and income as Binance's REST answers."""

from typing import Any, Final

from hydra.sim.exchange.account.records import ConditionalOrder, Income, Order, UserTrade
from hydra.sim.exchange.account.reports import ASSET, mean_price_text, text

Answer = dict[str, Any]

_NO_PROTECTION: Final = {
    "workingType": "CONTRACT_PRICE",
    "priceProtect": False,
    "priceMatch": "NONE",
    "selfTradePreventionMode": "EXPIRE_MAKER",
    "goodTillDate": 0,
}


def order_receipt(order: Order) -> Answer:
    """The answer of POST, PUT, DELETE order and of batches: without avgPrice and cumQuote."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_id,
        "price": text(order.price),
        "origQty": text(order.quantity),
        "executedQty": text(order.filled),
        "cumQty": text(order.filled),
        "timeInForce": order.time_in_force,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": "BOTH",
        "stopPrice": "0",
        **_NO_PROTECTION,
        "origType": order.type,
        "updateTime": order.updated_ms,
    }


def order_row(order: Order) -> Answer:
    """A row of GET order, openOrder, openOrders, allOrders."""
    receipt = order_receipt(order)
    del receipt["cumQty"]
    return {
        **receipt,
        "pair": order.symbol,
        "avgPrice": mean_price_text(order.average_price),
        "cumQuote": text(order.filled_usd),
        "time": order.created_ms,
    }


def conditional_receipt(order: ConditionalOrder) -> Answer:
    """The answer of POST algoOrder."""
    return {
        "algoId": order.algo_id,
        "clientAlgoId": order.client_id,
        "algoType": "CONDITIONAL",
        "orderType": order.type,
        "symbol": order.symbol,
        "side": order.side,
        "positionSide": "BOTH",
        "timeInForce": order.time_in_force,
        "quantity": text(order.quantity),
        "algoStatus": order.status,
        "triggerPrice": text(order.trigger_price),
        "price": text(order.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": order.working_type,
        "priceMatch": "NONE",
        "closePosition": order.close_position,
        "priceProtect": order.price_protect,
        "reduceOnly": order.reduce_only,
        "createTime": order.created_ms,
        "updateTime": order.updated_ms,
        "triggerTime": order.triggered_ms,
        "goodTillDate": 0,
    }


def conditional_cancel_receipt(order: ConditionalOrder) -> Answer:
    """The answer of DELETE algoOrder: code is a string."""
    return {"algoId": order.algo_id, "clientAlgoId": order.client_id, "code": "200", "msg": "success"}


def open_conditional_row(order: ConditionalOrder) -> Answer:
    """A row of GET openAlgoOrders. isActivated stays false whatever happens."""
    child = order.child
    return {
        **conditional_receipt(order),
        "actualOrderId": str(child.order_id) if child else "",
        "actualQty": text(child.filled) if child else "0",
        "isActivated": False,
    }


def conditional_row(order: ConditionalOrder) -> Answer:
    """A row of GET allAlgoOrders."""
    child = order.child
    return {
        **conditional_receipt(order),
        "actualOrderId": str(child.order_id) if child else "",
        "actualPrice": mean_price_text(child.average_price) if child else "0",
        "tpOrderType": "",
    }


def conditional_answer(order: ConditionalOrder) -> Answer:
    """The answer of GET algoOrder: as a row, with what became of it."""
    child = order.child
    return {
        **conditional_row(order),
        "actualQty": text(child.filled) if child else "0",
        "actualType": child.type if child else "",
    }


def trade_row(trade: UserTrade) -> Answer:
    """A row of GET userTrades."""
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "realizedPnl": text(trade.realized_usd),
        "quoteQty": text(trade.quote_usd),
        "commission": text(trade.commission_usd),
        "commissionAsset": ASSET,
        "marginAsset": ASSET,
        "pair": trade.symbol,
        "time": trade.time_ms,
        "positionSide": "BOTH",
        "buyer": trade.side == "BUY",
        "maker": trade.is_maker,
    }


def income_row(income: Income) -> Answer:
    """A row of GET income."""
    return {
        "symbol": income.symbol,
        "incomeType": income.kind,
        "income": text(income.amount_usd),
        "asset": ASSET,
        "info": "",
        "time": income.time_ms,
        "tranId": income.transaction_id,
        "tradeId": income.trade_id,
    }
