"""OpenAI's Responses API behind `LanguageModel`; attempts and reading as in `anthropic_model.py`.

Source: docs/news.md, "The analyst".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

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

PROVIDER: Final = "openai"
BASE_URL: Final = "https://api.openai.com"
_WHOSE: Final = "OpenAI"
_NAME_OF_SCHEMA: Final = "answer"


class _Usage(msgspec.Struct):
    input_tokens: int
    output_tokens: int


class _Response(msgspec.Struct):
    output: list[dict[str, Any]]
    model: str
    status: str | None = None
    incomplete_details: dict[str, Any] | None = None
    usage: _Usage | None = None


@dataclass(frozen=True)
class OpenAiModel:
    """One of OpenAI's models. base_url: where its API answers, without /v1."""

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
        wanted = {"type": "json_schema", "name": _NAME_OF_SCHEMA, "strict": True, "schema": dict(schema)}
        body: dict[str, Any] = {
            "model": self.model_id,
            "max_output_tokens": max_output_tokens,
            "instructions": system,
            "input": user,
            "store": False,
            "text": {"format": wanted},
        }

        async def attempt(left_s: float) -> ModelAnswer:
            return await self._attempt(body, left_s, attempts)

        return attempts.run(attempt)

    async def _attempt(self, body: dict[str, Any], left_s: float, attempts: Attempts) -> ModelAnswer:
        import openai  # noqa: PLC0415  # it takes a second

        client = openai.AsyncOpenAI(
            api_key=self.api_key, base_url=f"{self.base_url}/v1", max_retries=0, timeout=left_s
        )
        async with client:
            try:
                raw = await client.responses.with_raw_response.create(**body)
            except openai.APITimeoutError:
                raise TimeoutError from None
            except openai.APIStatusError as error:
                complaint = redacted(_complaint(error.body), self.api_key)
                raise refusal_of(
                    _WHOSE, self.model_id, error.status_code, complaint, error.response.headers
                ) from None
            except openai.APIConnectionError as error:
                raise unreachable(_WHOSE, self.base_url, error.__cause__) from None
            content, request_id = raw.http_response.content, raw.headers.get("x-request-id")
        return _read(content, request_id, self.model_id, attempts.latency_ms)


def _complaint(body: object) -> str:
    return str(body.get("message", "")) if isinstance(body, Mapping) else ""


def _read(content: bytes, request_id: str | None, asked: str, latency_ms: int) -> ModelAnswer:
    """The answer in the bytes of a response.

    Raises:
        NoAnswerError: MALFORMED: they are no response.
    """
    try:
        response = msgspec.json.decode(content, type=_Response)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        words = f"{_WHOSE} answered with something that is no response"
        raise NoAnswerError(
            ScanOutcome.MALFORMED, words, Failed(request_id=request_id, billed_attempts=1)
        ) from None
    parts = [part for item in response.output for part in _parts(item)]
    usage = response.usage
    return ModelAnswer(
        text="".join(str(part.get("text", "")) for part in parts if part.get("type") == "output_text"),
        model_id=response.model or asked,
        input_tokens=None if usage is None else tokens_told(usage.input_tokens),
        output_tokens=None if usage is None else tokens_told(usage.output_tokens),
        stop_reason=_stop_reason(response, parts),
        request_id=request_id,
        latency_ms=latency_ms,
        failure=_ENDINGS.get(_stop_reason(response, parts), ScanOutcome.MALFORMED),
    )


def _parts(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a message; reasoning and other items are no answer."""
    content = item.get("content") if item.get("type") == "message" else None
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _stop_reason(response: _Response, parts: list[dict[str, Any]]) -> str:
    if any(part.get("type") == "refusal" for part in parts):
        return "refusal"
    if response.status == "incomplete":
        return str((response.incomplete_details or {}).get("reason", "incomplete"))
    return response.status or "unknown"


_ENDINGS: Final[Mapping[str, ScanOutcome | None]] = {
    "completed": None,
    "refusal": ScanOutcome.REFUSED,
    "content_filter": ScanOutcome.REFUSED,
    "max_output_tokens": ScanOutcome.CUT_OFF,
}
