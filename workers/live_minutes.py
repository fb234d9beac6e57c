"""Assesses the minutes of a live market one by one as they close.

Facts are those known by the minute's `as_of`. Ages and grids count from its instant, two seconds after the
close, as in a replay: there everything has come by then.
"""

from hydra.features.engine.decision_frame import DECISION_DELAY, newest_known_at
from hydra.features.engine.grid_memory import GridMemory
from hydra.trading.assessed_minutes import assess_minute
from hydra.trading.assessment_rows import AssessedMinute
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run
from workers.run_facts import RunFacts


class LiveMinutes:
    """A run's facts, and what its last minute computed."""

    def __init__(self, run: Run, database_url: str) -> None:
        """Reads nothing before the first minute is requested.

        Raises:
            DatabaseError: the server cannot be used.
        """
        self._run = run
        self._facts = RunFacts(run, database_url)
        self._memory = GridMemory()

    def assessed(self, cycle: Cycle, imports: int) -> AssessedMinute:
        """Layer 2's answer to a minute; `imports`: the number of imports so far.

        Raises:
            DatabaseError: the facts could not be read.
        """
        facts, parameters = self._facts.at(cycle.as_of, imports), rules_of_run(self._run).statistical
        instant = cycle.time + DECISION_DELAY
        rows = assess_minute(facts, self._run.instrument_ids, instant, parameters, self._memory)
        rows = self._facts.with_own_thresholds(rows, cycle.as_of, imports)
        return AssessedMinute(rows, newest_known_at(facts, self._memory))

    def close(self) -> None:
        """Close the connection."""
        self._facts.close()
