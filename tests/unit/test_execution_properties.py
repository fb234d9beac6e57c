"""Whatever is lost, doubled, reordered or killed: the rows end as the exchange, and nothing is doubled."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import ExitUrgency, OrderRole, OrderState, OrderType
from hydra.execution.calls import Quote, Send
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.words import MarginType
from tests.support.account_scene import Scene
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
    st.tuples(st.just("crash")),
    st.tuples(st.just("pass"), st.sampled_from((1, 3, 30, 130))),
    st.tuples(st.just("market"), _SHIFT),
    st.tuples(st.just("trade"), st.booleans(), st.sampled_from(("0.004", "0.100", "9.000"))),
)
_MIDDLE: Final = 500_000
LEVERAGE: Final = 10
_SENT: Final = (("enter", True, "0.300"), *[("answer", Outcome.ANSWERED)] * 3)
"""An entry rests in the book."""


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
    "answer": lambda one, outcome: one.answer(outcome),
    "deliver": lambda one, doubled: one.deliver(doubled=doubled),
    "reorder": lambda one: one.reorder(),
    "drop": lambda one: one.drop(),
    "crash": lambda one: (one.crash(), one.look()),
    "pass": _pass,
    "market": _market,
    "trade": _trade,
}


def an_executor() -> SceneExecutor:
    scene = Scene(AccountSettings(leverage=10, margin_type=MarginType.ISOLATED))
    return SceneExecutor(scene)


def assert_as_at_the_exchange(one: SceneExecutor) -> None:
    account, store = one.scene.account, one.scene.account.store
    assert account.position("BTCUSDT").amount == 0
    assert not list(store.open_orders())
    assert not store.of("BTCUSDT").waiting
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


@settings(max_examples=150)
@given(st.lists(_STEP, max_size=60), st.booleans())
def test_the_rows_end_as_the_exchange(steps: list[tuple[object, ...]], is_renewed: bool) -> None:
    one = an_executor()
    for step in [*_SENT, *steps]:
        _step(one, *step)  # type: ignore[arg-type]
    one.come_to_rest(is_renewed=is_renewed)
    assert_as_at_the_exchange(one)


def held_without_an_answer() -> SceneExecutor:
    """An entry has filled; its stop and target are under way."""
    one = an_executor()
    for step in [*_SENT, ("trade", True, "9.000")]:
        _step(one, *step)  # type: ignore[arg-type]
    while one.position is None:
        one.deliver()
    return one


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


def test_an_entry_that_is_withdrawn_before_it_was_sent_is_never_sent() -> None:
    one = an_executor()
    bid, _ = one.touch()
    one.enter("0.300", str(bid), is_long=True)
    one.withdraw_entry()
    one.look()
    assert [order.state for order in one.orders] == [OrderState.CANCELED]
    assert not any(isinstance(call, Send) for call in one.calls)


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
    assert [order.state for order in one.orders] == [OrderState.REJECTED, OrderState.PLANNED]
    assert [type(call) for call in one.calls] == [Send]


def test_prices_for_a_requote_are_asked_for_until_they_come() -> None:
    one = refused_as_taker()
    one.answer(Outcome.LOST_BEFORE)
    assert not one.calls
    _pass(one, 1)
    assert [type(call) for call in one.calls] == [Quote]
    one.answer()
    assert len(one.orders) == 2


def test_a_requote_whose_prices_come_too_late_is_given_up() -> None:
    one = refused_as_taker()
    _pass(one, 130)
    assert one.memory.requote is None
    one.answer()
    assert len(one.orders) == 1
