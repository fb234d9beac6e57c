"""Layer 3 at work: generators, score, gates and choice, one row per generator that fired.

Source: layers document, "LAYER 3: ALPHA GENERATION"; C03, C06, C17, C118, C129.
"""

import psycopg

from hydra.layers.layer3_signals import firing_sources
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import generator_frame, generator_inputs, read_assessed
from hydra.trading.parameters import rules_of_run
from hydra.trading.row_writer import insert_rows
from hydra.trading.runs import Run
from hydra.trading.signal_rows import choose_signals, signal_row


def write_signals(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Write the cycle's signals; a quiet minute has none."""
    rules = rules_of_run(run)
    inputs = generator_inputs(is_adaptive=rules.signals.is_adaptive)
    frame = generator_frame(read_assessed(connection, cycle, rules), cycle, inputs)
    if not firing_sources(frame, rules.signals):
        return
    rows = [signal_row(cycle, row, rules) for row in choose_signals(frame, rules).iter_rows(named=True)]
    insert_rows(connection, "signals", rows)
