"""How ingest fares, exchange by exchange and feed by feed: part of the answer of `hydra status`."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from hydra.db import queries


@dataclass(frozen=True)
class FeedCondition:
    """One feed of one venue over its pairs (0: a poll of no one pair). state: the worst of them.

    gaps: holes of the last day that are not filled. detail: what is wrong, in words.
    """

    venue: str
    feed: str
    pairs: int
    state: str
    last_time: datetime | None
    last_received_at: datetime | None
    lag_seconds: float | None
    messages_per_second: float
    messages: int
    unknown_fields: int
    gaps: int
    detail: str | None


@dataclass(frozen=True)
class IngestCondition:
    """Ingest of one venue. is_running: it wrote within the last ten seconds, else end_reason may say why not.

    committed_through, candles_through: how far it has come, exchange time. queued_rows, spilled_rows: what
    waits in memory and on disk.
    """

    venue: str
    environment: str
    process_id: int
    committed_through: datetime
    candles_through: datetime | None
    queued_rows: int
    spilled_rows: int
    updated_at: datetime
    is_running: bool
    end_reason: str | None


def read_feeds(connection: psycopg.Connection) -> list[FeedCondition]:
    """Every feed of the venues that were listened to in the last day."""
    with connection.cursor(row_factory=class_row(FeedCondition)) as cursor:
        return cursor.execute(queries.load("status/feeds")).fetchall()


def read_ingest(connection: psycopg.Connection) -> list[IngestCondition]:
    """Ingest of the same venues."""
    with connection.cursor(row_factory=class_row(IngestCondition)) as cursor:
        return cursor.execute(queries.load("status/ingest")).fetchall()
