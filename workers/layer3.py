"""Layer 3 at work: generators, score, gates and choice, one row per generator that fired.

Source: layers document, "LAYER 3: ALPHA GENERATION"; C03, C06, C17, C118, C129.
"""

from collections.abc import Callable

import psycopg

from hydra.db import queries
from hydra.layers.layer3_signals import firing_sources
from hydra.layers.scorer import SCORERS
from hydra.registry.scorer_watch import ScorerWatch
from hydra.registry.serving import Served, serve
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import generator_frame, generator_inputs, read_assessed
from hydra.trading.parameters import rules_of_run
from hydra.trading.row_writer import insert_rows
from hydra.trading.runs import Run
from hydra.trading.scoring import Scoring
from hydra.trading.signal_rows import choose_signals, signal_row
from hydra.trading.stored_vectors import vectors_of_minute


class SignalLayer:
    """Handles the stage `signal`; keeps what scores for the runs of this process in memory."""

    def __init__(self, database_url: Callable[[], str]) -> None:
        self._database_url = database_url
        self._watches: dict[tuple[str, bool], ScorerWatch] = {}

    def handle(self, connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
        """Write the cycle's signals, and what scores them if that is new."""
        wanted = rules_of_run(run).scoring.scorer
        if wanted in SCORERS:
            write_signals(connection, run, cycle)
            return
        served = self._served(connection, run, wanted)
        note_scorer(connection, cycle, served)
        write_signals(connection, run, cycle, Scoring.by(served.scorer, vectors_of_minute(connection, cycle)))

    def close(self) -> None:
        """Stop watching for other models."""
        for watch in self._watches.values():
            watch.close()
        self._watches.clear()

    def _served(self, connection: psycopg.Connection, run: Run, wanted: str) -> Served:
        key = (wanted, run.is_at_exchange)
        if key not in self._watches:
            first = serve(connection, wanted, needs_publication=run.is_at_exchange)
            self._watches[key] = ScorerWatch(self._database_url, first, needs_publication=run.is_at_exchange)
        return self._watches[key].served


def note_scorer(connection: psycopg.Connection, cycle: Cycle, served: Served) -> None:
    """Write what scores from this minute on, unless it scored the minute before."""
    values = {"run_id": cycle.run_id, "time": cycle.time}
    known = connection.execute(queries.load("stages/scorer_of_minute"), values).fetchone()
    if known != (served.scorer.kind, served.complaint):
        connection.execute(queries.load("stages/add_scorer"), {**values, **served.record})


def write_signals(
    connection: psycopg.Connection, run: Run, cycle: Cycle, scoring: Scoring | None = None
) -> None:
    """Write the cycle's signals; a quiet minute has none. scoring: None: by the rule of the run."""
    rules = rules_of_run(run)
    inputs = generator_inputs(is_adaptive=rules.signals.is_adaptive)
    frame = generator_frame(read_assessed(connection, cycle, rules), cycle, inputs)
    if not firing_sources(frame, rules.signals):
        return
    chosen = choose_signals(frame, rules, scoring)
    insert_rows(
        connection, "signals", [signal_row(cycle, row, rules) for row in chosen.iter_rows(named=True)]
    )
