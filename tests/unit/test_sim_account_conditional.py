"""Conditional orders of the simulated exchange: from their store into the book, and how they end."""

from decimal import Decimal

import pytest

from hydra.sim.exchange.account.answers import (
    conditional_answer,
    conditional_cancel_receipt,
    conditional_receipt,
    conditional_row,
    open_conditional_row,
)
from hydra.sim.exchange.account.requests import ConditionalKey, OrderKey, Span
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.user_events import AccountUpdate, AlgoUpdate, OrderTradeUpdate
from hydra.sim.exchange.account.words import (
    ConditionalStatus,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
    WorkingType,
)
from hydra.sim.exchange.refusals import Refusal
from tests.support.account_scene import BTC, Scene

BUY, SELL = OrderSide.BUY, OrderSide.SELL


def said(scene: Scene) -> list[str]:
    """The stream, in short."""
    words = []
    for event in scene.events:
        if isinstance(event, AlgoUpdate):
            words.append(f"algo {event.order.status}")
        elif isinstance(event, OrderTradeUpdate):
            words.append(f"order {event.order.execution}")
        elif isinstance(event, AccountUpdate):
            words.append(f"account {event.account.reason}")
    return words


def test_a_stop_closes_the_position_and_tells_every_step() -> None:
    scene = Scene()
    scene.buy("0.1")
    scene.events.clear()
    stop = scene.stop(SELL, "49000.0", client_id="stop-1")
    scene.mark("49000.1")
    assert stop.status is ConditionalStatus.NEW
    assert scene.account.open_orders() == []
    scene.mark("49000.0")
    assert said(scene) == [
        "algo NEW",
        "algo TRIGGERING",
        "algo TRIGGERED",
        "order NEW",
        "account ORDER",
        "order TRADE",
        "algo FINISHED",
    ]
    child = scene.account.order(OrderKey(BTC, None, "stop-1"), scene.tick())
    assert child is stop.child
    assert (child.type, child.side, child.quantity, child.reduce_only) == (
        OrderType.MARKET,
        SELL,
        Decimal("0.100"),
        True,
    )
    assert scene.amount == 0
    finished = [event for event in scene.events if isinstance(event, AlgoUpdate)][-1].order
    assert (finished.order_id, finished.filled, finished.actual_type) == (
        str(child.order_id),
        "0.100",
        "MARKET",
    )
    assert scene.account.open_conditional_orders() == []


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "waits_at", "fires_at"),
    [
        (SELL, OrderType.STOP_MARKET, "49000.0", "49000.1", "48900.0"),
        (BUY, OrderType.STOP_MARKET, "51000.0", "50999.9", "51100.0"),
        (SELL, OrderType.TAKE_PROFIT_MARKET, "51000.0", "50999.9", "51100.0"),
        (BUY, OrderType.TAKE_PROFIT_MARKET, "49000.0", "49000.1", "48900.0"),
    ],
)
def test_each_kind_fires_on_its_side_of_the_trigger(
    side: OrderSide, kind: OrderType, trigger: str, waits_at: str, fires_at: str
) -> None:
    scene = Scene()
    order = scene.stop(side, trigger, kind, quantity="0.01")
    scene.mark(waits_at)
    assert order.is_open
    scene.mark(fires_at)
    assert order.status is ConditionalStatus.FINISHED
    assert scene.amount == Decimal("0.010") * side.sign


def test_the_last_price_fires_what_works_on_it_and_the_mark_does_not() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0", quantity="0.01", working_type=WorkingType.CONTRACT_PRICE)
    scene.mark("48000")
    assert order.is_open
    scene.trade("49000.0", "0.001", seller_takes=True)
    assert order.status is ConditionalStatus.FINISHED


def test_a_price_from_before_the_order_does_not_fire_it() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0", quantity="0.01", working_type=WorkingType.CONTRACT_PRICE)
    scene.now_ms -= 1_001
    scene.trade("49000.0", "0.001", seller_takes=True)
    assert order.is_open


def test_price_protect_waits_while_mark_and_last_price_are_apart() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0", quantity="0.01", price_protect=True)
    scene.mark("46000")
    assert order.is_open
    scene.trade("46500.0", "0.001", seller_takes=True)
    scene.mark("46000")
    assert not order.is_open


def test_a_stop_with_a_price_becomes_a_limit_order_that_rests() -> None:
    scene = Scene()
    scene.buy("0.1")
    order = scene.stop(SELL, "49000.0", OrderType.STOP, "0.1", "50010.0", reduce_only=True)
    scene.mark("48999.0")
    assert order.status is ConditionalStatus.TRIGGERED
    child = order.child
    assert child is not None
    assert scene.account.open_orders() == [child]
    assert (child.type, child.price) == (OrderType.LIMIT, Decimal("50010.0"))
    scene.cancel(child)
    answer = conditional_answer(order)
    assert (answer["algoStatus"], answer["actualQty"]) == ("FINISHED", "0.000")


