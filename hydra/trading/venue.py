"""The interface of a venue, for paper and live orders.

Its first implementation is the paper exchange (`hydra/trading/paper_exchange.py`).
Source: docs/architecture.md (orders are idempotent).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from hydra.domain import ReasonCode
from hydra.layers.layer5_orders import DecisionKey, OrderPlan
from hydra.trading.pair_state import Order, PairState


class Venue(Protocol):
    """An account on an exchange, as one run uses it."""

    def key(self, instrument_id: int, decision_time: datetime) -> DecisionKey:
        """The key from which the client order ids of a decision are made."""

    def submit(
        self,
        plan: OrderPlan,
        key: DecisionKey,
        reference_price: Decimal,
        time: datetime,
        reason_code: ReasonCode | None = None,
    ) -> Order:
        """Send the order of `plan` at `time`; returns the order in the state that the venue answered.

        reference_price: the last price at the decision. reason_code: why an exit is sent.
        """

    def cancel(
        self,
        order: Order,
        time: datetime,
        reason_code: ReasonCode | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Cancel a working order; its fills stay. detail: for its event."""

    def collect(self, state: PairState, time: datetime) -> None:
        """Update a pair to `time`: fills, settlements, stop and target."""
