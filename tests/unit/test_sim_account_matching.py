"""Orders in the book of the simulated exchange: price, time, queue, and what a taker finds."""

from decimal import Decimal

from hydra.sim.exchange.account.requests import OrderChange, OrderKey
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.words import ExpiryReason, MarginType, OrderSide, OrderStatus, TimeInForce
from tests.support.account_scene import BTC, Scene

RICH = AccountSettings(start_balance_usd=Decimal(500_000), leverage=10)


def prices_and_quantities(scene: Scene) -> list[tuple[str, str]]:
    return [(str(trade.price), str(trade.quantity)) for trade in scene.account.store.trades]


def test_a_resting_order_waits_for_all_that_was_shown_before_it() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.9")
    scene.trade("49999.9", "0.600", seller_takes=True)
    scene.trade("49999.9", "0.400", seller_takes=True)
    assert order.filled == 0
    scene.trade("49999.9", "0.200", seller_takes=True)
    assert (order.filled, order.status) == (Decimal("0.200"), OrderStatus.PARTIALLY_FILLED)
    scene.trade("49999.9", "9.000", seller_takes=True)
    assert (order.filled, order.status) == (Decimal("0.500"), OrderStatus.FILLED)
    assert prices_and_quantities(scene) == [("49999.9", "0.200"), ("49999.9", "0.300")]
    assert all(trade.is_maker for trade in scene.account.store.trades)


def test_one_trade_serves_the_queue_and_then_the_order() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.9")
    scene.trade("49999.9", "1.100", seller_takes=True)
    assert order.filled == Decimal("0.100")


def test_takers_of_the_own_side_serve_nobody() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.9")
    scene.trade("49999.9", "9.000", seller_takes=False)
    assert order.filled == 0


def test_a_trade_beyond_the_price_fills_up_to_its_quantity_whatever_the_queue() -> None:
    scene = Scene()
    order = scene.sell("0.500", "50001.0")
    scene.trade("50001.1", "0.200", seller_takes=False)
    assert order.filled == Decimal("0.200")
    assert prices_and_quantities(scene) == [("50001.0", "0.200")]


def test_a_book_that_shows_less_shortens_the_queue_and_one_that_shows_more_does_not() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.0")
    scene.depth(bids=[("49999.0", "2.000")])
    scene.depth(bids=[("49999.0", "8.000")])
    assert scene.account.store.of(BTC).resting.ahead(order) == 2
    scene.new_book([("49999.0", "1.500")], [("50000.1", "1.000")])
    assert scene.account.store.of(BTC).resting.ahead(order) == Decimal("1.500")
    scene.new_book([("49999.5", "1.000"), ("49998.0", "1.000")], [("50000.1", "1.000")])
    assert scene.account.store.of(BTC).resting.ahead(order) == 0


def test_where_the_book_does_not_reach_the_queue_is_what_first_appears() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49000.0")
    assert scene.account.store.of(BTC).resting.ahead(order) is None
    scene.depth(bids=[("49000.0", "3.000")])
    assert scene.account.store.of(BTC).resting.ahead(order) == 3


def test_two_own_orders_at_a_price_are_served_in_the_order_of_their_time() -> None:
    scene = Scene()
    first, second = scene.buy("0.100", "49999.9"), scene.buy("0.100", "49999.9")
    scene.trade("49999.9", "1.150", seller_takes=True)
    assert (first.filled, second.filled) == (Decimal("0.100"), Decimal("0.050"))


def test_the_better_price_is_served_first() -> None:
    scene = Scene()
    later, better = scene.buy("0.100", "49999.0"), scene.buy("0.100", "49999.9")
    scene.trade("49998.0", "0.150", seller_takes=True)
    assert (better.filled, later.filled) == (Decimal("0.100"), Decimal("0.050"))


def test_a_trade_from_before_the_order_does_not_serve_it() -> None:
    scene = Scene()
    order = scene.buy("0.100", "49999.9")
    scene.now_ms -= 1_000
    scene.now_ms -= 1
    scene.trade("49998.0", "9.000", seller_takes=True)
    assert order.filled == 0


def test_a_book_that_crosses_the_order_fills_it_as_maker_up_to_what_it_shows() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.9")
    scene.new_book([("49998.0", "1.000")], [("49999.0", "0.200"), ("49999.9", "0.100"), ("50000.0", "5.000")])
    assert order.filled == Decimal("0.300")
    assert {(trade.price, trade.is_maker) for trade in scene.account.store.trades} == {
        (Decimal("49999.9"), True)
    }


