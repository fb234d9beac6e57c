"""The matching of the paper exchange: plays the bars of a pair against its orders and its position.

`hydra/trading/paper_orders.py` says what fills, when and at which price: by the minute's recorded book and
trades where it has them, else by its bar, and then at the bar's end. Within a bar the worst order of events
is assumed: liquidation at the open; waiting market order; entry before stop; stop before target; passive exit
last. After its timeout the rest of a passive exit is closed at the end of the bar.
Source: C41, C42, C45, C114, C126, C131; docs/practice.md, "Costs".
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from hydra.domain import FillEvidence, OrderRole, OrderState, OrderType, PositionState, ReasonCode
from hydra.layers.layer4_filters import exact
from hydra.layers.layer5_book_fills import triggering_trade
from hydra.layers.layer5_execution import ExecutionParameters, OrderStep, exit_step
from hydra.layers.layer5_orders import market_exit_order, protective_orders
from hydra.layers.layer5_paper_fills import (
    BarrierHit,
    barrier_hit,
    barrier_price,
    is_bankrupt,
    liquidation_fill_price,
)
from hydra.ledger.costs import fee_usd, funding_payment
from hydra.trading.bars import BAR_LENGTH, Bar, Settlement
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.order_flow import FlowOfBar, not_recorded
from hydra.trading.pair_state import Fill, Order, PairState, Position, rounded_usd
from hydra.trading.paper_orders import price_by_bar, price_by_book, rest, within
from hydra.trading.venue import Venue

MADE_BY_THE_EXCHANGE: Final = frozenset({ReasonCode.STOP_HIT, ReasonCode.TARGET_HIT, ReasonCode.LIQUIDATED})
"""Reasons of exit orders that the exchange itself makes when a barrier is hit."""


@dataclass(frozen=True, slots=True)
class PaperMatching:
    """Plays the market of one pair. venue: the paper exchange. flow: what is recorded of a bar's minute."""

    venue: Venue
    spec: InstrumentSpec
    parameters: ExecutionParameters
    flow: FlowOfBar = not_recorded

    def settle(self, state: PairState, due: list[Settlement]) -> None:
        """Book the settlements at which the position was open."""
        position = state.position
        for settlement in due:
            if position is not None and position.quantity > 0 and position.opened_time <= settlement.time:
                mark, rate = exact(settlement.mark), Decimal(repr(settlement.rate))
                amount = rounded_usd(funding_payment(position.direction, position.quantity, mark, rate))
                position.receive_funding(settlement, amount)

    def play(self, state: PairState, bar: Bar) -> None:
        """Play one bar against the orders and the position of the pair."""
        hit = self._barrier(state, bar)
        if hit is not BarrierHit.LIQUIDATION and self._leave_by_waiting_order(state, bar):
            hit = BarrierHit.NONE
        entry = state.entry
        ahead = None if entry is None else entry.queue_ahead
        if entry is not None and hit is not BarrierHit.TARGET:
            fills, ahead = self._resting_fills(entry, bar)
            state.drop_ended()
            if fills:
                self._fill_entry(state, entry, bar, fills)
                hit = self._barrier(state, bar, counts_target=False)
        if hit is not BarrierHit.NONE:
            self._leave_at_barrier(state, bar, hit)
        if state.is_open:
            self._passive_exit(state, bar)
        if entry is not None:
            # Not before: a stop may have ended it within the minute, and events are in the order of time.
            entry.stand_in_queue(bar.end, ahead)
        self._guard(state, bar.end)

    # Entries

    def _fill_entry(self, state: PairState, entry: Order, bar: Bar, fills: list[Fill]) -> None:
        for trade in fills:
            entry.fill(trade)
            position = state.position or self._opened(state, bar, trade.time)
            state.position = position
            position.increase(trade)
            self._measure(position)
            self._guard_at_once(state, trade)

    def _opened(self, state: PairState, bar: Bar, time: datetime) -> Position:
        plan, entry = state.plan, state.entry
        if plan is None or entry is None:
            raise AssertionError("a working entry comes with the plan of its decision")
        return Position(
            instrument_id=state.instrument_id,
            decision_time=entry.decision_time,
            direction=plan.direction,
            opened_time=time,
            leverage=plan.leverage,
            max_holding_until=time + timedelta(hours=plan.max_holding_hours),
            mark_source=bar.mark_source,
            stop_price=plan.stop_price,
            target_price=plan.target_price,
        )

    def _measure(self, position: Position) -> None:
        price = self.spec.liquidation_price(
            position.direction,
            float(position.entry_price),
            float(position.quantity),
            float(position.margin_usd),
        )
        position.liquidation_price = exact(price)

    # Exits

    def _leave_by_waiting_order(self, state: PairState, bar: Bar) -> bool:
        """Fill a waiting market exit as it arrives, or at the open of the bar; False if it still waits."""
        order = state.exit
        if not state.is_open or order is None or order.order_type is not OrderType.MARKET:
            return False
        if bar.volume == 0 or not self._takes_part(order, bar):
            return False
        arrival = max(self._arrival(order), bar.time)
        if order.reason_code is ReasonCode.LIQUIDATED:
            self._liquidate(state, bar)
        elif not self._leave_through_book(state, order, bar, arrival):
            if arrival > bar.time:
                return False
            self._leave_at_market(state, order, bar, bar.open)
        return True

    def _barrier(self, state: PairState, bar: Bar, *, counts_target: bool = True) -> BarrierHit:
        """counts_target: False in the bar of an entry: its best price may come before the fill (C114).

        A bar that became known late says nothing of a position that was opened after it.
        """
        position = state.position
        if position is None or position.quantity == 0 or bar.end < position.opened_time:
            return BarrierHit.NONE
        mark_open, high, low, _ = bar.mark
        return barrier_hit(
            position.direction,
            float(position.stop_price),
            float(position.target_price) if counts_target else math.nan,
            float(position.liquidation_price),
            (mark_open, high, low),
            has_volume=bar.volume > 0,
        )

    def _leave_at_barrier(self, state: PairState, bar: Bar, hit: BarrierHit) -> None:
        position = _exposed(state)
        if hit is BarrierHit.LIQUIDATION:
            self._liquidate(state, bar)
            return
        # The entry may have filled in this bar: stop and target must cover the whole quantity first.
        self._guard(state, bar.end)
        order = _present(state.target if hit is BarrierHit.TARGET else state.stop)
        if bar.volume == 0:
            self._wait_for_volume(state, bar, _exit_reason(order))
            return
        level = float(position.target_price if hit is BarrierHit.TARGET else position.stop_price)
        flow = self.flow(bar)
        if flow is not None:
            is_above = (position.direction > 0) == (hit is BarrierHit.TARGET)
            entered = max((event.time for event in position.events), default=bar.time)
            trade = triggering_trade(flow.trades, level, entered, is_above=is_above)
            fired = max(trade.time, entered)
            if self._leave_through_book(state, order, bar, fired, trigger_price=trade.price):
                return
        self._leave_at_market(state, order, bar, barrier_price(position.direction, level, hit, bar.traded))

    def _leave_at_market(self, state: PairState, order: Order, bar: Bar, price: float) -> None:
        """Close everything with `order` at `price`, worse by half the spread and the slippage.

        If that would lose more than the margin, the position is liquidated instead.
        """
        position = _exposed(state)
        if is_bankrupt(position.direction, exact(price), position.bankruptcy_price):
            self._liquidate(state, bar)
            return
        got = price_by_bar(order, price, self.spec)
        self._book_exit(state, order, self._trade(bar.end, got, position.quantity, is_maker=False))

    def _leave_through_book(
        self, state: PairState, order: Order, bar: Bar, time: datetime, *, trigger_price: float | None = None
    ) -> bool:
        """Close everything with `order` at `time` by the recorded book; False where none is recorded."""
        position, flow = _exposed(state), self.flow(bar)
        if flow is None:
            return False
        price = price_by_book(order, position.quantity, flow, time, self.spec, trigger_price=trigger_price)
        if price is None:
            return False
        if is_bankrupt(position.direction, price, position.bankruptcy_price):
            self._liquidate(state, bar)
            return True
        trade = self._trade(
            within(bar, time), price, position.quantity, is_maker=False, evidence=FillEvidence.BOOK
        )
        self._book_exit(state, order, trade)
        return True

    def _liquidate(self, state: PairState, bar: Bar) -> None:
        """Liquidate in the first bar with volume: the whole margin is lost."""
        position = _exposed(state)
        if bar.volume == 0:
            self._wait_for_volume(state, bar, ReasonCode.LIQUIDATED)
            return
        bankruptcy = max(position.bankruptcy_price, self.spec.filters.tick_size)
        high, low = exact(bar.high), exact(bar.low)
        price = liquidation_fill_price(position.direction, bankruptcy, high, low)
        order = state.exit
        if order is None or order.reason_code is not ReasonCode.LIQUIDATED:
            order = self._replace_exit(state, bar.end, ReasonCode.LIQUIDATED, bankruptcy)
        kept = position.margin_left_usd(price) if price != bankruptcy else Decimal(0)
        self._book_exit(state, order, Fill(bar.end, price, position.quantity, kept, is_maker=False))

    def _wait_for_volume(self, state: PairState, bar: Bar, reason: ReasonCode) -> None:
        """A barrier hit in a bar without volume becomes a market order for the next bar with volume."""
        waiting = state.exit
        if waiting is not None and waiting.order_type is OrderType.MARKET:
            is_worse = reason is ReasonCode.LIQUIDATED is not waiting.reason_code
            if not is_worse:
                return
        self._replace_exit(state, bar.end, reason, exact(bar.close))
        if state.entry is not None:
            self.venue.cancel(state.entry, bar.end, reason)
        state.drop_ended()

    def close_all_at(self, state: PairState, time: datetime, mark: float) -> None:
        """Close everything at `mark`, with the costs of a market order."""
        position = _exposed(state)
        prices = (mark, mark, mark, mark)
        opened = time - BAR_LENGTH
        last = Bar(position.instrument_id, opened, *prices, 1.0, prices, position.mark_source)
        waiting = state.exit
        is_taken_over = waiting is not None and waiting.reason_code is ReasonCode.LIQUIDATED
        order = self._replace_exit(state, time, ReasonCode.DATA_ENDED, exact(mark))
        if is_taken_over:
            self._liquidate(state, last)
        else:
            self._leave_at_market(state, order, last, mark)
        self._guard(state, time)

    def _passive_exit(self, state: PairState, bar: Bar) -> None:
        order = state.exit
        if order is None or order.limit_price is None or not self._takes_part(order, bar):
            return
        reason = order.reason_code or ReasonCode.MAX_HOLDING_TIME
        fills, ahead = self._resting_fills(order, bar)
        for trade in fills:
            self._book_exit(state, order, trade)
        order.stand_in_queue(bar.end, ahead)
        is_refused = order.state is OrderState.REJECTED
        waited = (bar.end - order.placed_time).total_seconds()
        step = exit_step(waited, float(order.remaining), self.parameters, is_refused=is_refused)
        if step is OrderStep.SEND_MARKET:
            time = max(self._arrival(order), bar.time) if is_refused else bar.end
            state.drop_ended()
            self._give_up_waiting(state, order, bar, time, reason)

    def _give_up_waiting(
        self, state: PairState, order: Order, bar: Bar, time: datetime, reason: ReasonCode
    ) -> None:
        market = self._replace_exit(state, time, reason, order.reference_price)
        if bar.volume > 0 and not self._leave_through_book(state, market, bar, time):
            self._leave_at_market(state, market, bar, bar.close)

    def _replace_exit(
        self, state: PairState, time: datetime, reason: ReasonCode, reference_price: Decimal
    ) -> Order:
        """A market order for the whole quantity; it replaces a waiting exit."""
        position = _exposed(state)
        if state.exit is not None:
            self.venue.cancel(state.exit, time, detail={"replaced_by": OrderType.MARKET.value})
            state.drop_ended()
        key = self.venue.key(position.instrument_id, position.decision_time)
        plan = market_exit_order(key, position.direction, position.quantity, position.exits_sent)
        position.exits_sent += 1
        position.state = PositionState.CLOSING
        state.exit = self.venue.submit(plan, key, reference_price, time, reason)
        return state.exit

    def _book_exit(self, state: PairState, order: Order, trade: Fill) -> None:
        position = _exposed(state)
        order.fill(trade)
        position.reduce(trade, _exit_reason(order))
        if state.entry is not None and state.entry.is_working:
            self.venue.cancel(state.entry, trade.time, _exit_reason(order))
        state.drop_ended()
        self._guard_at_once(state, trade)

    # Protection

    def _guard_at_once(self, state: PairState, trade: Fill) -> None:
        """After a fill inside the bar stop and target follow at its time, not at the bar's end (law 5)."""
        if trade.evidence is FillEvidence.BOOK:
            self._guard(state, trade.time)

    def _guard(self, state: PairState, time: datetime) -> None:
        """Keep stop and target equal to the quantity: send, replace or cancel them."""
        position = state.position
        if position is None:
            return
        held = position.quantity
        if held > 0 and state.stop is not None and state.stop.quantity == held:
            return
        for order in (state.stop, state.target):
            if order is not None:
                self.venue.cancel(order, time, detail={"held": held})
        if held == 0 and state.exit is not None:
            self.venue.cancel(state.exit, time, detail={"held": held})
        state.drop_ended()
        if held > 0:
            self._protect(state, position, time)

    def _protect(self, state: PairState, position: Position, time: datetime) -> None:
        key, exits = (
            self.venue.key(position.instrument_id, position.decision_time),
            (position.stop_price, position.target_price),
        )
        plans = protective_orders(key, position.direction, position.quantity, exits, position.stops_sent)
        position.stops_sent += 1
        stop, target = (
            self.venue.submit(plan, key, price, time) for plan, price in zip(plans, exits, strict=True)
        )
        state.stop, state.target = stop, target
        position.protected(time)

    # Common to all fills

    def _arrival(self, order: Order) -> datetime:
        """When the order is at the exchange; its own orders are there at once."""
        is_there = order.reason_code in MADE_BY_THE_EXCHANGE
        return order.placed_time + timedelta(seconds=0.0 if is_there else self.parameters.latency_seconds)

    def _takes_part(self, order: Order, bar: Bar) -> bool:
        """True if the order was at the exchange as the bar began, or came in a minute with a book."""
        arrival = self._arrival(order)
        return arrival <= bar.time or (arrival < bar.end and self.flow(bar) is not None)

    def _resting_fills(self, order: Order, bar: Bar) -> tuple[list[Fill], Decimal | None]:
        """The fills of a resting order in a bar, and the base units ahead of it afterwards."""
        price = order.limit_price
        if price is None or not self._takes_part(order, bar):
            return [], order.queue_ahead
        flow = self.flow(bar)
        found, ahead = rest(order, bar, flow, self._arrival(order), self.spec.filters.step_size)
        evidence = FillEvidence.BAR if flow is None else FillEvidence.BOOK
        return [
            self._trade(one.time, price, one.quantity, is_maker=True, evidence=evidence) for one in found
        ], ahead

    def _trade(
        self,
        time: datetime,
        price: Decimal,
        quantity: Decimal,
        *,
        is_maker: bool,
        evidence: FillEvidence = FillEvidence.BAR,
    ) -> Fill:
        costs = self.spec.costs
        rate = costs.maker_fee_bps if is_maker else costs.taker_fee_bps
        return Fill(time, price, quantity, rounded_usd(fee_usd(price * quantity, rate)), is_maker, evidence)


def _exit_reason(order: Order) -> ReasonCode:
    """Why an exit order was sent; of stop and target the role is the reason."""
    if order.role is OrderRole.STOP:
        return ReasonCode.STOP_HIT
    if order.role is OrderRole.TARGET:
        return ReasonCode.TARGET_HIT
    if order.reason_code is None:
        raise AssertionError("an exit is sent for a reason")
    return order.reason_code


def _exposed(state: PairState) -> Position:
    if state.position is None:
        raise AssertionError("there is no position to leave")
    return state.position


def _present(order: Order | None) -> Order:
    if order is None or order.state is OrderState.CANCELED:
        raise AssertionError("stop and target rest as long as a position is open")
    return order
