"""Both providers behind one interface, against a server on loopback: answers, failures, time, attempts."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from hydra.domain import ScanOutcome
from hydra.news.anthropic_model import AnthropicModel, day_of, end_of_life, is_listed
from hydra.news.language_model import LanguageModel, ModelAnswer, NoAnswerError
from hydra.news.models import model_of
from hydra.news.openai_model import OpenAiModel
from hydra.news.prompt import SCHEMA
from hydra.settings import Settings
from tests.support.messages_server import KEY, MessagesServer, Reply, analyses, messages_server

ANSWER = analyses()
PROVIDERS = ("anthropic", "openai")


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with messages_server(Reply(ANSWER)) as serving:
        yield serving


def model_at(server: MessagesServer, provider: str, key: str = KEY) -> AnthropicModel | OpenAiModel:
    if provider == "openai":
        return OpenAiModel("gpt-6.1-sol", key, server.url)
    return AnthropicModel("claude-haiku-5-5", key, server.url)


def ask(model: LanguageModel, timeout_s: float = 20.0) -> ModelAnswer:
    return model.ask("You judge.", "What of it?", SCHEMA, 1_000, timeout_s)


def failure(model: LanguageModel, timeout_s: float = 20.0) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as caught:
        ask(model, timeout_s)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_comes_with_its_tokens_its_request_and_its_time(
    server: MessagesServer, provider: str
) -> None:
    answer = ask(model_at(server, provider))
    assert (answer.text, answer.failure, answer.request_id) == (ANSWER, None, "req_1")
    assert answer.input_tokens is not None
    assert answer.output_tokens == len(ANSWER) // 4
    assert answer.latency_ms > 0
    assert server.refused == []
    assert len(server.asked) == 1


def test_the_key_goes_as_bearer_with_todays_version_and_no_temperature(server: MessagesServer) -> None:
    ask(model_at(server, "anthropic"))
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert server.headers[0]["anthropic-version"] == "2026-10-21"
    assert "temperature" not in server.asked[0]
    assert server.asked[0]["output_config"]["format"]["schema"] == SCHEMA


def test_only_text_blocks_are_read(server: MessagesServer) -> None:
    thinking = {"type": "thinking", "thinking": analyses("exit", "high"), "signature": "x"}
    tool = {"type": "tool_use", "id": "t", "name": "text", "input": {"text": "x"}}
    server.replies = [Reply(ANSWER, blocks_before=(thinking, tool))]
    assert ask(model_at(server, "anthropic")).text == ANSWER


@pytest.mark.parametrize(
    ("provider", "stop_reason", "expected"),
    [
        ("anthropic", "refusal", ScanOutcome.REFUSED),
        ("anthropic", "max_tokens", ScanOutcome.CUT_OFF),
        ("anthropic", "model_context_window_exceeded", ScanOutcome.CUT_OFF),
        ("anthropic", "tool_use", ScanOutcome.MALFORMED),
        ("openai", "refusal", ScanOutcome.REFUSED),
        ("openai", "max_output_tokens", ScanOutcome.CUT_OFF),
    ],
)
def test_an_answer_that_is_no_analysis_is_paid_all_the_same(
    server: MessagesServer, provider: str, stop_reason: str, expected: ScanOutcome
) -> None:
    server.replies = [Reply(ANSWER, stop_reason=stop_reason)]
    answer = ask(model_at(server, provider))
    assert (answer.failure, answer.stop_reason) == (expected, stop_reason)
    assert answer.output_tokens


def test_an_answer_that_does_not_tell_its_tokens_is_an_answer(server: MessagesServer) -> None:
    server.replies = [Reply(ANSWER, has_usage=False)]
    answer = ask(model_at(server, "anthropic"))
    assert (answer.text, answer.input_tokens, answer.output_tokens) == (ANSWER, None, None)


@pytest.mark.parametrize(
    ("status", "expected", "attempts"),
    [
        (400, ScanOutcome.MALFORMED, 1),
        (401, ScanOutcome.BAD_KEY, 1),
        (402, ScanOutcome.NO_BUDGET, 1),
        (403, ScanOutcome.BAD_KEY, 1),
        (404, ScanOutcome.UNKNOWN_MODEL, 1),
        (429, ScanOutcome.RATE_LIMITED, 3),
        (500, ScanOutcome.UNREACHABLE, 3),
        (503, ScanOutcome.OVERLOADED, 3),
        (529, ScanOutcome.OVERLOADED, 3),
    ],
)
def test_a_refusal_is_an_outcome_and_is_repeated_only_if_it_may_pass(
    server: MessagesServer, status: int, expected: ScanOutcome, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hydra.news.language_model.FIRST_PAUSE_S", 0.01)
    server.replies = [Reply(status=status, headers={"retry-after": "0.01"})]
    error = failure(model_at(server, "anthropic"))
    assert (error.outcome, len(server.asked), error.request_id) == (expected, attempts, "req_error")
    assert error.latency_ms is not None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_passes_is_asked_again_after_what_the_provider_asks_to_wait(
    server: MessagesServer, provider: str
) -> None:
    server.replies = [Reply(status=429, headers={"retry-after": "0.5"}), Reply(ANSWER)]
    assert ask(model_at(server, provider)).text == ANSWER
    assert server.times[1] - server.times[0] >= 0.5


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wait_longer_than_the_time_is_told_and_not_waited(server: MessagesServer, provider: str) -> None:
    server.replies = [Reply(status=429, headers={"retry-after": "3600"})]
    began = time.monotonic()
    error = failure(model_at(server, provider), 5.0)
    assert time.monotonic() - began < 4.0
    assert (error.outcome, error.retry_after_s, len(server.asked)) == (ScanOutcome.RATE_LIMITED, 3600.0, 1)
    assert "it asks to wait 3600 s" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_time_is_one_for_all_attempts(server: MessagesServer, provider: str) -> None:
    server.replies = [Reply(status=529), Reply(ANSWER, delay_s=5.0)]
    began = time.monotonic()
    error = failure(model_at(server, provider), 3.0)
    assert error.outcome is ScanOutcome.TIMED_OUT
    assert time.monotonic() - began < 4.5
    assert "within 3 s (LLM_TIMEOUT_SECONDS)" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_key_is_not_repeated_in_the_complaint(server: MessagesServer, provider: str) -> None:
    model = model_at(server, provider, key="sk-wrong-9876543210")
    error = failure(model)
    assert error.outcome is ScanOutcome.BAD_KEY
    assert "sk-wrong-9876543210" not in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_that_is_gone_says_what_to_do(server: MessagesServer, provider: str) -> None:
    error = failure(replace(model_at(server, provider), model_id="claude-3-5-sonnet-20241022"))
    assert error.outcome is ScanOutcome.UNKNOWN_MODEL
    assert "claude-3-5-sonnet-20241022 (any more): set LLM_MODEL" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nobody_there_is_unreachable(
    server: MessagesServer, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hydra.news.language_model.FIRST_PAUSE_S", 0.01)
    model = replace(model_at(server, provider), base_url="http://127.0.0.1:9")
    assert failure(model).outcome is ScanOutcome.UNREACHABLE


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"content": 1}', b"[]", b"\xff\xfe", b'{"a":'])
def test_bytes_that_are_no_message_are_malformed(server: MessagesServer, body: bytes) -> None:
    server.replies = [Reply(body=body)]
    assert failure(model_at(server, "anthropic")).outcome is ScanOutcome.MALFORMED


def test_the_table_of_the_package_says_which_models_end() -> None:
    # Every process of a test run imports this file, and the package takes two seconds.
    from anthropic.resources.messages import DEPRECATED_MODELS  # noqa: PLC0415

    assert end_of_life("claude-sonnet-4-5") == date(2026, 11, 30)
    assert all(str(day_of(words).year) in words for words in DEPRECATED_MODELS.values())
    assert day_of("soon") == datetime.now(UTC).date()
    assert end_of_life("claude-haiku-5-5") is None
    assert is_listed("claude-haiku-5-5")
    assert not is_listed("claude-3-5-sonnet-20241022")


def test_a_model_that_ends_soon_still_answers(server: MessagesServer) -> None:
    assert ask(AnthropicModel("claude-sonnet-4-5", KEY, server.url)).text == ANSWER


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_does_not_show_its_key(server: MessagesServer, provider: str) -> None:
    """A traceback with its variables, or a log, would."""
    assert KEY not in repr(model_at(server, provider))


@pytest.mark.parametrize("key", ["sk-r\xe9sum\xe9-0123", "sk-0123 456789", "sk-\u2013-0123456789", "sk-\n1"])
def test_a_key_that_cannot_be_sent_is_told_without_it(key: str) -> None:
    given = {"anthropic_api_key": SecretStr(key), "llm_model": "claude-haiku-5-5"}
    settings = Settings.model_validate(given)
    with pytest.raises(NoAnswerError, match="ANTHROPIC_API_KEY holds a sign that no key has") as caught:
        model_of(settings)
    assert caught.value.outcome is ScanOutcome.BAD_KEY
    assert key not in str(caught.value)
