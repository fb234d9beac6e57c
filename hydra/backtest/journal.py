"""The orders, positions and events of a backtest in memory.

Their keys count from 1; the database assigns its own when the rows are stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hydra.domain import PositionEventKind, ReasonCode
from hydra.trading.pair_state import Fill, Order, OrderEvent, PairState, Position, PositionEvent
from hydra.trading.pair_state_rows import fill_rows, order_event_rows, position_event_rows
from hydra.trading.row_writer import Row


class OrderNews(NamedTuple):
    """The events of an order in one minute, after number `last_sequence`."""

    order: Order
    last_sequence: int
    events: Sequence[OrderEvent]
    fills: Sequence[Fill]


class PositionNews(NamedTuple):
    """The events of a position in one minute, after number `last_sequence`."""

    position: Position
    last_sequence: int
    events: Sequence[PositionEvent]


@dataclass
class Journal:
    """Orders and positions in the order in which they were made, and their events.

    keeps_quiet_checks: also keep checks that demand no exit.
    """

    keeps_quiet_checks: bool = False
    orders: list[Order] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    order_news: list[OrderNews] = field(default_factory=list)
    position_news: list[PositionNews] = field(default_factory=list)

    def take(self, state: PairState) -> None:
        """Move new events out of `state` into the journal; remove ended orders and positions from `state`."""
        position = state.position
        if position is not None and position.events:
            self._take_position(position)
        for order in state.orders:
            if order.events:
                self._take_order(order)
        state.ended.clear()
        if position is not None and position.quantity == 0:
            state.position = None
        if state.entry is None:
            state.plan = None

    @property
    def order_events(self) -> list[Row]:
        return [
            row
            for order, last_sequence, events, _ in self.order_news
            for row in order_event_rows(order.order_id, last_sequence, events)
        ]

    @property
    def fills(self) -> list[Row]:
        return [
            row
            for order, last_sequence, _, fills in self.order_news
            for row in fill_rows(order, last_sequence, fills)
        ]

    @property
    def position_events(self) -> list[Row]:
        return [
            row
            for position, last_sequence, events in self.position_news
            for row in position_event_rows(position.position_id, last_sequence, events)
        ]

    def _take_position(self, position: Position) -> None:
        if position.position_id is None:
            self.positions.append(position)
            position.position_id = len(self.positions)
        events = position.events
        if not self.keeps_quiet_checks:
            events = [event for event in events if not _is_quiet(event)]
        self.position_news.append(PositionNews(position, position.last_sequence, events))
        position.last_sequence += len(events)
        position.events = []

    def _take_order(self, order: Order) -> None:
        if order.order_id is None:
            self.orders.append(order)
            order.order_id = len(self.orders)
        self.order_news.append(OrderNews(order, order.last_sequence, order.events, order.fills))
        order.last_sequence += len(order.events)
        order.events, order.fills = [], []


def _is_quiet(event: PositionEvent) -> bool:
    """True for a check that demands no exit."""
    return event.kind is PositionEventKind.CHECKED and event.reason_code is ReasonCode.NORMAL
