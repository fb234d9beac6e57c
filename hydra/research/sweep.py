"""Sweeps: the same market decided under many settings, by several processes.

Source: docs/practice.md (overfitting of the search); C135 (every trial is counted).
"""

import itertools
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import psycopg

from hydra.backtest.adaptive_thresholds import with_own_thresholds
from hydra.backtest.backtest_scorer import backtest_scorer
from hydra.backtest.equity_path import equity_path
from hydra.backtest.run import MarketChoice, read_choice
from hydra.backtest.simulation import PreparedMarket, Stopwatch, prepare, simulate
from hydra.backtest.stress import stressed_rules
from hydra.db.engine import connect
from hydra.die_with_parent import end_with_spawner
from hydra.errors import DatabaseError, HydraError, SettingsError, StopError
from hydra.layers.scorer import PUBLISHED
from hydra.ledger.daily_returns import allows_ratios
from hydra.ledger.overfitting import MarketTrials, ReturnMoments
from hydra.ledger.pbo_cscv import SearchOverfitting, search_overfitting
from hydra.registry.serving import SIGNAL_SCORER
from hydra.research.overrides import parse_assignments, settings_and_rules
from hydra.research.studies import (
    CountedTrial,
    FinishedTrial,
    StudySpecification,
    count_trials,
    fail_trial,
    finish_trial,
    read_study,
    taken_trial,
)
from hydra.research.trial_figures import TrialFigures, trial_figures
from hydra.settings import Settings
from hydra.trading.parameters import Rules
from hydra.trading.scoring import ScorerSince

NOT_STORED = 0
"""The run id of trials: their rows are not stored."""


def expand(texts: Sequence[str]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """(settings that all trials share, settings of each trial) from KEY=V1,V2,... texts: every combination.

    Raises:
        SettingsError: no key has two values, or a text has no key or no value.
    """
    given = parse_assignments(texts)
    lists = {key: [part.strip() for part in value.split(",")] for key, value in given.items()}
    varied = {key: values for key, values in lists.items() if len(values) > 1}
    if not varied:
        raise SettingsError("a sweep varies a setting: write --set KEY=VALUE1,VALUE2")
    shared = {key: values[0] for key, values in lists.items() if key not in varied}
    trials = [dict(zip(varied, values, strict=True)) for values in itertools.product(*varied.values())]
    return shared, trials


def validate(shared: Mapping[str, str], trials: Sequence[Mapping[str, str]]) -> None:
    """Refuse a sweep with a trial that could not run.

    Raises:
        SettingsError: a key is unknown or a value impossible, or the model is not named.
    """
    for trial in trials:
        _, rules = settings_and_rules({**shared, **trial}, ())
        if rules.scoring.scorer == PUBLISHED:
            raise SettingsError(
                f"a sweep that scores by {PUBLISHED} would mean another version tomorrow: name it, e.g. "
                f"--set scoring.scorer={SIGNAL_SCORER}@1"
            )


def refuse_models(
    connection: psycopg.Connection,
    choice: MarketChoice,
    shared: Mapping[str, str],
    trials: Sequence[Mapping[str, str]],
) -> None:
    """Refuse a sweep with a model that cannot score its market.

    Raises:
        StopError: a model cannot be used, or was trained on these minutes: the best of many trials in sample
            would say nothing.
    """
    for trial in trials:
        _, rules = settings_and_rules({**shared, **trial}, ())
        backtest_scorer(connection, rules, choice.data_from)


class TrialScorer:
    """Scores trials of one study in this process; the market is prepared once.

    The settings are those of the study, not of this process's environment.

    Raises:
        StopError: there is no such study, or code, readings or facts have changed since it was planned.
    """

    def __init__(self, connection: psycopg.Connection, url: str, study_id: int) -> None:
        self._connection = connection
        self._url = url
        self._study = read_study(connection, study_id=study_id)
        watch = Stopwatch()
        market = read_choice(connection, url, self._study.specification.choice, watch)
        self._study.refuse_other(market.data_hash)
        self._prepared = prepare(market, watch)

    def score_next(self) -> bool:
        """Claim a planned trial and score it; False if none is left."""
        with taken_trial(self._connection, self._study.study_id) as trial:
            if trial is None:
                return False
            try:
                choice = self._study.specification.choice
                _, rules = settings_of(self._study.specification, trial.parameters)
                scorer = backtest_scorer(self._connection, rules, choice.data_from)
                figures = score_rules(self._prepared_for(rules), choice, rules, scorer.scorers)
            except DatabaseError:
                raise
            except HydraError as error:
                fail_trial(self._connection, trial.trial_id, str(error))
            else:
                finish_trial(self._connection, trial.trial_id, figures)
        return True

    def _prepared_for(self, rules: Rules) -> PreparedMarket:
        """The market; with the pairs' own thresholds from the first trial on that asks for them."""
        market = with_own_thresholds(self._prepared.market, self._url, rules)
        self._prepared = replace(self._prepared, market=market)
        return self._prepared


def settings_of(specification: StudySpecification, parameters: Mapping[str, str]) -> tuple[Settings, Rules]:
    """The settings and the rules of a trial of a study.

    Raises:
        SettingsError: a key or path is unknown, or a value out of its range.
    """
    given = {**specification.shared, **parameters}
    return settings_and_rules(given, specification.choice.feeds, recorded=specification.settings)


def score_rules(
    prepared: PreparedMarket, choice: MarketChoice, rules: Rules, scorers: Sequence[ScorerSince] = ()
) -> TrialFigures:
    """The figures of one set of rules. scorers: for `simulate`."""
    stressed = stressed_rules(rules, choice.stresses)
    simulation = simulate(prepared, stressed, NOT_STORED, Stopwatch(), scorers=scorers)
    return trial_figures(simulation, equity_path(prepared.market, simulation.log))


def score_study(url: str, study_id: int) -> None:
    """Score trials of a study until none is left: the work of every process of a sweep; it ends with that."""
    end_with_spawner()
    try:
        with connect(url, autocommit=True) as connection:
            scorer = TrialScorer(connection, url, study_id)
            while scorer.score_next():
                continue
    except (DatabaseError, psycopg.OperationalError):
        # The sweep itself meets the same error and tells it once.
        sys.exit(1)
    except HydraError as error:
        sys.exit(f"a process of the sweep ended: {error}")


def run_processes(
    url: str, study_id: int, processes: int, show: Callable[[int, int], None], look_every_s: float = 0.5
) -> None:
    """Score a study by processes of this machine; `show` is called with (finished, planned).

    Ctrl-C ends them; unfinished trials stay planned.

    Raises:
        StopError: the processes ended before every trial was scored.
    """
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=score_study, args=(url, study_id), daemon=True) for _ in range(processes)
    ]
    # Ctrl-C reaches the processes too: this one ends them, so they do not answer it.
    answered = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for worker in workers:
            worker.start()
    finally:
        signal.signal(signal.SIGINT, answered)
    try:
        with connect(url, autocommit=True) as connection:
            while any(worker.is_alive() for worker in workers):
                show(*count_trials(connection, study_id))
                time.sleep(look_every_s)
            finished, planned = count_trials(connection, study_id)
            show(finished, planned)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    if finished < planned:
        raise StopError(
            f"{planned - finished} of {planned} trials are not scored: the processes ended early, see above; "
            "the same command continues them"
        )


