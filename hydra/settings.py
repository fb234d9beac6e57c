"""All settings of HYDRA, typed, validated once and frozen.

Values come from the environment and from `.env` in the checkout; the environment wins. A key that
HYDRA does not know is refused, so that a misspelt limit never passes as the default.
Descriptions name the readings that they rest on.
Source: README document, "Configuration" (the `.env` keys).
"""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from hydra.bounds import (
    CascadeWarning,
    DecisionAge,
    Fraction,
    Leverage,
    Minutes,
    PositiveCount,
    PositivePercent,
    PositiveUsd,
    RiskPercent,
    Seconds,
    own_words,
    range_words,
)
from hydra.domain import KillScope, TradingMode
from hydra.errors import SettingsError
from hydra.holding_hours import HoldingHours
from hydra.http_url import CheckedUrl
from hydra.news_analyst_settings import NewsAnalystSettings
from hydra.paths import PROJECT_ROOT
from hydra.redaction import redacted
from hydra.retention import RetentionDays

ENV_FILE: Final = PROJECT_ROOT / ".env"

CONFIRMATION: Final = "I accept that HYDRA trades with my money"
"""What LIVE_CONFIRMATION has to say."""

# Environment variables that are not settings: they say where things lie, not how HYDRA trades.
ENVIRONMENT_ONLY: Final = frozenset(
    {
        "HYDRA_STATE_DIRECTORY",
        "HYDRA_SHARED_DATA",
        "HYDRA_TEST_COMMUNITY_URL",
        "HYDRA_TEST_REDIS_URL",
        "HYDRA_TEST_DEMO_API_KEY",
        "HYDRA_TEST_DEMO_API_SECRET",
    }
)


