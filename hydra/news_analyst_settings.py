"""The settings of the news analyst; they are a part of `hydra.settings.Settings`.

Source: README document, "Configuration"; C24; docs/news.md, "The analyst".
"""

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from hydra.http_url import CheckedUrl


class NewsAnalystSettings(BaseSettings):
    """Whose model is asked, how often, for how long and for how much."""

    llm_provider: Literal["anthropic", "openai"] = Field(
        "anthropic", description="Whose model is the news analyst: anthropic or openai"
    )
    anthropic_api_key: SecretStr | None = Field(
        None, description="Key for the news analyst; empty: no analysis"
    )
    openai_api_key: SecretStr | None = Field(
        None, description="The same with LLM_PROVIDER=openai; empty: no analysis"
    )
    llm_model: str | None = Field(
        None, description="Model id of the news analyst (C24: no default outlives its model)"
    )
    llm_base_url: CheckedUrl | None = Field(
        None, description="Where to call the provider instead, e.g. a proxy; without /v1"
    )
    llm_scan_minutes: Annotated[int, Field(ge=5, le=240)] = Field(
        30, description="The news analyst is asked so often, minutes; an analysis counts for twice as long"
    )
    llm_timeout_seconds: Annotated[float, Field(ge=1, le=300)] = Field(
        60.0, description="The news analyst is given up after so long, all attempts together, seconds"
    )
    llm_budget_usd_per_day: Annotated[float, Field(gt=0, le=10_000)] = Field(
        1.0, description="What the news analyst may cost in a day of UTC, over all runs, USD"
    )
    llm_input_usd_per_mtok: Annotated[float, Field(ge=0, le=10_000)] | None = Field(
        None, description="Price of a million tokens sent, USD; empty: as in hydra/news/prices.toml"
    )
    llm_output_usd_per_mtok: Annotated[float, Field(ge=0, le=10_000)] | None = Field(
        None, description="The same of a million tokens answered"
    )
