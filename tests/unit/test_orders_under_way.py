"""An order that nobody answered may still be on its way, and its id works twice once the first has ended."""

from hydra.domain import ExitUrgency, OrderRole, OrderState
from hydra.exchange.account import LATEST_ARRIVAL_S
from hydra.execution.calls import Ask, Call, Cancel, Send
from hydra.execution.news import LONGEST_PAUSE_S, NotFound, StopsListed
from hydra.trading.pair_state import Order
from tests.support.scene_executor import Outcome, SceneExecutor
from tests.unit.test_execution_properties import an_executor, assert_as_at_the_exchange, held

_ENOUGH_SECONDS = int(LATEST_ARRIVAL_S + LONGEST_PAUSE_S) + 2


def _settled() -> SceneExecutor:
    """A position whose stop and target stand; nothing is under way."""
    one = held(refuses_early_stops=False)
    while one.calls:
        one.answer()
    return one


def _leave_unheard(one: SceneExecutor) -> None:
    """A market exit is sent, and its call is given up; it may still arrive."""
    one.leave(ExitUrgency.URGENT)
    one.look()
    while not isinstance(one.calls[0], Send):
        one.answer()
    one.answer(Outcome.LATE)


def _ask(one: SceneExecutor, seconds: int, role: OrderRole) -> int:
    """Every question is answered meanwhile; how often an order of the role was sent again."""
    sent = 0
    for _ in range(seconds):
        for _ in range(len(one.calls)):
            call = one.calls[0]
            sent += isinstance(call, Send) and call.order.role is role
            one.answer()
        one.scene.tick()
        one.look()
    return sent


def _about(one: SceneExecutor, order: Order) -> list[Call]:
    about = [call for call in one.calls if isinstance(call, Send | Ask | Cancel)]
    return [call for call in about if call.order.client_order_id == order.client_order_id]


def _ids(one: SceneExecutor, role: OrderRole) -> list[str]:
    own = {order.client_order_id for order in one.orders if order.role is role}
    return [order.client_id for order in one.scene.account.store.orders.values() if order.client_id in own]


def test_a_market_exit_that_is_under_way_is_not_sent_again() -> None:
    one = _settled()
    _leave_unheard(one)
    assert _ask(one, 3, OrderRole.EXIT) == 0
    one.arrive()
    _ask(one, _ENOUGH_SECONDS, OrderRole.EXIT)
    assert len(_ids(one, OrderRole.EXIT)) == 1
    one.come_to_rest(is_renewed=False)
    assert_as_at_the_exchange(one)


def test_a_market_exit_that_never_came_is_sent_again_under_its_id() -> None:
    one = _settled()
    _leave_unheard(one)
    assert _ask(one, _ENOUGH_SECONDS, OrderRole.EXIT) == 1
    one.arrive()
    assert len(_ids(one, OrderRole.EXIT)) == 1
    one.come_to_rest(is_renewed=False)
    assert_as_at_the_exchange(one)


def test_while_an_order_is_being_sent_nothing_else_is_asked_or_sent_of_it() -> None:
    one = _settled()
    _leave_unheard(one)
    (order,) = [order for order in one.working if order.role is OrderRole.EXIT]
    one.scene.tick()
    one.look(NotFound(order.client_order_id, one.now, is_final=True))
    sent = _about(one, order)
    assert isinstance(sent[-1], Send)
    for _ in range(_ENOUGH_SECONDS):
        one.scene.tick()
        one.look(NotFound(order.client_order_id, one.now, is_final=True))
    assert _about(one, order) == sent


def test_a_market_exit_of_a_killed_process_is_not_sent_again_while_it_may_arrive() -> None:
    one = _settled()
    _leave_unheard(one)
    one.crash()
    one.look()
    assert _ask(one, 3, OrderRole.EXIT) == 0
    one.arrive()
    _ask(one, _ENOUGH_SECONDS, OrderRole.EXIT)
    assert len(_ids(one, OrderRole.EXIT)) == 1


def test_a_market_exit_of_what_has_no_stop_waits_for_nothing() -> None:
    one = _settled()
    _leave_unheard(one)
    one.scene.tick()
    (identity,) = [order.client_order_id for order in one.working if order.role is OrderRole.EXIT]
    one.look(StopsListed(frozenset(), one.now), NotFound(identity, one.now, is_final=False))
    sent = [call.order.role for call in one.calls if isinstance(call, Send)]
    assert OrderRole.EXIT in sent


def test_a_withdrawn_entry_ends_only_when_it_cannot_arrive_any_more() -> None:
    one = an_executor()
    bid, _ = one.touch()
    one.enter("0.300", str(bid), is_long=True)
    one.look()
    while not (isinstance(one.calls[0], Send) and one.calls[0].order.role is OrderRole.ENTRY):
        one.answer()
    one.answer(Outcome.LATE)
    one.withdraw_entry()
    _ask(one, 3, OrderRole.ENTRY)
    (entry,) = [order for order in one.orders if order.role is OrderRole.ENTRY]
    assert entry.state is OrderState.UNKNOWN
    one.arrive()
    _ask(one, _ENOUGH_SECONDS, OrderRole.ENTRY)
    assert [order.state for order in one.orders if order.role is OrderRole.ENTRY] == [OrderState.CANCELED]
    one.come_to_rest(is_renewed=False)
    assert_as_at_the_exchange(one)
