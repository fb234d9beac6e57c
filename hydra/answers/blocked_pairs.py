"""Which pairs the runs that go on cannot enter now, because of their data or clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from hydra.answers.formatting import minute_text
from hydra.db import queries
from hydra.reason_words import GATES, Gate


@dataclass(frozen=True)
class BlockedPairs:
    """The pairs of a run that layer 2 blocks for one reason in the newest minute."""

    run_id: int
    time: datetime
    reason: str
    pairs: Sequence[str]

    @property
    def sentence(self) -> str:
        """For people."""
        where = f"Run {self.run_id}, {minute_text(self.time)} UTC"
        return f"{where}: no entries in {', '.join(self.pairs)}: {self.reason.removeprefix('BLOCK: ')}"


def blocked_pairs(connection: psycopg.Connection, run_ids: Sequence[int]) -> list[BlockedPairs]:
    """The pairs of each of the runs that fail the gate of data health, by reason; the newest run first."""
    codes = [code.value for code, gate in GATES.items() if gate is Gate.DATA_HEALTH]
    values = {"run_ids": list(run_ids), "reason_codes": codes}
    with connection.cursor(row_factory=class_row(BlockedPairs)) as cursor:
        return cursor.execute(queries.load("status/blocked_pairs"), values).fetchall()
