"""Studies and trials: planned once, taken by one, free again when the taker dies, counted for ever."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import psycopg
import pytest

from hydra.backtest.run import MarketChoice
from hydra.backtest.stress import Stress
from hydra.db.engine import connect
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.ingest.instruments import ensure_instruments
from hydra.ledger.daily_returns import daily_returns
from hydra.research.studies import (
    StudyPlan,
    choice_of,
    choice_record,
    count_trials,
    fail_trial,
    finish_trial,
    plan_study,
    read_choice_of,
    read_trials,
    taken_trial,
)
from hydra.research.trial_figures import TrialFigures

CHOICE = MarketChoice(
    MarketOrigin.RECORDED,
    None,
    (1, 2),
    (),
    datetime(2025, 6, 1, tzinfo=UTC),
    datetime(2025, 6, 8, tzinfo=UTC),
    (Stress.FEES_X2,),
)
PLAN = StudyPlan("ground", CHOICE, {"MAX_POSITIONS": "3"}, [{"A": "1"}, {"A": "2"}, {"A": "3"}], "hash")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url, autocommit=True) as opened:
        ensure_instruments(opened)
        opened.execute("DELETE FROM ml.trials")
        opened.execute("DELETE FROM ml.studies")
        yield opened


def figures() -> TrialFigures:
    times = np.datetime64("2025-06-01T00:00") + np.arange(0, 2 * 1440) * np.timedelta64(1, "m")
    equity = np.linspace(10_000, 10_100, len(times))
    daily = daily_returns(times, equity, 10_000.0)
    return TrialFigures(daily, 4, Decimal("100.5"), {"sharpe_per_day": 0.3, "win_rate": None})


def test_a_choice_comes_back_from_its_record() -> None:
    assert choice_of(choice_record(CHOICE)) == CHOICE


def test_a_study_is_planned_once_and_found_again(connection: psycopg.Connection) -> None:
    study_id = plan_study(connection, PLAN)
    assert plan_study(connection, PLAN) == study_id
    assert count_trials(connection, study_id) == (0, 3)
    assert read_choice_of(connection, study_id) == (CHOICE, {"MAX_POSITIONS": "3"})


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (replace(PLAN, shared={}), "other settings or minutes"),
        (replace(PLAN, data_hash="another"), "other facts"),
        (replace(PLAN, choice=replace(CHOICE, stresses=())), "other settings or minutes"),
    ],
)
def test_another_question_needs_another_name(
    connection: psycopg.Connection, other: StudyPlan, sentence: str
) -> None:
    plan_study(connection, PLAN)
    with pytest.raises(StopError, match=sentence):
        plan_study(connection, other)


def take_and_die(connection: psycopg.Connection, study_id: int) -> None:
    with taken_trial(connection, study_id) as trial:
        raise RuntimeError(f"died with trial {trial.number if trial else None}")


def test_two_processes_take_different_trials_and_a_lost_one_is_free_again(
    connection: psycopg.Connection, database_url: str
) -> None:
    study_id = plan_study(connection, PLAN)
    with taken_trial(connection, study_id) as mine, connect(database_url, autocommit=True) as other:
        assert mine is not None
        assert mine.number == 1
        with pytest.raises(RuntimeError, match="died with trial 2"):
            take_and_die(other, study_id)
        with taken_trial(other, study_id) as again:
            assert again is not None
            assert again.number == 2


def test_finished_and_failed_trials_are_kept_and_none_is_left(connection: psycopg.Connection) -> None:
    study_id = plan_study(connection, PLAN)
    for number in (1, 2, 3):
        with taken_trial(connection, study_id) as trial:
            assert trial is not None
            assert trial.parameters == {"A": str(number)}
            if number == 2:
                fail_trial(connection, trial, "no such thing")
            else:
                finish_trial(connection, trial, figures())
    with taken_trial(connection, study_id) as trial:
        assert trial is None
    scored = read_trials(connection, study_id)
    assert [one.state for one in scored] == ["DONE", "FAILED", "DONE"]
    assert scored[0].metrics == {"sharpe_per_day": 0.3, "win_rate": None}
    assert scored[0].daily_returns == pytest.approx(figures().daily.returns.tolist())
    assert scored[1].error == "no such thing"
    assert count_trials(connection, study_id) == (3, 3)
