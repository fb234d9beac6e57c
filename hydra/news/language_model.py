"""What HYDRA asks of a language model, whoever makes it: one question, one answer as JSON, within a time.

Source: docs/news.md, "The analyst"; C24.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from hydra.domain import ScanOutcome
from hydra.errors import HydraError
from hydra.outside_text import shown
from hydra.retry_after import seconds_told

MAX_ATTEMPTS: Final = 3
FIRST_PAUSE_S: Final = 1.0
LONGEST_COMPLAINT: Final = 200
_TICK_S: Final = 0.25
_MOST_TOKENS: Final = 1_000_000_000
"""More than any question and its answer have; a number beyond it is no count."""
_REPEATED: Final = frozenset({ScanOutcome.RATE_LIMITED, ScanOutcome.OVERLOADED, ScanOutcome.UNREACHABLE})
"""What may pass within the time of one question."""

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class ModelAnswer:
    """What came back. text: of the text blocks alone. stop_reason: in the provider's word.

    input_tokens, output_tokens: as billed; None: the answer tells none that can be.
    latency_ms: with all attempts.
    failure: REFUSED or CUT_OFF: an answer that is paid, and no analysis.
    """

    text: str
    model_id: str
    input_tokens: int | None
    output_tokens: int | None
    stop_reason: str | None
    request_id: str | None
    latency_ms: int
    failure: ScanOutcome | None = None


class NoAnswerError(HydraError):
    """The model did not answer; `outcome` says why, and the message says it in a sentence.

    retry_after_s: what the provider asked for. billed_attempts: how many attempts the provider may charge.
    """

    def __init__(self, outcome: ScanOutcome, message: str, failed: "Failed | None" = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.retry_after_s = failed.retry_after_s if failed else None
        self.request_id = failed.request_id if failed else None
        self.latency_ms = failed.latency_ms if failed else None
        self.billed_attempts = failed.billed_attempts if failed else 0


@dataclass(frozen=True)
class Failed:
    """What is known of an attempt that failed. latency_ms: of all attempts.

    billed_attempts: those that may be charged: sent, and not refused by an HTTP status.
    """

    retry_after_s: float | None = None
    request_id: str | None = None
    latency_ms: int | None = None
    billed_attempts: int = 0


class LanguageModel(Protocol):
    """A model that can be asked. provider: its maker, e.g. anthropic; model_id: which one."""

    @property
    def provider(self) -> str: ...

    @property
    def model_id(self) -> str: ...

    def ask(
        self, system: str, user: str, schema: Schema, max_output_tokens: int, timeout_s: float
    ) -> ModelAnswer:
        """The answer to `user` under the instructions `system`, as JSON of `schema`.

        timeout_s: for all attempts together. `schema` is a wish: the answer has to be checked.

        Raises:
            NoAnswerError: there is none.
        """
        ...


@dataclass
class Attempts:
    """Asks again what may pass, within one time for all; what the provider asks to wait for is kept.

    whose: names the provider in sentences.
    """

    whose: str
    timeout_s: float
    pause_s: float = field(default_factory=lambda: FIRST_PAUSE_S)
    _began: float = field(default_factory=time.monotonic, init=False)
    _billed: int = field(default=0, init=False)

    def run(self, attempt: Callable[[float], Awaitable[ModelAnswer]]) -> ModelAnswer:
        """The answer of the first attempt that has one. `attempt` gets the seconds that are left.

        Raises:
            NoAnswerError: none has one, or the time is over.
        """
        return asyncio.run(self._run(attempt))

    async def _run(self, attempt: Callable[[float], Awaitable[ModelAnswer]]) -> ModelAnswer:
        try:
            async with asyncio.timeout(self.timeout_s), _wakeful():
                return await self._repeat(attempt)
        except TimeoutError:
            words = f"{self.whose} did not answer within {self.timeout_s:g} s (LLM_TIMEOUT_SECONDS)"
            raise self._failed(ScanOutcome.TIMED_OUT, words, Failed(billed_attempts=1)) from None

    async def _repeat(self, attempt: Callable[[float], Awaitable[ModelAnswer]]) -> ModelAnswer:
        pause_s = self.pause_s
        for number in range(1, MAX_ATTEMPTS + 1):
            try:
                return await attempt(self.left_s)
            except NoAnswerError as error:
                wait_s = pause_s if error.retry_after_s is None else error.retry_after_s
                if error.outcome not in _REPEATED or number == MAX_ATTEMPTS or wait_s >= self.left_s:
                    failed = Failed(
                        error.retry_after_s, error.request_id, billed_attempts=error.billed_attempts
                    )
                    raise self._failed(error.outcome, str(error), failed) from error
                self._billed += error.billed_attempts
            await asyncio.sleep(wait_s)
            pause_s *= 2
        raise AssertionError("the last attempt returns or raises")

    @property
    def left_s(self) -> float:
        """What is left of the time, seconds."""
        return max(0.0, self.timeout_s - (time.monotonic() - self._began))

    @property
    def latency_ms(self) -> int:
        """Since the first attempt, milliseconds."""
        return round((time.monotonic() - self._began) * 1000)

    def _failed(self, outcome: ScanOutcome, message: str, failed: Failed) -> NoAnswerError:
        billed = self._billed + failed.billed_attempts
        return NoAnswerError(
            outcome, message, Failed(failed.retry_after_s, failed.request_id, self.latency_ms, billed)
        )


def unreachable(whose: str, base_url: str, cause: BaseException | None) -> NoAnswerError:
    """The failure of a connection. One that broke after it was made may be charged."""
    name = type(cause).__name__
    billed = 0 if name in _BEFORE_SENDING else 1
    words = f"{whose} cannot be reached at {base_url} ({name})"
    return NoAnswerError(ScanOutcome.UNREACHABLE, words, Failed(billed_attempts=billed))


_BEFORE_SENDING: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "UnsupportedProtocol", "LocalProtocolError"}
)


def tokens_told(*parts: int | None) -> int | None:
    """The sum of the tokens that an answer names; None where one of them is no count.

    A count below zero would make room in the day's budget.
    """
    counts = [part for part in parts if part is not None]
    return sum(counts) if all(0 <= count <= _MOST_TOKENS for count in counts) else None


@asynccontextmanager
async def _wakeful() -> AsyncIterator[None]:
    """The loop runs now and then, so that a worker that is told to end does so soon."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(_TICK_S)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()


