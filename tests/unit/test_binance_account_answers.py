"""Binance's answers about an account: exact, as documented, and refused where they are damaged."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hydra.domain import OrderRole, OrderState, OrderType
from hydra.errors import BadDataError
from hydra.exchange.account import BalanceSeen, IncomeSeen, OrderSeen, PositionSeen, TradeSeen
from hydra.exchange.binance import account_answers as answers
from hydra.exchange.binance.order_requests import order_request
from hydra.layers.layer5_orders import OrderPlan

# As ccxt hands them out: numbers are text, booleans are booleans.
ORDER = {
    "avgPrice": "9910.50000", "clientOrderId": "hy-entry-1", "cumQuote": "9.9105", "executedQty": "0.001",
    "orderId": "1917641", "origQty": "0.003", "origType": "LIMIT", "price": "9910.50", "reduceOnly": False,
    "side": "BUY", "positionSide": "BOTH", "status": "PARTIALLY_FILLED", "stopPrice": "0",
    "closePosition": False, "symbol": "BTCUSDT", "time": "1579276756075", "timeInForce": "GTX",
    "type": "LIMIT", "updateTime": "1579276756075", "workingType": "CONTRACT_PRICE", "priceProtect": False,
    "priceMatch": "NONE", "selfTradePreventionMode": "NONE", "goodTillDate": "0", "pair": "BTCUSDT",
}  # fmt: skip
RECEIPT = {name: value for name, value in ORDER.items() if name not in {"avgPrice", "cumQuote", "time"}}
CONDITIONAL = {
    "algoId": "2148719", "clientAlgoId": "hy-stop-1", "algoType": "CONDITIONAL", "orderType": "STOP_MARKET",
    "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0.01",
    "algoStatus": "FINISHED", "actualOrderId": "8886775", "actualPrice": "56990.1", "triggerPrice": "57000.0",
    "price": "0", "icebergQuantity": None, "reduceOnly": True, "createTime": "1750485492076",
    "updateTime": "1750485492076", "triggerTime": "1750485492076", "goodTillDate": "0", "tpOrderType": "",
}  # fmt: skip
TIME = datetime(2020, 1, 17, 15, 59, 16, 75_000, tzinfo=UTC)


def order(**changed: Any) -> OrderSeen:
    return answers.one("order", ORDER | changed, answers.OrderRow, answers.order_seen)


def conditional(**changed: Any) -> OrderSeen:
    return answers.one("algo", CONDITIONAL | changed, answers.ConditionalRow, answers.conditional_seen)


def test_an_order_is_read_exactly() -> None:
    assert order() == OrderSeen(
        symbol="BTCUSDT",
        client_order_id="hy-entry-1",
        exchange_order_id=1917641,
        is_conditional=False,
        order_type=OrderType.POST_ONLY,
        state=OrderState.PARTIALLY_FILLED,
        is_buy=True,
        quantity=Decimal("0.003"),
        filled_quantity=Decimal("0.001"),
        average_price=Decimal("9910.5"),
        limit_price=Decimal("9910.5"),
        trigger_price=None,
        reduce_only=False,
        time=TIME,
    )


def test_the_terse_answer_to_a_change_tells_no_average_price() -> None:
    seen = answers.one("order", RECEIPT, answers.OrderRow, answers.order_seen)
    assert (seen.average_price, seen.filled_quantity) == (None, Decimal("0.001"))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NEW", OrderState.OPEN),
        ("FILLED", OrderState.FILLED),
        ("CANCELED", OrderState.CANCELED),
        ("REJECTED", OrderState.REJECTED),
        ("EXPIRED", OrderState.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderState.EXPIRED),
        ("NEW_ADL", OrderState.OPEN),
    ],
)
def test_every_state_has_its_word(status: str, state: OrderState) -> None:
    assert order(status=status).state is state


@pytest.mark.parametrize(("word", "kind"), [("LIQUIDATION", None), ("MARKET", OrderType.MARKET)])
def test_a_type_that_hydra_does_not_send_is_none(word: str, kind: OrderType | None) -> None:
    assert order(type=word).order_type is kind


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"status": "MELTED"}, "MELTED is not known"),
        ({"origQty": "NaN"}, "orig_qty is no amount"),
        ({"executedQty": "Infinity"}, "executed_qty is no amount"),
        ({"price": "1e40"}, "price is no amount"),
        ({"orderId": ""}, "orderId"),
        ({"side": "BOTH"}, "side"),
        ({"symbol": ""}, "symbol"),
        ({"updateTime": "-1"}, "updateTime"),
    ],
)
def test_damage_is_bad_data_that_names_the_field(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadDataError, match=words):
        order(**changed)


@pytest.mark.parametrize("answer", [{}, [], "", None, [ORDER], {"code": 200, "msg": "success"}])
def test_what_is_no_order_is_bad_data(answer: Any) -> None:
    with pytest.raises(BadDataError, match="order: the answer cannot be used"):
        answers.one("order", answer, answers.OrderRow, answers.order_seen)


def test_a_list_has_to_be_a_list() -> None:
    assert answers.each("openOrders", [ORDER], answers.OrderRow, answers.order_seen) == [order()]
    with pytest.raises(BadDataError, match="openOrders: the answer is no list"):
        answers.each("openOrders", {}, answers.OrderRow, answers.order_seen)


@pytest.mark.parametrize(
    ("status", "child", "state"),
    [
        ("NEW", "", OrderState.OPEN),
        ("TRIGGERING", None, OrderState.OPEN),
        ("TRIGGERED", "8886775", OrderState.OPEN),
        ("CANCELED", "", OrderState.CANCELED),
        ("EXPIRED", "0", OrderState.EXPIRED),
        ("REJECTED", "", OrderState.REJECTED),
    ],
)
def test_a_conditional_order_waits_until_its_end(status: str, child: str | None, state: OrderState) -> None:
    seen = conditional(algoStatus=status, actualOrderId=child)
    assert (seen.state, seen.child_order_id) == (state, 8886775 if child == "8886775" else None)
    assert (seen.is_conditional, seen.trigger_price, seen.limit_price) == (True, Decimal(57_000), None)


def test_a_triggered_order_is_what_became_of_its_child() -> None:
    child = order(status="EXPIRED", executedQty="0.004", avgPrice="56990.1", updateTime="1750485492999")
    seen = answers.with_child(conditional(), child)
    assert (seen.state, seen.filled_quantity, seen.average_price, seen.time) == (
        OrderState.EXPIRED,
        Decimal("0.004"),
        Decimal("56990.1"),
        child.time,
    )
    assert (seen.exchange_order_id, seen.child_order_id) == (2148719, 8886775)


def test_a_child_that_the_exchange_shows_no_more_ended_unfilled() -> None:
    seen = answers.with_child(conditional(), None)
    assert (seen.state, seen.filled_quantity) == (OrderState.EXPIRED, Decimal(0))
    assert "no longer shows" in seen.reason


def test_trades_income_positions_and_balances_are_read_exactly() -> None:
    trade = {
        "buyer": False, "commission": "-0.07819010", "commissionAsset": "BNB", "id": "698759", "maker": True,
        "orderId": "25851813", "price": "7819.01", "qty": "0.002", "quoteQty": "15.63802",
        "realizedPnl": "-0.91539999", "side": "SELL", "positionSide": "BOTH", "symbol": "BTCUSDT",
        "time": "1579276756075",
    }  # fmt: skip
    assert answers.one("t", trade, answers.TradeRow, answers.trade_seen) == TradeSeen(
        "BTCUSDT", 698759, 25851813, None, False, Decimal("7819.01"), Decimal("0.002"),
        Decimal("-0.07819010"), "BNB", True, Decimal("-0.91539999"), TIME
    )  # fmt: skip
    income = {
        "symbol": "BTCUSDT", "incomeType": "COMMISSION", "income": "-0.01000000", "asset": "USDT",
        "info": "COMMISSION", "time": "1579276756075", "tranId": "9689322392", "tradeId": "2059192",
    }  # fmt: skip
    expected = IncomeSeen("COMMISSION", "BTCUSDT", Decimal("-0.01"), "USDT", 9689322392, 2059192, TIME)
    assert answers.one("i", income, answers.IncomeRow, answers.income_seen) == expected
    transfer = answers.one(
        "i", income | {"symbol": "", "tradeId": ""}, answers.IncomeRow, answers.income_seen
    )
    assert (transfer.symbol, transfer.trade_id) == ("", None)
    position = {
        "symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": "-30.5", "entryPrice": "2500.25",
        "markPrice": "2501.1", "unRealizedProfit": "-1", "liquidationPrice": "0", "notional": "-7000",
    }  # fmt: skip
    config = answers.SymbolConfigRow(symbol="ETHUSDT", margin_type="ISOLATED", leverage=5)
    seen = answers.one("p", position, answers.PositionRow, lambda row: answers.position_seen(row, config))
    assert seen == PositionSeen(
        "ETHUSDT", Decimal("-30.5"), Decimal("2500.25"), True, Decimal("2501.1"), None, 5
    )
    balance = {"asset": "USDT", "balance": "122607.35137903", "availableBalance": "23.72469206"}
    assert answers.one("b", balance, answers.BalanceRow, answers.balance_seen) == BalanceSeen(
        Decimal("122607.35137903"), Decimal("23.72469206")
    )


# What is sent.


def plan(order_type: OrderType, **terms: Any) -> OrderPlan:
    return OrderPlan("hy-x-1", OrderRole.EXIT, order_type, False, Decimal("1E+1"), True, **terms)


@pytest.mark.parametrize(
    ("sent", "endpoint", "own"),
    [
        (
            plan(OrderType.POST_ONLY, limit_price=Decimal("59000.10")),
            "fapiPrivatePostOrder",
            {"type": "LIMIT", "timeInForce": "GTX", "price": "59000.10", "newClientOrderId": "hy-x-1"},
        ),
        (
            plan(OrderType.LIMIT, limit_price=Decimal("0.00001230")),
            "fapiPrivatePostOrder",
            {"type": "LIMIT", "timeInForce": "GTC", "price": "0.00001230", "newClientOrderId": "hy-x-1"},
        ),
        (plan(OrderType.MARKET), "fapiPrivatePostOrder", {"type": "MARKET", "newClientOrderId": "hy-x-1"}),
        *(
            (
                plan(kind, trigger_price=Decimal("57000")),
                "fapiPrivatePostAlgoOrder",
                {
                    "type": kind.value,
                    "algoType": "CONDITIONAL",
                    "triggerPrice": "57000",
                    "workingType": "MARK_PRICE",
                    "clientAlgoId": "hy-x-1",
                },
            )
            for kind in (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
        ),
    ],
)
def test_an_order_is_sent_in_text_of_ours(sent: OrderPlan, endpoint: str, own: dict[str, str]) -> None:
    shared = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "10",
        "newOrderRespType": "RESULT",
        "recvWindow": "3000",
        "reduceOnly": "true",
    }
    assert order_request("BTCUSDT", sent) == (endpoint, shared | own)


def test_a_stop_that_closes_the_position_is_sent_without_a_quantity() -> None:
    sent = plan(OrderType.STOP_MARKET, trigger_price=Decimal(57000), closes_position=True)
    _, parameters = order_request("BTCUSDT", sent)
    assert parameters["closePosition"] == "true"
    assert not {"quantity", "reduceOnly"} & parameters.keys()


def test_an_order_without_its_price_is_not_sent() -> None:
    for kind in (OrderType.LIMIT, OrderType.STOP_MARKET):
        with pytest.raises(ValueError, match="has no price"):
            order_request("BTCUSDT", plan(kind))
