"""Stores a batch: facts, records and progress in one transaction, so that what progress says is exact.

Source: docs/architecture.md, laws 1 and 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import psycopg

from hydra.db import queries
from hydra.durations import EPOCH
from hydra.ingest.live.batch import Batch
from hydra.ingest.merge import merge_live_rows


def instant(time_us: int | None) -> datetime | None:
    """Microseconds since 1970 as UTC."""
    return None if time_us is None else EPOCH + timedelta(microseconds=time_us)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that are not stored yet, in memory and in the spill folder."""

    queued: int
    spilled: int


@dataclass(frozen=True, slots=True)
class Store:
    """Writes batches of `venue` for a session of ingest."""

    venue: str
    session_id: int

    def store(
        self,
        connection: psycopg.Connection,
        batch: Batch,
        waiting: Waiting,
        states: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Store `batch` and what the feeds do now, in one transaction, and announce it.

        Rows that the database refuses go to quarantine, so that they do not hold up the others.
        """
        with connection.transaction():
            for table, rows in batch.tables.items():
                self._store_rows(connection, table, rows)
            with connection.cursor() as cursor:
                for query, values in batch.records:
                    cursor.execute(queries.load(query), {"venue": self.venue, **values})
                if states:
                    cursor.executemany(queries.load("ingest/live/set_feed_state"), list(states))
            connection.execute(queries.load("ingest/live/set_progress"), self._progress(batch, waiting))

    def _progress(self, batch: Batch, waiting: Waiting) -> dict[str, Any]:
        return {
            "venue": self.venue,
            "session_id": self.session_id,
            "committed_through": instant(batch.committed_through_us),
            "candles_through": instant(batch.candles_through_us),
            "queued_rows": waiting.queued,
            "spilled_rows": waiting.spilled,
        }

    def _store_rows(self, connection: psycopg.Connection, table: str, rows: pl.DataFrame) -> None:
        try:
            with connection.transaction():
                merge_live_rows(connection, table, rows)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if rows.height > 1:
                half = rows.height // 2
                self._store_rows(connection, table, rows[:half])
                self._store_rows(connection, table, rows[half:])
                return
            values = {
                "origin": self.venue,
                "target_table": table,
                "reason": error.diag.message_primary or type(error).__name__,
                "raw": msgspec.json.encode(rows.row(0, named=True)).decode(),
            }
            connection.execute(queries.load("ingest/live/quarantine"), values)
