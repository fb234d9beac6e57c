"""Anthropic's Messages API behind `LanguageModel`.

The SDK repeats nothing by itself: attempts are counted here, within one time. The answer is read from its
bytes, because a damaged one still tells its tokens. The SDK is imported when needed: it takes a second.
Source: docs/news.md, "The analyst"; C24.
"""

import re
import warnings
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, get_args

import msgspec

from hydra.domain import ScanOutcome
from hydra.news.language_model import (
    Attempts,
    Failed,
    ModelAnswer,
    NoAnswerError,
    Schema,
    refusal_of,
    tokens_told,
    unreachable,
)
from hydra.redaction import redacted

PROVIDER: Final = "anthropic"
BASE_URL: Final = "https://api.anthropic.com"
_WHOSE: Final = "Anthropic"
_ENDINGS: Final = {
    "refusal": ScanOutcome.REFUSED,
    "max_tokens": ScanOutcome.CUT_OFF,
    "model_context_window_exceeded": ScanOutcome.CUT_OFF,
}
_GOOD_ENDINGS: Final = frozenset({"end_turn", "stop_sequence"})


class _Usage(msgspec.Struct):
    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(msgspec.Struct):
    content: list[dict[str, Any]]
    model: str
    stop_reason: str | None = None
    usage: _Usage | None = None


@dataclass(frozen=True)
class AnthropicModel:
    """One of Anthropic's models. base_url: where its API answers."""

    model_id: str
    api_key: str = field(repr=False)
    base_url: str = BASE_URL

    provider = PROVIDER

    def ask(
        self, system: str, user: str, schema: Schema, max_output_tokens: int, timeout_s: float
    ) -> ModelAnswer:
        """See `LanguageModel.ask`.

        Raises:
            NoAnswerError: there is no answer.
        """
        attempts = Attempts(_WHOSE, timeout_s)
        body: dict[str, Any] = {
            "model": self.model_id,
            "max_tokens": max_output_tokens,
            "system": system,
            "messages": [{"role": "user", "content": user}],
            "output_config": {"format": {"type": "json_schema", "schema": dict(schema)}},
        }

        async def attempt(left_s: float) -> ModelAnswer:
            return await self._attempt(body, left_s, attempts)

        return attempts.run(attempt)

    async def _attempt(self, body: dict[str, Any], left_s: float, attempts: Attempts) -> ModelAnswer:
        import anthropic  # noqa: PLC0415  # see the head of this file

        client = anthropic.AsyncAnthropic(
            api_key=self.api_key, base_url=self.base_url, max_retries=0, timeout=left_s
        )
        async with client:
            try:
                with warnings.catch_warnings():
                    # `hydra doctor` tells it.
                    warnings.simplefilter("ignore", DeprecationWarning)
                    raw = await client.messages.with_raw_response.create(**body)
            except anthropic.APITimeoutError:
                raise TimeoutError from None
            except anthropic.APIStatusError as error:
                complaint = redacted(error.api_message or "", self.api_key)
                raise refusal_of(
                    _WHOSE, self.model_id, error.status_code, complaint, error.response.headers
                ) from None
            except anthropic.APIConnectionError as error:
                raise unreachable(_WHOSE, self.base_url, error.__cause__) from None
            content, request_id = raw.http_response.content, raw.headers.get("request-id")
        return _read(content, request_id, self.model_id, attempts.latency_ms)


def _read(content: bytes, request_id: str | None, asked: str, latency_ms: int) -> ModelAnswer:
    """The answer in the bytes of a message.

    Raises:
        NoAnswerError: MALFORMED: they are no message.
    """
    try:
        message = msgspec.json.decode(content, type=_Message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        words = f"{_WHOSE} answered with something that is no message"
        raise NoAnswerError(
            ScanOutcome.MALFORMED, words, Failed(request_id=request_id, billed_attempts=1)
        ) from None
    # Other blocks, such as thinking, are no answer.
    texts = [str(block.get("text", "")) for block in message.content if block.get("type") == "text"]
    usage = message.usage
    failure = _ENDINGS.get(message.stop_reason or "")
    if failure is None and message.stop_reason not in _GOOD_ENDINGS:
        failure = ScanOutcome.MALFORMED
    return ModelAnswer(
        text="".join(texts),
        model_id=message.model or asked,
        input_tokens=None if usage is None else _sent(usage),
        output_tokens=None if usage is None else tokens_told(usage.output_tokens),
        stop_reason=message.stop_reason,
        request_id=request_id,
        latency_ms=latency_ms,
        failure=failure,
    )


def _sent(usage: _Usage) -> int | None:
    return tokens_told(usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens)


def end_of_life(model_id: str) -> date | None:
    """The day on which a model ends, by the SDK's table of deprecated models; None: it is not in it."""
    from anthropic.resources.messages import DEPRECATED_MODELS  # noqa: PLC0415  # see the head

    words = DEPRECATED_MODELS.get(model_id)
    return None if words is None else day_of(words)


def day_of(words: str) -> date:
    """The day that the SDK's table writes as "November 30th, 2026"; one that it writes otherwise is today's.

    So a model with an end that cannot be read is told of.
    """
    plain = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", words)
    try:
        return datetime.strptime(plain, "%B %d, %Y").replace(tzinfo=UTC).date()
    except ValueError:
        return datetime.now(UTC).date()


def is_listed(model_id: str) -> bool:
    """Whether the SDK names the model; newer ones than the SDK may exist all the same."""
    from anthropic.types import Model  # noqa: PLC0415  # see the head

    return any(model_id in get_args(part) for part in get_args(Model))
