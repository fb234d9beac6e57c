"""What happened to orders and positions, kept until it is written: numbered as the tables number it.

Keys are those of this run alone, from 1; the database gives its own when they are stored.
"""

from dataclasses import dataclass, field

from hydra.domain import PositionEventKind, ReasonCode
from hydra.trading.holding_rows import fill_rows, order_event_rows, position_event_rows
from hydra.trading.holdings import Holding, Order, Position
from hydra.trading.row_writer import Row


@dataclass
class Journal:
    """Orders and positions in the order of their making, and the rows of their events and fills.

    keeps_quiet_checks: the checks of positions that demanded nothing are kept too.
    """

    keeps_quiet_checks: bool = False
    orders: list[Order] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    order_events: list[Row] = field(default_factory=list)
    fills: list[Row] = field(default_factory=list)
    position_events: list[Row] = field(default_factory=list)

    def take(self, holding: Holding) -> None:
        """Move what is new in `holding` here; what has ended leaves it."""
        if holding.position is not None and holding.position.events:
            self._take_position(holding.position)
        for order in holding.orders:
            if order.events:
                self._take_order(order)
        holding.ended.clear()
        if holding.position is not None and holding.position.quantity == 0:
            holding.position = None
        if holding.entry is None:
            holding.terms = None

    def _take_position(self, position: Position) -> None:
        if position.position_id is None:
            self.positions.append(position)
            position.position_id = len(self.positions)
        if not self.keeps_quiet_checks:
            position.events = [
                event
                for event in position.events
                if event.kind is not PositionEventKind.CHECKED or event.reason_code is not ReasonCode.NORMAL
            ]
        self.position_events += position_event_rows(position)
        position.last_sequence += len(position.events)
        position.events = []

    def _take_order(self, order: Order) -> None:
        if order.order_id is None:
            self.orders.append(order)
            order.order_id = len(self.orders)
        self.order_events += order_event_rows(order)
        self.fills += fill_rows(order)
        order.last_sequence += len(order.events)
        order.events, order.fills = [], []
