"""The paper exchange: plays the bars of a pair against its orders and its position. No I/O.

Of what can happen inside a bar the worst is assumed, in this order: a market order fills at the open; the
entry fills before the stop; the stop comes before the target; a passive exit comes last, and what it leaves
after its time goes out at the bar's close. Every fill carries the instant at which its bar ended.
Source: C41, C42, C45, C114, C126; practice.md 3.6.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hydra.domain import OrderRole, OrderState, OrderType, ReasonCode
from hydra.layers.layer4_filters import ceil_to, exact, floor_to
from hydra.layers.layer5_execution import ExecutionParameters, OrderStep, entry_step, exit_step
from hydra.layers.layer5_orders import DecisionKey, OrderPlan, client_order_id, protective_orders
from hydra.layers.layer5_paper_fills import (
    BarrierHit,
    barrier_hit,
    barrier_price,
    entry_bar_hits_stop,
    passive_fill,
)
from hydra.ledger.costs import fee_usd, funding_payment, taker_price
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.pair_state import (
    PAPER_ACCOUNT,
    Fill,
    Order,
    PairState,
    Position,
    accepted_paper_order,
    booked,
)

BAR_LENGTH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A closed minute of traded prices, and of the mark price; where no mark is recorded the two are one.

    time: the bar's open. volume in base units. mark: (open, high, low, close).
    """

    instrument_id: int
    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    mark: tuple[float, float, float, float]
    mark_source: str

    @property
    def end(self) -> datetime:
        """The instant that its fills carry."""
        return self.time + BAR_LENGTH


@dataclass(frozen=True, slots=True)
class Settlement:
    """A funding settlement with the mark price at its instant; rate per interval, as settled."""

    instrument_id: int
    time: datetime
    rate: float
    mark: float


