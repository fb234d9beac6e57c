"""Whatever is lost, doubled, reordered or killed: the rows end as the exchange, and nothing is doubled."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import ExitUrgency, OrderRefusal, OrderRole, OrderState, OrderType
from hydra.execution.calls import AskPosition, ListStops, Quote, Send
from hydra.execution.news import Refused, StreamBroken
from hydra.sim.exchange.account.refusals import REDUCE_ONLY_OVER_POSITION
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.words import MarginType, OrderSide
from hydra.sim.exchange.account.words import OrderType as SimulatedType
from hydra.trading.pair_state import Order
from tests.support.account_scene import BTC, Scene
from tests.support.scene_executor import Outcome, SceneExecutor

_SHIFT = st.sampled_from((-12_000, -3_000, -10, -1, 0, 1, 10, 3_000, 22_000))
_STEP = st.one_of(
    st.tuples(st.just("enter"), st.booleans(), st.sampled_from(("0.010", "0.300"))),
    st.tuples(st.just("leave"), st.sampled_from(ExitUrgency)),
    st.tuples(st.just("withdraw")),
    st.tuples(st.just("answer"), st.sampled_from(Outcome)),
    st.tuples(st.just("answer"), st.just(Outcome.ANSWERED)),
    st.tuples(st.just("deliver"), st.booleans()),
    st.tuples(st.just("reorder")),
    st.tuples(st.just("drop")),
    st.tuples(st.just("arrive")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("pass"), st.sampled_from((1, 3, 30, 130))),
    st.tuples(st.just("market"), _SHIFT),
    st.tuples(st.just("trade"), st.booleans(), st.sampled_from(("0.004", "0.100", "9.000"))),
)
_MIDDLE: Final = 500_000
LEVERAGE: Final = 10
_SENT: Final = (("enter", True, "0.300"), *[("answer", Outcome.ANSWERED)] * 5)
"""An entry rests in the book: leverage, trades, its stop, the list of stops, the entry."""


def _step(one: SceneExecutor, what: str, *terms: object) -> None:
    _ACTIONS[what](one, *terms)


def _enter(one: SceneExecutor, is_long: bool, quantity: str) -> None:
    bid, ask = one.touch()
    one.enter(quantity, str(bid if is_long else ask), is_long=is_long)
    one.look()


def _leave(one: SceneExecutor, urgency: ExitUrgency) -> None:
    one.leave(urgency)
    one.look()


def _withdraw(one: SceneExecutor) -> None:
    one.withdraw_entry()
    one.look()


def _pass(one: SceneExecutor, seconds: int) -> None:
    for _ in range(seconds):
        one.scene.tick()
    one.look()


def _market(one: SceneExecutor, shift: int) -> None:
    """Book and mark move; a stop or a target may fire, before the position is known here."""
    middle = _MIDDLE + shift
    bids = [(f"{(middle - place) / 10:.1f}", "0.200") for place in range(1, 6)]
    asks = [(f"{(middle + place) / 10:.1f}", "0.200") for place in range(1, 6)]
    one.scene.new_book(bids, asks)
    one.scene.mark(f"{middle / 10:.1f}")


def _trade(one: SceneExecutor, seller_takes: bool, quantity: str) -> None:
    """A trade through the best price: what rests there fills, as far as it goes."""
    bid, ask = one.touch()
    price = bid - Decimal("0.1") if seller_takes else ask + Decimal("0.1")
    one.scene.trade(str(price), quantity, seller_takes=seller_takes)


_ACTIONS: Final[dict[str, Callable[..., object]]] = {
    "enter": _enter,
    "leave": _leave,
    "withdraw": _withdraw,
    "answer": lambda one, outcome: one.calls and one.answer(outcome),
    "deliver": lambda one, doubled: one.deliver(doubled=doubled),
    "reorder": lambda one: one.reorder(),
    "drop": lambda one: one.drop(),
    "arrive": lambda one: one.arrive(),
    "crash": lambda one: (one.crash(), one.look()),
    "pass": _pass,
    "market": _market,
    "trade": _trade,
}


def an_executor(*, refuses_early_stops: bool = False) -> SceneExecutor:
    """refuses_early_stops: the exchange takes no stop before there is a position."""
    settings = AccountSettings(
        leverage=10, margin_type=MarginType.ISOLATED, refuses_early_stops=refuses_early_stops
    )
    return SceneExecutor(Scene(settings))


def assert_as_at_the_exchange(one: SceneExecutor) -> None:
    account, store = one.scene.account, one.scene.account.store
    assert account.position(BTC).amount == 0
    assert not list(store.open_orders())
    assert not store.of(BTC).waiting
    known = {order.client_order_id: order for order in one.orders}
    placed = [order for order in store.orders.values() if order.client_id in known]
    # No second order for a decision: an id is used once, and entries never buy more than was decided.
    assert len({order.client_id for order in placed}) == len(placed)
    filled = {made.client_id: made.filled for made in placed}
    for order in one.orders:
        assert order.filled_quantity == filled.get(order.client_order_id, 0)
    bought: dict[object, Decimal] = {}
    for order in one.orders:
        if order.role is OrderRole.ENTRY:
            wanted = next(first for first in one.orders if first.decision_time == order.decision_time)
            bought[order.decision_time] = bought.get(order.decision_time, Decimal(0)) + order.filled_quantity
            assert bought[order.decision_time] <= wanted.quantity
    assert set(one.fills) == {str(trade.trade_id) for trade in store.trades}


def assert_covered(one: SceneExecutor) -> None:
    """What is held has a stop at the exchange, unless one has fired: then the rest is closed at market."""
    store = one.scene.account.store
    held = abs(store.of(BTC).position.amount)
    stops = [order for order in store.conditional.values() if order.type is SimulatedType.STOP_MARKET]
    standing = sum(held if order.close_position else order.quantity for order in stops if order.is_open)
    beside_an_exit = str(REDUCE_ONLY_OVER_POSITION.body["msg"])  # type: ignore[index]
    fired = [order for order in stops if order.triggered_ms and order.reject_reason != beside_an_exit]
    assert held <= standing or fired


@settings(max_examples=150)
@given(st.lists(_STEP, max_size=60), st.booleans(), st.booleans())
def test_the_rows_end_as_the_exchange(
    steps: list[tuple[object, ...]], is_renewed: bool, refuses_early_stops: bool
) -> None:
    one = an_executor(refuses_early_stops=refuses_early_stops)
    for step in [*_SENT, *steps]:
        _step(one, *step)  # type: ignore[arg-type]
        if not refuses_early_stops:
            assert_covered(one)
    one.come_to_rest(is_renewed=is_renewed)
    assert_as_at_the_exchange(one)


def held(*, refuses_early_stops: bool) -> SceneExecutor:
    """An entry has filled. What follows is under way."""
    one = an_executor(refuses_early_stops=refuses_early_stops)
    for step in [*_SENT, ("trade", True, "9.000")]:
        _step(one, *step)  # type: ignore[arg-type]
    for _ in range(5):
        one.deliver()
    assert one.position is not None
    return one


def held_without_an_answer() -> SceneExecutor:
    """An entry has filled; its stop and target are under way."""
    return held(refuses_early_stops=True)


def test_a_stop_for_the_whole_entry_stands_before_the_entry_goes_out() -> None:
    one = an_executor()
    _enter(one, True, "0.300")
    while not any(isinstance(call, Send) and call.order.role is OrderRole.ENTRY for call in one.calls):
        assert one.scene.account.store.of(BTC).resting.of_side(OrderSide.BUY) == []
        one.answer()
    (stop,) = one.scene.account.store.of(BTC).waiting.values()
    assert (stop.quantity, stop.reduce_only) == (Decimal("0.300"), True)
    assert one.memory.listed == {stop.client_id}


def test_one_refusal_of_a_stop_for_want_of_a_position_lets_no_entry_out() -> None:
    one = an_executor()
    _enter(one, True, "0.300")
    while not isinstance(one.calls[0], Send):
        one.answer()
    stop = one.calls.popleft()
    assert isinstance(stop, Send)
    assert stop.order.role is OrderRole.STOP
    one.look(Refused(stop.order.client_order_id, OrderRefusal.NOTHING_TO_REDUCE, "-2022"))
    _pass(one, 1)
    while not any(isinstance(call, Send) and call.order.role is OrderRole.ENTRY for call in one.calls):
        one.answer()
        one.scene.tick()
    assert len(one.scene.account.store.of(BTC).waiting) == 1


def test_a_position_never_stands_without_its_stop_even_if_the_process_dies_at_once() -> None:
    one = an_executor()
    for step in _SENT:
        _step(one, *step)  # type: ignore[arg-type]
    one.crash()
    _trade(one, True, "9.000")
    store = one.scene.account.store.of(BTC)
    (stop,) = store.waiting.values()
    assert store.position.amount == stop.quantity


def test_a_stop_that_is_proven_is_not_placed_again_when_parts_of_the_entry_fill() -> None:
    one = an_executor()
    for step in [*_SENT, ("trade", True, "0.204"), ("pass", 1), ("trade", True, "9.000"), ("pass", 1)]:
        _step(one, *step)  # type: ignore[arg-type]
        for _ in range(8):
            one.deliver()
            if one.calls:
                one.answer()
    assert one.position is not None
    roles = [order.role for order in one.orders]
    assert (roles.count(OrderRole.STOP), roles.count(OrderRole.TARGET)) == (1, 1)


def test_an_entry_whose_stop_the_price_has_passed_is_not_sent() -> None:
    one = an_executor()
    _enter(one, True, "0.300")
    _market(one, -12_000)
    for _ in range(10):
        if one.calls:
            one.answer()
    assert not list(one.scene.account.store.orders)
    states = {order.role: order.state for order in one.orders}
    assert states == {OrderRole.ENTRY: OrderState.CANCELED, OrderRole.STOP: OrderState.REJECTED}


def test_a_withdrawn_entry_takes_its_stop_along() -> None:
    one = an_executor()
    for step in [*_SENT, ("withdraw",)]:
        _step(one, *step)  # type: ignore[arg-type]
    for _ in range(10):
        one.deliver()
        if one.calls:
            one.answer()
    assert one.working == []
    assert not one.scene.account.store.of(BTC).waiting


def test_a_pause_of_the_process_closes_no_position() -> None:
    one = held_without_an_answer()
    _pass(one, 30)
    while one.calls:
        one.answer()
    assert one.position is not None
    assert {order.role for order in one.working} == {OrderRole.STOP, OrderRole.TARGET}


def test_a_stop_that_is_looked_for_in_vain_closes_the_position() -> None:
    one = held_without_an_answer()
    for _ in range(5):
        _pass(one, 1)
    assert [order.role for order in one.orders if order.order_type is OrderType.MARKET] == [OrderRole.EXIT]


def left_passively(bought_elsewhere: str | None = None) -> SceneExecutor:
    """What is held is left by an exit that is to rest. bought_elsewhere: by somebody, a second before."""
    one = held(refuses_early_stops=False)
    while one.calls:
        one.answer()
    if bought_elsewhere is not None:
        one.scene.buy(bought_elsewhere)
    one.scene.tick()
    one.leave(ExitUrgency.ORDINARY)
    one.look()
    return one


def test_a_passive_exit_goes_out_beside_a_stop_that_closes_whatever_rests() -> None:
    one = left_passively()
    at_exchange = one.scene.account.store.of(BTC)
    while not any(isinstance(call, Send) and call.order.role is OrderRole.EXIT for call in one.calls):
        one.answer()
        assert_covered(one)
    (stop,) = [order for order in at_exchange.waiting.values() if order.close_position]
    assert stop.client_id in one.memory.listed
    while one.calls:
        one.answer()
        assert_covered(one)
    assert at_exchange.resting.of_side(OrderSide.SELL)
    left = Counter(order.type for order in at_exchange.waiting.values())
    assert left == {SimulatedType.STOP_MARKET: 1, SimulatedType.TAKE_PROFIT_MARKET: 1}
    one.crash()
    _market(one, -12_000)
    assert at_exchange.position.amount == 0


def test_a_passive_exit_that_nobody_takes_in_a_minute_is_followed_by_a_market_order() -> None:
    one = left_passively()
    while one.scene.account.store.of(BTC).position.amount:
        while one.calls:
            one.answer()
        one.deliver()
        _pass(one, 1)
        assert_covered(one)
    passive, market = [order for order in one.orders if order.role is OrderRole.EXIT]
    assert (passive.order_type, passive.state) == (OrderType.POST_ONLY, OrderState.CANCELED)
    assert market.order_type is OrderType.MARKET
    assert passive.sent_time is not None
    assert market.sent_time is not None
    assert 60 <= (market.sent_time - passive.sent_time).total_seconds() <= 63


def test_beside_the_part_of_another_no_stop_closes_all_and_the_exit_is_sent_at_market() -> None:
    one = left_passively(bought_elsewhere="0.100")
    at_exchange, answered = one.scene.account.store.of(BTC), 0
    for _ in range(30):
        while one.calls:
            answered += isinstance(one.calls[0], AskPosition)
            one.answer()
        assert not any(order.close_position for order in at_exchange.waiting.values())
        one.deliver()
        _pass(one, 1)
    assert at_exchange.position.amount == Decimal("0.100")
    assert answered >= 3


def test_after_a_break_of_the_stream_every_stop_is_proven_again() -> None:
    one = held(refuses_early_stops=False)
    while one.calls:
        one.answer()
    (stop,) = [order for order in one.working if order.role is OrderRole.STOP]
    one.scene.account.store.of(BTC)
    one._ask("DELETE /fapi/v1/algoOrder", clientAlgoId=stop.client_order_id)  # by a stranger
    one.drop()
    one.look(StreamBroken())
    assert any(isinstance(call, ListStops) for call in one.calls)
    for _ in range(12):
        while one.calls:
            one.answer()
        one.scene.tick()
        one.look()
    assert_covered(one)
    assert next(order.state for order in one.orders if order.role is OrderRole.STOP) is OrderState.CANCELED


def test_an_entry_that_rests_gets_its_stop_again_after_a_restart() -> None:
    one = an_executor()
    for step in _SENT:
        _step(one, *step)  # type: ignore[arg-type]
    (stop,) = [order for order in one.working if order.role is OrderRole.STOP]
    one.cancel_elsewhere(stop)
    one.crash()
    for _ in range(12):
        one.look()
        while one.calls:
            one.answer()
        one.scene.tick()
    (placed,) = one.scene.account.store.of(BTC).waiting.values()
    assert placed.client_id != stop.client_order_id
    assert one.scene.account.store.of(BTC).resting.of_side(OrderSide.BUY)


def test_before_tables_and_exchange_were_compared_no_entry_goes_out_but_exits_do() -> None:
    one = held(refuses_early_stops=False)
    one.is_compared = False
    one.leave(ExitUrgency.URGENT)
    one.look()
    while one.calls:
        one.answer()
    one.come_to_rest(is_renewed=False)
    assert not one.scene.account.store.of(BTC).position.amount
    one.is_killed = False
    _enter(one, True, "0.300")
    for _ in range(10):
        while one.calls:
            one.answer()
        _pass(one, 1)
    assert [order.sent_time for order in entries(one)][1:] == [None]
    one.is_compared = True
    one.look()
    while one.calls:
        one.answer()
    assert entries(one)[-1].sent_time is not None


def test_an_exit_whose_stop_does_not_come_is_sent_at_market() -> None:
    one = left_passively()
    refused = 0
    for _ in range(30):
        for _ in range(len(one.calls)):
            call = one.calls[0]
            if isinstance(call, Send) and call.order.closes_position:
                one.calls.popleft()
                refused += 1
                one.look(Refused(call.order.client_order_id, OrderRefusal.OTHER, "-4130"))
            else:
                one.answer()
        one.deliver()
        _pass(one, 1)
    assert not one.scene.account.store.of(BTC).position.amount
    assert [order.state for order in one.orders if order.order_type is OrderType.POST_ONLY][1:] == [
        OrderState.CANCELED
    ]
    assert 3 <= refused <= 6


def test_an_entry_that_is_withdrawn_before_it_was_sent_is_never_sent() -> None:
    one = an_executor()
    bid, _ = one.touch()
    one.enter("0.300", str(bid), is_long=True)
    one.withdraw_entry()
    one.look()
    assert [order.state for order in one.orders] == [OrderState.CANCELED]
    assert not any(isinstance(call, Send) for call in one.calls)


def test_a_market_exit_that_is_refused_again_and_again_is_sent_at_longer_and_longer_intervals() -> None:
    one = held(refuses_early_stops=False)
    one.leave(ExitUrgency.URGENT)
    one.look()
    refused: list[str] = []
    for _ in range(30):
        for _ in range(len(one.calls)):
            call = one.calls[0]
            if isinstance(call, Send) and call.order.role is OrderRole.EXIT:
                one.calls.popleft()
                refused.append(call.order.client_order_id)
                one.look(Refused(refused[-1], OrderRefusal.OFF_FILTERS, "-4131"))
            else:
                one.answer()
        one.scene.tick()
        one.look()
    assert 5 <= len(refused) <= 12
    one.come_to_rest(is_renewed=False)
    assert_as_at_the_exchange(one)


def entries(one: SceneExecutor) -> list[Order]:
    """The entries of all decisions so far."""
    return [order for order in one.orders if order.role is OrderRole.ENTRY]


def refused_as_taker() -> SceneExecutor:
    """An entry above the best ask was refused: the prices of now are asked for."""
    one = an_executor()
    _, ask = one.touch()
    one.enter("0.300", str(ask + 1), is_long=True)
    one.look()
    while not any(isinstance(call, Quote) for call in one.calls):
        one.answer()
    return one


def test_a_requoted_entry_keeps_the_leverage_of_its_decision() -> None:
    one = refused_as_taker()
    leverage = one.memory.leverage
    assert leverage == LEVERAGE
    one.answer()
    assert [order.state for order in entries(one)] == [OrderState.REJECTED, OrderState.PLANNED]
    assert [type(call) for call in one.calls] == [Send]


def test_prices_for_a_requote_are_asked_for_until_they_come() -> None:
    one = refused_as_taker()
    one.answer(Outcome.LOST_BEFORE)
    assert not one.calls
    _pass(one, 1)
    assert [type(call) for call in one.calls] == [Quote]
    one.answer()
    assert len(entries(one)) == 2


def test_a_requote_whose_prices_come_too_late_is_given_up() -> None:
    one = refused_as_taker()
    _pass(one, 130)
    assert one.memory.requote is None
    while one.calls:
        one.answer()
    assert len(entries(one)) == 1
    assert one.working == []
