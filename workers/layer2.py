"""Layer 2 at work: from the facts known at a minute to one assessment and one feature vector a pair.

Source: docs/architecture.md, "The flow"; docs/architecture.md, laws 1 to 3; C110, C111, C116.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import psycopg

from hydra.db import queries
from hydra.domain import MarketOrigin
from hydra.errors import DatabaseError
from hydra.trading.assessment_rows import assessment_rows, feature_rows
from hydra.trading.cycle import Cycle
from hydra.trading.row_writer import insert_rows
from hydra.trading.runs import Run
from workers.live_minutes import LiveMinutes
from workers.replayed_hours import ReplayedHours

MOST_RUNS: Final = 4
"""Keep at most this many runs in memory; evict the oldest."""


class StatisticalLayer:
    """Handles the stage `assess`; keeps the state of its runs in memory.

    The minutes of a replay are assessed ahead; those of a live market never are.
    """

    def __init__(self, database_url: Callable[[], str]) -> None:
        self._database_url = database_url
        self._followed: dict[int, LiveMinutes | ReplayedHours] = {}
        self._ahead = ThreadPoolExecutor(max_workers=1)

    def handle(self, connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
        """Write the cycle's assessments and feature vectors.

        Raises:
            DatabaseError: the facts could not be read; the next attempt starts with nothing in memory.
        """
        imports = _count_imports(connection)
        try:
            minute = self._follow(run).assessed(cycle, imports)
        except DatabaseError:
            self._let_go(run.run_id)
            raise
        insert_rows(connection, "features", feature_rows(run, cycle, minute))
        insert_rows(connection, "assessments", assessment_rows(cycle, minute.rows))

    def close(self) -> None:
        """Drop all runs and close their connections."""
        for run_id in tuple(self._followed):
            self._let_go(run_id)
        self._ahead.shutdown()

    def _follow(self, run: Run) -> LiveMinutes | ReplayedHours:
        if run.run_id not in self._followed:
            for oldest in tuple(self._followed)[: max(0, len(self._followed) - MOST_RUNS + 1)]:
                self._let_go(oldest)
            url = self._database_url()
            self._followed[run.run_id] = (
                LiveMinutes(run, url)
                if run.market_origin is MarketOrigin.EXCHANGE
                else ReplayedHours(run, url, self._ahead)
            )
        return self._followed[run.run_id]

    def _let_go(self, run_id: int) -> None:
        followed = self._followed.pop(run_id, None)
        if followed is not None:
            followed.close()


def _count_imports(connection: psycopg.Connection) -> int:
    row = connection.execute(queries.load("reads/import_count")).fetchone()
    if row is None:
        raise AssertionError("a count always gives one row")
    return int(row[0])
