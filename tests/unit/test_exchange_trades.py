"""Trades of the exchange booked on the orders and the position of a pair."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hydra.domain import FillEvidence, OrderRole, OrderState, OrderType, PositionState, ReasonCode
from hydra.trading.exchange_trades import book_trade
from hydra.trading.pair_state import EntryPlan, Fill, Order, PairState, Position
from tests.support.generated_facts import terms_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PLAN = EntryPlan(1, 1, Decimal(4), Decimal(100), Decimal(5), Decimal(95), Decimal(110), 4.0)
STOP = Order(
    instrument_id=1,
    client_order_id="stop",
    decision_time=NOW,
    role=OrderRole.STOP,
    order_type=OrderType.STOP_MARKET,
    is_buy=False,
    quantity=Decimal(4),
    reference_price=Decimal(95),
    placed_time=NOW,
    state=OrderState.OPEN,
)


def a_trade(trade_id: str, quantity: int) -> Fill:
    """A sale at 95 with a fee of 0.1."""
    return Fill(
        NOW + timedelta(seconds=1), Decimal(95), Decimal(quantity), Decimal("0.1"), is_maker=False,
        evidence=FillEvidence.EXCHANGE, trade_id=trade_id,
    )  # fmt: skip


def a_position() -> Position:
    """A long of 4, bought at 100."""
    return Position(
        1, NOW, 1, NOW, Decimal(5), NOW, "mark", quantity=Decimal(4), peak_quantity=Decimal(4),
        entry_price=Decimal(100), cost_basis_usd=Decimal(400),
    )  # fmt: skip


def test_what_a_stop_and_an_exit_close_beyond_the_run_s_part_is_no_part_of_its_position() -> None:
    """Somebody has added 4 by hand: at the exchange both orders find something to close."""
    terms, position = terms_of((1,))[1], a_position()
    stop = replace(STOP, events=[], fills=[])
    leaving = replace(stop, role=OrderRole.EXIT, events=[], fills=[])
    state = PairState(1, position=position, stop=stop, exit=leaving)
    for order, trades in ((stop, ("1", 3)), (leaving, ("2", 3)), (leaving, ("3", 1)), (stop, ("4", 1))):
        book_trade(state, order, PLAN, a_trade(*trades), terms)
    assert (stop.state, leaving.state) == (OrderState.FILLED, OrderState.FILLED)
    assert position.state is PositionState.CLOSED
    assert position.quantity == position.cost_basis_usd == 0
    assert position.gross_pnl_usd == Decimal(-20)
    assert position.exit_reason_code == ReasonCode.CLOSED_ELSEWHERE
