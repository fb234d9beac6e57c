"""Every knob of HYDRA, typed, validated once and frozen.

Values come from the environment and from `.env` in the checkout; the environment wins. A key that
HYDRA does not know is refused, so that a misspelt limit never passes as the default.
Source: README document, "Configuration" (the `.env` keys); decisions C24, C34.
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hydra.domain import TradingMode
from hydra.errors import SettingsError
from hydra.paths import PROJECT_ROOT

ENV_FILE: Final = PROJECT_ROOT / ".env"

# Read where they are needed and not settings: they say where things lie, not how HYDRA trades.
ENVIRONMENT_ONLY: Final = frozenset(
    {"HYDRA_STATE_DIRECTORY", "HYDRA_SHARED_DATA", "HYDRA_TEST_COMMUNITY_URL", "HYDRA_TEST_REDIS_URL"}
)

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveUsd = Annotated[float, Field(gt=0.0)]


class Settings(BaseSettings):
    """The effective configuration. Attribute names are the keys in lower case unless an alias says so."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8",
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(
        None,
        validation_alias="HYDRA_DATABASE_URL",
        description="A PostgreSQL server of your own with TimescaleDB; empty: the private server",
    )

    broker_url: SecretStr | None = Field(
        None,
        validation_alias="HYDRA_BROKER_URL",
        description="redis:// or amqp:// broker for the doorbells; empty: the database itself",
    )

    binance_api_key: SecretStr | None = Field(None, description="Key of the exchange account")
    binance_api_secret: SecretStr | None = Field(None, description="Secret of the exchange account")
    binance_testnet: bool = Field(True, description="Use the exchange's test network")

    anthropic_api_key: SecretStr | None = Field(
        None, description="Key for the news analyst; empty: no analysis"
    )
    llm_model: str | None = Field(
        None, description="Model id of the news analyst (C24: no default outlives its model)"
    )
    cryptocompare_api_key: SecretStr | None = Field(None, description="Key for the news source")

    trading_mode: TradingMode = Field(TradingMode.PAPER, description="paper, testnet or live")
    initial_balance: PositiveUsd = Field(10_000.0, description="Paper balance at the start, USDT")

    max_leverage: float = Field(
        10.0, ge=1.0, le=125.0, description="Upper bound of leverage, below each pair's own cap"
    )
    max_position_size_usd: PositiveUsd = Field(10_000.0, description="Largest notional of one position, USDT")
    max_total_exposure_usd: PositiveUsd = Field(
        50_000.0, description="Largest notional of all positions, USDT"
    )
    max_positions: int = Field(5, ge=1, description="Most positions open at once")
    risk_per_trade_pct: float = Field(1.0, gt=0.0, le=10.0, description="Equity at risk per trade, percent")

    ml_score_threshold: Fraction = Field(
        0.45, description="Signals scored below this are rejected (inclusive, C118)"
    )
    min_signal_confidence: Fraction = Field(
        0.50, description="Signals less confident are rejected (inclusive, C118)"
    )

    @classmethod
    def attribute_by_key(cls) -> dict[str, str]:
        """Key as written in `.env` -> attribute name."""
        return {str(field.validation_alias or name).upper(): name for name, field in cls.model_fields.items()}

    def shown(self) -> Iterator[tuple[str, str, str]]:
        """(key, value, description) of every setting; a secret's value is only "set" or "not set"."""
        for key, name in self.attribute_by_key().items():
            value = getattr(self, name)
            is_secret = "SecretStr" in str(type(self).model_fields[name].annotation)
            if is_secret:
                text = "set" if value is not None else "not set"
            else:
                text = "not set" if value is None else str(value)
            yield key, text, type(self).model_fields[name].description or ""


def load_settings(env_file: Path = ENV_FILE) -> Settings:
    """The settings from the environment and from `env_file`, which need not exist.

    Raises:
        SettingsError: names every unknown key and every value out of range, and what to write instead.
    """
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # an argument of the base class
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(item, env_file) for item in error.errors())) from None


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = set(Settings.attribute_by_key()) | ENVIRONMENT_ONLY
    unknown = sorted(name for name in environment if name.startswith("HYDRA_") and name not in known)
    if unknown:
        advice = "; ".join(f"{name} is not a setting{_suggestion(name)}" for name in unknown)
        raise SettingsError(f"environment: {advice}. Unset it, or see `hydra config show` for all keys")


def _sentence(item: Any, path: Path) -> str:
    key = str(item["loc"][0]).upper() if item["loc"] else "settings"
    if item["type"] == "extra_forbidden":
        return f"{path.name}: {key} is not a setting{_suggestion(key)}. Remove it, or see `hydra config show`"
    return f"{key}: {item['msg']}. Correct it in {path.name} or in the environment"


def _suggestion(key: str) -> str:
    near = difflib.get_close_matches(key, Settings.attribute_by_key(), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
