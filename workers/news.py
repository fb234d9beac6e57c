"""The news at work: `dramatiq workers.news --queues news-VERSION` asks sources and analyst when they are due.

It has a process of its own at low priority, because an answer takes seconds and decisions wait for nothing
of it: what it has said by a minute counts in that minute, and if it is gone nothing is said. The supervisor
of a run sends a message every half minute; hydra.news_scans says whether a scan is due. The command finds the
broker of the worker processes here, by the name `broker`.
Source: layers document, "LLM News Analyst"; docs/architecture.md, law 1; docs/news.md, "The analyst".
"""

from contextlib import closing
from typing import Final

import dramatiq
import psycopg
import structlog

from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import ScanOutcome
from hydra.errors import HydraError
from hydra.news.polling import poll_due_sources
from hydra.news.scan import Scan, scan_if_due
from hydra.outside_text import shown
from hydra.runtime.notifications import POLL_ACTOR, SCAN_ACTOR, news_queue
from hydra.settings import load_settings
from hydra.trading.runs import read_run, refuse_other_version
from workers import broker
from workers.low_priority import LowPriority

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.news")
TIME_LIMIT_MS: Final = 600_000
_GOOD: Final = frozenset({ScanOutcome.ANALYZED, ScanOutcome.NO_NEWS})


def poll_news(_run_id: int) -> None:
    """Ask the sources of headlines that are due.

    Raises:
        HydraError, psycopg.OperationalError: the server or the list of sources cannot be used.
    """
    settings = load_settings()
    with closing(connect(database_url(settings, Role.WORKER), autocommit=True)) as connection:
        for one in poll_due_sources(connection, settings):
            if one.error:
                _LOG.warning("a source of headlines failed", source=one.source, why=shown(one.error))


def scan_news(run_id: int) -> None:
    """Scan the news for a run, if it is due; log what it came to.

    Raises:
        HydraError, psycopg.OperationalError: the server cannot be used; the next message tries again.
    """
    settings = load_settings()
    with closing(connect(database_url(settings, Role.WORKER), autocommit=True)) as connection:
        run = read_run(connection, run_id)
        refuse_other_version(run)
        if run.ended_at is None and (done := scan_if_due(connection, run, settings)) is not None:
            _tell(done)


def _tell(done: Scan) -> None:
    log = _LOG.info if done.outcome in _GOOD else _LOG.warning
    cost = None if done.cost_usd is None else float(done.cost_usd)
    log("the news was scanned", run=done.run_id, outcome=done.outcome.value, why=shown(done.detail), usd=cost)


broker.add_middleware(LowPriority())
for _name, _work in ((POLL_ACTOR, poll_news), (SCAN_ACTOR, scan_news)):
    dramatiq.actor(
        broker=broker,
        actor_name=_name,
        queue_name=news_queue(),
        time_limit=TIME_LIMIT_MS,
        notify_shutdown=True,
        throws=(HydraError, psycopg.OperationalError),
    )(_work)
