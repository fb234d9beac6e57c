"""Studies and trials: planned once, taken by one, free again when the taker dies, counted for ever."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import psycopg
import pytest
from dramatiq.brokers.stub import StubBroker

from hydra.backtest.run import MarketChoice
from hydra.backtest.stress import Stress
from hydra.cli import sweep
from hydra.db.engine import connect
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.ingest.instruments import ensure_instruments
from hydra.ledger.daily_returns import daily_returns
from hydra.ledger.overfitting import MarketTrials, ReturnMoments, deflated_sharpe
from hydra.research.studies import (
    SPECIFICATION,
    CountedTrial,
    StudySpecification,
    count_trials,
    fail_trial,
    finish_trial,
    plan_study,
    read_study,
    read_trials,
    record_backtest,
    taken_trial,
    trials_on_market,
)
from hydra.research.sweep import SweepVerdict, judge_sweep
from hydra.research.trial_figures import TrialFigures
from hydra.runtime.broker_watch import BrokerWatch
from hydra.runtime.research_queue import QUEUE
from hydra.settings import Settings
from hydra.trading.runs import recorded_settings
from tests.support.rows import add

CHOICE = MarketChoice(
    MarketOrigin.RECORDED,
    None,
    (1, 2),
    (),
    datetime(2025, 6, 1, tzinfo=UTC),
    datetime(2025, 6, 8, tzinfo=UTC),
    (Stress.FEES_X2,),
)
SETTINGS = recorded_settings(Settings(_env_file=None))  # type: ignore[call-arg]  # an argument of the base class
PLAN = StudySpecification.under(
    SETTINGS, CHOICE, {"MAX_POSITIONS": "3"}, [{"A": "1"}, {"A": "2"}, {"A": "3"}]
)


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


def test_a_specification_is_the_same_json_after_a_round_trip() -> None:
    record = json.loads(json.dumps(SPECIFICATION.dump_python(PLAN, mode="json")))
    again = SPECIFICATION.validate_python(record)
    assert again == PLAN
    assert SPECIFICATION.dump_python(again, mode="json") == record


def test_a_specification_from_before_settings_were_kept_is_read() -> None:
    choice = {
        "origin": "recorded", "seed": None, "instrument_ids": [1, 2], "feeds": [],
        "data_from": "2025-06-01T00:00:00+00:00", "data_to": "2025-06-08T00:00:00+00:00",
        "stresses": ["fees_x2"],
    }  # fmt: skip
    read = SPECIFICATION.validate_python({"choice": choice, "shared": {}, "trials": [{"A": "1"}]})
    assert read == StudySpecification(CHOICE, {}, [{"A": "1"}])


def test_a_study_is_planned_once_and_found_again(connection: psycopg.Connection) -> None:
    study_id = plan_study(connection, "ground", PLAN, "hash")
    assert plan_study(connection, "ground", PLAN, "hash") == study_id
    assert count_trials(connection, study_id) == (0, 3)
    study = read_study(connection, study_id=study_id)
    assert study.specification == PLAN
    assert read_study(connection, name="ground") == study
    with pytest.raises(StopError, match="there is no study sky"):
        read_study(connection, name="sky")


@pytest.mark.parametrize(
    ("other", "data_hash", "sentence"),
    [
        (replace(PLAN, shared={}), "hash", "other minutes or another --set"),
        (PLAN, "another", "other facts"),
        (replace(PLAN, choice=replace(CHOICE, stresses=())), "hash", "other minutes or another --set"),
    ],
)
def test_another_question_needs_another_name(
    connection: psycopg.Connection, other: StudySpecification, data_hash: str, sentence: str
) -> None:
    plan_study(connection, "ground", PLAN, "hash")
    with pytest.raises(StopError, match=sentence):
        plan_study(connection, "ground", other, data_hash)


def test_a_sweep_is_not_resumed_under_other_settings(connection: psycopg.Connection) -> None:
    """A setting that no --set names decides every trial all the same."""
    plan_study(connection, "ground", PLAN, "hash")
    other = StudySpecification.under(
        {**SETTINGS, "max_positions": 2, "kill_scope": "pair"}, CHOICE, PLAN.shared, PLAN.trials
    )
    assert other.config_hash != PLAN.config_hash
    with pytest.raises(
        StopError, match=r"MAX_POSITIONS was 5, is 2, KILL_SCOPE was portfolio, is pair.*set them back"
    ):
        plan_study(connection, "ground", other, "hash")


def test_a_sweep_is_not_resumed_by_other_code(connection: psycopg.Connection) -> None:
    plan_study(connection, "ground", PLAN, "hash")
    connection.execute("UPDATE ml.studies SET code_version = 'older'")
    with pytest.raises(StopError, match="begun with code older"):
        plan_study(connection, "ground", PLAN, "hash")


def test_a_sweep_sends_its_messages_again_where_a_worker_of_another_version_took_them(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "NOTIFY_AGAIN_S", 0.2)
    monkeypatch.setattr(sweep, "LOOK_EVERY_S", 0.05)
    study_id = plan_study(connection, "ground", PLAN, "hash")
    broker, taken, deadline = StubBroker(), [], time.monotonic() + 30
    broker.declare_queue(QUEUE)

    def take(_finished: int, planned: int) -> None:
        """Drop every message; do all trials once each message has come twice."""
        assert time.monotonic() < deadline, "no message came a second time"
        while not broker.queues[QUEUE].empty():
            taken.append(broker.queues[QUEUE].get())
        if len(taken) >= 2 * planned:
            connection.execute("UPDATE ml.trials SET state = 'FAILED'")

    sweep.wait_for_trials(connection, study_id, take, broker, BrokerWatch(broker, print))
    assert len(taken) == 6


def take_and_die(connection: psycopg.Connection, study_id: int) -> None:
    with taken_trial(connection, study_id) as trial:
        raise RuntimeError(f"died with trial {trial.number if trial else None}")


def test_two_processes_take_different_trials_and_a_lost_one_is_free_again(
    connection: psycopg.Connection, database_url: str
) -> None:
    study_id = plan_study(connection, "ground", PLAN, "hash")
    with taken_trial(connection, study_id) as mine, connect(database_url, autocommit=True) as other:
        assert mine is not None
        assert mine.number == 1
        with pytest.raises(RuntimeError, match="died with trial 2"):
            take_and_die(other, study_id)
        with taken_trial(other, study_id) as again:
            assert again is not None
            assert again.number == 2


def test_finished_and_failed_trials_are_kept_and_none_is_left(connection: psycopg.Connection) -> None:
    study_id = plan_study(connection, "ground", PLAN, "hash")
    for number in (1, 2, 3):
        with taken_trial(connection, study_id) as trial:
            assert trial is not None
            assert trial.parameters == {"A": str(number)}
            if number == 2:
                fail_trial(connection, trial.trial_id, "no such thing")
            else:
                finish_trial(connection, trial.trial_id, figures())
    with taken_trial(connection, study_id) as trial:
        assert trial is None
    scored = read_trials(connection, study_id)
    assert [one.state for one in scored] == ["DONE", "FAILED", "DONE"]
    assert scored[0].metrics == {"sharpe_per_day": 0.3, "win_rate": None}
    assert scored[0].daily_returns == pytest.approx(figures().daily.returns.tolist())
    assert scored[1].error == "no such thing"
    assert count_trials(connection, study_id) == (3, 3)


def scored(connection: psycopg.Connection, name: str, plan: StudySpecification, days: int = 60) -> int:
    """A finished study with a trial of noise for each of the plan's, other noise for another name."""
    study_id = plan_study(connection, name, plan, "hash")
    rng = np.random.default_rng(sum(map(ord, name)))
    for _ in plan.trials:
        with taken_trial(connection, study_id) as trial:
            assert trial is not None
            finish_trial(connection, trial.trial_id, noise(rng, days))
    return study_id


