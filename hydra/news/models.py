"""The language model that the settings name."""

import re

from hydra.domain import ScanOutcome
from hydra.news import anthropic_model, openai_model
from hydra.news.language_model import LanguageModel, NoAnswerError
from hydra.settings import Settings

KEYS = {anthropic_model.PROVIDER: "ANTHROPIC_API_KEY", openai_model.PROVIDER: "OPENAI_API_KEY"}
"""The setting that holds a provider's key."""
_SENDABLE = re.compile(r"[!-~]+")
"""Of a header of HTTP."""


def is_wanted(settings: Settings) -> bool:
    """Whether a news analyst is set up, if only in part: what is missing is then told."""
    keys = (settings.anthropic_api_key, settings.openai_api_key)
    return settings.llm_model is not None or any(key is not None for key in keys)


def model_of(settings: Settings) -> LanguageModel:
    """The model of `settings`. It is not called.

    Raises:
        NoAnswerError: NO_KEY or NO_MODEL: the settings do not name one. BAD_KEY: it cannot be sent.
    """
    is_openai = settings.llm_provider == openai_model.PROVIDER
    key = settings.openai_api_key if is_openai else settings.anthropic_api_key
    if key is None:
        words = f"{KEYS[settings.llm_provider]} is not set: set it, and the news analyst begins"
        raise NoAnswerError(ScanOutcome.NO_KEY, words)
    if settings.llm_model is None:
        words = "LLM_MODEL is not set: set it to the id of a model, and the news analyst begins"
        raise NoAnswerError(ScanOutcome.NO_MODEL, words)
    secret = key.get_secret_value()
    if not _SENDABLE.fullmatch(secret):
        words = (
            f"{KEYS[settings.llm_provider]} holds a sign that no key has, such as a space, an end of line or "
            f"a letter beyond ASCII: copy it anew"
        )
        raise NoAnswerError(ScanOutcome.BAD_KEY, words)
    if is_openai:
        return openai_model.OpenAiModel(
            settings.llm_model, secret, settings.llm_base_url or openai_model.BASE_URL
        )
    return anthropic_model.AnthropicModel(
        settings.llm_model, secret, settings.llm_base_url or anthropic_model.BASE_URL
    )
