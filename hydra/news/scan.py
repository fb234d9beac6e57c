"""A scan of the news: headlines are read, the analyst is asked, what counts of its answer becomes rows.

Every scan leaves a row that says what it came to. One without an answer leaves no view: then nothing is
blocked by news (C111), and an older view counts until it is too old. While the analyst is asked no
transaction is open.
Source: layers document, "LLM News Analyst"; C24, C25, C109; docs/news.md, "The analyst".
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hydra.db import locks, queries
from hydra.domain import ScanOutcome, ScanTrigger
from hydra.errors import RetryError, StopError
from hydra.news.answer import PairAnalysis, read_answer
from hydra.news.budget import PaidCall, Purpose, begin_call
from hydra.news.language_model import LanguageModel, ModelAnswer, NoAnswerError
from hydra.news.models import model_of
from hydra.news.prices import TokenPrice, price_of
from hydra.news.prompt import MOST_HEADLINES, SCHEMA, Prompt, ShownHeadline, build_prompt
from hydra.outside_text import shown
from hydra.settings import Settings
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run

WINDOW: Final = timedelta(hours=6)
"""Headlines are shown that became known within it; one of them at least has to be new."""
MOST_OF_SOURCE: Final = 20
MAX_OUTPUT_TOKENS: Final = 4_000
_NONCE_BYTES: Final = 16
_LONGEST_DETAIL: Final = 1_000


@dataclass(frozen=True)
class Scan:
    """A row of hydra.news_scans to be; `analyses` become rows of hydra.news_views."""

    run_id: int
    time: datetime
    trigger: ScanTrigger
    outcome: ScanOutcome
    detail: str
    provider: str
    model_id: str | None
    prompt: str | None = None
    answer: str | None = None
    item_ids: tuple[str, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    latency_ms: int | None = None
    stop_reason: str | None = None
    request_id: str | None = None
    retry_after_s: float | None = None
    analyses: tuple[PairAnalysis, ...] = field(default=(), repr=False)
    scan_id: int | None = None


@dataclass(frozen=True)
class FoundHeadline(ShownHeadline):
    """A headline; is_new: no answered scan has shown it."""

    is_new: bool = False


def clock_of(connection: psycopg.Connection, run: Run) -> datetime | None:
    """The run's clock; None before its first minute."""
    row = connection.execute(queries.load("news/run_clock"), {"run_id": run.run_id}).fetchone()
    return None if row is None else row[0]


def refuse_stored_history(run: Run) -> None:
    """Refuse to ask the analyst for a run that decides stored history: the model may know what came of it.

    Raises:
        StopError: it listens to no exchange. Source: C109.
    """
    if run.exchange is None:
        raise StopError(
            f"run {run.run_id} decides stored history, and a language model may know what came of it: only "
            f"runs on an exchange (`hydra run --exchange`) are scanned"
        )


def is_due(connection: psycopg.Connection, run: Run, time: datetime) -> bool:
    """Whether a scan by schedule is due at `time` of the run's clock.

    Its interval is that of the run's record, by which its views grow old, whatever the setting is now.
    """
    interval = timedelta(minutes=rules_of_run(run).news_scan_minutes)
    values = {"run_id": run.run_id, "time": time, "interval": interval}
    row = connection.execute(queries.load("news/is_due"), values).fetchone()
    return bool(row and row[0])


def scan_if_due(connection: psycopg.Connection, run: Run, settings: Settings) -> Scan | None:
    """The scan by schedule, if one is due and no other goes on. `connection` commits by itself."""
    time = clock_of(connection, run)
    if time is None or run.exchange is None or not locks.take(connection, locks.NEWS_SCAN):
        return None
    try:
        if not is_due(connection, run, time):
            return None
        return scan(connection, run, settings, ScanTrigger.SCHEDULE, time)
    finally:
        locks.release(connection, locks.NEWS_SCAN)


def scan_now(connection: psycopg.Connection, run: Run, settings: Settings) -> Scan:
    """A scan on demand, after one that goes on.

    Raises:
        StopError: the run decides stored history, or has not decided a minute yet.
        RetryError: another scan takes too long.
    """
    refuse_stored_history(run)
    if not locks.take(connection, locks.NEWS_SCAN, wait_s=settings.llm_timeout_seconds):
        raise RetryError("another scan of the news goes on: try again in a minute")
    try:
        time = clock_of(connection, run)
        if time is None:
            raise StopError(f"run {run.run_id} has not decided a minute yet: ask again in a moment")
        return scan(connection, run, settings, ScanTrigger.FORCED, time)
    finally:
        locks.release(connection, locks.NEWS_SCAN)


def scan(
    connection: psycopg.Connection, run: Run, settings: Settings, trigger: ScanTrigger, time: datetime
) -> Scan:
    """Scan at `time` of the run's clock, and store what it came to. `connection` commits by itself."""
    begun = Scan(
        run.run_id,
        _free_time(connection, run, time),
        trigger,
        ScanOutcome.NO_NEWS,
        "",
        settings.llm_provider,
        settings.llm_model,
    )
    try:
        done = _asked(connection, settings, begun)
    except NoAnswerError as error:
        done = replace(begun, outcome=error.outcome, detail=str(error))
    return _store(connection, run, done)


def _free_time(connection: psycopg.Connection, run: Run, time: datetime) -> datetime:
    """`time`, or as many microseconds later as it has scans: the clock of a run that stands, stands."""
    row = connection.execute(queries.load("news/free_time"), {"run_id": run.run_id, "time": time}).fetchone()
    return row[0] if row else time