def refusal_of(
    whose: str, model_id: str, status: int, complaint: str, headers: Mapping[str, str]
) -> NoAnswerError:
    """The failure that an HTTP status is. complaint: the provider's words, already without secrets."""
    said = f" ({shown(complaint)[:LONGEST_COMPLAINT]})" if complaint else ""
    failed = Failed(retry_after_s(headers), headers.get("request-id") or headers.get("x-request-id"))
    outcome, words = _MEANINGS.get(status, (None, ""))
    if outcome is None:
        is_theirs = status >= 500  # noqa: PLR2004  # an HTTP status
        outcome = ScanOutcome.UNREACHABLE if is_theirs else ScanOutcome.MALFORMED
        words = "has an error of its own" if is_theirs else "does not take the request"
    words = words.format(model=shown(model_id))
    wait = "" if failed.retry_after_s is None else f"; it asks to wait {failed.retry_after_s:g} s"
    return NoAnswerError(outcome, f"{whose} {words}: HTTP {status}{said}{wait}", failed)


_MEANINGS: Final[Mapping[int, tuple[ScanOutcome, str]]] = {
    401: (ScanOutcome.BAD_KEY, "does not accept the key"),
    402: (ScanOutcome.NO_BUDGET, "says that the account has no credit"),
    403: (ScanOutcome.BAD_KEY, "does not let the key use this"),
    404: (ScanOutcome.UNKNOWN_MODEL, "has no model {model} (any more): set LLM_MODEL to one that it has"),
    408: (ScanOutcome.TIMED_OUT, "gave up waiting"),
    429: (ScanOutcome.RATE_LIMITED, "takes no more requests for now"),
    503: (ScanOutcome.OVERLOADED, "is overloaded"),
    504: (ScanOutcome.TIMED_OUT, "gave up waiting"),
    529: (ScanOutcome.OVERLOADED, "is overloaded"),
}


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of Retry-After, a day at most; None where it names none."""
    seconds = seconds_told(headers.get("retry-after", ""))
    return None if seconds is None else min(seconds, _LONGEST_WAIT_S)


_LONGEST_WAIT_S: Final = 86_400.0