class Settings(NewsAnalystSettings):
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
    owner_password: SecretStr | None = Field(
        None,
        validation_alias="HYDRA_OWNER_PASSWORD",
        description="On a server of your own: password of the login that migrates, imports and deletes",
    )
    worker_password: SecretStr | None = Field(
        None,
        validation_alias="HYDRA_WORKER_PASSWORD",
        description="The same for the login that decides and trades",
    )
    reader_password: SecretStr | None = Field(
        None,
        validation_alias="HYDRA_READER_PASSWORD",
        description="The same for the login that only reads: answers, dashboards",
    )

    broker_url: SecretStr | None = Field(
        None,
        validation_alias="HYDRA_BROKER_URL",
        description="redis:// or amqp:// broker for the workers' messages; empty: the database itself",
    )

    retention_days: RetentionDays | None = Field(
        None,
        description=(
            "Days that facts are kept by table, e.g. trades=30,order_books=90; 0: for ever; a table that is "
            "not named keeps its default (trades=30,order_books=90,premium_index=30, all others for ever)"
        ),
    )
    compress_after_days: Annotated[int, Field(ge=0, le=3_650)] = Field(
        7,
        description=(
            "Days after which trades, order books and premium index are compressed, where the server is the "
            "community edition; 0: never"
        ),
    )

    binance_api_key: SecretStr | None = Field(None, description="Key of the exchange account")
    binance_api_secret: SecretStr | None = Field(
        None, description="Secret of the exchange account, or its private Ed25519 key (PEM)"
    )
    binance_api_secret_file: Path | None = Field(
        None, description="A file of mode 0600 that holds it instead of BINANCE_API_SECRET"
    )
    binance_testnet: bool = Field(True, description="Use the exchange's practice market (demo trading)")
    exchange_url: CheckedUrl | None = Field(
        None,
        description="Where to call the exchange instead, e.g. http://127.0.0.1:8778: simulated, or a proxy",
    )
    simulated_account_file: Path | None = Field(
        None, description="The file of your account at the simulated exchange, to trade on it"
    )
    archive_url: CheckedUrl = Field(
        "https://data.binance.vision", description="The exchange's public archive of files"
    )
    coinglass_api_key: SecretStr | None = Field(
        None, description="Key for liquidations over many exchanges; empty: none are read"
    )

    cryptocompare_api_key: SecretStr | None = Field(
        None, description="Key for headlines of CoinDesk's data API (a paid plan); empty: it is not asked"
    )
    news_sources_file: Path | None = Field(
        None, description="A list of news sources of your own (TOML); empty: the one that HYDRA comes with"
    )
    news_poll_minutes: Annotated[float, Field(ge=1, le=1_440)] = Field(
        5.0, description="Each news source is asked after so many minutes, or after its own longer interval"
    )

    alert_webhook_url: SecretStr | None = Field(
        None, description="Where alerts are posted as JSON; empty: not there"
    )
    alert_webhook_secret: SecretStr | None = Field(
        None, description="Key that signs what is posted there (HMAC-SHA256); empty: unsigned"
    )
    alert_urls: SecretStr | None = Field(
        None, description="Telegram, Discord, e-mail ...: apprise URLs, separated by blanks"
    )
    alert_repeat_minutes: Annotated[float, Field(ge=1, le=10_080)] = Field(
        60.0, description="An alert that lasts is told again after so many minutes"
    )
    alert_drawdown_pct: PositivePercent = Field(
        3.0, description="Equity so far below the highest of the day or of the run is an alert, percent"
    )

    trading_mode: TradingMode = Field(
        TradingMode.PAPER, description="Where orders of `hydra run` go: paper, testnet or live"
    )
    live_confirmation: str | None = Field(
        None, description=f'"{CONFIRMATION}" lets --mode live send orders that cost money'
    )
    live_size_cap_usd: PositiveUsd = Field(
        100.0, description="Largest notional of one position in a run that begins in live mode, USDT"
    )
    initial_balance: PositiveUsd = Field(
        10_000.0, description="Paper balance at the start, USDT; in other modes the account's wallet"
    )

    max_leverage: Leverage = Field(10.0, description="Upper bound of leverage, below each pair's own cap")
    max_position_size_usd: PositiveUsd = Field(10_000.0, description="Largest notional of one position, USDT")
    max_total_exposure_usd: PositiveUsd = Field(
        50_000.0, description="Largest notional of all positions, USDT"
    )
    max_positions: PositiveCount = Field(5, description="Most positions open at once")
    risk_per_trade_pct: RiskPercent = Field(1.0, description="Equity at risk per trade, percent")
    max_portfolio_heat_pct: PositivePercent = Field(
        6.0, description="Equity that all stops together may lose, percent (C39)"
    )
    enforce_risk_cap: bool = Field(
        True, description="Cap sizes so that a stop loses no more than the risk per trade (C33)"
    )
    kelly_prob_source: Literal["confidence", "ml_score"] = Field(
        "confidence", description="What Kelly takes for its probability: confidence or ml_score (C34)"
    )
    cooldown_minutes: Minutes = Field(
        60.0, description="Wait of a pair, source and side after an exit, minutes (C117)"
    )
    cooldown_after_stop_minutes: Minutes = Field(240.0, description="The same after a stop, minutes (C117)")
    max_holding_hours: HoldingHours | None = Field(
        None,
        description=(
            "Longest holding in hours by signal source, e.g. FUNDING_SQUEEZE=4,FUNDING_CARRY=12; a source "
            "that is not named keeps its printed hours (C47)"
        ),
    )
    kill_scope: KillScope = Field(
        KillScope.PORTFOLIO, description="What a pair's kill condition stops: portfolio or pair (C20)"
    )
    oldest_minute_s: DecisionAge = Field(
        30.0, description="A connected exchange's minute that closed longer ago is skipped, seconds"
    )
    data_outage_flatten_s: Seconds = Field(
        300.0, description="Positions are closed after a longer outage of data, seconds (C09)"
    )
    extreme_volatility_evaluations: PositiveCount = Field(
        2, description="Extreme five-minute evaluations in a row that close positions (C121)"
    )

    signal_scorer: Annotated[
        str, Field(pattern=r"^(rule|published|[a-z][a-z0-9-]{0,62}@[1-9][0-9]{0,8})$")
    ] = Field("rule", description="What scores signals: rule, published, or a model as name@version")
    own_model_file: Path | None = Field(
        None, description="A Python file with a model of your own that can be trained; empty: none"
    )
    ml_score_threshold: Fraction = Field(
        0.45, description="Signals scored below this are rejected (inclusive, C118)"
    )
    min_signal_confidence: Fraction = Field(
        0.50, description="Signals less confident are rejected (inclusive, C118)"
    )
    cascade_restrict: CascadeWarning = Field(
        0.6, description="Cascade score from which entries stop (C10); above 0.7 it blocks"
    )
    funding_restrict_blocks_entries: bool = Field(
        False, description="Funding beyond 0.1 % stops entries, instead of halving leverage only (C04)"
    )
    signal_thresholds: Literal["printed", "adaptive"] = Field(
        "printed", description="Thresholds of the generators: printed, or each pair's own 90 days (C112)"
    )
    llm_hold_blocks: bool = Field(True, description="The news analyst's hold stops entries (C03)")

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_unprintable(cls, value: Any, info: ValidationInfo) -> Any:
        if info.field_name == "binance_api_secret" and isinstance(value, str):
            # A key in PEM has lines.
            value = value.replace("\r\n", "\n").replace("\n", "\\n")
        if isinstance(value, str) and not value.isprintable():
            raise ValueError("write it in printable characters of UTF-8")
        return value

    @classmethod
    def attribute_by_key(cls) -> dict[str, str]:
        """Key as written in `.env` -> attribute name."""
        return {str(field.validation_alias or name).upper(): name for name, field in cls.model_fields.items()}

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """The attributes that hold a secret: no parameters, never stored, never shown."""
        return frozenset(
            name for name, field in cls.model_fields.items() if "SecretStr" in str(field.annotation)
        )

    @property
    def has_alert_channel(self) -> bool:
        """Whether alerts can leave the machine."""
        return self.alert_webhook_url is not None or self.alert_urls is not None

    def described(self) -> Iterator[tuple[str, str, str]]:
        """(key, value, description) of every setting; a secret's value is only "set" or "not set"."""
        for key, name in self.attribute_by_key().items():
            value = getattr(self, name)
            if name in self.secrets():
                text = "set" if value is not None else "not set"
            else:
                text = "not set" if value is None else str(value)
            yield key, text, type(self).model_fields[name].description or ""


