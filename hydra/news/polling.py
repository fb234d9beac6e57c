"""Asks the sources of headlines that are due, stores what is new, and how each source fares.

A source that fails waits longer and longer; the others are asked as ever.
Source: docs/news.md, "Sources".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import class_row

from hydra.db import locks, queries
from hydra.errors import BadDataError
from hydra.news import coindesk
from hydra.news.asking_again import after_failure, after_success
from hydra.news.feed_text import ReadFeed, read_feed
from hydra.news.fetch import FetchedAnswer, Limits, NotFetchedError, Request, fetch_all
from hydra.news.source_list import Source, SourceKind, load_sources
from hydra.news.store import Stored, store_headlines
from hydra.outside_text import shown
from hydra.settings import Settings

_LONGEST_ERROR: Final = 300
_NOTHING: Final = Stored(0, 0, 0)
_REFUSED_KEY: Final = frozenset({401, 403})
_LIMITS: Final = Limits()


@dataclass(frozen=True)
class SourceState:
    """A row of market.news_sources."""

    source: str
    url: str
    kind: str
    etag: str | None = None
    last_modified: str | None = None
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    next_attempt: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    items_total: int = 0


@dataclass(frozen=True)
class PollResult:
    """What one attempt came to. error: why nothing came; remark: what was left out; None: nothing."""

    source: str
    stored: Stored
    next_attempt: datetime
    error: str | None = None
    remark: str | None = None


def asked_sources(settings: Settings) -> tuple[Source, ...]:
    """The sources of the list that can be asked: CoinDesk's data API only with a key.

    Raises:
        SettingsError: NEWS_SOURCES_FILE is no list of sources.
    """
    has_key = settings.cryptocompare_api_key is not None
    listed = load_sources(settings.news_sources_file)
    return tuple(source for source in listed if has_key or source.kind is not SourceKind.COINDESK)


def read_states(connection: psycopg.Connection) -> dict[str, SourceState]:
    """The state of every source that was ever asked, by name."""
    with connection.cursor(row_factory=class_row(SourceState)) as cursor:
        return {row.source: row for row in cursor.execute(queries.load("news/sources"))}


def poll_due_sources(
    connection: psycopg.Connection, settings: Settings, limits: Limits = _LIMITS, *, is_forced: bool = False
) -> list[PollResult]:
    """Ask the sources that are due and store what is new; nothing where another process does it now.

    connection: the worker's, in autocommit mode. is_forced: all are asked, due or not.

    Raises:
        SettingsError: NEWS_SOURCES_FILE is no list of sources.
        psycopg.OperationalError: the server went away; what was stored stays.
    """
    sources = asked_sources(settings)
    if not locks.take(connection, locks.NEWS):
        return []
    try:
        states = read_states(connection)
        due = [
            (source, state) for source in sources if _is_due(state := _state_of(source, states)) or is_forced
        ]
        answers = fetch_all([_request(source, state, settings) for source, state in due], limits)
        return [
            _book(connection, source, state, answer, settings)
            for (source, state), answer in zip(due, answers, strict=True)
        ]
    finally:
        if not connection.closed:
            locks.release(connection, locks.NEWS)


def _state_of(source: Source, states: dict[str, SourceState]) -> SourceState:
    """Its stored state; a new one where it is new, or asked somewhere else than before."""
    stored = states.get(source.name)
    if stored is None or (stored.url, stored.kind) != (source.url, source.kind.value):
        return SourceState(source.name, source.url, source.kind.value)
    return stored


def _is_due(state: SourceState) -> bool:
    return state.next_attempt is None or state.next_attempt <= datetime.now(UTC)


def _request(source: Source, state: SourceState, settings: Settings) -> Request:
    key = settings.cryptocompare_api_key
    if source.kind is SourceKind.COINDESK and key is not None:
        headers = coindesk.authorization(key.get_secret_value())
        return Request(source.url.rstrip("/") + coindesk.PATH, headers=headers, follows=False)
    return Request(source.url, state.etag, state.last_modified)


def _book(
    connection: psycopg.Connection,
    source: Source,
    state: SourceState,
    answer: FetchedAnswer | NotFetchedError,
    settings: Settings,
) -> PollResult:
    """Store what a source answered together with its new state."""
    every = max(source.every, timedelta(minutes=settings.news_poll_minutes))
    try:
        if isinstance(answer, NotFetchedError):
            raise answer
        read = _read(source, answer)
    except (NotFetchedError, BadDataError) as error:
        return _book_failure(connection, source, state, error, every)
    now = datetime.now(UTC)
    after = replace(
        state,
        etag=answer.etag if answer.body is not None else state.etag,
        last_modified=answer.last_modified if answer.body is not None else state.last_modified,
        last_attempt=now,
        last_success=now,
        next_attempt=after_success(now, every),
        failures=0,
        last_error=read.left_out or None,
    )
    with connection.transaction():
        stored = store_headlines(connection, [(one, answer.read_at) for one in read.headlines])
        _store_state(connection, after, stored.added)
    return PollResult(source.name, stored, after_success(now, every), remark=read.left_out or None)


def _read(source: Source, answer: FetchedAnswer) -> ReadFeed:
    if answer.body is None:
        return ReadFeed([])
    if source.kind is SourceKind.COINDESK:
        return coindesk.read_articles(source.name, answer.body)
    return read_feed(source.name, answer.body, answer.content_type)


def _book_failure(
    connection: psycopg.Connection,
    source: Source,
    state: SourceState,
    error: NotFetchedError | BadDataError,
    every: timedelta,
) -> PollResult:
    now, failures = datetime.now(UTC), state.failures + 1
    rest_s = error.retry_after_s if isinstance(error, NotFetchedError) else None
    is_lasting = isinstance(error, NotFetchedError) and error.is_lasting
    next_attempt = after_failure(now, every, failures, is_lasting=is_lasting, retry_after_s=rest_s)
    words = _words(source, error)
    if rest_s is not None:
        words += f"; it asks for rest of {rest_s:.0f} s"
    told = shown(words)[:_LONGEST_ERROR]
    after = replace(state, last_attempt=now, next_attempt=next_attempt, failures=failures, last_error=told)
    _store_state(connection, after, 0)
    return PollResult(source.name, _NOTHING, next_attempt, error=told)


def _words(source: Source, error: NotFetchedError | BadDataError) -> str:
    if isinstance(error, BadDataError):
        return str(error)
    if source.kind is SourceKind.COINDESK and error.status in _REFUSED_KEY:
        return coindesk.REFUSED_KEY
    return f"{urlsplit(source.url).hostname}: {error}"


def _store_state(connection: psycopg.Connection, state: SourceState, items: int) -> None:
    values: dict[str, Any] = {**vars(state), "items": items}
    connection.execute(queries.load("news/store_source"), values)


def summary_line(results: Sequence[PollResult]) -> str:
    """What a poll came to, in a sentence."""
    added = sum(result.stored.added for result in results)
    repeated = sum(result.stored.repeated for result in results)
    failed = [result.source for result in results if result.error]
    told = f"{len(results)} sources asked, {added} new headlines, {repeated} of them repeat another"
    return f"{told}; no answer from {', '.join(failed)}" if failed else told
