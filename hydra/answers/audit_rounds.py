"""Rounds of the audits while runs go on; their findings are stored as rows.

To leave the cycles undisturbed, they read with the reader's login and a time limit for each, and rest after
each audit for as long as it took. Source: docs/architecture.md, "Audits"; docs/architecture.md, law 9.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hydra.answers.audits import Finding, audit_names, run_audit
from hydra.db import locks, queries
from hydra.db.roles import READER_STATEMENT_TIMEOUT

ROUND_EVERY_S: Final = 300
LONGEST_REST_S: Final = 5.0


@dataclass(frozen=True)
class AuditRound:
    """What one round asked and found. unanswered: audits that exceeded their time limit.

    findings: one item for each audit that found something: audit, rows_found, first_rows.
    """

    started_at: datetime
    asked: int
    unanswered: list[str]
    findings: list[dict[str, Any]]


def audit_if_due(
    reader: psycopg.Connection, writer: psycopg.Connection, longest: str = READER_STATEMENT_TIMEOUT
) -> AuditRound | None:
    """Run a round and store it; None where another one runs or began less than ROUND_EVERY_S ago.

    reader: a connection of the reader. writer: one of the worker. Both in autocommit mode.
    longest: how long one audit may take, as PostgreSQL writes it.

    Raises:
        psycopg.Error: the server went away, or an audit could not be run: nothing is stored then.
    """
    if not locks.take(writer, locks.AUDITS):
        return None
    try:
        (is_due,) = _row(writer.execute(queries.load("upkeep/is_due"), {"seconds": ROUND_EVERY_S}))
        return _run_round(reader, writer, longest) if is_due else None
    finally:
        if not writer.broken:
            locks.release(writer, locks.AUDITS)


def _run_round(reader: psycopg.Connection, writer: psycopg.Connection, longest: str) -> AuditRound:
    reader.execute(sql.SQL("SET statement_timeout = {}").format(longest))
    started_at, unanswered, findings = datetime.now(UTC), list[str](), list[dict[str, Any]]()
    names = audit_names()
    for name in names:
        begun = time.monotonic()
        try:
            finding = run_audit(reader, name)
        except psycopg.errors.QueryCanceled:
            unanswered.append(name)
        else:
            findings += [] if finding.is_clean else [_as_item(finding)]
        time.sleep(min(time.monotonic() - begun, LONGEST_REST_S))
    done = AuditRound(started_at, len(names), unanswered, findings)
    values = {"started_at": started_at, "asked": done.asked, "unanswered": unanswered}
    writer.execute(queries.load("upkeep/add_round"), {**values, "findings": Jsonb(findings)})
    return done


def _as_item(finding: Finding) -> dict[str, Any]:
    rows = [
        ", ".join(f"{column}={value}" for column, value in zip(finding.columns, row, strict=True))
        for row in finding.first_rows
    ]
    return {"audit": finding.audit, "rows_found": finding.rows_found, "first_rows": rows}


def newest_round(connection: psycopg.Connection) -> AuditRound | None:
    """The last round that was stored; None before the first."""
    with connection.cursor(row_factory=class_row(AuditRound)) as cursor:
        return cursor.execute(queries.load("status/audits")).fetchone()


def audit_words(newest: AuditRound | None) -> str:
    """What the newest round says, in one sentence."""
    if newest is None:
        return "audits of the running system: none yet; `hydra audit` runs them all"
    when = f"the audits of {newest.started_at:%Y-%m-%d %H:%M} UTC"
    late = f"; not answered in time: {', '.join(newest.unanswered)}" if newest.unanswered else ""
    if not newest.findings:
        return f"{when}: {newest.asked - len(newest.unanswered)} of {newest.asked} found nothing{late}"
    found = ", ".join(f"{item['audit']} ({item['rows_found']} rows)" for item in newest.findings)
    return f"{when} found errors: {found}{late}; see `hydra audit`"


def _row(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise AssertionError("a query without FROM always gives one row")
    return row