def noise(rng: np.random.Generator, days: int) -> TrialFigures:
    times = np.datetime64("2025-06-01T23:59") + np.arange(days) * np.timedelta64(1, "D")
    equity = np.multiply(10_000.0, np.cumprod(1 + rng.normal(0, 0.01, days)), dtype=np.float64)
    daily = daily_returns(times, equity, 10_000.0)
    moments = ReturnMoments.of(daily.for_ratios)
    sharpe = moments.sharpe_per_day if moments else None
    metrics = {"sharpe_per_day": sharpe, "elapsed_days": daily.elapsed_days}
    return TrialFigures(daily, 4, Decimal("100.5"), metrics)


def plan_of(trials: int, choice: MarketChoice = CHOICE) -> StudySpecification:
    return StudySpecification.under(SETTINGS, choice, {}, [{"A": str(n)} for n in range(trials)])


def verdict_of(connection: psycopg.Connection, study_id: int) -> SweepVerdict:
    return judge_sweep(read_trials(connection, study_id), trials_on_market(connection, study_id))


def test_a_new_study_counts_the_trials_of_the_others_on_its_market(connection: psycopg.Connection) -> None:
    """Six, then two of them again under a new name, then two more: ten are counted for each of them."""
    first = scored(connection, "six", plan_of(6))
    alone = verdict_of(connection, first)
    assert (alone.trials, alone.counted) == (6, 6)
    second = scored(connection, "two", plan_of(2))
    for seed in (8, 9):
        figures_of_run = noise(np.random.default_rng(seed), 60)
        record_backtest(connection, stored_run(connection), plan_of(1), "hash", figures_of_run)
    verdict, again = verdict_of(connection, second), verdict_of(connection, first)
    assert (verdict.trials, verdict.counted) == (2, 10)
    assert again.counted == 10
    assert again.deflated is not None
    assert alone.deflated is not None
    # The best is the same, and it is the best of more.
    assert again.best == alone.best
    assert again.deflated != alone.deflated
    counted = trials_on_market(connection, first)
    variance = np.var([sharpe_of(trial) for trial in counted], ddof=1)
    best = ReturnMoments.of(np.array(again.best.daily_returns)) if again.best else None
    assert best is not None
    assert again.deflated == deflated_sharpe(best, 10, float(variance))


