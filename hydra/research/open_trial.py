"""Runs a trial of a study again as a stored run: same market, settings and code, so the same result.

Source: C135 (a trial stays one trial, however often it is looked at).
"""

from collections.abc import Callable

import psycopg

from hydra.backtest.persisted import StoredRows
from hydra.backtest.run import BacktestRun, read_choice, run_backtest
from hydra.backtest.simulation import Stopwatch
from hydra.errors import StopError
from hydra.research.studies import FinishedTrial, Study, finish_trial, read_study, read_trials
from hydra.research.sweep import settings_of
from hydra.research.trial_figures import TrialFigures, backtest_figures


def open_trial(
    connection: psycopg.Connection,
    url: str,
    name: str,
    number: int,
    progress: Callable[[float], None] = lambda _share: None,
) -> BacktestRun:
    """Play trial `number` of the study `name` as a run with rows, which becomes the run of the trial.

    Raises:
        StopError: there is no such study or finished trial; code, readings or facts have changed since the
        study was planned; or the run's result differs from the trial's. SettingsError: the trial's settings
        do not exist in this code any more.
    """
    study = read_study(connection, name=name)
    trial = _finished_trial(connection, study, number)
    choice = study.specification.choice
    study.refuse_other(read_choice(connection, url, choice, Stopwatch()).data_hash)
    settings, rules = settings_of(study.specification, trial.parameters)
    result = run_backtest(connection, url, choice, settings, rules, StoredRows.SIGNALS, progress)
    figures = backtest_figures(result)
    if not _is_same(trial, figures):
        raise StopError(
            f"trial {number} of {name} earned {trial.net_pnl_usd} USDT, run {result.run.run_id} by the same "
            f"settings {figures.net_pnl_usd} USDT: compare the two with `hydra report {result.run.run_id}`"
        )
    finish_trial(connection, trial.trial_id, figures, result.run.run_id)
    return result


def _finished_trial(connection: psycopg.Connection, study: Study, number: int) -> FinishedTrial:
    trials = {trial.number: trial for trial in read_trials(connection, study.study_id)}
    trial = trials.get(number)
    if trial is None:
        raise StopError(f"the study {study.name} has no trial {number}: it has 1 to {len(trials)}")
    if trial.run_id is not None:
        raise StopError(
            f"trial {number} of {study.name} is run {trial.run_id} already: `hydra report {trial.run_id}`"
        )
    if trial.state != "DONE":
        raise StopError(f"trial {number} of {study.name} is {trial.state}: {trial.error or 'sweep it first'}")
    return trial


def _is_same(trial: FinishedTrial, figures: TrialFigures) -> bool:
    known = (trial.net_pnl_usd, trial.trades, trial.daily_returns)
    return known == (figures.net_pnl_usd, figures.trades, figures.daily.returns.tolist())
