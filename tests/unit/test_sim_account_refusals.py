"""What the simulated exchange refuses, by code and words."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from hydra.sim.exchange.account.requests import (
    ConditionalKey,
    ConditionalRequest,
    OrderChange,
    OrderKey,
    OrderRequest,
)
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.words import MarginType, OrderSide, OrderType, TimeInForce, WorkingType
from hydra.sim.exchange.refusals import Refusal
from tests.support.account_scene import BTC, Scene

BUY, SELL = OrderSide.BUY, OrderSide.SELL


def refused(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        act()
    body = caught.value.body
    assert isinstance(body, Mapping)
    return body["code"], body["msg"]


FILTERS: list[tuple[str, str | None, int]] = [
    ("0", "49999.0", -4003),
    ("-1", "49999.0", -4003),
    ("0.0015", "49999.0", -1111),
    ("1001", "49999.0", -4005),
    ("0.001", "49999.0", -4164),
    ("121", None, -4005),
    ("0.1", "49999.05", -1111),
    ("0.1", "0", -4013),
    ("0.1", "10000000.1", -4002),
    ("0.1", "57500.1", -4016),
]


@pytest.mark.parametrize(("quantity", "price", "code"), FILTERS)
def test_a_buy_has_to_satisfy_the_filters(quantity: str, price: str | None, code: int) -> None:
    scene = Scene()
    assert refused(lambda: scene.buy(quantity, price))[0] == code
    assert not scene.events


def test_the_band_around_the_mark_has_one_side() -> None:
    scene = Scene()
    assert refused(lambda: scene.sell("0.1", "42499.9")) == (
        -4024,
        "Limit price can't be lower than 42500.0.",
    )
    assert refused(lambda: scene.buy("0.1", "57500.1")) == (
        -4016,
        "Limit price can't be higher than 57500.0.",
    )
    scene.buy("0.1", "1000.0")
    scene.sell("0.1", "90000.0")


def test_prices_and_quantities_stand_on_their_grids() -> None:
    scene = Scene()
    pair = scene.account.store.of(BTC).contract.pair
    coarse = replace(
        pair,
        filters=replace(
            pair.filters, tick_size=Decimal("0.5"), step_size=Decimal("0.002"), min_quantity=Decimal("0.004")
        ),
    )
    scene.account.store.symbols[BTC].contract = type(scene.account.store.of(BTC).contract).of(coarse)
    assert refused(lambda: scene.buy("0.003", "49999.0"))[0] == -4004
    assert refused(lambda: scene.buy("0.005", "49999.0")) == (-4023, "Quantity not increased by step size.")
    assert refused(lambda: scene.buy("0.004", "49999.1")) == (-4014, "Price not increased by tick size.")


def test_below_the_least_notional_only_reduce_only_passes() -> None:
    scene = Scene()
    assert refused(lambda: scene.buy("0.001", "49999.0")) == (
        -4164,
        "Order's notional must be no smaller than 50 (unless you choose reduce only).",
    )
    scene.buy("0.002")
    scene.sell("0.001", "50010.0", reduce_only=True)


@pytest.mark.parametrize(
    ("client_id", "code"), [("", -4015), ("x" * 37, -4015), ("a b", -1100), ("é", -1100)]
)
def test_a_client_id_has_a_length_and_an_alphabet(client_id: str, code: int) -> None:
    scene = Scene()
    assert refused(lambda: scene.buy("0.1", "49999.0", client_id=client_id))[0] == code
    assert refused(lambda: scene.stop(SELL, "49000.0", client_id=client_id))[0] == code


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    scene = Scene()
    order = scene.buy("0.1", "49999.0", client_id="h.1:/_-A")
    again = (-4116, "ClientOrderId is duplicated.")
    assert refused(lambda: scene.buy("0.1", "49998.0", client_id="h.1:/_-A")) == again
    scene.cancel(order)
    second = scene.buy("0.1", "49998.0", client_id="h.1:/_-A")
    assert scene.account.order(OrderKey(BTC, None, "h.1:/_-A"), scene.tick()) is second
    stop = scene.stop(SELL, "49000.0", client_id="s")
    assert refused(lambda: scene.stop(SELL, "48000.0", client_id="s")) == again
    scene.account.cancel_conditional(ConditionalKey(stop.algo_id), scene.tick())
    scene.stop(SELL, "48000.0", client_id="s")


def test_a_symbol_has_so_many_open_orders() -> None:
    scene = Scene(AccountSettings(start_balance_usd=Decimal(10**7)))
    for _ in range(200):
        scene.buy("0.002", "40000.0")
    assert refused(lambda: scene.buy("0.002", "40000.0")) == (-2025, "Reach max open order limit.")


def test_an_account_has_so_many_conditional_orders() -> None:
    scene = Scene()
    for _ in range(200):
        scene.stop(SELL, "40000.0")
    assert refused(lambda: scene.stop(SELL, "40000.0")) == (-4045, "Reach max stop order limit.")


def test_the_balance_has_to_bear_the_margin() -> None:
    scene = Scene()
    # 5,000 USDT at 10x: an order of 50,000 USDT takes them all.
    scene.buy("1.000", "49999.9")
    short_of = (-2019, "Margin is insufficient.")
    assert refused(lambda: scene.buy("0.002", "49999.9")) == short_of
    # The smaller side of the book needs no margin of its own.
    scene.sell("0.900", "50500.0")


def test_a_short_needs_margin_as_a_long_does() -> None:
    scene = Scene()
    assert refused(lambda: scene.sell("1.000", "50500.0"))[0] == -2019
    scene.sell("0.900", "50500.0")
    assert refused(lambda: scene.sell("0.100", "50500.0"))[0] == -2019


def test_the_loss_at_which_an_order_opens_counts() -> None:
    scene = Scene()
    # 0.99 x 50,000 / 10 = 4,950 at the mark; 0.99 at 50,200: margin 4,969.8 and 198 lost at once.
    assert refused(lambda: scene.buy("0.990", "50200.0"))[0] == -2019
    scene.buy("0.950", "50200.0")


def test_the_position_is_bounded_by_the_bracket_of_the_leverage() -> None:
    scene = Scene(AccountSettings(start_balance_usd=Decimal(10**6), leverage=125))
    too_large = (-2027, "Exceeded the maximum allowable position at current leverage.")
    assert refused(lambda: scene.buy("1.001", "50000.0")) == too_large
    scene.buy("0.600", "50000.0")
    assert refused(lambda: scene.buy("0.401", "50000.0")) == too_large
    scene.buy("0.400", "50000.0")


def test_reduce_only_needs_a_position_to_reduce() -> None:
    scene = Scene()
    rejected = (-2022, "ReduceOnly Order is rejected.")
    assert refused(lambda: scene.sell("0.1", reduce_only=True)) == rejected
    scene.buy("0.1")
    assert refused(lambda: scene.buy("0.1", reduce_only=True)) == rejected
    scene.sell("0.1", reduce_only=True)


def test_resting_reduce_only_orders_count_against_the_position() -> None:
    scene = Scene()
    scene.buy("0.3")
    target = scene.sell("0.3", "50500.0", reduce_only=True)
    over = (-4118, "ReduceOnly Order Failed. Please check your existing position and open orders")
    assert refused(lambda: scene.sell("0.3", reduce_only=True)) == over
    assert refused(lambda: scene.sell("0.1", "50400.0", reduce_only=True)) == over
    scene.cancel(target)
    scene.sell("0.3", reduce_only=True)
    assert scene.amount == 0


def test_post_only_and_fok_are_refused_and_leave_no_order() -> None:
    scene = Scene()
    code, words = refused(lambda: scene.buy("0.1", "50000.1", lasts=TimeInForce.GTX))
    assert (code, words[:60]) == (-5022, "Due to the order could not be executed as maker, the Post On")
    scene.new_book([("49999.9", "1.000")], [("50000.1", "0.100"), ("50000.2", "5.000")])
    code, words = refused(lambda: scene.buy("0.2", "50000.1", lasts=TimeInForce.FOK))
    assert (code, words[:60]) == (-5021, "Due to the order could not be filled immediately, the FOK or")
    assert not scene.account.store.orders


def test_a_market_order_needs_a_counterparty_near_the_mark() -> None:
    scene = Scene()
    scene.mark("40000")
    assert refused(lambda: scene.buy("0.1")) == (
        -4131,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    )


def limit(**terms: object) -> OrderRequest:
    whole: dict[str, object] = {"price": Decimal("49999.0"), "type": OrderType.LIMIT, **terms}
    return OrderRequest(BTC, BUY, quantity=Decimal("0.1"), **whole)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (limit(type=OrderType.STOP_MARKET), -4120),
        (limit(type=OrderType.TAKE_PROFIT), -4120),
        (limit(type=OrderType.LIQUIDATION), -1116),
        (limit(price=None), -1102),
        (limit(type=OrderType.MARKET), -1106),
        (limit(time_in_force=TimeInForce.GTE_GTC), -1115),
        (replace(limit(), symbol="NONEUSDT"), -1121),
    ],
)
def test_an_order_has_to_have_its_form(request_: OrderRequest, code: int) -> None:
    scene = Scene()
    assert refused(lambda: scene.account.place(request_, scene.tick()))[0] == code


def test_what_is_not_there_is_not_found() -> None:
    scene = Scene()
    order = scene.buy("0.1", "49999.0")
    scene.cancel(order)
    unknown, none = (-2011, "Unknown order sent."), (-2013, "Order does not exist.")
    key = OrderKey(BTC, order.order_id)
    assert refused(lambda: scene.account.cancel(key, scene.tick())) == unknown
    assert refused(lambda: scene.account.cancel(OrderKey(BTC, 1), scene.tick())) == unknown
    assert refused(lambda: scene.account.cancel(OrderKey("ETHUSDT", order.order_id), scene.tick())) == unknown
    assert refused(lambda: scene.account.open_order(key)) == none
    assert refused(lambda: scene.account.order(OrderKey(BTC, None, "nobody"), scene.tick())) == none
    assert scene.account.order(key, scene.tick()) is order


def test_an_order_without_a_fill_is_found_for_three_days_and_with_one_for_ninety() -> None:
    scene = Scene()
    unfilled = scene.buy("0.1", "49999.0")
    scene.cancel(unfilled)
    filled = scene.buy("0.1")
    day_ms = 86_400_000
    scene.account.order(OrderKey(BTC, unfilled.order_id), scene.now_ms + 2 * day_ms)
    later = scene.now_ms + 4 * day_ms
    assert refused(lambda: scene.account.order(OrderKey(BTC, unfilled.order_id), later))[0] == -2013
    scene.account.order(OrderKey(BTC, filled.order_id), later)
    much_later = scene.now_ms + 91 * day_ms
    assert refused(lambda: scene.account.order(OrderKey(BTC, filled.order_id), much_later))[0] == -2013


def test_a_change_has_to_change_something_that_can_be_changed() -> None:
    scene = Scene()
    order = scene.buy("0.1", "49999.0")

    def change(quantity: str, price: str, side: OrderSide = BUY) -> tuple[int, str]:
        asked = OrderChange(OrderKey(BTC, order.order_id), side, Decimal(quantity), Decimal(price))
        return refused(lambda: scene.account.modify(asked, scene.tick()))

    assert change("0.1", "49999.0") == (-5027, "No need to modify the order.")
    assert change("0.1", "49999.05")[0] == -1111
    assert change("0.1", "57500.1")[0] == -4016
    assert change("0.001", "49999.0")[0] == -4164
    assert change("5", "49999.0")[0] == -2019
    assert change("0.2", "49999.0", SELL)[0] == -2013
    scene.account.store.of(BTC).changes[order.order_id] = 10_000
    assert change("0.2", "49999.0")[0] == -5026
    scene.cancel(order)
    assert change("0.2", "49999.0")[0] == -2013


def conditional(**terms: object) -> ConditionalRequest:
    whole: dict[str, object] = {
        "symbol": BTC,
        "side": SELL,
        "type": OrderType.STOP_MARKET,
        "trigger_price": Decimal("49000.0"),
        "quantity": Decimal("0.1"),
        "working_type": WorkingType.MARK_PRICE,
    }
    return ConditionalRequest(**{**whole, **terms})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (conditional(type=OrderType.LIMIT), -1116),
        (conditional(quantity=None), -1102),
        (conditional(type=OrderType.STOP), -1102),
        (conditional(price=Decimal("49000.0")), -1106),
        (conditional(close_position=True), -4137),
        (conditional(close_position=True, quantity=None, reduce_only=True), -1106),
        (conditional(close_position=True, type=OrderType.STOP, price=Decimal(49_000), quantity=None), -4136),
        (conditional(time_in_force=TimeInForce.GTE_GTC), -4509),
        (conditional(trigger_price=Decimal("49000.01")), -1111),
        (conditional(quantity=Decimal("0.0001")), -1111),
        (conditional(quantity=Decimal("0.001")), -4164),
    ],
)
def test_a_conditional_order_has_to_have_its_form(request_: ConditionalRequest, code: int) -> None:
    scene = Scene()
    assert refused(lambda: scene.account.place_conditional(request_, scene.tick()))[0] == code


def test_two_closing_orders_of_a_kind_that_are_tied_to_the_position_are_one_too_many() -> None:
    scene = Scene()
    scene.buy("0.1")
    scene.stop(SELL, "49000.0", time_in_force=TimeInForce.GTE_GTC)
    assert refused(lambda: scene.stop(SELL, "48000.0", time_in_force=TimeInForce.GTE_GTC))[0] == -4130
    scene.stop(SELL, "51000.0", OrderType.TAKE_PROFIT_MARKET, time_in_force=TimeInForce.GTE_GTC)
    scene.stop(SELL, "48000.0")


@pytest.mark.parametrize(
    ("side", "kind", "trigger"),
    [
        (SELL, OrderType.STOP_MARKET, "50000.0"),
        (BUY, OrderType.STOP_MARKET, "50000.0"),
        (SELL, OrderType.TAKE_PROFIT_MARKET, "50000.0"),
        (BUY, OrderType.TAKE_PROFIT_MARKET, "50000.0"),
        (SELL, OrderType.STOP_MARKET, "50000.1"),
        (BUY, OrderType.STOP_MARKET, "49999.9"),
        (SELL, OrderType.TAKE_PROFIT_MARKET, "49999.9"),
        (BUY, OrderType.TAKE_PROFIT_MARKET, "50000.1"),
    ],
)
def test_a_conditional_order_that_would_fire_at_once_is_refused(
    side: OrderSide, kind: OrderType, trigger: str
) -> None:
    scene = Scene()
    assert refused(lambda: scene.stop(side, trigger, kind)) == (-2021, "Order would immediately trigger.")


def test_leverage_and_margin_type_are_refused_where_they_cannot_be_set() -> None:
    scene = Scene()
    account = scene.account

    def leverage(wanted: int) -> tuple[int, str]:
        return refused(lambda: account.set_leverage(BTC, wanted, scene.tick()))

    def margin_type(wanted: MarginType) -> tuple[int, str]:
        return refused(lambda: account.set_margin_type(BTC, wanted, scene.tick()))

    assert leverage(126) == (-4028, "Leverage 126 is not valid")
    assert leverage(0)[0] == -4028
    assert margin_type(MarginType.ISOLATED) == (-4046, "No need to change margin type.")
    order = scene.buy("0.1", "49999.0")
    assert margin_type(MarginType.CROSSED)[0] == -4047
    scene.cancel(order)
    scene.buy("0.9")
    assert margin_type(MarginType.CROSSED)[0] == -4048
    assert leverage(5)[0] == -4161
    scene.mark("60000")
    assert leverage(125)[0] == -2027


def test_a_lower_leverage_needs_the_margin() -> None:
    scene = Scene(AccountSettings(leverage=20))
    scene.buy("1")
    assert refused(lambda: scene.account.set_leverage(BTC, 5, scene.tick()))[0] == -2028
    assert scene.account.position(BTC).leverage == 20
