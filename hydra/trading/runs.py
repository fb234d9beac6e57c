"""The record of a run: its market, rules and code.

Source: docs/architecture.md, law 2; docs/architecture.md, "Tables" (hydra.runs); C111 (declared feeds).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hydra.db import locks, queries
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import StopError
from hydra.settings import Settings
from hydra.trading.versions import Version, own_version

LABELS: Final = {MarketOrigin.GENERATED: "simulated", MarketOrigin.RECORDED: "recorded"}
IN_SAMPLE: Final = ", in sample"
"""Follows the label of a backtest whose model was trained on its minutes."""
LABELS_OF_ENVIRONMENTS: Final = {"production": "live", "demo": "demo", "simulated": "simulated"}
"""Of an exchange, by its environment (see `hydra/exchange/hosts.py`)."""


class EndReason(StrEnum):
    """Why a run ended; any other text in `end_reason` is an error."""

    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True)
class RunExchange:
    """The exchange that a run listens to: its name for --exchange, its environment, and its venue.

    serving: the options with which a simulated one was started; none if it ran already.
    """

    name: str
    environment: str
    venue: str
    serving: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What is shown beside every number."""
        return LABELS_OF_ENVIRONMENTS[self.environment]


@dataclass(frozen=True)
class Run:
    """A row of hydra.runs, which decides the minutes of [data_from, data_to).

    started_at: by the database's clock. config: settings without secrets, rules, pairs and speed.
    config_hash: of config without the speed. The version is the newest; earlier ones of an upgraded run are
    in hydra.run_versions.
    """

    run_id: int
    started_at: datetime
    mode: TradingMode
    market_origin: MarketOrigin
    label: str
    seed: int | None
    feeds: tuple[str, ...]
    config: Mapping[str, Any]
    config_hash: str
    readings_hash: str
    feature_set_version: str
    cost_model_version: str
    code_version: str
    data_from: datetime
    data_to: datetime | None
    ended_at: datetime | None
    end_reason: str | None

    def __post_init__(self) -> None:
        """Convert the database's texts and lists."""
        object.__setattr__(self, "mode", TradingMode(self.mode))
        object.__setattr__(self, "market_origin", MarketOrigin(self.market_origin))
        object.__setattr__(self, "feeds", tuple(self.feeds))

    @property
    def instrument_ids(self) -> tuple[int, ...]:
        """The instruments that the run decides."""
        return tuple(self.config["instrument_ids"])

    @property
    def exchange(self) -> RunExchange | None:
        """The exchange that it listens to; None for stored history."""
        recorded = self.config.get("exchange")
        if recorded is None:
            return None
        return RunExchange(**{**recorded, "serving": tuple(recorded["serving"])})

    @property
    def is_at_exchange(self) -> bool:
        """Whether its orders go to an exchange."""
        return self.mode.is_at_exchange

    @property
    def version(self) -> Version:
        return Version(
            self.code_version, self.readings_hash, self.feature_set_version, self.cost_model_version
        )

    @property
    def speed(self) -> str:
        """The speed of its clock, as for --speed; `max` if none is recorded."""
        return str(self.config.get("speed", "max"))


@dataclass(frozen=True)
class RunPlan:
    """The request for a new run. instrument_ids: of the market's venue.

    is_in_sample: its model was trained on these minutes.
    """

    mode: TradingMode
    market_origin: MarketOrigin
    seed: int | None
    feeds: tuple[str, ...]
    instrument_ids: tuple[int, ...]
    data_from: datetime
    data_to: datetime | None
    speed: str = "max"
    exchange: RunExchange | None = None
    is_in_sample: bool = False

    @property
    def label(self) -> str:
        """What is shown beside every number."""
        label = LABELS[self.market_origin] if self.exchange is None else self.exchange.label
        return label + IN_SAMPLE if self.is_in_sample else label


def create_run(
    connection: psycopg.Connection,
    plan: RunPlan,
    settings: Settings,
    parameters: Mapping[str, Any] | None = None,
) -> Run:
    """Store a new run with everything that its decisions depend on. parameters: go into its config.

    Raises:
        StopError: the range is empty, or an instant has no time zone or is not a full minute.
    """
    _refuse_bad_range(plan.data_from, plan.data_to)
    exchange = {} if plan.exchange is None else {"exchange": asdict(plan.exchange)}
    config = _config(settings, plan.instrument_ids, {**exchange, **(parameters or {})})
    values = {
        "mode": plan.mode.value,
        "market_origin": plan.market_origin.value,
        "label": plan.label,
        "seed": plan.seed,
        "feeds": list(plan.feeds),
        "config": Jsonb({**config, "speed": plan.speed}),
        "config_hash": config_hash(config),
        **asdict(own_version()),
        "data_from": plan.data_from,
        "data_to": plan.data_to,
    }
    with connection.transaction():
        row = connection.execute(queries.load("stages/create_run"), values).fetchone()
    if row is None:
        raise AssertionError("INSERT ... RETURNING gives the row that it made")
    return read_run(connection, row[0])


