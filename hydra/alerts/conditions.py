"""What is alert-worthy now: every file of sql/alerts is one kind, a query with a row per subject.

Its columns: subject (what it is about, and by which it is known again), severity, since (null: when it is
first seen), patience (how long it has to last), happened, done, advice.
Source: docs/architecture.md, law 1.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.settings import Settings

_FOLDER: Final = "alerts"


@dataclass(frozen=True)
class Condition:
    """One subject of a kind. patience: how long it has to last before it is an alert.

    happened, done, advice: what, what HYDRA did, what the operator can do; they may hold text from outside.
    """

    subject: str
    severity: str
    since: datetime | None
    patience: timedelta
    happened: str
    done: str
    advice: str


def kinds() -> tuple[str, ...]:
    """The name of every kind."""
    return tuple(PurePosixPath(name).name for name in queries.names(_FOLDER))


def query_values(settings: Settings, channels: Sequence[str]) -> dict[str, Any]:
    """What the queries are given, by name."""
    return {"drawdown": settings.alert_drawdown_pct / 100, "channels": list(channels)}


def read_conditions(connection: psycopg.Connection, kind: str, values: Mapping[str, Any]) -> list[Condition]:
    """The subjects of `kind` now. values: see `query_values`.

    Raises:
        psycopg.Error: the server went away, or the query took too long.
    """
    with connection.cursor(row_factory=class_row(Condition)) as cursor:
        return cursor.execute(queries.load(f"{_FOLDER}/{kind}"), values).fetchall()


class Patience:
    """Which conditions have lasted long enough; those of this process, since it first saw them."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: dict[str, dict[str, float]] = {}

    def lasting(self, kind: str, present: Sequence[Condition]) -> list[Condition]:
        """Those of `present`, all that there are of `kind`, that have lasted."""
        now, before = self._now(), self._seen.get(kind, {})
        seen = {one.subject: before.get(one.subject, now) for one in present}
        self._seen[kind] = seen
        return [one for one in present if now - seen[one.subject] >= one.patience.total_seconds()]
