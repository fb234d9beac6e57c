"""Entries: the post-only orders of a minute's approved decisions.

Source: layers document, "Entry Execution"; C41, C48, C126 (the touch of the cost model); DESIGN, law 5.
"""

from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.domain import Side
from hydra.layers.layer4_filters import order_quantity
from hydra.layers.layer5_orders import DecisionKey, entry_order
from hydra.layers.positions import direction_of
from hydra.ledger.costs import half_spread
from hydra.trading.cycle import Cycle
from hydra.trading.instrument_spec import InstrumentSpec, read_terms
from hydra.trading.pair_state import PAPER_ACCOUNT, EntryTerms, Order, PairState, accepted_paper_order
from hydra.trading.parameters import Rules


@dataclass(frozen=True)
class ApprovedDecision:
    """What layer 4 decided to trade."""

    instrument_id: int
    side: str
    recommended_size_usd: Decimal
    recommended_leverage: Decimal
    reference_price: Decimal
    stop_loss_price: Decimal
    take_profit_price: Decimal
    max_holding_hours: float

    @property
    def direction(self) -> int:
        """+1 LONG, -1 SHORT."""
        return direction_of(Side(self.side))

    @property
    def entry_terms(self) -> EntryTerms:
        """What the position to come is held to."""
        return EntryTerms(
            direction=self.direction,
            leverage=self.recommended_leverage,
            stop_price=self.stop_loss_price,
            target_price=self.take_profit_price,
            max_holding_hours=self.max_holding_hours,
        )


def place_entries(
    connection: psycopg.Connection, cycle: Cycle, rules: Rules, holdings: dict[int, PairState]
) -> None:
    """Add the entry of every approved decision of the minute to `holdings`."""
    values = {"run_id": cycle.run_id, "time": cycle.time}
    with connection.cursor(row_factory=class_row(ApprovedDecision)) as cursor:
        approved = cursor.execute(queries.load("stages/approved"), values).fetchall()
    ids = [decision.instrument_id for decision in approved]
    terms = read_terms(connection, ids, cycle.time, rules.costs)
    for decision in approved:
        order = entry_of(decision, cycle, terms[decision.instrument_id])
        holding = holdings.setdefault(decision.instrument_id, PairState(decision.instrument_id))
        holding.entry, holding.terms = order, decision.entry_terms


def entry_of(decision: ApprovedDecision, cycle: Cycle, terms: InstrumentSpec) -> Order:
    """The entry order of a decision, post-only at the model touch."""
    key = DecisionKey(PAPER_ACCOUNT, cycle.run_id, decision.instrument_id, cycle.time)
    price = decision.reference_price
    quantity = order_quantity(decision.recommended_size_usd, price, terms.filters)
    plan = entry_order(key, decision.direction, quantity, best_bid_ask(price, terms), terms.filters)
    return accepted_paper_order(plan, key, price, cycle.time)


def best_bid_ask(price: Decimal, terms: InstrumentSpec) -> tuple[Decimal, Decimal]:
    """Best bid and best ask of the cost model around the last price (C126)."""
    half = half_spread(price, terms.costs.spread_bps)
    return price - half, price + half