def _asked(connection: psycopg.Connection, settings: Settings, begun: Scan) -> Scan:
    """The scan after everything that has to be right before the analyst is asked, and its answer.

    Raises:
        NoAnswerError: it is not asked.
    """
    model = model_of(settings)
    headlines = _headlines(connection, begun)
    if not any(headline.is_new for headline in headlines):
        raise NoAnswerError(
            ScanOutcome.NO_NEWS, "no headline is new since the last analysis: nothing was asked"
        )
    _refuse_too_early(connection, begun.provider)
    prompt = build_prompt(headlines, begun.time, secrets.token_hex(_NONCE_BYTES))
    price = _known_price(settings)
    budget_usd = Decimal(str(settings.llm_budget_usd_per_day))
    call = begin_call(connection, Purpose.SCAN, _most_usd(prompt, price), budget_usd)
    asked = replace(begun, prompt=prompt.whole, item_ids=tuple(headline.item_id for headline in headlines))
    return _answered(model, prompt, price, settings.llm_timeout_seconds, asked, call)


def _headlines(connection: psycopg.Connection, begun: Scan) -> list[FoundHeadline]:
    values = {
        "run_id": begun.run_id,
        "time": begun.time,
        "window": WINDOW,
        "most": MOST_HEADLINES,
        "most_of_source": MOST_OF_SOURCE,
    }
    with connection.cursor(row_factory=class_row(FoundHeadline)) as cursor:
        return cursor.execute(queries.load("news/headlines"), values).fetchall()


def _refuse_too_early(connection: psycopg.Connection, provider: str) -> None:
    """What the provider asked to wait is kept, by all runs."""
    row = connection.execute(queries.load("news/retry_at"), {"provider": provider}).fetchone()
    if row is not None and row[0] is not None:
        words = f"{provider} asked not to be asked before {row[0]:%Y-%m-%d %H:%M:%S} UTC: nothing was sent"
        raise NoAnswerError(ScanOutcome.RATE_LIMITED, words)


def _known_price(settings: Settings) -> TokenPrice:
    """The price of the model.

    Raises:
        NoAnswerError: NO_BUDGET: it is not known.
    """
    price = price_of(settings)
    if price is None:
        words = (
            f"no price is known for the model {shown(settings.llm_model or '')}: set LLM_INPUT_USD_PER_MTOK "
            f"and LLM_OUTPUT_USD_PER_MTOK, so that LLM_BUDGET_USD_PER_DAY can be kept"
        )
        raise NoAnswerError(ScanOutcome.NO_BUDGET, words)
    return price


def _answered(
    model: LanguageModel, prompt: Prompt, price: TokenPrice, timeout_s: float, asked: Scan, call: PaidCall
) -> Scan:
    try:
        answer = model.ask(prompt.system, prompt.user, SCHEMA, MAX_OUTPUT_TOKENS, timeout_s)
    except NoAnswerError as error:
        call.failed(error)
        return replace(
            asked,
            outcome=error.outcome,
            detail=str(error),
            latency_ms=error.latency_ms,
            request_id=error.request_id,
            retry_after_s=error.retry_after_s,
        )
    paid = replace(
        asked,
        model_id=answer.model_id,
        answer=answer.text,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_usd=_cost(answer, prompt, price),
        latency_ms=answer.latency_ms,
        stop_reason=answer.stop_reason,
        request_id=answer.request_id,
    )
    call.ended(paid.cost_usd)
    return _judged(paid, answer)


def _most_usd(prompt: Prompt, price: TokenPrice) -> Decimal:
    return price.at_most(f"{prompt.whole}{SCHEMA}", MAX_OUTPUT_TOKENS)


def _cost(answer: ModelAnswer, prompt: Prompt, price: TokenPrice) -> Decimal:
    """What it cost, USD; the most that it can have cost where it does not tell its tokens."""
    if answer.input_tokens is None or answer.output_tokens is None:
        return _most_usd(prompt, price)
    return price.of(answer.input_tokens, answer.output_tokens)


def _judged(paid: Scan, answer: ModelAnswer) -> Scan:
    if answer.failure is not None:
        return replace(paid, outcome=answer.failure, detail=_FAILURES[answer.failure])
    found = read_answer(answer.text, paid.time)
    analyzed = f"{len(found.analyses)} pairs analyzed"
    nothing = f"no news of {', '.join(found.without_news)}" if found.without_news else ""
    detail = "; ".join(filter(None, (analyzed, nothing, *found.complaints)))
    return replace(paid, outcome=found.outcome, detail=detail[:_LONGEST_DETAIL], analyses=found.analyses)


def _store(connection: psycopg.Connection, run: Run, done: Scan) -> Scan:
    """Scan and views, in one transaction."""
    values: dict[str, Any] = {**vars(done), "item_ids": list(done.item_ids)}
    with connection.transaction():
        row = connection.execute(queries.load("news/add_scan"), values).fetchone()
        if row is None:
            raise AssertionError("INSERT ... RETURNING gives the row that it made")
        answered = done.time + timedelta(milliseconds=done.latency_ms or 0)
        views = {
            **values,
            "scan_id": row[0],
            "answered": answered,
            "instrument_ids": list(run.instrument_ids),
            "views": Jsonb(_rows(done.analyses)),
        }
        connection.execute(queries.load("news/add_views"), views)
    return replace(done, scan_id=row[0])


def _rows(analyses: Sequence[PairAnalysis]) -> list[dict[str, Any]]:
    return [{name: value for name, value in asdict(one).items() if name != "timestamp"} for one in analyses]


_FAILURES: Final = {
    ScanOutcome.REFUSED: "the model refused to answer",
    ScanOutcome.CUT_OFF: "the answer was cut off before its end: at the limit of tokens",
    ScanOutcome.MALFORMED: "the model stopped for an unknown reason",
}
