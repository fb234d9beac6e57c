"""The paper exchange: a venue that accepts every order at once and fills it from recorded books or bars.

Source: docs/practice.md (cost model); C41, C126, C131.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from hydra.domain import OrderState, ReasonCode
from hydra.layers.layer5_execution import ExecutionParameters, OrderStep, entry_step
from hydra.layers.layer5_orders import DecisionKey, OrderPlan
from hydra.trading.bars import Bar, Settlement
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.market_rows import Price
from hydra.trading.order_flow import FlowOfBar, not_recorded
from hydra.trading.pair_state import Order, PairState, planned_order
from hydra.trading.paper_matching import PaperMatching

PAPER_ACCOUNT: Final = "paper"


@dataclass(frozen=True, slots=True)
class PaperExchange:
    """A `Venue`. specs, bars, settlements: of a minute, by instrument; `collect` plays them.

    flow: the recorded books and trades of a bar's minute, read where an order needs them.
    """

    run_id: int
    parameters: ExecutionParameters
    specs: Mapping[int, InstrumentSpec] = field(default_factory=dict)
    bars: Mapping[int, Sequence[Bar]] = field(default_factory=dict)
    settlements: Mapping[int, Sequence[Settlement]] = field(default_factory=dict)
    flow: FlowOfBar = not_recorded

    def key(self, instrument_id: int, decision_time: datetime) -> DecisionKey:
        """See `Venue.key`."""
        return DecisionKey(PAPER_ACCOUNT, self.run_id, instrument_id, decision_time)

    def submit(
        self,
        plan: OrderPlan,
        key: DecisionKey,
        reference_price: Decimal,
        time: datetime,
        reason_code: ReasonCode | None = None,
    ) -> Order:
        """See `Venue.submit`. The order is accepted at once and can fill after the latency."""
        order = planned_order(plan, key, reference_price, time, reason_code)
        order.enter(time, OrderState.OPEN)
        return order

    def cancel(
        self,
        order: Order,
        time: datetime,
        reason_code: ReasonCode | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """See `Venue.cancel`."""
        order.enter(time, OrderState.CANCELED, reason_code, detail)

    def collect(self, state: PairState, time: datetime) -> None:
        """See `Venue.collect`. Bars and settlements are played in time order.

        A settlement comes before the bar that opens at the same time.
        """
        key = state.instrument_id
        matching = PaperMatching(self, self.specs[key], self.parameters, cache(self.flow))
        due = sorted(self.settlements.get(key, ()), key=lambda settlement: settlement.time)
        for bar in sorted(self.bars.get(key, ()), key=lambda one: one.time):
            matching.settle(state, [one for one in due if one.time <= bar.time])
            due = [one for one in due if one.time > bar.time]
            matching.play(state, bar)
        matching.settle(state, due)
        self._time_out(state, time)

    def close_at_last_mark(self, state: PairState, time: datetime, price: Price) -> None:
        """Close a position whose data ended: at the last known mark, with market order costs (C132)."""
        matching = PaperMatching(self, self.specs[state.instrument_id], self.parameters)
        matching.close_all_at(state, time, float(price.mark))

    def _time_out(self, state: PairState, now: datetime) -> None:
        """Cancel an entry after its timeout; the filled part is the position (C41)."""
        entry = state.entry
        if entry is None:
            return
        waited = (now - entry.placed_time).total_seconds()
        step = entry_step(waited, float(entry.remaining), 0, self.parameters, is_refused=False)
        if step is OrderStep.CANCEL:
            self.cancel(entry, now, ReasonCode.ENTRY_TIMEOUT)
            state.drop_ended()
