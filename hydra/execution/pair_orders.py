"""The working orders and the position of one pair, as the execution process decides on them.

It is read anew for every look, inside the transaction that stores what is decided.
Source: docs/architecture.md, laws 1 and 5.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from hydra.domain import (
    ExitUrgency,
    OrderRole,
    OrderState,
    OrderType,
    PositionEventKind,
    PositionState,
    ReasonCode,
)
from hydra.layers.layer4_filters import ceil_to, floor_to
from hydra.layers.layer5_execution import ExecutionParameters
from hydra.layers.layer5_orders import DecisionKey, OrderPlan, market_exit_order
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.live_venue import LiveVenue
from hydra.trading.pair_state import EntryPlan, Order, PairState, Position, PositionEvent


@dataclass(slots=True)
class PairOrders:
    """One pair of a run. symbol: the exchange's name. sent: orders of the decision so far, by role.

    parameters: those of the run. is_killed: a kill switch stops the pair. is_ending: the run is being
    stopped: positions are kept, entries are not, and what is being left is left at market. is_compared:
    tables and exchange were, since the process began: until then no entry goes out.
    """

    state: PairState
    symbol: str
    spec: InstrumentSpec
    venue: LiveVenue
    parameters: ExecutionParameters = field(default_factory=ExecutionParameters)
    sent: dict[OrderRole, int] = field(default_factory=dict)
    is_killed: bool = False
    is_ending: bool = False
    is_compared: bool = True

    @property
    def position(self) -> Position | None:
        """The position, if something is held."""
        return self.state.position if self.state.is_open else None

    @property
    def takes_no_entry(self) -> bool:
        """Whether entries are withdrawn and none is quoted anew."""
        return self.is_killed or self.is_ending

    @property
    def held(self) -> Decimal:
        """Base units held, without sign."""
        return self.position.quantity if self.position is not None else Decimal(0)

    @property
    def at_risk(self) -> Decimal:
        """Base units held, and those that working entries may still add."""
        return self.held + sum((one.remaining for one in self.working(OrderRole.ENTRY)), Decimal(0))

    @property
    def decision_time(self) -> datetime | None:
        """Of the position, or of the working entry; None: there is neither."""
        entries = self.working(OrderRole.ENTRY)
        if self.position is not None or not entries:
            return self.position.decision_time if self.position is not None else None
        return entries[-1].decision_time

    @property
    def entry_plan(self) -> EntryPlan:
        """The plan of the decision that the working entry comes from."""
        if self.state.plan is None:
            raise AssertionError("a working entry comes with the plan of its decision")
        return self.state.plan

    @property
    def wanted_leverage(self) -> int:
        """The whole leverage that the decision of the entry allows."""
        return max(1, int(self.entry_plan.leverage))

    def working(self, *roles: OrderRole) -> list[Order]:
        """The orders of these roles that can still be filled, oldest first; of all without a role."""
        found = [one for one in self.state.orders if one.is_working and (not roles or one.role in roles)]
        return sorted(found, key=lambda one: (one.order_id is None, one.order_id or 0))

    @property
    def passive_exits(self) -> list[Order]:
        """The working exits that rest in the book, or are to."""
        return [one for one in self.working(OrderRole.EXIT) if one.order_type is not OrderType.MARKET]

    def order(self, client_order_id: str) -> Order | None:
        """The order with this id, if it worked when the pair was read, or was added since."""
        return next((one for one in self.state.orders if one.client_order_id == client_order_id), None)

    def key(self, decision_time: datetime) -> DecisionKey:
        """See `Venue.key`."""
        return self.venue.key(self.state.instrument_id, decision_time)

    def attempt(self, role: OrderRole) -> int:
        """The number of the next order of a role."""
        return self.sent.get(role, 0)

    def plan(
        self,
        plan: OrderPlan,
        decision_time: datetime,
        reference_price: Decimal,
        time: datetime,
        reason_code: ReasonCode | None = None,
    ) -> Order:
        """Add an order that is still to be sent."""
        order = self.venue.submit(plan, self.key(decision_time), reference_price, time, reason_code)
        self.state.add(order)
        self.sent[order.role] = self.attempt(order.role) + 1
        return order

    def withdraw(self, orders: list[Order], time: datetime, reason_code: ReasonCode | None = None) -> None:
        """Let orders end: at once those that never went out, the others at the exchange."""
        for order in orders:
            if order.sent_time is None and order.is_working:
                order.enter(time, OrderState.CANCELED, reason_code, {"sent": False})
            else:
                order.want_cancel(time, reason_code)

    def leave_at_market(self, time: datetime, reason_code: ReasonCode) -> None:
        """Close everything by a market order, unless one works; entries and passive exits are withdrawn."""
        position = self.position
        if position is None:
            return
        self.withdraw(self.working(OrderRole.ENTRY), time, reason_code)
        exits = self.working(OrderRole.EXIT)
        if any(one.order_type is OrderType.MARKET for one in exits):
            return
        self.withdraw(exits, time)
        key, attempt = self.key(position.decision_time), self.attempt(OrderRole.EXIT)
        plan = market_exit_order(key, position.direction, position.quantity, attempt)
        position.state = PositionState.CLOSING
        numbers = {"urgency": ExitUrgency.URGENT.value}
        position.events.append(PositionEvent(time, PositionEventKind.CHECKED, None, reason_code, numbers))
        self.plan(plan, position.decision_time, position.entry_price, time, reason_code)

    def off_filters(self, order: Order) -> str | None:
        """What of an order the exchange's filters would refuse, in words; None: nothing."""
        filters = self.spec.filters
        price = order.limit_price or order.trigger_price
        if order.quantity != floor_to(order.quantity, filters.step_size):
            return f"quantity {order.quantity} is not on the step {filters.step_size}"
        if not filters.min_quantity <= order.quantity <= filters.max_quantity:
            return f"quantity {order.quantity} is outside {filters.min_quantity} to {filters.max_quantity}"
        if price is not None and price != ceil_to(price, filters.tick_size):
            return f"price {price} is not on the tick {filters.tick_size}"
        is_entry = order.role is OrderRole.ENTRY
        if is_entry and price is not None and order.quantity * price < filters.min_notional_usd:
            return f"notional {order.quantity * price} is below {filters.min_notional_usd}"
        return None
