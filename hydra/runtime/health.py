"""The checks of `hydra doctor`: can HYDRA run here, and if not, what to do."""

import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import psycopg

from hydra.alerts.addresses import channel_names
from hydra.alerts.channels import channels_of
from hydra.answers.alerts import AlertCondition, failing_channel, read_alert_condition
from hydra.answers.formatting import counted
from hydra.answers.status import read_condition
from hydra.db import queries
from hydra.db.edition import inspect_server
from hydra.db.engine import connect
from hydra.db.logins import database_url, has_logins
from hydra.db.migrate import current_revision, head_revision
from hydra.db.roles import Role
from hydra.db.server.private import private_cluster
from hydra.errors import HydraError
from hydra.news import anthropic_model
from hydra.news.language_model import NoAnswerError
from hydra.news.models import is_wanted, model_of
from hydra.news.prices import price_of
from hydra.paths import PROJECT_ROOT
from hydra.settings import ENV_FILE, Settings, load_settings

MIN_FREE_DISK_BYTES = 5 * 2**30
LOW_FREE_DISK_BYTES = 20 * 2**30
MAX_CLOCK_DIFFERENCE_S = 1.0


class HealthVerdict(StrEnum):
    """How a check ended; only FAIL makes `hydra doctor` exit with a non-zero status."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class HealthCheck:
    """One finding: what was looked at, how it ended, what was seen and what to do about it."""

    subject: str
    verdict: HealthVerdict
    seen: str
    advice: str = ""


def examine(*, is_live: bool = False) -> Iterator[HealthCheck]:
    """All checks of this machine, cheap ones first; a check that depends on a failed one is skipped.

    is_live: alerts have to get through.
    """
    yield check_python(sys.version_info[:2])
    try:
        settings = load_settings()
    except HydraError as error:
        yield HealthCheck("settings", HealthVerdict.FAIL, str(error), "correct it there")
        return
    yield check_settings(settings)
    yield check_env_file(ENV_FILE)
    yield check_alerts(settings, is_live=is_live)
    yield check_analyst(settings, datetime.now(UTC).date())
    place = _growing_place(settings)
    yield check_disk(place, shutil.disk_usage(place).free)
    yield from _examine_database(settings, is_live=is_live)


def _growing_place(settings: Settings) -> Path:
    """The folder whose disk fills up: the private cluster's, or the checkout if another server is used."""
    if settings.database_url is not None:
        return PROJECT_ROOT
    home = private_cluster().home
    return next(folder for folder in (home, *home.parents) if folder.is_dir())


def _examine_database(settings: Settings, *, is_live: bool) -> Iterator[HealthCheck]:
    try:
        url = database_url(settings, Role.READER)
        with connect(url) as connection:
            yield _check_server(connection)
            yield _check_clock(connection)
            yield check_logins(has_them=has_logins(settings))
            schema = check_schema(current_revision(url), head_revision())
            yield schema
            if schema.verdict is HealthVerdict.OK:
                yield _check_facts(connection)
                condition = read_alert_condition(connection)
                yield from check_channels(settings, condition, is_live=is_live)
    except HydraError as error:
        own = settings.database_url is not None
        advice = "correct it there" if own else "start it with `hydra db up`"
        yield HealthCheck("database", HealthVerdict.FAIL, str(error), f"{advice}, then run this again")


def check_python(version: tuple[int, int]) -> HealthCheck:
    """Python 3.11 or newer."""
    seen = f"Python {version[0]}.{version[1]}"
    if version < (3, 11):
        return HealthCheck("python", HealthVerdict.FAIL, seen, "use Python 3.11 or newer")
    return HealthCheck("python", HealthVerdict.OK, seen)


def check_disk(path: Path, free_bytes: int) -> HealthCheck:
    """Room for the database: fail below 5 GiB, warn below 20 GiB."""
    seen = f"{free_bytes / 2**30:.0f} GiB free at {path}"
    if free_bytes < MIN_FREE_DISK_BYTES:
        return HealthCheck("disk", HealthVerdict.FAIL, seen, "free some: PostgreSQL stops without it")
    if free_bytes < LOW_FREE_DISK_BYTES:
        return HealthCheck("disk", HealthVerdict.WARN, seen, "a year of recorded feeds needs more; watch it")
    return HealthCheck("disk", HealthVerdict.OK, seen)


def check_settings(settings: Settings) -> HealthCheck:
    """Orders on an exchange need its keys."""
    secrets = (settings.binance_api_secret, settings.binance_api_secret_file)
    has_keys = settings.binance_api_key is not None and any(secret is not None for secret in secrets)
    mode = settings.trading_mode
    seen = f"TRADING_MODE {mode.value}, exchange keys {'set' if has_keys else 'not set'}"
    if mode.is_at_exchange and not has_keys and settings.simulated_account_file is None:
        advice = "set BINANCE_API_KEY and its secret, or SIMULATED_ACCOUNT_FILE for the simulated exchange"
        return HealthCheck("settings", HealthVerdict.FAIL, seen, advice)
    return HealthCheck("settings", HealthVerdict.OK, seen)


def check_analyst(settings: Settings, today: date) -> HealthCheck:
    """The news analyst can be asked, as far as settings and SDK tell; HYDRA trades without it too."""
    if not is_wanted(settings):
        return HealthCheck(
            "analyst", HealthVerdict.OK, "no news analyst is set up; nothing is blocked by news"
        )
    try:
        model = model_of(settings)
    except NoAnswerError as error:
        return HealthCheck("analyst", HealthVerdict.WARN, str(error), "docs/news.md, The analyst")
    seen = f"{model.provider} {model.model_id}, {settings.llm_budget_usd_per_day:g} USD a day"
    if price_of(settings) is None:
        advice = "set LLM_INPUT_USD_PER_MTOK and LLM_OUTPUT_USD_PER_MTOK: without a price it is not asked"
        return HealthCheck("analyst", HealthVerdict.WARN, f"{seen}; its price is not known", advice)
    if model.provider == anthropic_model.PROVIDER:
        return _check_anthropic_model(seen, model.model_id, today)
    return HealthCheck("analyst", HealthVerdict.OK, seen)