def test_a_market_order_walks_the_book_and_levels_taken_stay_taken_until_the_next_one() -> None:
    scene = Scene(RICH)
    scene.buy("1.500")
    assert prices_and_quantities(scene) == [("50000.1", "1.000"), ("50001.0", "0.500")]
    scene.sell("1.500")
    scene.buy("0.100")
    assert prices_and_quantities(scene)[-1] == ("50001.0", "0.100")
    scene.depth(asks=[("50000.1", "0.700")])
    scene.buy("0.800")
    assert prices_and_quantities(scene)[-2:] == [("50000.1", "0.700"), ("50001.0", "0.100")]
    scene.new_book([("49999.9", "1.000")], [("50000.1", "1.000")])
    scene.buy("0.900")
    assert prices_and_quantities(scene)[-1] == ("50000.1", "0.900")


def test_what_is_taken_of_a_level_adds_up() -> None:
    scene = Scene(RICH)
    for _ in range(3):
        scene.buy("0.400")
    assert prices_and_quantities(scene) == [
        ("50000.1", "0.400"),
        ("50000.1", "0.400"),
        ("50000.1", "0.200"),
        ("50001.0", "0.200"),
    ]


def test_a_reduce_only_order_ends_where_the_position_does() -> None:
    scene = Scene()
    scene.buy("0.100")
    taker = scene.sell("0.300", reduce_only=True)
    assert (taker.filled, taker.status) == (Decimal("0.100"), OrderStatus.EXPIRED)
    assert taker.expiry_reason is ExpiryReason.REDUCE_ONLY_KNOCKED_OUT
    scene.buy("0.100")
    maker = scene.sell("0.300", "50010.0", reduce_only=True)
    scene.trade("50011.0", "9.000", seller_takes=False)
    assert (maker.filled, maker.status) == (Decimal("0.100"), OrderStatus.EXPIRED)
    assert scene.amount == 0


def test_what_the_book_does_not_hold_of_a_market_order_expires() -> None:
    scene = Scene(RICH)
    order = scene.buy("9.000")
    assert (order.status, order.filled) == (OrderStatus.EXPIRED, Decimal("6.000"))
    assert order.expiry_reason is ExpiryReason.MARKET_REST_UNFILLED


def test_a_market_order_takes_nothing_beyond_the_bound_around_the_mark() -> None:
    scene = Scene()
    scene.new_book([("49999.9", "1.000")], [("50000.1", "0.100"), ("52500.1", "5.000")])
    order = scene.buy("0.200")
    assert (order.filled, order.status) == (Decimal("0.100"), OrderStatus.EXPIRED)


def test_a_limit_that_crosses_takes_up_to_its_price_and_rests_with_the_rest() -> None:
    scene = Scene(RICH)
    order = scene.buy("1.200", "50000.5")
    assert (order.filled, order.status) == (Decimal("1.000"), OrderStatus.PARTIALLY_FILLED)
    assert scene.account.open_orders() == [order]
    scene.trade("50000.5", "0.200", seller_takes=True)
    assert [trade.is_maker for trade in scene.account.store.trades] == [False, True]


def test_ioc_expires_with_its_rest() -> None:
    scene = Scene(RICH)
    order = scene.buy("1.200", "50000.5", lasts=TimeInForce.IOC)
    assert (order.filled, order.status) == (Decimal("1.000"), OrderStatus.EXPIRED)
    assert order.expiry_reason is ExpiryReason.IOC_REST


def test_fok_fills_whole() -> None:
    scene = Scene(RICH)
    assert scene.buy("1.200", "50001.0", lasts=TimeInForce.FOK).status is OrderStatus.FILLED


def test_post_only_rests_where_it_does_not_trade() -> None:
    scene = Scene()
    assert scene.buy("0.100", "50000.0", lasts=TimeInForce.GTX).status is OrderStatus.NEW


def test_post_only_that_would_trade_expires_where_it_is_set_so() -> None:
    scene = Scene(AccountSettings(refuses_post_only=False))
    order = scene.buy("0.100", "50000.1", lasts=TimeInForce.GTX)
    assert order.status is OrderStatus.EXPIRED
    assert order.filled == 0


def changed(
    scene: Scene, order_id: int, quantity: str, price: str | None = None, side: OrderSide = OrderSide.BUY
) -> None:
    key = OrderKey(BTC, order_id)
    new_price = None if price is None else Decimal(price)
    change = OrderChange(key, side, Decimal(quantity), new_price)
    scene.account.modify(change, scene.tick())


