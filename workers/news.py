"""The news analyst at work: `dramatiq workers.news --queues news-VERSION` reads headlines and scans them.

It has a process of its own at low priority, because an answer takes seconds and decisions wait for nothing
of it: what it has said by a minute counts in that minute, and if it is gone nothing is said. The supervisor
of a run sends a message every half minute; market.news_sources says which sources are due, hydra.news_scans
whether a scan is. The command finds the broker of the worker processes here, by the name `broker`.
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
from hydra.errors import HydraError, SettingsError
from hydra.news.polling import poll_due_sources, summary_line
from hydra.news.scan import Scan, scan_if_due
from hydra.outside_text import shown
from hydra.runtime.notifications import SCAN_ACTOR, news_queue
from hydra.settings import Settings, load_settings
from hydra.trading.runs import read_run, refuse_other_version
from workers import broker
from workers.low_priority import LowPriority

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.news")
TIME_LIMIT_MS: Final = 600_000
_GOOD: Final = frozenset({ScanOutcome.ANALYZED, ScanOutcome.NO_NEWS})


def scan_news(run_id: int) -> None:
    """Ask the sources of headlines that are due; scan the news for a run, if that is; log what it came to.

    Raises:
        HydraError, psycopg.OperationalError: the server cannot be used; the next message tries again.
    """
    settings = load_settings()
    with closing(connect(database_url(settings, Role.WORKER), autocommit=True)) as connection:
        run = read_run(connection, run_id)
        refuse_other_version(run)
        if run.ended_at is not None or run.exchange is None:
            return
        _read_headlines(connection, settings)
        if (done := scan_if_due(connection, run, settings)) is not None:
            _tell(done)


def _read_headlines(connection: psycopg.Connection, settings: Settings) -> None:
    """A list of sources that cannot be read is told each time; what is stored is scanned all the same."""
    try:
        results = poll_due_sources(connection, settings)
    except SettingsError as error:
        _LOG.error("no source of headlines is asked", why=shown(str(error)))
        return
    for one in results:
        if one.error:
            _LOG.warning("a source of headlines did not answer", source=shown(one.source), why=one.error)
    if results:
        _LOG.info("headlines were read", came=summary_line(results))


def _tell(done: Scan) -> None:
    log = _LOG.info if done.outcome in _GOOD else _LOG.warning
    cost = None if done.cost_usd is None else float(done.cost_usd)
    log("the news was scanned", run=done.run_id, outcome=done.outcome.value, why=shown(done.detail), usd=cost)


broker.add_middleware(LowPriority())
dramatiq.actor(
    broker=broker,
    actor_name=SCAN_ACTOR,
    queue_name=news_queue(),
    time_limit=TIME_LIMIT_MS,
    notify_shutdown=True,
    throws=(HydraError, psycopg.OperationalError),
)(scan_news)