def sharpe_of(trial: CountedTrial) -> float:
    moments = ReturnMoments.of(trial.for_ratios)
    assert moments is not None
    return moments.sharpe_per_day


def stored_run(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "INSERT INTO hydra.runs (mode, market_origin, label, feeds, config, config_hash, readings_hash,"
        " feature_set_version, cost_model_version, code_version)"
        " VALUES ('backtest', 'recorded', 'recorded', '{}', '{}', 'c', 'd', '1', '1', 'abc') RETURNING run_id"
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("other", "counted"),
    [
        (replace(CHOICE, instrument_ids=(2, 3)), 3),
        (replace(CHOICE, stresses=()), 3),
        (replace(CHOICE, data_from=CHOICE.data_from + timedelta(days=6)), 3),
        (replace(CHOICE, instrument_ids=(3, 4)), 2),
        (replace(CHOICE, data_from=CHOICE.data_to, data_to=CHOICE.data_to + timedelta(days=6)), 2),
    ],
    ids=["a shared pair", "other stress", "a shared day", "no shared pair", "the week after"],
)
def test_a_market_is_a_shared_pair_in_a_shared_range(
    connection: psycopg.Connection, other: MarketChoice, counted: int
) -> None:
    study_id = scored(connection, "own", plan_of(2))
    scored(connection, "other", plan_of(1, other))
    assert len(trials_on_market(connection, study_id)) == counted


@pytest.mark.parametrize(
    ("venue", "counted"), [("simulated-7-20250601-bbb", 3), ("simulated-8-20250601-aaa", 2)]
)
def test_ranges_generated_from_one_seed_are_one_market(
    connection: psycopg.Connection, venue: str, counted: int
) -> None:
    """Another range of a generated market is a venue of its own, with instruments of its own."""
    asset = {"kind": "perpetual", "symbol": "BTC/USDT:USDT", "exchange_symbol": "BTCUSDT", "base": "BTC"}
    rest = {"quote": "USDT", "aliases": []}
    with connection.transaction(force_rollback=True):
        for key, name in ((901, "simulated-7-20250601-aaa"), (902, venue)):
            add(connection, "market.instruments", {"instrument_id": key, "venue": name, **asset, **rest})
        study_id = scored(connection, "own", plan_of(2, replace(CHOICE, instrument_ids=(901,))))
        scored(connection, "other", plan_of(1, replace(CHOICE, instrument_ids=(902,))))
        assert len(trials_on_market(connection, study_id)) == counted


def test_a_trial_too_short_for_a_ratio_counts_and_has_no_say_in_the_variance(
    connection: psycopg.Connection,
) -> None:
    study_id = scored(connection, "long", plan_of(3))
    before = MarketTrials.of(trial.for_ratios for trial in trials_on_market(connection, study_id))
    scored(connection, "short", plan_of(2), days=12)
    after = MarketTrials.of(trial.for_ratios for trial in trials_on_market(connection, study_id))
    assert (before.count, after.count) == (3, 5)
    assert after.sharpe_variance == before.sharpe_variance


def test_a_failed_trial_is_not_counted(connection: psycopg.Connection) -> None:
    study_id = plan_study(connection, "failed", plan_of(1), "hash")
    with taken_trial(connection, study_id) as trial:
        assert trial is not None
        fail_trial(connection, trial.trial_id, "no such setting")
    assert trials_on_market(connection, study_id) == []