def test_a_smaller_quantity_keeps_the_place_and_another_price_or_more_loses_it() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.9")
    ahead = scene.account.store.of(BTC).resting.ahead
    scene.trade("49999.9", "0.600", seller_takes=True)
    changed(scene, order.order_id, "0.400")
    assert (ahead(order), order.quantity) == (Decimal("0.400"), Decimal("0.400"))
    changed(scene, order.order_id, "0.600")
    assert ahead(order) == 1
    changed(scene, order.order_id, "0.600", "49999.0")
    assert (ahead(order), order.price) == (Decimal(5), Decimal("49999.0"))


def test_a_change_to_what_is_already_filled_cancels_the_order() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.9")
    scene.trade("49999.9", "1.200", seller_takes=True)
    changed(scene, order.order_id, "0.200")
    assert (order.status, order.filled) == (OrderStatus.CANCELED, Decimal("0.200"))


def test_a_changed_order_needs_margin_and_position_once() -> None:
    scene = Scene()
    order = scene.buy("0.900", "49999.9")
    changed(scene, order.order_id, "0.900", "49999.0")
    scene.cancel(order)
    scene.buy("0.500")
    target = scene.sell("0.500", "50500.0", reduce_only=True)
    changed(scene, target.order_id, "0.500", "50400.0", OrderSide.SELL)
    assert target.price == Decimal("50400.0")


def test_a_change_of_price_across_the_book_trades_at_once() -> None:
    scene = Scene()
    order = scene.buy("0.500", "49999.9")
    changed(scene, order.order_id, "0.500", "50000.1")
    assert order.status is OrderStatus.FILLED


def test_cancel_all_leaves_conditional_orders_and_other_symbols() -> None:
    scene = Scene()
    scene.buy("0.100", "49999.0")
    scene.buy("0.100", "49998.0")
    other = scene.buy("0.100", "2400.00", symbol="ETHUSDT")
    stop = scene.stop(OrderSide.SELL, "49000.0")
    assert len(scene.account.cancel_all(BTC, scene.tick())) == 2
    assert scene.account.open_orders() == [other]
    assert scene.account.open_conditional_orders() == [stop]


def test_a_countdown_cancels_all_of_its_symbol_unless_it_is_renewed() -> None:
    scene = Scene()
    order = scene.buy("0.100", "49999.0")
    stop = scene.stop(OrderSide.SELL, "49000.0")
    scene.account.count_down(BTC, 5_000, scene.tick())
    scene.account.count_down(BTC, 5_000, scene.now_ms + 4_000)
    scene.now_ms += 8_000
    scene.account.on_time(scene.now_ms)
    assert order.is_open
    scene.account.on_time(scene.now_ms + 1_000)
    assert order.status is OrderStatus.CANCELED
    assert order.updated_ms == scene.now_ms + 1_000
    assert stop.is_open


def test_a_countdown_takes_conditional_orders_where_it_is_set_so_and_none_with_0() -> None:
    scene = Scene(AccountSettings(countdown_takes_conditional=True))
    stop = scene.stop(OrderSide.SELL, "49000.0")
    scene.account.count_down(BTC, 5_000, scene.tick())
    scene.account.count_down(BTC, 0, scene.tick())
    scene.account.on_time(scene.now_ms + 60_000)
    assert stop.is_open
    scene.account.count_down(BTC, 5_000, scene.now_ms + 60_000)
    scene.account.on_time(scene.now_ms + 65_000)
    assert not stop.is_open


def test_the_market_wakes_the_account_only_where_something_is_at_stake() -> None:
    scene = Scene()
    assert scene.awake == set()
    order = scene.buy("0.100", "49999.0")
    assert scene.awake == {BTC}
    scene.cancel(order)
    assert scene.awake == set()
    scene.buy("0.100")
    scene.sell("0.100")
    # The levels that it took are not told again yet.
    assert scene.awake == {BTC}
    scene.new_book([("49999.9", "1.000")], [("50000.1", "1.000")])
    assert scene.awake == set()


def test_reduce_only_orders_that_the_position_no_longer_needs_expire_last_in_the_queue_first() -> None:
    scene = Scene(AccountSettings(margin_type=MarginType.CROSSED))
    scene.buy("0.300")
    near = scene.sell("0.100", "50010.0", reduce_only=True)
    far = scene.sell("0.200", "50020.0", reduce_only=True)
    still_open = []
    for _ in range(3):
        scene.sell("0.100")
        still_open.append((near.is_open, far.is_open))
    assert still_open == [(True, True), (True, False), (False, False)]
    for order in (near, far):
        assert order.status is OrderStatus.EXPIRED
        assert order.expiry_reason is ExpiryReason.REDUCE_ONLY_KNOCKED_OUT
