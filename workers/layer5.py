"""Layer 5 at work: `settle` plays the minute that closed, `execute` sends what was decided.

Source: layers document, "LAYER 5: EXECUTION ENGINE"; C41 to C45, C122, C126; DESIGN, laws 5 and 7.
"""

from collections import defaultdict
from collections.abc import Mapping

import psycopg

from hydra.trading.cycle import Cycle
from hydra.trading.entries import place_entries
from hydra.trading.holding_rows import read_holdings, store_holdings
from hydra.trading.instrument_spec import read_terms
from hydra.trading.market_rows import read_bars, read_prices, read_settlements
from hydra.trading.minute_rows import read_assessed
from hydra.trading.pair_state import PairState
from hydra.trading.paper_exchange import Bar, PaperExchange, Settlement
from hydra.trading.parameters import Rules, rules_of_run
from hydra.trading.portfolio_rows import LastSettled, cash_after, equity_row, read_last_settled
from hydra.trading.position_checks import manage_positions
from hydra.trading.row_writer import insert_row
from hydra.trading.runs import Run


def book_fills(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Book what happened since the last cycle: fills, exits, funding; then cash and equity."""
    rules = rules_of_run(run)
    last = read_last_settled(connection, cycle, rules)
    holdings = read_holdings(connection, cycle.run_id)
    if holdings:
        _play(connection, cycle, rules, holdings, last)
        store_holdings(connection, cycle.run_id, holdings.values())
    portfolio = cash_after(last.portfolio, holdings.values())
    prices = read_prices(connection, [key for key, one in holdings.items() if one.is_open], cycle.as_of)
    insert_row(connection, "equity", equity_row(portfolio, holdings.values(), prices, cycle))


def _play(
    connection: psycopg.Connection,
    cycle: Cycle,
    rules: Rules,
    holdings: Mapping[int, PairState],
    last: LastSettled,
) -> None:
    ids = sorted(holdings)
    terms = read_terms(connection, ids, cycle.time, rules.costs)
    bars, settlements = defaultdict[int, list[Bar]](list), defaultdict[int, list[Settlement]](list)
    for bar in read_bars(connection, ids, last.known_until, cycle.as_of):
        bars[bar.instrument_id].append(bar)
    for settlement in read_settlements(connection, ids, last.known_until, cycle.as_of):
        settlements[settlement.instrument_id].append(settlement)
    for instrument_id in ids:
        exchange = PaperExchange(cycle.run_id, terms[instrument_id], rules.execution)
        exchange.play(holdings[instrument_id], bars[instrument_id], settlements[instrument_id])
        exchange.time_out(holdings[instrument_id], cycle.time)


def execute(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Close what has to be closed, withdraw entries that may no longer be made, then send the new ones."""
    rules = rules_of_run(run)
    holdings = read_holdings(connection, cycle.run_id)
    if holdings:
        assessed = {pair.instrument_id: pair for pair in read_assessed(connection, cycle)}
        manage_positions(connection, cycle, rules, holdings, assessed)
    place_entries(connection, cycle, rules, holdings)
    store_holdings(connection, cycle.run_id, holdings.values())