@dataclass(frozen=True, slots=True)
class PaperExchange:
    """One pair's market, as far as orders feel it."""

    run_id: int
    terms: InstrumentSpec
    parameters: ExecutionParameters

    def play(self, holding: PairState, bars: Iterable[Bar], settlements: Iterable[Settlement]) -> None:
        """Bring `holding` through what became known, in the order in which it happened.

        A settlement comes before the bar that opens at its instant: who is open then pays or receives.
        """
        due = sorted(settlements, key=lambda settlement: settlement.time)
        for bar in sorted(bars, key=lambda one: one.time):
            self._settle(holding, [one for one in due if one.time <= bar.time])
            due = [one for one in due if one.time > bar.time]
            self._play_bar(holding, bar)
        self._settle(holding, due)

    def time_out(self, holding: PairState, now: datetime) -> None:
        """Cancel an entry that has waited for 120 s; what it filled is the position (C41)."""
        entry = holding.entry
        if entry is None:
            return
        waited = (now - entry.placed_time).total_seconds()
        step = entry_step(waited, float(entry.remaining), 0, self.parameters, is_refused=False)
        if step is OrderStep.CANCEL:
            entry.cancel(now, ReasonCode.ENTRY_TIMEOUT)
            holding.drop_ended()

    def _settle(self, holding: PairState, due: list[Settlement]) -> None:
        position = holding.position
        for settlement in due:
            if position is not None and position.quantity > 0 and position.opened_time <= settlement.time:
                mark, rate = exact(settlement.mark), Decimal(repr(settlement.rate))
                amount = booked(funding_payment(position.direction, position.quantity, mark, rate))
                position.receive_funding(settlement.time, amount, settlement.rate, mark)

    def _play_bar(self, holding: PairState, bar: Bar) -> None:
        if holding.is_open:
            self._market_exit_at_open(holding, bar)
        hit = self._barrier(holding, bar)
        if hit is BarrierHit.TARGET:
            self._leave_at_barrier(holding, bar, hit)
        else:
            entered = self._fill_entry(holding, bar)
            if hit is not BarrierHit.NONE:
                self._leave_at_barrier(holding, bar, hit)
            elif entered and self._entry_bar_stops(holding, bar):
                self._leave_at_stop_of_entry_bar(holding, bar)
        if holding.is_open:
            self._passive_exit(holding, bar)
        self._guard(holding, bar.end)

    # Entries

    def _fill_entry(self, holding: PairState, bar: Bar) -> bool:
        entry = holding.entry
        if entry is None or not self._has_arrived(entry, bar):
            return False
        quantity = self._passive_quantity(entry, bar)
        if quantity == 0 or entry.limit_price is None:
            return False
        trade = self._trade(bar, entry.limit_price, quantity, is_maker=True)
        entry.fill(trade)
        position = holding.position or self._opened(holding, bar)
        holding.position = position
        position.increase(trade)
        self._measure(position)
        return True

    def _opened(self, holding: PairState, bar: Bar) -> Position:
        terms, entry = holding.terms, holding.entry
        if terms is None or entry is None:
            raise AssertionError("a working entry comes with the terms of its decision")
        return Position(
            instrument_id=holding.instrument_id,
            decision_time=entry.decision_time,
            direction=terms.direction,
            opened_time=bar.end,
            leverage=terms.leverage,
            max_holding_until=bar.end + timedelta(hours=terms.max_holding_hours),
            mark_source=bar.mark_source,
            stop_price=terms.stop_price,
            target_price=terms.target_price,
        )

    def _measure(self, position: Position) -> None:
        price = self.terms.liquidation_price(
            position.direction,
            float(position.entry_price),
            float(position.quantity),
            float(position.margin_usd),
        )
        position.liquidation_price = exact(price)

    # Exits

    def _market_exit_at_open(self, holding: PairState, bar: Bar) -> None:
        order = holding.exit
        if order is not None and order.order_type is OrderType.MARKET and self._has_arrived(order, bar):
            self._leave_at_market(holding, order, bar, bar.open)

    def _barrier(self, holding: PairState, bar: Bar) -> BarrierHit:
        position = holding.position
        if position is None or position.quantity == 0:
            return BarrierHit.NONE
        mark_open, high, low, _ = bar.mark
        return barrier_hit(
            position.direction,
            float(position.stop_price),
            float(position.target_price),
            float(position.liquidation_price),
            (mark_open, high, low),
        )

    def _entry_bar_stops(self, holding: PairState, bar: Bar) -> bool:
        position = holding.position
        if position is None:
            return False
        return entry_bar_hits_stop(position.direction, float(position.stop_price), bar.mark[1], bar.mark[2])

    def _leave_at_barrier(self, holding: PairState, bar: Bar, hit: BarrierHit) -> None:
        position = _exposed(holding)
        if hit is BarrierHit.LIQUIDATION:
            self._liquidate(holding, bar)
            return
        # Stop and target are on the books in full before they fire: the entry may just have added to them.
        self._guard(holding, bar.end)
        order = holding.target if hit is BarrierHit.TARGET else holding.stop
        level = position.target_price if hit is BarrierHit.TARGET else position.stop_price
        price = barrier_price(position.direction, float(level), bar.open, hit)
        self._leave_at_market(holding, _present(order), bar, price)

    def _leave_at_stop_of_entry_bar(self, holding: PairState, bar: Bar) -> None:
        self._guard(holding, bar.end)
        self._leave_at_market(holding, _present(holding.stop), bar, float(_exposed(holding).stop_price))

    def _leave_at_market(self, holding: PairState, order: Order, bar: Bar, price: float) -> None:
        """All that is held goes out with `order`, half the spread and the slippage worse than `price`."""
        costs, tick = self.terms.costs, self.terms.filters.tick_size
        direction = 1 if order.is_buy else -1
        got = taker_price(exact(price), direction, costs.taker_spread_bps, costs.slippage_bps)
        on_grid = ceil_to(got, tick) if order.is_buy else floor_to(got, tick)
        quantity = _exposed(holding).quantity
        self._book_exit(holding, order, self._trade(bar, on_grid, quantity, is_maker=False))

    def _liquidate(self, holding: PairState, bar: Bar) -> None:
        """The exchange takes the position over at the price at which its margin is gone, fees included."""
        position = _exposed(holding)
        price = booked(position.entry_price * (1 - position.direction / position.leverage))
        order = self._sent_market_exit(position, bar.end, ReasonCode.LIQUIDATED, price)
        holding.ended.append(order)
        least = max(price, self.terms.filters.tick_size)
        self._book_exit(holding, order, Fill(bar.end, least, position.quantity, Decimal(0), is_maker=False))

    def _passive_exit(self, holding: PairState, bar: Bar) -> None:
        order = holding.exit
        if order is None or order.limit_price is None or not self._has_arrived(order, bar):
            return
        quantity = self._passive_quantity(order, bar)
        if quantity > 0:
            trade = self._trade(bar, order.limit_price, quantity, is_maker=True)
            self._book_exit(holding, order, trade)
        waited = (bar.end - order.placed_time).total_seconds()
        step = exit_step(waited, float(order.remaining), self.parameters, is_refused=False)
        if step is OrderStep.SEND_MARKET:
            self._give_up_waiting(holding, order, bar)

    def _give_up_waiting(self, holding: PairState, order: Order, bar: Bar) -> None:
        position = _exposed(holding)
        order.cancel(bar.end, detail={"replaced_by": OrderType.MARKET.value})
        reason = order.reason_code or ReasonCode.MAX_HOLDING_TIME
        market = self._sent_market_exit(position, bar.end, reason, order.reference_price)
        holding.drop_ended()
        holding.exit = market
        self._leave_at_market(holding, market, bar, bar.close)

    def _sent_market_exit(
        self, position: Position, time: datetime, reason: ReasonCode, reference_price: Decimal
    ) -> Order:
        key = self._key(position)
        plan = OrderPlan(
            client_order_id(key, OrderRole.EXIT, position.exits_sent),
            OrderRole.EXIT,
            OrderType.MARKET,
            is_buy=position.direction < 0,
            quantity=position.quantity,
            reduce_only=True,
        )
        position.exits_sent += 1
        return accepted_paper_order(plan, key, reference_price, time, reason)

    def _book_exit(self, holding: PairState, order: Order, trade: Fill) -> None:
        position = _exposed(holding)
        order.fill(trade)
        position.reduce(trade, _exit_reason(order))
        if holding.entry is not None and holding.entry.is_working:
            holding.entry.cancel(trade.time, _exit_reason(order))
        holding.drop_ended()

    # Protection

    def _guard(self, holding: PairState, time: datetime) -> None:
        """Stop and target for exactly what is held: sent, replaced after a change, withdrawn at the end."""
        position = holding.position
        if position is None:
            return
        held = position.quantity
        if held > 0 and holding.stop is not None and holding.stop.quantity == held:
            return
        for order in (holding.stop, holding.target):
            if order is not None:
                order.cancel(time, detail={"held": held})
        if held == 0 and holding.exit is not None:
            holding.exit.cancel(time, detail={"held": held})
        holding.drop_ended()
        if held > 0:
            self._protect(holding, position, time)

    def _protect(self, holding: PairState, position: Position, time: datetime) -> None:
        key, exits = self._key(position), (position.stop_price, position.target_price)
        plans = protective_orders(key, position.direction, position.quantity, exits, position.stops_sent)
        position.stops_sent += 1
        stop, target = (
            accepted_paper_order(plan, key, price, time) for plan, price in zip(plans, exits, strict=True)
        )
        holding.stop, holding.target = stop, target
        position.protected(time)

    # What all fills share

    def _key(self, position: Position) -> DecisionKey:
        return DecisionKey(PAPER_ACCOUNT, self.run_id, position.instrument_id, position.decision_time)

    def _has_arrived(self, order: Order, bar: Bar) -> bool:
        """It was at the exchange when the bar began."""
        return order.placed_time + timedelta(seconds=self.parameters.latency_seconds) <= bar.time

    def _passive_quantity(self, order: Order, bar: Bar) -> Decimal:
        if order.limit_price is None:
            return Decimal(0)
        possible = passive_fill(
            float(order.limit_price),
            float(order.remaining),
            bar.high,
            bar.low,
            bar.volume,
            is_buy=order.is_buy,
        )
        return min(order.remaining, floor_to(exact(possible), self.terms.filters.step_size))

    def _trade(self, bar: Bar, price: Decimal, quantity: Decimal, *, is_maker: bool) -> Fill:
        costs = self.terms.costs
        rate = costs.maker_fee_bps if is_maker else costs.taker_fee_bps
        return Fill(bar.end, price, quantity, booked(fee_usd(price * quantity, rate)), is_maker)


def _exit_reason(order: Order) -> ReasonCode:
    """Why an exit order was sent; stop and target say it by what they are."""
    if order.role is OrderRole.STOP:
        return ReasonCode.STOP_HIT
    if order.role is OrderRole.TARGET:
        return ReasonCode.TARGET_HIT
    if order.reason_code is None:
        raise AssertionError("an exit is sent for a reason")
    return order.reason_code


def _exposed(holding: PairState) -> Position:
    if holding.position is None:
        raise AssertionError("there is no position to leave")
    return holding.position


def _present(order: Order | None) -> Order:
    if order is None or order.state is OrderState.CANCELED:
        raise AssertionError("stop and target rest as long as a position is open")
    return order
