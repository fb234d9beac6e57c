"""Upkeep: `dramatiq workers.upkeep --queues upkeep` keeps the database in shape while runs go on.

It brings marked rollups up to date, lets old facts go, and runs the audits.

It has its own process at low priority, because an audit takes as long as several cycles. The command finds
the broker of the worker processes here, by the name `broker`.
Source: docs/architecture.md, "Audits".
"""

from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import dramatiq
import psycopg
import structlog

from hydra.answers.audit_rounds import AuditRound, audit_if_due
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.retention import apply_retention
from hydra.db.roles import Role
from hydra.db.rollups import refresh_marked
from hydra.errors import HydraError
from hydra.runtime.notifications import AUDIT_ACTOR, UPKEEP_QUEUE
from hydra.settings import load_settings
from workers import broker
from workers.low_priority import LowPriority

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.upkeep")
TIME_LIMIT_MS: Final = 1_200_000


def audit() -> None:
    """Refresh marked rollups and drop old facts; run the audits where they are due, store and log them.

    Raises:
        HydraError, psycopg.Error: the server cannot be used, or an audit cannot be run; the next message
        retries.
    """
    settings = load_settings()
    with closing(connect(database_url(settings, Role.WORKER), autocommit=True)) as worker:
        keep_up(worker)
    with (
        closing(connect(database_url(settings, Role.READER), autocommit=True)) as reader,
        closing(connect(database_url(settings, Role.WORKER), autocommit=True)) as writer,
    ):
        done = audit_if_due(reader, writer)
    if done is not None:
        _tell(done)


def keep_up(worker: psycopg.Connection) -> None:
    """Refresh the rollups of closed minutes; drop the facts that are older than their window, and log it.

    A statement that another session holds up waits for the next message.
    """
    try:
        refresh_marked(worker, datetime.now(UTC))
        applied = apply_retention(worker)
    except psycopg.errors.LockNotAvailable:
        _LOG.info("upkeep waits for another session")
        return
    for one in applied:
        if one.dropped_chunks:
            _LOG.info("old facts were dropped", table=one.source_table, chunks=one.dropped_chunks)


def _tell(done: AuditRound) -> None:
    for item in done.findings:
        _LOG.error("an audit found errors", **item)
    if done.unanswered:
        _LOG.warning("audits exceeded their time limit", audits=done.unanswered)
    _LOG.info("the audits were run", asked=done.asked, found=len(done.findings))


broker.add_middleware(LowPriority())
dramatiq.actor(
    broker=broker,
    actor_name=AUDIT_ACTOR,
    queue_name=UPKEEP_QUEUE,
    time_limit=TIME_LIMIT_MS,
    notify_shutdown=True,
    throws=(HydraError, psycopg.OperationalError),
)(audit)
