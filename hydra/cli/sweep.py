"""`hydra sweep`: one market under many settings, every trial counted."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Annotated, Final

import psycopg
import typer
from dramatiq import Broker
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from hydra.answers.formatting import UNDEFINED, counted
from hydra.backtest.run import read_choice
from hydra.backtest.simulation import Stopwatch
from hydra.bounds import LARGEST_KEY
from hydra.cli import db
from hydra.cli.backtest import market_choice
from hydra.cli.market_options import FromOption, MarketOption, PairsOption, SeedOption, StressOption, ToOption
from hydra.cli.output import error_console, output_console, print_line, print_whole, progress_bar
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin
from hydra.errors import RetryError, StopError
from hydra.ledger.daily_returns import FEWEST_DAILY_RETURNS, FEWEST_ELAPSED_DAYS
from hydra.outside_text import shown
from hydra.research.open_trial import open_trial
from hydra.research.studies import (
    FinishedTrial,
    StudySpecification,
    count_trials,
    plan_study,
    read_trials,
    trials_on_market,
)
from hydra.research.sweep import SweepVerdict, expand, judge_sweep, refuse_models, run_processes, validate
from hydra.runtime.broker_watch import BrokerWatch
from hydra.runtime.message_broker import make_broker
from hydra.runtime.research_queue import notify_trials
from hydra.settings import load_settings
from hydra.trading.runs import recorded_settings

MOST_JOBS: Final = 1_024
LOOK_EVERY_S: Final = 0.5
NOTIFY_AGAIN_S: Final = 60.0
MOST_SHOWN: Final = 20
FIGURES_WIDTH: Final = 75


def command(  # noqa: PLR0913, PLR0917  # one parameter an option
    name: Annotated[str, typer.Argument(help="Name of the study; the same name continues it.")],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=V1,V2,...: every combination is tried; KEY=V is shared."),
    ] = None,
    market: MarketOption = MarketOrigin.RECORDED,
    start: FromOption = None,
    end: ToOption = None,
    seed: SeedOption = None,
    pairs: PairsOption = "",
    scenario: StressOption = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=MOST_JOBS, help="Processes of this machine.")
    ] = os.cpu_count() or 1,
    on_workers: Annotated[
        bool, typer.Option("--on-workers", help="Leave the trials to `dramatiq workers.research`.")
    ] = False,
    opened: Annotated[
        int | None,
        typer.Option("--open", min=1, max=LARGEST_KEY, help="Simulate this trial again as a run with rows."),
    ] = None,
) -> None:
    """Try every combination of settings on one market. Ctrl-C stops; the same command continues."""
    console = error_console()
    if opened is not None:
        if assignments:
            raise StopError("--open plays a trial by the settings of its study: leave out --set")
        _open(name, opened, console)
        return
    shared, trials = expand(assignments or ())
    validate(shared, trials)
    db.up()
    choice = market_choice(market, start, end, seed, pairs, tuple(scenario or ()), console)
    settings = load_settings()
    url = database_url(settings, Role.WORKER)
    asked = StudySpecification.under(recorded_settings(settings), choice, shared, trials)
    with connect(url, autocommit=True) as connection:
        refuse_models(connection, choice, shared, trials)
        data_hash = read_choice(connection, url, choice, Stopwatch()).data_hash
        study_id = plan_study(connection, name, asked, data_hash)
        with _progress(console, name) as show:
            if on_workers:
                with closing(make_broker(settings, [])) as broker:
                    watch = BrokerWatch(broker, lambda text: print_line(console, text))
                    wait_for_trials(connection, study_id, show, broker, watch)
            else:
                run_processes(url, study_id, jobs, show)
        scored = read_trials(connection, study_id)
        verdict = judge_sweep(scored, trials_on_market(connection, study_id))
    print_sweep(output_console(), name, scored, verdict)


def _open(name: str, number: int, console: Console) -> None:
    db.up()
    url = database_url(load_settings(), Role.WORKER)
    with connect(url, autocommit=True) as connection, progress_bar(console) as bar:
        task = bar.add_task("deciding", total=1.0)
        result = open_trial(connection, url, name, number, lambda share: bar.update(task, completed=share))
    run_id = result.run.run_id
    print_whole(f"Trial {number} of {name} is run {run_id}: `hydra report {run_id}`")


def wait_for_trials(
    connection: psycopg.Connection,
    study_id: int,
    show: Callable[[int, int], None],
    broker: Broker,
    watch: BrokerWatch,
) -> None:
    """Send the messages of the planned trials until all are finished; again after a standstill or an outage.

    Workers of another version take messages too, and refuse the study.
    """
    are_sent, seen, still_since = False, 0, time.monotonic()
    while True:
        finished, planned = count_trials(connection, study_id)
        show(finished, planned)
        if finished == planned:
            return
        if finished > seen:
            seen, still_since = finished, time.monotonic()
        elif time.monotonic() - still_since > NOTIFY_AGAIN_S:
            are_sent, still_since = False, time.monotonic()
        are_sent = watch.is_there() and (are_sent or _are_sent(broker, study_id, planned - finished))
        time.sleep(LOOK_EVERY_S)


def _are_sent(broker: Broker, study_id: int, trials: int) -> bool:
    try:
        notify_trials(broker, study_id, trials)
    except RetryError:
        return False
    return True


@contextmanager
def _progress(console: Console, name: str) -> Iterator[Callable[[int, int], None]]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with progress_bar(console, *columns) as bar:
        task = bar.add_task(shown(name), total=None)
        yield lambda finished, planned: bar.update(task, completed=finished, total=planned)


def print_sweep(console: Console, name: str, trials: Sequence[FinishedTrial], verdict: SweepVerdict) -> None:
    """The trials, best first, then the deflated Sharpe ratio and the probability of overfitting."""
    ranked = _ranked(trials)
    has_room = console.width >= FIGURES_WIDTH + max((len(_settings(trial)) for trial in ranked), default=0)
    console.print(_table(name, ranked, has_room=has_room))
    for trial in () if has_room else ranked:
        print_line(console, f"trial {trial.number}: {_settings(trial)}")
    for trial in (one for one in trials if one.state == "FAILED"):
        console.print(f"trial {trial.number} failed: {trial.error}", soft_wrap=True)
    for sentence in sentences(verdict):
        print_line(console, sentence)


def _ranked(trials: Sequence[FinishedTrial]) -> list[FinishedTrial]:
    """The trials that are shown, best first."""
    done = [trial for trial in trials if trial.state == "DONE"]
    return sorted(done, key=lambda one: -(one.metrics.get("sharpe_daily_365") or float("-inf")))[:MOST_SHOWN]


def _settings(trial: FinishedTrial) -> str:
    return ", ".join(f"{key}={value}" for key, value in trial.parameters.items())


def _table(name: str, ranked: Sequence[FinishedTrial], *, has_room: bool) -> Table:
    """A row a trial; without room for the settings they stand in lines below it, uncut."""
    figures = ("trades", "net USDT", "return", "drawdown", "Sharpe", "PSR")
    table = Table(title=f"Study {name}", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for column in ("trial", *(("settings",) if has_room else ()), *figures):
        table.add_column(column, justify="left" if column == "settings" else "right", no_wrap=True)
    for trial in ranked:
        metrics = trial.metrics
        table.add_row(
            str(trial.number),
            *((_settings(trial),) if has_room else ()),
            str(trial.trades),
            f"{trial.net_pnl_usd:z,.2f}",
            _share(metrics.get("total_return")),
            _share(metrics.get("max_drawdown_intraday")),
            _number(metrics.get("sharpe_daily_365")),
            _number(metrics.get("probabilistic_sharpe")),
        )
    return table


def sentences(verdict: SweepVerdict) -> list[str]:
    """What to know before trusting the best trial."""
    return [_count_words(verdict), _luck_words(verdict), _search_words(verdict)]


def _count_words(verdict: SweepVerdict) -> str:
    own, all_ = counted(verdict.trials, "trial"), counted(verdict.counted, "trial")
    verb = "is" if verdict.trials == 1 else "are"
    return f"{own} {verb} counted in this study, {all_} in all studies and backtests of this market."


def _luck_words(verdict: SweepVerdict) -> str:
    if verdict.is_short:
        return (
            f"No Sharpe ratio under {FEWEST_ELAPSED_DAYS} days that passed and {FEWEST_DAILY_RETURNS} daily "
            "returns: no trial can be called the best."
        )
    if verdict.best is None or verdict.deflated is None:
        return "Too little variance for a deflated Sharpe ratio: no trial is shown to beat luck."
    return (
        f"Trial {verdict.best.number} is the best. The probability that its true Sharpe ratio lies above "
        f"what the best of {verdict.counted:,} shows by luck is {verdict.deflated:.2f} (deflated Sharpe "
        "ratio; wanted: 0.95)."
    )


def _search_words(verdict: SweepVerdict) -> str:
    search = verdict.overfitting
    if search is None:
        return "Too few days or variants for a probability of backtest overfitting."
    return (
        f"Probability of backtest overfitting: {search.probability:.2f} over {search.splits:,} splits of "
        f"{search.days} days (wanted: at most 0.5)."
    )


def _share(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:z.2%}"


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:z.2f}"
