"""Studies and their trials in schema ml: planned, taken, finished; every one is counted.

A trial that is being worked on is a locked row: where the process dies, its lock goes, and another takes it.
Source: practice.md 3.5; DESIGN, law 1 (the tables are the truth, messages are doorbells).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hydra.backtest.run import MarketChoice
from hydra.backtest.stress import Stress
from hydra.db import queries
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.readings import readings_hash
from hydra.research.trial_figures import TrialFigures
from hydra.trading.versions import code_version


@dataclass(frozen=True)
class Trial:
    """A set of settings to score: {"KEY": "VALUE"}."""

    trial_id: int
    number: int
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class FinishedTrial:
    """A row of ml.trials."""

    number: int
    parameters: dict[str, str]
    state: str
    first_day: date | None
    daily_returns: list[float] | None
    trades: int | None
    net_pnl_usd: Decimal | None
    metrics: dict[str, float | None]
    error: str | None


@dataclass(frozen=True)
class StudyPlan:
    """A sweep: its name, its market, what all trials share, and the settings of each trial."""

    name: str
    choice: MarketChoice
    shared: Mapping[str, str]
    trials: Sequence[Mapping[str, str]]
    data_hash: str

    @property
    def specification(self) -> dict[str, Any]:
        """Everything that the trials depend on, as JSON."""
        return {
            "choice": choice_record(self.choice),
            "shared": dict(self.shared),
            "trials": list(self.trials),
        }


def choice_record(choice: MarketChoice) -> dict[str, Any]:
    """A market choice as JSON can hold it."""
    return {
        "origin": choice.origin.value,
        "seed": choice.seed,
        "instrument_ids": list(choice.instrument_ids),
        "feeds": list(choice.feeds),
        "data_from": choice.data_from.isoformat(),
        "data_to": choice.data_to.isoformat(),
        "stresses": [stress.value for stress in choice.stresses],
    }


def choice_of(record: Mapping[str, Any]) -> MarketChoice:
    """The inverse of `choice_record`."""
    return MarketChoice(
        origin=MarketOrigin(record["origin"]),
        seed=record["seed"],
        instrument_ids=tuple(record["instrument_ids"]),
        feeds=tuple(record["feeds"]),
        data_from=datetime.fromisoformat(record["data_from"]),
        data_to=datetime.fromisoformat(record["data_to"]),
        stresses=tuple(Stress(name) for name in record["stresses"]),
    )


def plan_study(connection: psycopg.Connection, plan: StudyPlan) -> int:
    """Record the study and its trials, or find it as it was left. Returns its key.

    Raises:
        StopError: a study of this name asked something else, or was scored by other code or readings.
    """
    with connection.transaction():
        study_id = _add_study(connection, plan.name, "sweep", plan.choice, plan.specification, plan.data_hash)
        if study_id is None:
            return _found_again(connection, plan)
        rows = [{"number": n, "parameters": one} for n, one in enumerate(plan.trials, start=1)]
        connection.execute(
            queries.load("research/add_trials"), {"study_id": study_id, "rows": json.dumps(rows)}
        )
    return study_id


def record_backtest(
    connection: psycopg.Connection,
    run_id: int,
    choice: MarketChoice,
    parameters: Mapping[str, str],
    data_hash: str,
    figures: TrialFigures,
) -> None:
    """A backtest is a trial too: a study of one."""
    specification = {"choice": choice_record(choice), "shared": {}, "trials": [dict(parameters)]}
    with connection.transaction():
        study_id = _add_study(connection, f"backtest {run_id}", "backtest", choice, specification, data_hash)
        if study_id is None:
            raise AssertionError("a run's number is given once")
        rows = json.dumps([{"number": 1, "parameters": dict(parameters)}])
        connection.execute(queries.load("research/add_trials"), {"study_id": study_id, "rows": rows})
        with taken_trial(connection, study_id) as trial:
            if trial is not None:
                finish_trial(connection, trial, figures, run_id)


def _add_study(  # the columns of the row
    connection: psycopg.Connection,
    name: str,
    kind: str,
    choice: MarketChoice,
    specification: Mapping[str, Any],
    data_hash: str,
) -> int | None:
    venues = connection.execute(
        queries.load("research/venues"), {"instrument_ids": list(choice.instrument_ids)}
    ).fetchall()
    values = {
        "name": name,
        "kind": kind,
        "market": " ".join((choice.origin.value, *(venue for (venue,) in venues))),
        "data_from": choice.data_from,
        "data_to": choice.data_to,
        "data_hash": data_hash,
        "specification": Jsonb(specification),
        "readings_hash": readings_hash(),
        "code_version": code_version(),
    }
    row = connection.execute(queries.load("research/add_study"), values).fetchone()
    return None if row is None else int(row[0])


def _found_again(connection: psycopg.Connection, plan: StudyPlan) -> int:
    row = connection.execute(queries.load("research/study"), {"name": plan.name}).fetchone()
    if row is None:
        raise AssertionError("a name that is taken has a study")
    study_id, specification, data_hash, decisions, code = row
    asked = json.loads(json.dumps(plan.specification))
    if specification != asked or data_hash != plan.data_hash:
        what = "other settings or minutes" if specification != asked else "other facts"
        raise StopError(f"the study {plan.name} was planned with {what}: choose another name for this one")
    if (decisions, code) != (readings_hash(), code_version()):
        raise StopError(
            f"the study {plan.name} was begun with code {code} and readings {decisions}, now they are "
            f"{code_version()} and {readings_hash()}: its trials could not be compared; choose another name"
        )
    return int(study_id)


def read_choice_of(connection: psycopg.Connection, study_id: int) -> tuple[MarketChoice, dict[str, str]]:
    """The market of a study, and the settings that all of its trials share.

    Raises:
        StopError: there is no such study.
    """
    row = connection.execute(queries.load("research/study_by_id"), {"study_id": study_id}).fetchone()
    if row is None:
        raise StopError(f"there is no study {study_id} in this database")
    return choice_of(row[0]["choice"]), row[0]["shared"]


@contextmanager
def taken_trial(connection: psycopg.Connection, study_id: int) -> Iterator[Trial | None]:
    """The next planned trial, held by a transaction for the length of the block; None where none is left."""
    with connection.transaction():
        row = connection.execute(queries.load("research/claim_trial"), {"study_id": study_id}).fetchone()
        yield None if row is None else Trial(*row)


def finish_trial(
    connection: psycopg.Connection, trial: Trial, figures: TrialFigures, run_id: int | None = None
) -> None:
    """Record what came of a trial."""
    _finish(
        connection,
        trial,
        state="DONE",
        run_id=run_id,
        first_day=figures.first_day,
        daily_returns=figures.daily.returns.tolist(),
        trades=figures.trades,
        net_pnl_usd=figures.net_pnl_usd,
        metrics=Jsonb(figures.metrics),
    )


def fail_trial(connection: psycopg.Connection, trial: Trial, error: str) -> None:
    """Record why a trial could not be scored."""
    _finish(connection, trial, state="FAILED", error=error)


def _finish(connection: psycopg.Connection, trial: Trial, **columns: object) -> None:
    names = ("run_id", "first_day", "daily_returns", "trades", "net_pnl_usd", "error")
    empty: dict[str, object] = {**dict.fromkeys(names), "metrics": Jsonb({})}
    connection.execute(
        queries.load("research/finish_trial"), {**empty, **columns, "trial_id": trial.trial_id}
    )


def read_trials(connection: psycopg.Connection, study_id: int) -> list[FinishedTrial]:
    """All trials of a study, by number."""
    with connection.cursor(row_factory=class_row(FinishedTrial)) as cursor:
        return cursor.execute(queries.load("research/trials"), {"study_id": study_id}).fetchall()


def count_trials(connection: psycopg.Connection, study_id: int) -> tuple[int, int]:
    """(finished, planned in all)."""
    row = connection.execute(queries.load("research/count_trials"), {"study_id": study_id}).fetchone()
    if row is None:
        raise AssertionError("a count always gives one row")
    return int(row[0]), int(row[1])


def sharpes_beside(connection: psycopg.Connection, run_id: int) -> list[float]:
    """Sharpe ratios per day of every trial on the market of a backtest, itself included, where defined."""
    rows = connection.execute(queries.load("research/trials_beside"), {"run_id": run_id}).fetchall()
    return [value for (value,) in rows if value is not None]
