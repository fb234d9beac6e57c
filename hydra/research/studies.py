"""Studies and their trials in schema ml: planned, claimed, finished; every one is counted.

A trial in work is a locked row: if the process dies, the lock is released and another process claims it.
Source: docs/practice.md (overfitting of the search); docs/architecture.md (the tables are the truth); C135.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from hydra.arrays import Floats
from hydra.backtest.run import MarketChoice
from hydra.db import queries
from hydra.errors import StopError
from hydra.ledger.daily_returns import sample_for_ratios
from hydra.readings import readings_hash
from hydra.research.trial_figures import TrialFigures
from hydra.settings import Settings
from hydra.trading.runs import config_hash
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

    trial_id: int
    run_id: int | None
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
class CountedTrial:
    """A finished trial in the count of its market; run_id: its run, if its rows are stored."""

    run_id: int | None
    daily_returns: list[float]
    elapsed_days: float
    metrics: dict[str, float | None]

    @property
    def for_ratios(self) -> Floats:
        """Its daily returns; none where they are too few for a ratio (C134)."""
        return sample_for_ratios(np.array(self.daily_returns), self.elapsed_days)


@dataclass(frozen=True)
class StudySpecification:
    """Everything that the trials of a study depend on, apart from code, readings and facts.

    shared: the settings of all trials; trials: those of each. settings: all settings in force when the study
    was planned (see `recorded_settings`), by attribute name; config_hash: over them.
    """

    choice: MarketChoice
    shared: dict[str, str]
    trials: list[dict[str, str]]
    settings: dict[str, Any] = field(default_factory=dict)
    config_hash: str = ""

    @classmethod
    def under(
        cls,
        settings: Mapping[str, Any],
        choice: MarketChoice,
        shared: Mapping[str, str],
        trials: Sequence[Mapping[str, str]],
    ) -> "StudySpecification":
        """The specification of trials under given recorded settings."""
        each = [dict(one) for one in trials]
        return cls(choice, dict(shared), each, dict(settings), config_hash(settings))


SPECIFICATION: Final = TypeAdapter(StudySpecification)


@dataclass(frozen=True)
class Study:
    """A row of ml.studies."""

    study_id: int
    name: str
    specification: StudySpecification
    data_hash: str
    readings_hash: str
    code_version: str

    def refuse_other(self, data_hash: str, settings: Mapping[str, Any] | None = None) -> None:
        """Refuse to continue the study if its trials could not be compared.

        settings: the recorded settings now in force; None: use those of the study.

        Raises:
            StopError: code, readings, facts or settings differ from those that it was planned with.
        """
        if (self.readings_hash, self.code_version) != (readings_hash(), code_version()):
            raise StopError(
                f"the study {self.name} was begun with code {self.code_version} and readings "
                f"{self.readings_hash}, now they are {code_version()} and {readings_hash()}: its "
                "trials could not be compared; sweep again under another name with this code"
            )
        if self.data_hash != data_hash:
            raise StopError(
                f"the study {self.name} was planned with other facts: choose another name for this one"
            )
        if settings is not None and self.specification.config_hash != config_hash(settings):
            raise StopError(
                f"the study {self.name} was planned with other settings "
                f"({_changes(self.specification.settings, settings)}): its trials could not be compared; "
                "choose another name, or set them back"
            )


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    keys = {name: key for key, name in Settings.attribute_by_key().items()}
    changed = [name for name in now if before.get(name) != now[name]]
    return ", ".join(f"{keys[name]} was {before.get(name)}, is {now[name]}" for name in changed)


def plan_study(
    connection: psycopg.Connection, name: str, specification: StudySpecification, data_hash: str
) -> int:
    """Record a sweep and its trials, or find the existing one. Returns its key.

    Raises:
        StopError: a study of this name has another specification, or was planned with other code, readings,
        facts
            or settings.
    """
    with connection.transaction():
        study_id = _add_study(connection, name, "sweep", specification, data_hash)
        if study_id is None:
            study = read_study(connection, name=name)
            _refuse_other_question(study, specification)
            study.refuse_other(data_hash, specification.settings)
            return study.study_id
        _add_trials(connection, study_id, specification.trials)
    return study_id


def _refuse_other_question(study: Study, asked: StudySpecification) -> None:
    planned = study.specification
    if (planned.choice, planned.shared, planned.trials) != (asked.choice, asked.shared, asked.trials):
        raise StopError(
            f"the study {study.name} was planned with other minutes or another --set: choose another name "
            "for this one"
        )


def record_backtest(
    connection: psycopg.Connection,
    run_id: int,
    specification: StudySpecification,
    data_hash: str,
    figures: TrialFigures,
) -> None:
    """Record a backtest as a study with one trial."""
    with connection.transaction():
        study_id = _add_study(connection, f"backtest {run_id}", "backtest", specification, data_hash)
        if study_id is None:
            raise AssertionError("a run's number is given once")
        _add_trials(connection, study_id, specification.trials)
        with taken_trial(connection, study_id) as trial:
            if trial is not None:
                finish_trial(connection, trial.trial_id, figures, run_id)


def _add_study(
    connection: psycopg.Connection, name: str, kind: str, specification: StudySpecification, data_hash: str
) -> int | None:
    choice = specification.choice
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
        "specification": Jsonb(SPECIFICATION.dump_python(specification, mode="json")),
        "readings_hash": readings_hash(),
        "code_version": code_version(),
    }
    row = connection.execute(queries.load("research/add_study"), values).fetchone()
    return None if row is None else int(row[0])


def _add_trials(connection: psycopg.Connection, study_id: int, trials: Sequence[Mapping[str, str]]) -> None:
    rows = json.dumps([{"number": n, "parameters": one} for n, one in enumerate(trials, start=1)])
    connection.execute(queries.load("research/add_trials"), {"study_id": study_id, "rows": rows})


def read_study(
    connection: psycopg.Connection, *, name: str | None = None, study_id: int | None = None
) -> Study:
    """A study by its name or by its key.

    Raises:
        StopError: there is none.
    """
    row = connection.execute(queries.load("research/study"), {"name": name, "study_id": study_id}).fetchone()
    if row is None:
        raise StopError(f"there is no study {name or study_id} in this database")
    key, title, specification, *rest = row
    return Study(key, title, SPECIFICATION.validate_python(specification), *rest)


@contextmanager
def taken_trial(connection: psycopg.Connection, study_id: int) -> Iterator[Trial | None]:
    """The next planned trial, locked by a transaction during the block; None if none is left."""
    with connection.transaction():
        row = connection.execute(queries.load("research/claim_trial"), {"study_id": study_id}).fetchone()
        yield None if row is None else Trial(*row)


def finish_trial(
    connection: psycopg.Connection, trial_id: int, figures: TrialFigures, run_id: int | None = None
) -> None:
    """Record the result of a trial."""
    _finish(
        connection,
        trial_id,
        state="DONE",
        run_id=run_id,
        first_day=figures.first_day,
        daily_returns=figures.daily.returns.tolist(),
        trades=figures.trades,
        net_pnl_usd=figures.net_pnl_usd,
        metrics=Jsonb(figures.metrics),
    )


def fail_trial(connection: psycopg.Connection, trial_id: int, error: str) -> None:
    """Record why a trial could not be scored."""
    _finish(connection, trial_id, state="FAILED", error=error)


def _finish(connection: psycopg.Connection, trial_id: int, **columns: object) -> None:
    names = ("run_id", "first_day", "daily_returns", "trades", "net_pnl_usd", "error")
    empty: dict[str, object] = {**dict.fromkeys(names), "metrics": Jsonb({})}
    connection.execute(queries.load("research/finish_trial"), {**empty, **columns, "trial_id": trial_id})


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


def trials_on_market(connection: psycopg.Connection, study_id: int) -> list[CountedTrial]:
    """Every trial ever finished on the market of a study, its own included (C135).

    A market is a range of some pairs: trials count together if they share a pair and their ranges overlap, in
    any study, under any stress.
    """
    with connection.cursor(row_factory=class_row(CountedTrial)) as cursor:
        return cursor.execute(queries.load("research/trials_on_market"), {"study_id": study_id}).fetchall()