def _check_anthropic_model(seen: str, model_id: str, today: date) -> HealthCheck:
    end = anthropic_model.end_of_life(model_id)
    if end is not None:
        words = f"was retired on {end}" if end < today else f"is deprecated and ends on {end}"
        return HealthCheck(
            "analyst", HealthVerdict.WARN, f"{seen}: it {words}", "set LLM_MODEL to a newer one"
        )
    if not anthropic_model.is_listed(model_id):
        advice = "`hydra news scan --force` tells whether Anthropic has it; else set LLM_MODEL to another"
        return HealthCheck("analyst", HealthVerdict.WARN, f"{seen}: the SDK does not name it", advice)
    return HealthCheck("analyst", HealthVerdict.OK, seen)


def check_env_file(path: Path) -> HealthCheck:
    """Other accounts cannot read the secrets in `path`."""
    if not path.is_file():
        return HealthCheck("secrets", HealthVerdict.OK, f"there is no {path.name}")
    seen = f"{path.name} has mode {stat.S_IMODE(path.stat().st_mode):04o}"
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return HealthCheck("secrets", HealthVerdict.WARN, seen, f"chmod 600 {path}: it may hold secrets")
    return HealthCheck("secrets", HealthVerdict.OK, seen)


def check_alerts(settings: Settings, *, is_live: bool = False) -> HealthCheck:
    """Alerts can leave the machine, as far as their addresses tell; with money at stake they have to."""
    try:
        names = [channel.name for channel in channels_of(settings)]
    except HydraError as error:
        return HealthCheck("alerts", HealthVerdict.FAIL, str(error), "correct it there")
    if not names:
        advice = "set ALERT_WEBHOOK_URL or ALERT_URLS (docs/alerts.md), then `hydra alerts test`"
        verdict = HealthVerdict.FAIL if is_live else HealthVerdict.WARN
        return HealthCheck("alerts", verdict, "they do not leave this machine", advice)
    return HealthCheck(
        "alerts", HealthVerdict.OK, f"they go to {', '.join(names)}; `hydra alerts test` tries it"
    )


def check_channels(settings: Settings, condition: AlertCondition, *, is_live: bool) -> Iterator[HealthCheck]:
    """A check for each channel of the settings that does not let alerts through."""
    names = channel_names(settings)
    for one in condition.channels:
        if one.failing_since is not None and one.channel in names:
            verdict = HealthVerdict.FAIL if is_live else HealthVerdict.WARN
            advice = "correct its address, then `hydra alerts test`"
            yield HealthCheck("alerts", verdict, failing_channel(one), advice)


def _check_server(connection: psycopg.Connection) -> HealthCheck:
    facts = inspect_server(connection)
    seen = (
        f"TimescaleDB {facts.timescaledb_version} ({facts.edition.value} edition) "
        f"on PostgreSQL {facts.postgresql_version}"
    )
    return HealthCheck("database", HealthVerdict.OK, seen)


def _check_clock(connection: psycopg.Connection) -> HealthCheck:
    row = connection.execute(queries.load("status/server")).fetchone()
    if row is None:
        raise AssertionError("a query without FROM always gives one row")
    return check_clock((datetime.now(UTC) - row[1]).total_seconds())


def check_clock(difference_s: float) -> HealthCheck:
    """This machine's clock against the database server's: the ages of facts depend on both."""
    seen = f"{difference_s:+.3f} s against the database server"
    if abs(difference_s) > MAX_CLOCK_DIFFERENCE_S:
        return HealthCheck("clock", HealthVerdict.FAIL, seen, "synchronise both by NTP: ages would be wrong")
    return HealthCheck("clock", HealthVerdict.OK, seen)


def check_logins(*, has_them: bool) -> HealthCheck:
    """Owner, worker and reader log in as themselves."""
    if has_them:
        return HealthCheck("logins", HealthVerdict.OK, "owner, worker and reader log in as themselves")
    seen = "the owner, the worker or the reader cannot log in, or the owner does not own the schema"
    return HealthCheck("logins", HealthVerdict.FAIL, seen, "run `hydra db up`: it makes the logins")


def check_schema(current: str | None, head: str) -> HealthCheck:
    """The database has every migration of this checkout."""
    if current == head:
        return HealthCheck("schema", HealthVerdict.OK, f"revision {head}")
    seen = f"revision {current or 'none'}, this checkout is at {head}"
    return HealthCheck("schema", HealthVerdict.FAIL, seen, "run `hydra db up`: it migrates")


def _check_facts(connection: psycopg.Connection) -> HealthCheck:
    condition = read_condition(connection)
    seen = (
        f"{counted(condition.gaps, 'gap')}, {counted(condition.quarantined_rows, 'quarantined row')}, "
        f"{counted(condition.revisions, 'revision')} waiting"
    )
    if condition.batches_without_fresh_rollups:
        advice = "run `hydra import` again: it finishes the rollups of an interrupted import"
        return HealthCheck("facts", HealthVerdict.WARN, f"{seen}; rollups behind the facts", advice)
    return HealthCheck("facts", HealthVerdict.OK, seen)