def read_run(connection: psycopg.Connection, run_id: int) -> Run:
    """The run `run_id`.

    Raises:
        StopError: there is no such run.
    """
    with connection.transaction(), connection.cursor(row_factory=class_row(Run)) as cursor:
        run = cursor.execute(queries.load("stages/run"), {"run_id": run_id}).fetchone()
    if run is None:
        raise StopError(f"there is no run {run_id} in this database: `hydra runs list` names them")
    return run


def end_run(connection: psycopg.Connection, run_id: int, reason: str) -> None:
    """Store the end of a run: an EndReason, or an error. An earlier end stays."""
    with connection.transaction():
        connection.execute(queries.load("stages/end_run"), {"run_id": run_id, "reason": reason})


def reopen_run(connection: psycopg.Connection, run: Run, speed: str) -> None:
    """Continue a stopped run, from now on at `speed`.

    Raises:
        StopError: it went to its end, or belongs to another version.
    """
    refuse_finished(run)
    refuse_other_version(run)
    with connection.transaction():
        connection.execute(queries.load("stages/reopen_run"), {"run_id": run.run_id, "speed": speed})


def refuse_finished(run: Run) -> None:
    """Refuse to continue a finished run.

    Raises:
        StopError: it is finished.
    """
    if run.end_reason == EndReason.FINISHED:
        raise StopError(f"run {run.run_id} is finished: see it with `hydra report {run.run_id}`")


def refuse_other_version(run: Run) -> None:
    """Refuse to decide for a run of another version.

    Raises:
        StopError: code, readings, feature set or cost model are not those of this process.
    """
    if run.version != own_version():
        raise StopError(
            f"run {run.run_id} belongs to another version ({run.version.differences(own_version())}): go on "
            f"with it from code {run.code_version}, or continue it with this version by "
            f"`hydra run --resume {run.run_id} --upgrade`, which is recorded; or start a new run"
        )


def lock_run(connection: psycopg.Connection, run_id: int) -> None:
    """Lock the run until `connection` closes: one supervisor a run.

    Raises:
        StopError: another process has the lock.
    """
    if not locks.take(connection, locks.of_run(run_id)):
        raise StopError(
            f"run {run_id} is already supervised by another `hydra run`: stop that one with Ctrl-C first"
        )


def lock_account(connection: psycopg.Connection, venue: str, wait_s: float = 0.0) -> None:
    """Lock the account at an exchange until `connection` closes: one run at a time trades there.

    Raises:
        StopError: another process has the lock, after `wait_s` too.
    """
    if not locks.take(connection, locks.of_account(venue), wait_s):
        raise StopError(
            f"another run of this database trades at {venue}: each would take the other's orders for a "
            "stranger's. Stop that one with Ctrl-C first (`hydra runs list`); another account needs a "
            "database of its own"
        )


def supervised_runs(connection: psycopg.Connection) -> frozenset[int]:
    """The runs that a process has locked (see `lock_run`)."""
    rows = connection.execute(queries.load("stages/supervised_runs")).fetchall()
    return frozenset(row[0] for row in rows)


@contextmanager
def locked_run(connection: psycopg.Connection, run_id: int) -> Iterator[None]:
    """Lock the run during the block.

    Raises:
        StopError: another process has the lock.
    """
    lock_run(connection, run_id)
    try:
        yield
    finally:
        locks.release(connection, locks.of_run(run_id))


def _config(
    settings: Settings, instrument_ids: Sequence[int], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    known = recorded_settings(settings)
    return {"settings": known, "instrument_ids": list(instrument_ids), **parameters}


def recorded_settings(settings: Settings) -> dict[str, Any]:
    """The settings that can change a decision, by attribute name, as JSON: no secrets, places, alerts."""
    names = Settings.model_fields
    places = {name for name in names if name.endswith(("_url", "_file"))}
    alerts = {name for name in names if name.startswith("alert_")}
    excluded = places | alerts | Settings.secrets() | {"live_confirmation"}
    return settings.model_dump(mode="json", exclude=excluded)


def config_hash(config: Mapping[str, Any]) -> str:
    """sha256 of a run's config without the speed."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def _refuse_bad_range(start: datetime, end: datetime | None) -> None:
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        raise StopError(f"the range from {start} to {end}: give both instants with a time zone, in UTC")
    if any(moment.second or moment.microsecond for moment in (start, end or start)):
        raise StopError(f"the range from {start} to {end}: give both instants as full minutes")
    if end is not None and end <= start:
        raise StopError(f"the range from {start} to {end} holds no minute: --to has to be later than --from")


def find_instrument(connection: psycopg.Connection, run: Run, name: str) -> int | None:
    """The instrument of `run` with this name (base, exchange symbol or unified symbol, any case), or None."""
    values = {"instrument_ids": list(run.instrument_ids), "name": name.strip()}
    row = connection.execute(queries.load("stages/instrument_of"), values).fetchone()
    return None if row is None else int(row[0])
