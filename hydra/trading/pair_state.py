"""The orders and the position of a pair, in exact decimals (law 6).

They change in place and collect their new events; `hydra/trading/pair_state_rows.py` reads and stores them.
Source: docs/practice.md, "Position management"; C41, C45, C117, C126.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from hydra.domain import (
    FillEvidence,
    OrderRole,
    OrderState,
    OrderType,
    PositionEventKind,
    PositionState,
    ReasonCode,
)
from hydra.layers.layer5_orders import DecisionKey, OrderPlan
from hydra.ledger.positions import average_price, net_profit, price_profit
from hydra.trading.bars import Settlement

BOOKED: Final = Decimal("0.00000001")
"""Amounts have eight decimals, as on the exchange, so that their sums are exact."""

ENDED: Final = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED})
"""States that an order does not leave."""


def rounded_usd(amount: Decimal) -> Decimal:
    """`amount` rounded to eight decimals."""
    return amount.quantize(BOOKED)


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade of an order. fee_usd: positive is a cost. time: by a bar its end, else exact.

    trade_id: the exchange's; None: there is none, and storing numbers it.
    """

    time: datetime
    price: Decimal
    quantity: Decimal
    fee_usd: Decimal
    is_maker: bool
    evidence: FillEvidence = FillEvidence.BAR
    trade_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """A change of an order's state."""

    time: datetime
    state: OrderState
    reason_code: ReasonCode | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PositionEvent:
    """A change or a check of a position. amount_usd: positive is received."""

    time: datetime
    kind: PositionEventKind
    amount_usd: Decimal | None = None
    reason_code: ReasonCode | None = None
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Order:
    """An order. order_id: None before it is stored. position_id: as it was read. events, fills: new since.

    closes_position: see `OrderPlan`. queue_ahead: base units before it in the recorded book's queue after the
    last minute; None: not known. sent_time: when the exchange was called; None: never. cancel_wanted_time:
    since when it shall end. The exchange's ids are text; child_order_id: of the ordinary order that a
    triggered stop or target became.
    """

    instrument_id: int
    client_order_id: str
    decision_time: datetime
    role: OrderRole
    order_type: OrderType
    is_buy: bool
    quantity: Decimal
    reference_price: Decimal
    placed_time: datetime
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    closes_position: bool = False
    state: OrderState = OrderState.PLANNED
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    reason_code: ReasonCode | None = None
    finished_time: datetime | None = None
    queue_ahead: Decimal | None = None
    sent_time: datetime | None = None
    cancel_wanted_time: datetime | None = None
    exchange_order_id: str | None = None
    child_order_id: str | None = None
    order_id: int | None = None
    position_id: int | None = None
    last_sequence: int = 0
    last_event_time: datetime | None = None
    events: list[OrderEvent] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    @property
    def remaining(self) -> Decimal:
        """Base units not yet filled; below 0 where a stop closed more than was known."""
        return self.quantity - self.filled_quantity

    @property
    def is_working(self) -> bool:
        """True if it can still be filled."""
        return self.state not in ENDED

    @property
    def is_withdrawn(self) -> bool:
        """True if it has ended, or shall end."""
        return not self.is_working or self.cancel_wanted_time is not None

    def enter(
        self,
        time: datetime,
        state: OrderState,
        reason_code: ReasonCode | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Change to `state`. Without a reason_code the earlier one stays."""
        self.state = state
        self.reason_code = reason_code or self.reason_code
        self.finished_time = time if state in ENDED else None
        self.events.append(OrderEvent(time, state, reason_code, detail or {}))

    def want_cancel(
        self,
        time: datetime,
        reason_code: ReasonCode | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Record that it shall end, once; the exchange says when it has."""
        if not self.is_withdrawn:
            self.cancel_wanted_time = time
            self.enter(time, self.state, reason_code, {"cancel": "wanted", **(detail or {})})

    def stand_in_queue(self, time: datetime, ahead: Decimal | None) -> None:
        """Record its place in the queue of the recorded book, if it is new."""
        if self.is_working and ahead != self.queue_ahead:
            self.queue_ahead = ahead
            self.enter(time, self.state, detail={"queue_ahead": ahead})

    def fill(self, trade: Fill) -> None:
        """Book a trade."""
        before = self.average_price or Decimal(0)
        self.average_price = rounded_usd(
            average_price(self.filled_quantity, before, trade.quantity, trade.price)
        )
        self.filled_quantity += trade.quantity
        self.fills.append(trade)
        state = OrderState.FILLED if self.remaining <= 0 else OrderState.PARTIALLY_FILLED
        self.enter(trade.time, state, detail={"price": trade.price, "quantity": trade.quantity})


def planned_order(
    plan: OrderPlan,
    key: DecisionKey,
    reference_price: Decimal,
    placed_time: datetime,
    reason_code: ReasonCode | None = None,
) -> Order:
    """The order of `plan`, not sent yet."""
    order = Order(
        instrument_id=key.instrument_id,
        client_order_id=plan.client_order_id,
        decision_time=key.decision_time,
        role=plan.role,
        order_type=plan.order_type,
        is_buy=plan.is_buy,
        quantity=plan.quantity,
        reference_price=reference_price,
        placed_time=placed_time,
        limit_price=plan.limit_price,
        trigger_price=plan.trigger_price,
        closes_position=plan.closes_position,
    )
    order.enter(placed_time, OrderState.PLANNED, reason_code)
    return order


@dataclass(slots=True)
class Position:
    """A position. position_id: None before it is stored. liquidation_price: 0: never.

    peak_quantity: all that was entered; entries come before exits, so it is the most that was held.

    cost_basis_usd: cost (of a short: proceeds) of the quantity held. entry_price: its average, rounded.
    """

    instrument_id: int
    decision_time: datetime
    direction: int
    opened_time: datetime
    leverage: Decimal
    max_holding_until: datetime
    mark_source: str
    state: PositionState = PositionState.OPEN
    closed_time: datetime | None = None
    quantity: Decimal = Decimal(0)
    peak_quantity: Decimal = Decimal(0)
    entry_price: Decimal = Decimal(0)
    cost_basis_usd: Decimal = Decimal(0)
    exit_price: Decimal | None = None
    stop_price: Decimal = Decimal(0)
    target_price: Decimal = Decimal(0)
    liquidation_price: Decimal = Decimal(0)
    exit_reason_code: ReasonCode | None = None
    gross_pnl_usd: Decimal = Decimal(0)
    fees_usd: Decimal = Decimal(0)
    funding_usd: Decimal = Decimal(0)
    position_id: int | None = None
    last_sequence: int = 0
    last_event_time: datetime | None = None
    stops_sent: int = 0
    exits_sent: int = 0
    events: list[PositionEvent] = field(default_factory=list)

    @property
    def net_pnl_usd(self) -> Decimal:
        return net_profit(self.gross_pnl_usd, self.fees_usd, self.funding_usd)

    @property
    def margin_usd(self) -> Decimal:
        """Isolated margin set aside."""
        return self.cost_basis_usd / self.leverage

    @property
    def bankruptcy_price(self) -> Decimal:
        """The price at which all of the margin is lost.

        Formula: (cost basis - side x margin) / quantity
        """
        return rounded_usd((self.cost_basis_usd - self.direction * self.margin_usd) / self.quantity)

    def margin_left_usd(self, price: Decimal) -> Decimal:
        """The margin left after closing everything at `price`; never negative."""
        gross = price_profit(self.direction, self.quantity, self.cost_basis_usd, price)
        return max(Decimal(0), rounded_usd(self.margin_usd + gross))

    def increase(self, trade: Fill) -> None:
        """Book an entry fill; one that comes late opens the position again."""
        is_first = self.peak_quantity == 0
        self.cost_basis_usd += trade.price * trade.quantity
        self.quantity += trade.quantity
        self.entry_price = rounded_usd(self.cost_basis_usd / self.quantity)
        self.peak_quantity += trade.quantity
        if self.state is PositionState.CLOSED:
            self.state, self.closed_time, self.exit_reason_code = PositionState.CLOSING, None, None
        self.fees_usd += trade.fee_usd
        kind = PositionEventKind.OPENED if is_first else PositionEventKind.INCREASED
        numbers = {"price": trade.price, "quantity": trade.quantity, "fee_usd": trade.fee_usd}
        self.events.append(PositionEvent(trade.time, kind, -trade.fee_usd, numbers=numbers))

    def reduce(self, trade: Fill, reason_code: ReasonCode) -> None:
        """Book an exit fill; the last one closes the position."""
        basis = self._basis_of(trade.quantity)
        gross = rounded_usd(price_profit(self.direction, trade.quantity, basis, trade.price))
        left_before = self.peak_quantity - self.quantity
        before = self.exit_price or Decimal(0)
        self.exit_price = rounded_usd(average_price(left_before, before, trade.quantity, trade.price))
        self.quantity -= trade.quantity
        self.cost_basis_usd -= basis
        self.gross_pnl_usd += gross
        self.fees_usd += trade.fee_usd
        numbers = {
            "price": trade.price, "quantity": trade.quantity, "fee_usd": trade.fee_usd, "gross_pnl_usd": gross
        }  # fmt: skip
        kind = PositionEventKind.REDUCED if self.quantity > 0 else PositionEventKind.CLOSED
        self.events.append(PositionEvent(trade.time, kind, gross - trade.fee_usd, reason_code, numbers))
        if self.quantity == 0:
            self.state, self.closed_time, self.exit_reason_code = (
                PositionState.CLOSED,
                trade.time,
                reason_code,
            )

    def _basis_of(self, quantity: Decimal) -> Decimal:
        """The part of the cost basis that belongs to `quantity`; all of it at the last exit."""
        if quantity == self.quantity:
            return self.cost_basis_usd
        return rounded_usd(self.cost_basis_usd * quantity / self.quantity)

    def protected(self, time: datetime) -> None:
        """Record that stop and target cover the whole quantity."""
        numbers = {
            "stop_price": self.stop_price,
            "target_price": self.target_price,
            "liquidation_price": self.liquidation_price,
            "quantity": self.quantity,
        }
        self.events.append(PositionEvent(time, PositionEventKind.PROTECTED, numbers=numbers))

    def receive_funding(self, settlement: Settlement, amount_usd: Decimal) -> None:
        """Book a settlement. amount_usd: negative is paid."""
        self.funding_usd += amount_usd
        numbers = {
            "rate": settlement.rate,
            "mark_price": settlement.mark,
            "mark_source": settlement.mark_source,
        }
        event = PositionEvent(settlement.time, PositionEventKind.FUNDING, amount_usd, numbers=numbers)
        self.events.append(event)


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """The entry of a risk decision, with the exits and the holding time of its position.

    direction: +1 LONG, -1 SHORT. quantity: base units. reference_price: the last price at the decision.
    """

    instrument_id: int
    direction: int
    quantity: Decimal
    reference_price: Decimal
    leverage: Decimal
    stop_price: Decimal
    target_price: Decimal
    max_holding_hours: float

    @property
    def opposite(self) -> "EntryPlan":
        """The same entry on the other side, with exits at the same distances."""
        return replace(
            self,
            direction=-self.direction,
            stop_price=2 * self.reference_price - self.stop_price,
            target_price=2 * self.reference_price - self.target_price,
        )


@dataclass(slots=True)
class PairState:
    """The working orders and the position of a run in one pair.

    plan: of the entry. ended: orders that ended, or are to end, since the state was read.
    """

    instrument_id: int
    entry: Order | None = None
    position: Position | None = None
    stop: Order | None = None
    target: Order | None = None
    exit: Order | None = None
    ended: list[Order] = field(default_factory=list)
    plan: EntryPlan | None = None

    @property
    def orders(self) -> list[Order]:
        """All working orders, and those of `ended`."""
        working = (self.entry, self.stop, self.target, self.exit)
        return [*self.ended, *(order for order in working if order is not None)]

    @property
    def is_open(self) -> bool:
        """True if a position is open."""
        return self.position is not None and self.position.quantity > 0

    def cash_effect_usd(self) -> Decimal:
        """Effect of the new events on the cash, USDT."""
        events = self.position.events if self.position else []
        return sum((event.amount_usd for event in events if event.amount_usd is not None), Decimal(0))

    def add(self, order: Order) -> None:
        """Add a working order. An older one of its role works on in `ended`, until it is cancelled."""
        older: Order | None = getattr(self, order.role.lower())
        if older is not None:
            self.ended.append(older)
        setattr(self, order.role.lower(), order)

    def drop_ended(self) -> None:
        """Move orders that have ended, or shall end, to `ended`."""
        for role in OrderRole:
            order: Order | None = getattr(self, role.lower())
            if order is not None and order.is_withdrawn:
                self.ended.append(order)
                setattr(self, role.lower(), None)
