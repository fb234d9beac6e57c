"""Where orders go: the small interface behind which paper and live orders go.

Whatever sends, cancels or books an order knows only this. Its first implementation is the paper exchange
(`hydra/trading/paper_exchange.py`).
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
        """What the client order ids of a decision are made of: the same decision, the same ids."""

    def submit(
        self,
        plan: OrderPlan,
        key: DecisionKey,
        reference_price: Decimal,
        time: datetime,
        reason_code: ReasonCode | None = None,
    ) -> Order:
        """Write down the order of `plan` and send it at `time`; the order as the venue answered.

        reference_price: the last price that the plan was made at. reason_code: why an exit is sent.
        """

    def cancel(
        self,
        order: Order,
        time: datetime,
        reason_code: ReasonCode | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """End a working order; what it has filled stays. detail: for its event."""

    def collect(self, state: PairState, time: datetime) -> None:
        """Bring what a pair has at work up to `time`: fills, settlements, protection of what is held."""
