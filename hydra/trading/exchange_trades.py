"""Books the exchange's own trades on the orders and the position of a pair.

Source: C41, C45, C117; docs/architecture.md, law 5; docs/exchange.md, "Reconciliation".
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from hydra.domain import FillEvidence, OrderRole, OrderState, ReasonCode
from hydra.exchange.account import TradeSeen
from hydra.layers.layer4_filters import exact
from hydra.ledger.costs import PairCosts, fee_usd
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.market_rows import MARK
from hydra.trading.pair_state import EntryPlan, Fill, Order, PairState, Position, rounded_usd

QUOTE: Final = "USDT"
"""The asset of wallets, profits and fees."""

_EXIT_REASONS: Final = {OrderRole.STOP: ReasonCode.STOP_HIT, OrderRole.TARGET: ReasonCode.TARGET_HIT}


def fill_of(trade: TradeSeen, costs: PairCosts) -> Fill:
    """A trade of the exchange as the fill of an order.

    A fee in another asset than USDT is valued by the cost model; the balance then differs, which is an alarm.
    """
    rate = costs.maker_fee_bps if trade.is_maker else costs.taker_fee_bps
    by_rate = rounded_usd(fee_usd(trade.price * trade.quantity, rate))
    return Fill(
        trade.time,
        trade.price,
        trade.quantity,
        trade.fee if trade.fee_asset == QUOTE else by_rate,
        trade.is_maker,
        FillEvidence.EXCHANGE,
        str(trade.trade_id),
    )


def book_trade(state: PairState, order: Order, plan: EntryPlan, trade: Fill, spec: InstrumentSpec) -> None:
    """Book a trade of one of the pair's orders; a cancelled order that had filled before keeps its state.

    A stop and an exit may both fill where somebody has added to the position: what they close beyond the part
    of the run is no part of its position. plan: of the decision behind the order.
    """
    ended = None if order.is_working else order.state
    order.fill(trade)
    if ended is not None and order.state is not OrderState.FILLED:
        order.enter(trade.time, ended)
    if order.role is OrderRole.ENTRY:
        state.position = state.position or opened_position(plan, order, trade)
        state.position.increase(trade)
        measure_liquidation(state.position, spec)
    elif state.is_open and state.position is not None:
        own = min(trade.quantity, state.position.quantity)
        state.position.reduce(replace(trade, quantity=own), exit_reason(order))


def opened_position(plan: EntryPlan, order: Order, trade: Fill) -> Position:
    """The position that the first fill of an entry opens, still without quantity."""
    return Position(
        instrument_id=plan.instrument_id,
        decision_time=order.decision_time,
        direction=plan.direction,
        opened_time=trade.time,
        leverage=plan.leverage,
        max_holding_until=trade.time + timedelta(hours=plan.max_holding_hours),
        mark_source=MARK,
        stop_price=plan.stop_price,
        target_price=plan.target_price,
    )


def measure_liquidation(position: Position, spec: InstrumentSpec) -> None:
    """Set the price of liquidation by bracket for what is held now."""
    price = spec.liquidation_price(
        position.direction,
        float(position.entry_price),
        float(position.quantity),
        float(position.margin_usd),
    )
    position.liquidation_price = exact(price)


def exit_reason(order: Order) -> ReasonCode:
    """Why an order left its position; of stop and target the role is the reason."""
    return _EXIT_REASONS.get(order.role) or order.reason_code or ReasonCode.CLOSED_ELSEWHERE
