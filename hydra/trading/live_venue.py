"""The venue of a run in testnet and live mode: it only writes down what the stages decide.

The rows commit with the stage; the execution process (`hydra/execution`) then speaks to the exchange, and
alone writes what became of orders, fills and positions.
Source: docs/architecture.md, "Live orders"; docs/architecture.md, law 5.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

from hydra.db import queries
from hydra.domain import OrderRole, ReasonCode
from hydra.layers.layer5_orders import DecisionKey, OrderPlan
from hydra.trading.pair_state import Order, PairState, planned_order
from hydra.trading.runs import Run


@dataclass(frozen=True, slots=True)
class LiveVenue:
    """A `Venue`. account: differs between databases, so that two may share an exchange account."""

    run_id: int
    account: str

    def key(self, instrument_id: int, decision_time: datetime) -> DecisionKey:
        """See `Venue.key`."""
        return DecisionKey(self.account, self.run_id, instrument_id, decision_time)

    def submit(
        self,
        plan: OrderPlan,
        key: DecisionKey,
        reference_price: Decimal,
        time: datetime,
        reason_code: ReasonCode | None = None,
    ) -> Order:
        """See `Venue.submit`. The order stays PLANNED."""
        return planned_order(plan, key, reference_price, time, reason_code)

    def cancel(
        self,
        order: Order,
        time: datetime,
        reason_code: ReasonCode | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """See `Venue.cancel`. The order works until the exchange says that it has ended."""
        order.want_cancel(time, reason_code, detail)

    def collect(self, state: PairState, time: datetime) -> None:
        """See `Venue.collect`. Nothing to do: the rows are up to date."""


def live_venue(run: Run) -> LiveVenue:
    """The venue of `run`. The instant of the run's record stands for the account: a dump keeps it."""
    return LiveVenue(run.run_id, run.started_at.isoformat())


def lock_pairs(connection: psycopg.Connection, run_id: int, instrument_id: int | None = None) -> None:
    """Hold working orders and positions of the run, or of one pair, until the transaction ends.

    Whoever changes them reads them after this, so that no change of another is lost. The connection of a
    holder that hangs for two seconds is ended by the server.
    """
    values = {"run_id": run_id, "instrument_id": instrument_id}
    connection.execute(queries.load("stages/lock_pairs"), values)


def plan_of(order: Order) -> OrderPlan:
    """The plan that an order was made from."""
    return OrderPlan(
        client_order_id=order.client_order_id,
        role=order.role,
        order_type=order.order_type,
        is_buy=order.is_buy,
        quantity=order.quantity,
        reduce_only=order.role is not OrderRole.ENTRY,
        limit_price=order.limit_price,
        trigger_price=order.trigger_price,
        closes_position=order.closes_position,
    )