def test_no_margin_is_asked_before_the_trigger_and_then_its_lack_rejects() -> None:
    scene = Scene()
    order = scene.stop(BUY, "51000.0", quantity="5")
    scene.mark("51000")
    assert order.status is ConditionalStatus.REJECTED
    assert order.reject_reason == "Margin is insufficient."
    last = scene.events[-1]
    assert isinstance(last, AlgoUpdate)
    assert (last.order.status, last.order.reject_reason) == ("REJECTED", "Margin is insufficient.")
    assert not scene.account.store.orders


def test_a_reduce_only_stop_without_a_position_is_rejected_when_it_fires() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0", quantity="0.1", reduce_only=True)
    scene.mark("48000")
    assert (order.status, order.reject_reason) == (
        ConditionalStatus.REJECTED,
        "ReduceOnly Order is rejected.",
    )


def test_a_closing_stop_without_a_position_expires_when_it_fires() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0")
    scene.mark("48000")
    assert (order.status, order.child) == (ConditionalStatus.EXPIRED, None)


def test_a_plain_closing_stop_outlives_its_position_and_would_close_the_next_one() -> None:
    scene = Scene()
    scene.buy("0.1")
    old = scene.stop(SELL, "49000.0")
    scene.sell("0.1")
    assert old.is_open
    scene.buy("0.2")
    scene.mark("48000")
    assert old.status is ConditionalStatus.FINISHED
    assert scene.amount == 0


def test_a_stop_tied_to_the_position_expires_with_it() -> None:
    scene = Scene()
    scene.buy("0.1")
    tied = scene.stop(SELL, "49000.0", time_in_force=TimeInForce.GTE_GTC)
    scene.sell("0.1", reduce_only=True)
    assert tied.status is ConditionalStatus.EXPIRED


def test_a_resting_full_size_target_lets_a_reduce_only_stop_fail_but_not_a_closing_one() -> None:
    scene = Scene()
    scene.buy("0.1")
    target = scene.sell("0.1", "50500.0", reduce_only=True)
    reducing = scene.stop(SELL, "49500.0", quantity="0.1", reduce_only=True)
    closing = scene.stop(SELL, "49000.0")
    scene.mark("49400")
    assert reducing.status is ConditionalStatus.REJECTED
    assert reducing.reject_reason.startswith("ReduceOnly Order Failed.")
    scene.mark("48900")
    assert closing.status is ConditionalStatus.FINISHED
    assert target.status is OrderStatus.EXPIRED
    assert scene.amount == 0


def test_a_finished_or_cancelled_one_cannot_be_cancelled() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0")
    key = ConditionalKey(order.algo_id)
    assert scene.account.cancel_conditional(key, scene.tick()).status is ConditionalStatus.CANCELED
    with pytest.raises(Refusal, match="-2011"):
        scene.account.cancel_conditional(key, scene.tick())
    fired = scene.stop(SELL, "49000.0", quantity="0.01", client_id="f")
    scene.mark("48000")
    with pytest.raises(Refusal, match="-2011"):
        scene.account.cancel_conditional(ConditionalKey(None, "f"), scene.tick())
    assert fired.status is ConditionalStatus.FINISHED


def test_the_query_of_a_living_one_answers_that_it_does_not_exist_unless_set_otherwise() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0")
    key = ConditionalKey(order.algo_id)
    with pytest.raises(Refusal, match="-2013"):
        scene.account.conditional_order(key, scene.tick())
    assert scene.account.open_conditional_orders() == [order]
    assert scene.account.conditional_orders(BTC, Span(), scene.tick()) == [order]
    scene.account.settings = AccountSettings(hides_living_conditional=False)
    assert scene.account.conditional_order(key, scene.tick()) is order


def test_the_answers_have_three_shapes() -> None:
    scene = Scene()
    order = scene.stop(SELL, "49000.0", client_id="s")
    receipt = conditional_receipt(order)
    assert receipt == {
        "algoId": order.algo_id,
        "clientAlgoId": "s",
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET",
        "symbol": BTC,
        "side": "SELL",
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": "0.000",
        "algoStatus": "NEW",
        "triggerPrice": "49000.0",
        "price": "0.0",
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE",
        "priceMatch": "NONE",
        "closePosition": True,
        "priceProtect": False,
        "reduceOnly": False,
        "createTime": order.created_ms,
        "updateTime": order.created_ms,
        "triggerTime": 0,
        "goodTillDate": 0,
    }
    opened, row = open_conditional_row(order), conditional_row(order)
    assert set(opened) - set(receipt) == {"actualOrderId", "actualQty", "isActivated"}
    assert set(row) - set(receipt) == {"actualOrderId", "actualPrice", "tpOrderType"}
    scene.account.cancel_conditional(ConditionalKey(order.algo_id), scene.tick())
    assert conditional_cancel_receipt(order) == {
        "algoId": order.algo_id,
        "clientAlgoId": "s",
        "code": "200",
        "msg": "success",
    }


def test_cancel_all_takes_the_conditional_orders_of_a_symbol() -> None:
    scene = Scene()
    orders = [scene.stop(SELL, "49000.0"), scene.stop(SELL, "48000.0")]
    resting = scene.buy("0.1", "49999.0")
    assert scene.account.cancel_all_conditional(BTC, scene.tick()) == orders
    assert scene.account.open_orders() == [resting]
