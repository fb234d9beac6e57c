"""Layer 5 at work: `book_fills` plays the minute that closed, `execute` sends what was decided.

Source: layers document, "LAYER 5: EXECUTION ENGINE"; C41 to C45, C122, C126; docs/architecture.md, laws 5, 7.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial

import psycopg

from hydra.trading.bars import Bar, Settlement
from hydra.trading.cycle import Cycle
from hydra.trading.entries import place_entries
from hydra.trading.instrument_spec import read_terms
from hydra.trading.live_venue import live_venue, lock_pairs
from hydra.trading.market_rows import read_bars, read_prices, read_settlements
from hydra.trading.minute_rows import read_assessed
from hydra.trading.order_flow import read_order_flow
from hydra.trading.pair_state import PairState
from hydra.trading.pair_state_rows import read_pair_states, store_pair_states
from hydra.trading.paper_exchange import PaperExchange
from hydra.trading.parameters import Rules, rules_of_run
from hydra.trading.portfolio_rows import (
    LastBooked,
    cash_after,
    cash_earned,
    equity_row,
    read_last_booked,
)
from hydra.trading.position_checks import manage_positions
from hydra.trading.row_writer import insert_row
from hydra.trading.runs import Run
from hydra.trading.venue import Venue


def book_fills(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Book what happened since the last cycle: fills, exits, funding; then cash and equity.

    What happens at an exchange is booked as it comes, by the execution process.
    """
    rules = rules_of_run(run)
    last = read_last_booked(connection, cycle, rules)
    states = read_pair_states(connection, cycle.run_id)
    if run.is_at_exchange:
        portfolio = cash_earned(connection, run.run_id, last.portfolio, rules)
    else:
        if states:
            _play(connection, cycle, rules, states, last)
            store_pair_states(connection, cycle.run_id, states.values(), is_at_exchange=False)
        portfolio = cash_after(last.portfolio, states.values())
    prices = read_prices(connection, states, cycle.as_of)
    insert_row(connection, "equity", equity_row(portfolio, states.values(), prices, cycle))


def _play(
    connection: psycopg.Connection,
    cycle: Cycle,
    rules: Rules,
    states: Mapping[int, PairState],
    last: LastBooked,
) -> None:
    ids = sorted(states)
    specs = read_terms(connection, ids, cycle.time, rules.costs)
    bars, settlements = defaultdict[int, list[Bar]](list), defaultdict[int, list[Settlement]](list)
    for bar in read_bars(connection, ids, last.known_until, cycle.as_of):
        bars[bar.instrument_id].append(bar)
    for settlement in read_settlements(connection, states, last.known_until, cycle.as_of):
        settlements[settlement.instrument_id].append(settlement)
    flow = partial(read_order_flow, connection, cycle.as_of)
    venue = PaperExchange(cycle.run_id, rules.execution, specs, bars, settlements, flow)
    for instrument_id in ids:
        venue.collect(states[instrument_id], cycle.time)


def execute(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Close what must be closed, withdraw entries that are no longer allowed, then send new ones."""
    rules = rules_of_run(run)
    venue: Venue = PaperExchange(cycle.run_id, rules.execution)
    if run.is_at_exchange:
        venue = live_venue(run)
        lock_pairs(connection, cycle.run_id)
    states = read_pair_states(connection, cycle.run_id)
    if states:
        assessed = {pair.instrument_id: pair for pair in read_assessed(connection, cycle, rules)}
        manage_positions(connection, cycle, rules, states, assessed, venue)
    place_entries(connection, cycle, rules, states, venue)
    store_pair_states(connection, cycle.run_id, states.values(), is_at_exchange=run.is_at_exchange)