def load_settings(env_file: Path = ENV_FILE, given: Mapping[str, Any] | None = None) -> Settings:
    """The settings from `given` (by key, of --set), the environment and `env_file`, which need not exist.

    Raises:
        SettingsError: names every unknown key and every value out of range, where it was given, and what to
            write instead; or `env_file` is no text.
    """
    _refuse_unknown_variables(os.environ)
    refuse_secrets(given or {})
    given = {key.upper(): value for key, value in (given or {}).items()}
    names = Settings.attribute_by_key()
    keys = {key: str(Settings.model_fields[name].validation_alias or name) for key, name in names.items()}
    values: dict[str, Any] = {keys.get(key, key.lower()): value for key, value in given.items()}
    try:
        settings = Settings(_env_file=env_file, **values)  # type: ignore[call-arg]  # an argument of the base class
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(item, given, env_file) for item in error.errors())) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{env_file} is not a text of UTF-8: correct it, or write it again") from None
    if settings.trading_mode is TradingMode.BACKTEST:
        where = _place("TRADING_MODE", given, env_file)
        raise SettingsError(f"{where} is paper, testnet or live; `hydra backtest` needs no mode")
    return settings


def refuse_secrets(keys: Iterable[str]) -> None:
    """Raise if one of the `keys` of --set is a secret: what --set gives is stored and shown.

    Raises:
        SettingsError: names the key, never its value.
    """
    names = Settings.attribute_by_key()
    for key in map(str.upper, keys):
        if names.get(key, key.lower()) in Settings.secrets():
            raise SettingsError(
                f"--set {key}: secrets are no parameters, because parameters are stored with every trial: "
                f"set {key} in {ENV_FILE.name} or in the environment"
            )


def redacted_by_settings(text: str) -> str:
    """`text` without any secret of the settings in force."""
    try:
        settings = load_settings()
    except SettingsError:
        # Then nothing was used of them; complaints about settings repeat no value.
        return text
    values = (getattr(settings, name) for name in Settings.secrets())
    return redacted(text, *(value.get_secret_value() for value in values if value is not None))


def database_settings(env_file: Path = ENV_FILE) -> Settings:
    """The settings in force; where they are refused, the database's alone, the others at their defaults.

    For `hydra kill`: a wrong limit, written for the next run, must not keep it from this one.
    """
    try:
        return load_settings(env_file)
    except (SettingsError, ValueError, OSError):
        is_readable = os.access(env_file, os.R_OK)
        text = env_file.read_text(encoding="utf-8", errors="replace") if is_readable else ""
        given = {**dotenv_values(stream=StringIO(text)), **os.environ}
        secrets: dict[str, Any] = {
            name: SecretStr(value)
            for key, name in Settings.attribute_by_key().items()
            if name in Settings.secrets() and (value := given.get(key))
        }
        return Settings.model_construct(**secrets)


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = set(Settings.attribute_by_key()) | ENVIRONMENT_ONLY
    unknown = sorted(name for name in environment if name.startswith("HYDRA_") and name not in known)
    if unknown:
        advice = "; ".join(f"{name} is not a setting{_suggestion(name)}" for name in unknown)
        raise SettingsError(f"environment: {advice}. Unset it, or see `hydra config show` for all keys")


def _sentence(item: Any, given: Mapping[str, str], path: Path) -> str:
    key = str(item["loc"][0]).upper() if item["loc"] else "settings"
    where = _place(key, given, path)
    if item["type"] == "extra_forbidden":
        return f"{where} is not a setting{_suggestion(key)}. See `hydra config show` for all keys"
    return f"{where}: {_allowed(key) or own_words(item['msg'])}"


def _place(key: str, given: Mapping[str, Any], path: Path) -> str:
    """`key` and where its value came from, as the user wrote it; never the value, which may be a secret."""
    if key in given:
        return f"--set {key}"
    return f"environment: {key}" if key in os.environ else f"{path.name}: {key}"


@cache
def _schema() -> Mapping[str, Any]:
    return Settings.model_json_schema()


def _allowed(key: str) -> str | None:
    properties = _schema()["properties"]
    words = range_words(properties.get(key, properties.get(key.lower(), {})))
    return words and f"it has to be {words}"


def _suggestion(key: str) -> str:
    near = difflib.get_close_matches(key, Settings.attribute_by_key(), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
