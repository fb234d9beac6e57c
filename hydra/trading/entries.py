"""Entries: the post-only orders of a minute's approved decisions.

Source: layers document, "Entry Execution"; C41, C48, C126; docs/architecture.md, law 5.
"""

import psycopg
from psycopg.rows import DictRow, dict_row

from hydra.db import queries
from hydra.domain import Side
from hydra.layers.layer4_filters import exact, order_quantity
from hydra.layers.layer4_risk import Candidate, RiskDecision
from hydra.layers.layer5_orders import entry_order
from hydra.layers.positions import direction_of
from hydra.trading.cycle import Cycle
from hydra.trading.instrument_spec import InstrumentSpec, read_terms
from hydra.trading.pair_state import EntryPlan, PairState
from hydra.trading.parameters import Rules
from hydra.trading.venue import Venue


def entry_plan(candidate: Candidate, decision: RiskDecision) -> EntryPlan:
    """The entry of an approved decision."""
    return EntryPlan(
        instrument_id=candidate.instrument_id,
        direction=candidate.direction,
        quantity=decision.quantity,
        reference_price=exact(candidate.price),
        leverage=exact(decision.recommended_leverage),
        stop_price=decision.stop_loss_price,
        target_price=decision.take_profit_price,
        max_holding_hours=decision.max_holding_hours,
    )


def place_entries(
    connection: psycopg.Connection, cycle: Cycle, rules: Rules, states: dict[int, PairState], venue: Venue
) -> None:
    """Add the entry of every approved decision of the minute to `states`."""
    values = {"run_id": cycle.run_id, "time": cycle.time}
    with connection.cursor(row_factory=dict_row) as cursor:
        approved = cursor.execute(queries.load("stages/approved"), values).fetchall()
    ids = [row["instrument_id"] for row in approved]
    specs = read_terms(connection, ids, cycle.time, rules.costs)
    for row in approved:
        spec = specs[row["instrument_id"]]
        state = states.setdefault(spec.instrument_id, PairState(spec.instrument_id))
        submit_entry(state, _read_plan(row, spec), cycle, spec, venue)


def _read_plan(row: DictRow, spec: InstrumentSpec) -> EntryPlan:
    direction, reference = direction_of(Side(row["side"])), row["reference_price"]
    price = spec.order_price(direction, reference)
    return EntryPlan(
        instrument_id=spec.instrument_id,
        direction=direction,
        quantity=order_quantity(row["recommended_size_usd"], price, spec.filters),
        reference_price=reference,
        leverage=row["recommended_leverage"],
        stop_price=row["stop_loss_price"],
        target_price=row["take_profit_price"],
        max_holding_hours=row["max_holding_hours"],
    )


def submit_entry(state: PairState, plan: EntryPlan, cycle: Cycle, spec: InstrumentSpec, venue: Venue) -> None:
    """Send the entry of `plan`, post-only at the model's best price, and add it to `state`."""
    key = venue.key(plan.instrument_id, cycle.time)
    touch = spec.best_bid_ask(plan.reference_price)
    order = entry_order(key, plan.direction, plan.quantity, touch, spec.filters)
    state.entry, state.plan = venue.submit(order, key, plan.reference_price, cycle.time), plan