@dataclass(frozen=True)
class SweepVerdict:
    """The verdict on a sweep's best trial: how much of it is luck.

    trials: finished ones of the study; counted: all ever counted on its market (C135). is_short: no trial was
    long enough for a ratio (C134). best: by Sharpe ratio, None if no trial has one. deflated: probability
    that its true Sharpe ratio exceeds what the best of all counted trials shows by luck. overfitting: of the
    study as a search.
    """

    trials: int
    counted: int
    is_short: bool
    best: FinishedTrial | None
    deflated: float | None
    overfitting: SearchOverfitting | None


def judge_sweep(trials: Sequence[FinishedTrial], counted: Sequence[CountedTrial]) -> SweepVerdict:
    """The verdict on the finished trials of a study, given all trials counted on its market."""
    market = MarketTrials.of(trial.for_ratios for trial in counted)
    done = [trial for trial in trials if trial.daily_returns is not None]
    rated = [trial for trial in done if trial.metrics.get("sharpe_per_day") is not None]
    best = max(rated, key=_sharpe, default=None)
    moments = None if best is None else ReturnMoments.of(np.array(best.daily_returns))
    lengths = {len(trial.daily_returns) for trial in done if trial.daily_returns is not None}
    returns = np.array([trial.daily_returns for trial in done]).T if len(lengths) == 1 else np.empty((0, 0))
    return SweepVerdict(
        trials=len(done),
        counted=market.count,
        is_short=not any(_allows_ratios(trial) for trial in done),
        best=best,
        deflated=market.deflated_sharpe(moments),
        overfitting=search_overfitting(returns) if returns.size else None,
    )


def _sharpe(trial: FinishedTrial) -> float:
    value = trial.metrics["sharpe_per_day"]
    return float("-inf") if value is None else value


def _allows_ratios(trial: FinishedTrial) -> bool:
    elapsed_days = trial.metrics.get("elapsed_days")
    return elapsed_days is not None and allows_ratios(elapsed_days, len(trial.daily_returns or ()))
