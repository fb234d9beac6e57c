"""The audits: queries that must return no rows, run one after the other; the answer behind `hydra audit`.

Every file of sql/audits is one audit; its first comment says what it looks for.
Source: docs/architecture.md, "Audits".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import psycopg

from hydra.db import queries

_FOLDER: Final = "audits"
ROWS_KEPT: Final = 5
"""How many rows of a finding are kept as examples; all are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one audit found. rows_found 0: nothing; otherwise its first rows under `columns`."""

    audit: str
    question: str
    rows_found: int
    columns: tuple[str, ...]
    first_rows: tuple[tuple[Any, ...], ...]

    @property
    def is_clean(self) -> bool:
        """Whether the audit found nothing."""
        return self.rows_found == 0


def run_audits(connection: psycopg.Connection) -> list[Finding]:
    """The answer of every audit, clean ones included, by name. Reads only."""
    return list(each_audit(connection))


def each_audit(connection: psycopg.Connection) -> Iterator[Finding]:
    """Like `run_audits`, one at a time as they are answered.

    Raises:
        psycopg.Error: an audit could not be run; nothing is reported as clean that was not looked at.
    """
    for audit in audit_names():
        yield run_audit(connection, audit)


def audit_names() -> tuple[str, ...]:
    """The name of every audit."""
    return tuple(PurePosixPath(name).name for name in queries.names(_FOLDER))


def run_audit(connection: psycopg.Connection, audit: str) -> Finding:
    """The answer of one audit, in a transaction of its own.

    Raises:
        psycopg.Error: it could not be run.
    """
    text = queries.load(f"{_FOLDER}/{audit}")
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(text)
        kept = cursor.fetchmany(ROWS_KEPT)
        columns = tuple(column.name for column in cursor.description or ())
        return Finding(audit, _question(text), max(cursor.rowcount, 0), columns, tuple(kept))


def _question(text: str) -> str:
    """The comment at the head of the file, as one line."""
    comments = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        comments.append(line.removeprefix("--").strip())
    return " ".join(comments)
