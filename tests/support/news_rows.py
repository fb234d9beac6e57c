"""Scans and views of the news analyst, planted by hand."""

from datetime import datetime

import psycopg

from hydra.domain import ScanOutcome


def add_scan(
    connection: psycopg.Connection,
    run_id: int,
    time: datetime,
    outcome: ScanOutcome,
    detail: str = "by hand",
    cost_usd: float | None = None,
) -> int:
    """A scan of a run; its number."""
    row = connection.execute(
        "INSERT INTO hydra.news_scans (run_id, time, trigger, outcome, detail, provider, item_ids, cost_usd)"
        " VALUES (%s, %s, 'schedule', %s, %s, 'anthropic', '{}', %s) RETURNING scan_id",
        (run_id, time, outcome.value, detail, cost_usd),
    ).fetchone()
    assert row is not None
    return int(row[0])


def add_view(  # noqa: PLR0913  # the columns of a view
    connection: psycopg.Connection,
    run_id: int,
    instrument_id: int,
    time: datetime,
    action: str,
    confidence: str,
    *,
    known_at: datetime | None = None,
    scan_id: int | None = None,
    reason: str = "by hand",
) -> None:
    """A view of a pair. known_at: None: at once."""
    connection.execute(
        "INSERT INTO hydra.news_views (run_id, instrument_id, time, action, confidence, reason, model_id,"
        " item_ids, answer, scan_id, known_at) VALUES (%s, %s, %s, %s, %s, %s, 'm', '{}', '{}', %s, %s)",
        (run_id, instrument_id, time, action, confidence, reason, scan_id, known_at or time),
    )
