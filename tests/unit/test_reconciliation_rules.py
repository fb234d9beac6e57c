"""What a difference leads to, and what may be taken over: rules without I/O."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.domain import DifferenceKind, OrderRole, OrderState, OrderType, RequestVerb
from hydra.exchange.account import PositionSeen
from hydra.reconciliation.adoption import entry_of_rest, refuse
from hydra.reconciliation.rules import ANSWERS, Action, end_of, end_of_unknown, stop_is_behind
from hydra.trading.operator_requests import OperatorRequest
from hydra.trading.pair_state import Order, Position
from tests.support.shown_account import STOP

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ORDER = Order(
    instrument_id=1,
    client_order_id="a",
    decision_time=NOW,
    role=OrderRole.STOP,
    order_type=OrderType.STOP_MARKET,
    is_buy=False,
    quantity=Decimal(10),
    reference_price=Decimal(100),
    placed_time=NOW,
    state=OrderState.OPEN,
)
POSITION = Position(
    instrument_id=1,
    decision_time=NOW,
    direction=1,
    opened_time=NOW,
    leverage=Decimal(5),
    max_holding_until=NOW,
    mark_source="mark",
    quantity=Decimal(4),
    entry_price=Decimal(100),
    cost_basis_usd=Decimal(400),
)
REQUEST = OperatorRequest(
    1, RequestVerb.ADOPT, "BTCUSDT", 1, Decimal(95), None, Decimal(4), requested_by="anna", reason="mine"
)
HELD = PositionSeen("BTCUSDT", Decimal(10), Decimal(100), is_isolated=True, mark_price=Decimal(101))
TO_A_PERSON = {
    DifferenceKind.ORDER_UNKNOWN, DifferenceKind.ORDER_CHANGED, DifferenceKind.FILL_NOT_FOUND,
    DifferenceKind.FILL_DIFFERS, DifferenceKind.POSITION_UNKNOWN, DifferenceKind.POSITION_DIFFERS,
    DifferenceKind.LEVERAGE_DIFFERS, DifferenceKind.BALANCE_DIFFERS, DifferenceKind.INCOME_DIFFERS,
}  # fmt: skip


def test_every_kind_has_an_answer_and_what_hydra_did_not_send_is_left_to_a_person() -> None:
    assert set(ANSWERS) == set(DifferenceKind)
    assert {kind for kind, one in ANSWERS.items() if one.action is Action.REPORT} == TO_A_PERSON
    unknown = [kind for kind in DifferenceKind if kind.startswith(("ORDER_UNKNOWN", "POSITION_"))]
    assert all(ANSWERS[kind].blocks_entries for kind in unknown)


@pytest.mark.parametrize(
    ("filled", "shown", "shown_filled", "end"),
    [
        ("0", OrderState.OPEN, "0", None),
        ("0", OrderState.CANCELED, "0", OrderState.CANCELED),
        ("3", OrderState.EXPIRED, "3", OrderState.EXPIRED),
        # Its fills come first; what is left of a stop that found less than its quantity has nothing to close.
        ("3", OrderState.FILLED, "10", None),
        ("3", OrderState.FILLED, "3", OrderState.EXPIRED),
    ],
)
def test_an_order_ends_as_the_exchange_says_once_its_fills_are_booked(
    filled: str, shown: OrderState, shown_filled: str, end: OrderState | None
) -> None:
    order = replace(ORDER, filled_quantity=Decimal(filled))
    seen = replace(STOP, state=shown, filled_quantity=Decimal(shown_filled))
    assert end_of(order, seen) is end
    assert end_of(replace(order, state=OrderState.CANCELED), seen) is None


def test_an_order_that_never_had_an_id_never_came() -> None:
    assert end_of_unknown(ORDER) is OrderState.REJECTED
    assert end_of_unknown(replace(ORDER, exchange_order_id="5")) is OrderState.CANCELED


@pytest.mark.parametrize(
    ("direction", "mark", "is_behind"),
    [(1, "95.1", False), (1, "95", True), (-1, "94.9", False), (-1, "95", True)],
)
def test_a_stop_that_the_mark_has_reached_is_behind(direction: int, mark: str, is_behind: bool) -> None:
    assert stop_is_behind(direction, Decimal(mark), Decimal(95)) is is_behind
    assert not stop_is_behind(direction, None, Decimal(95))


@pytest.mark.parametrize(
    ("request_changes", "held_changes", "own", "words"),
    [
        ({}, {}, None, None),
        ({}, {}, POSITION, None),
        ({"stop_price": None}, {}, None, "with a stop"),
        ({}, {"is_isolated": False}, None, "isolated margin"),
        ({}, {"quantity": Decimal(-10)}, POSITION, "the other side"),
        ({}, {"quantity": Decimal(4)}, POSITION, "HYDRA's already"),
        ({"stop_price": Decimal(101)}, {}, None, "a stop at 101 would fire at once"),
        ({"target_price": Decimal(101)}, {}, None, "a target at 101 would fire at once"),
        ({"stop_price": Decimal(102)}, {"quantity": Decimal(-10)}, None, None),
        ({}, {"quantity": Decimal(21)}, None, "21 of BTCUSDT is more than one order closes (20)"),
        (
            {"stop_price": Decimal(152), "target_price": None},
            {"quantity": Decimal(-10)},
            None,
            "no target above 0",
        ),
        ({"stop_price": Decimal(152), "target_price": Decimal(50)}, {"quantity": Decimal(-10)}, None, None),
    ],
)
def test_what_cannot_be_taken_over_is_refused_in_words(
    request_changes: dict[str, Decimal | None],
    held_changes: dict[str, Decimal | bool],
    own: Position | None,
    words: str | None,
) -> None:
    refusal = refuse(
        replace(REQUEST, **request_changes),  # type: ignore[arg-type]
        replace(HELD, **held_changes),  # type: ignore[arg-type]
        own,
        Decimal(20),
    )
    assert refusal is None if words is None else words in (refusal or "")


@given(
    st.decimals("0.001", "100", places=3),
    st.decimals("1", "1000", places=2),
    st.decimals("1", "1000", places=2),
)
def test_what_is_taken_over_and_what_was_held_cost_what_the_exchange_says(
    rest: Decimal, price: Decimal, own_price: Decimal
) -> None:
    own = replace(POSITION, cost_basis_usd=POSITION.quantity * own_price)
    whole = own.quantity + rest
    mean = (own.cost_basis_usd + rest * price) / whole
    quantity, found = entry_of_rest(replace(HELD, quantity=whole, entry_price=mean), own)
    assert quantity == rest
    assert abs(found - price) <= Decimal("0.00000001")


def test_a_rest_whose_price_cannot_follow_from_the_means_has_that_of_the_exchange() -> None:
    """4 at 100; somebody adds 4 at 50 and sells 3.5: of 4.5 at 75 the rest would cost less than nothing."""
    held = replace(HELD, quantity=Decimal("4.5"), entry_price=Decimal(75))
    assert entry_of_rest(held, POSITION) == (Decimal("0.5"), Decimal(75))
