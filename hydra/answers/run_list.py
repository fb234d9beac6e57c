"""The runs at a glance, for `hydra status` and `hydra runs list`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.rows import class_row

from hydra.db import queries


@dataclass(frozen=True)
class RunSummary:
    """How a run stands. decided_until and equity (USDT) are None before its first closed cycle."""

    run_id: int
    mode: str
    label: str
    end_reason: str
    decided_until: datetime | None
    equity_usd: Decimal | None
    closed_trades: int
    open_positions: int
    latched: int


def list_runs(connection: psycopg.Connection, limit: int | None = None) -> list[RunSummary]:
    """All runs or the newest `limit`, the newest first."""
    with connection.cursor(row_factory=class_row(RunSummary)) as cursor:
        return cursor.execute(queries.load("status/runs"), {"limit": limit}).fetchall()
