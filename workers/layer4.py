"""Layer 4 at work: one verdict a pair and minute, the quiet ones included, and the kill switch.

Source: layers document, "LAYER 4: RISK BRAIN"; C20, C30, C117, C119, C120, C123; docs/architecture.md, law 4.
"""

from collections.abc import Mapping

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.trading.account_differences import read_differing
from hydra.trading.correlation_rows import PortfolioCorrelation, portfolio_correlation_of, read_returns
from hydra.trading.cycle import Cycle
from hydra.trading.decision_rows import ScoredSignal, decision_row
from hydra.trading.instrument_spec import read_terms
from hydra.trading.kill_switch import latch, read_kills
from hydra.trading.minute_rows import read_assessed
from hydra.trading.pair_state import PairState
from hydra.trading.pair_state_rows import read_pair_states
from hydra.trading.parameters import Rules, rules_of_run
from hydra.trading.portfolio_rows import read_portfolio_state
from hydra.trading.row_writer import insert_rows
from hydra.trading.runs import Run
from hydra.trading.verdicts import Minute, decide, direction_held, new_kills


def write_decisions(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Write the cycle's risk decisions, and latch the kill switch where a condition holds."""
    rules = rules_of_run(run)
    parameters = rules.risk
    minute = read_minute(connection, cycle, rules)
    kills = new_kills(minute, parameters)
    for instrument_id, kill in kills.items():
        latch(connection, cycle.run_id, cycle.time, *kill.latch_values(instrument_id))
    verdicts = decide(minute, kills, parameters)
    rows = [decision_row(cycle, verdict, kills.get(key)) for key, verdict in verdicts.items()]
    insert_rows(connection, "risk_decisions", rows)


def read_minute(connection: psycopg.Connection, cycle: Cycle, rules: Rules) -> Minute:
    """What layers 2 and 3 said, the portfolio and, if there is a signal, the further inputs it needs."""
    values = {"run_id": cycle.run_id, "time": cycle.time}
    with connection.cursor(row_factory=class_row(ScoredSignal)) as cursor:
        rows = cursor.execute(queries.load("stages/chosen_signals"), values).fetchall()
    # The best of each pair comes first.
    signals = {signal.instrument_id: signal for signal in reversed(rows)}
    chosen = {key: signal for key, signal in signals.items() if signal.chosen}
    states = read_pair_states(connection, cycle.run_id)
    return Minute(
        pairs={pair.instrument_id: pair for pair in read_assessed(connection, cycle, rules)},
        signals=signals,
        states=states,
        terms=read_terms(connection, sorted(chosen), cycle.time, rules.costs),
        portfolio_correlation=_portfolio_correlations(connection, cycle, chosen, states),
        kills=read_kills(connection, cycle.run_id),
        portfolio=read_portfolio_state(connection, cycle, states),
        differing=read_differing(connection, cycle.run_id),
    )


def _portfolio_correlations(
    connection: psycopg.Connection,
    cycle: Cycle,
    chosen: Mapping[int, ScoredSignal],
    states: Mapping[int, PairState],
) -> dict[int, PortfolioCorrelation]:
    held = {key: direction_held(one) for key, one in states.items()}
    joining = {key: signal for key, signal in chosen.items() if key not in held}
    if not joining or not held:
        return {}
    returns = read_returns(connection, cycle, sorted({*joining, *held}))
    return {
        key: portfolio_correlation_of(key, signal.direction, returns, held) for key, signal in joining.items()
    }
