"""`hydra backtest`: history decided again by the rules that trade."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hydra.answers.html_report.page import write_html_report
from hydra.answers.report import read_report
from hydra.backtest.minutes_of_run import decided_range
from hydra.backtest.persisted import StoredRows
from hydra.backtest.run import BacktestRun, MarketChoice, run_backtest
from hydra.backtest.stress import Stress, planted_scenarios
from hydra.cli import db
from hydra.cli.market_options import (
    FromOption,
    MarketOption,
    MinutesOfOption,
    NewsOfOption,
    NewsOption,
    PairsOption,
    SeedOption,
    StressOption,
    ToOption,
    parse_range,
)
from hydra.cli.output import error_console, output_console, print_json, progress_bar
from hydra.cli.pair_names import base_names
from hydra.cli.report_tables import print_report
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin, TradingMode
from hydra.durations import MINUTE
from hydra.errors import StopError
from hydra.layers.scorer import names_model
from hydra.research.overrides import parse_assignments, settings_and_rules
from hydra.research.studies import StudySpecification, record_backtest
from hydra.research.trial_figures import backtest_figures
from hydra.runtime.run_market import MarketRequest, prepare_market
from hydra.settings import load_settings
from hydra.trading.kill_by_hand import COOL_DOWN
from hydra.trading.runs import LABELS, read_run, recorded_settings
from hydra.trading.stored_news import NewsInput, news_choice

MOST_DAYS_WITH_BOOKS = 7
"""Longer generated markets are made without order books, which would be 138,000 rows a day."""
MOST_RESUME_HOURS = 8_760
SCORER_PATH = "scoring.scorer"
"""The path for --set of what scores signals."""


def command(  # noqa: PLR0913, PLR0917  # one parameter an option
    market: MarketOption = MarketOrigin.RECORDED,
    start: FromOption = None,
    end: ToOption = None,
    seed: SeedOption = None,
    pairs: PairsOption = "",
    config: Annotated[Path | None, typer.Option(help="A file of settings that replaces .env.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of a setting or rule; can be repeated.")
    ] = None,
    minutes_of: MinutesOfOption = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME@VERSION",
            help="Let this model score signals. [default: as SIGNAL_SCORER says]",
            show_default=False,
        ),
    ] = None,
    in_sample: Annotated[
        bool,
        typer.Option("--in-sample", help="Allow minutes on which the model was trained; the report says so."),
    ] = False,
    scenario: StressOption = None,
    news: NewsOption = NewsInput.OFF,
    news_of: NewsOfOption = None,
    rows: Annotated[StoredRows, typer.Option(help="How many minutes get rows of their own.")] = (
        StoredRows.SIGNALS
    ),
    all_rows: Annotated[bool, typer.Option("--all-rows", help="The same as --rows all.")] = False,
    resume_after: Annotated[
        float | None,
        typer.Option(
            help="Assume an operator who clears the kill switch this many hours later, if its cause is gone."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result for machines.")] = False,
    page: Annotated[
        Path | None, typer.Option("--report", help="Write the report as one HTML page to this file.")
    ] = None,
) -> None:
    """Decide history at once, by the rules that trade live; the result is a run like any other."""
    console = error_console()
    stresses = tuple(dict.fromkeys(scenario or ()))
    given = with_model(parse_assignments(assignments or ()), model)
    settings_and_rules(given, (), config)
    refuse_wait(resume_after)
    chosen_news = news_choice(news, news_of)
    db.up()
    if minutes_of is None:
        choice = market_choice(market, start, end, seed, pairs, stresses, console)
    else:
        refuse_other_minutes(market, start, end, seed, pairs)
        choice = choice_of_run(minutes_of, stresses)
    choice = replace(choice, news=chosen_news)
    settings, rules = settings_and_rules(given, choice.feeds, config)
    rules = replace(rules, resume_after_hours=resume_after)
    url = database_url(settings, Role.WORKER)
    wanted = StoredRows.ALL if all_rows else rows
    with connect(url, autocommit=True) as connection:
        with progress_bar(console) as bar:
            task = bar.add_task("deciding", total=1.0)
            result = run_backtest(
                connection,
                url,
                choice,
                settings,
                rules,
                wanted,
                lambda share: bar.update(task, completed=share),
                allows_in_sample=in_sample,
            )
        record_backtest(
            connection,
            result.run.run_id,
            StudySpecification.under(recorded_settings(settings), choice, {}, [given]),
            result.simulation.prepared.market.data_hash,
            backtest_figures(result),
        )
        report = read_report(connection, result.run.run_id)
        if page is not None:
            write_html_report(connection, result.run.run_id, page)
    if as_json:
        print_json(summary(result))
        return
    print_report(output_console(), report, 40)
    console.print(speed_sentence(result), soft_wrap=True)


def with_model(given: Mapping[str, str], model: str | None) -> dict[str, str]:
    """The assignments of --set with the one that --model stands for.

    Raises:
        StopError: both name a scorer, or --model is no name of a model.
    """
    if model is None:
        return dict(given)
    if not names_model(model):
        raise StopError(f"--model {model}: a model is named name@version, e.g. signal-scorer@3")
    named = [key for key in given if key.lower() in {SCORER_PATH, "signal_scorer"}]
    if named:
        raise StopError(f"--model {model} beside --set {named[0]}: name the scorer once")
    return {**given, SCORER_PATH: model}


def refuse_wait(hours: float | None) -> None:
    """Raise unless an operator may clear the kill switch after `hours` (None: there is no operator).

    Raises:
        StopError: it is shorter than the cool-down, or not a number of hours.
    """
    least = COOL_DOWN.total_seconds() / 3600
    if hours is not None and not least <= hours <= MOST_RESUME_HOURS:
        raise StopError(
            f"--resume-after {hours:g}: write hours from {least:g} (the cool-down of the kill switch) to "
            f"{MOST_RESUME_HOURS:,}, or leave it out: then nobody clears it"
        )


def market_choice(  # one parameter an option
    origin: MarketOrigin,
    start: str | None,
    end: str | None,
    seed: int | None,
    pairs: str,
    stresses: tuple[Stress, ...],
    console: Console,
) -> MarketChoice:
    """The market that the options name, generated and stored if it has to be.

    Raises:
        StopError: it is not stored, cannot be generated, or an option has an invalid value.
    """
    if origin is MarketOrigin.EXCHANGE:
        raise StopError("--market exchange: a backtest needs history; choose recorded or generated")
    first, last = parse_range(start, end)
    with_books = first is None or last is None or (last - first).days <= MOST_DAYS_WITH_BOOKS
    asked = MarketRequest(
        origin, seed, base_names(pairs), first, last, planted_scenarios(stresses, origin), with_books
    )
    with progress_bar(console) as bar:
        task = bar.add_task(f"preparing the {LABELS[origin]} market", total=1.0)
        found = prepare_market(
            database_url(load_settings(), Role.OWNER), asked, lambda share: bar.update(task, completed=share)
        )
    return MarketChoice(
        origin, seed, found.instrument_ids, found.feeds, found.data_from, found.data_to, stresses
    )


def refuse_other_minutes(
    market: MarketOrigin, start: str | None, end: str | None, seed: int | None, pairs: str
) -> None:
    """Raise if an option names a market beside --minutes-of.

    Raises:
        StopError: names the options to leave out.
    """
    given = {"--from": start, "--to": end, "--seed": seed, "--pairs": pairs or None}
    words = [name for name, value in given.items() if value is not None]
    if market is not MarketOrigin.RECORDED:
        words.insert(0, "--market")
    if words:
        raise StopError(f"--minutes-of: the run says which market and minutes; leave out {', '.join(words)}")


def choice_of_run(number: int, stresses: tuple[Stress, ...]) -> MarketChoice:
    """The minutes that run `number` has decided so far.

    Raises:
        StopError: there is no such run, it is a backtest, it has not decided a minute, or a stress would have
            to be planted.
    """
    planted_scenarios(stresses, MarketOrigin.RECORDED)
    with connect(database_url(load_settings(), Role.WORKER), autocommit=True) as connection:
        run = read_run(connection, number)
        if run.mode is TradingMode.BACKTEST:
            raise StopError(f"--minutes-of {number}: run {number} is a backtest; name a paper or live run")
        first, last = decided_range(connection, run)
    return MarketChoice(
        run.market_origin, run.seed, run.instrument_ids, run.feeds, first, last + MINUTE, stresses,
        minutes_of=number, exchange=run.exchange,
    )  # fmt: skip


def summary(result: BacktestRun) -> dict[str, object]:
    """What `--json` prints: the run, how much was decided, seconds by stage."""
    equity = result.equity.equity_usd
    return {
        "run_id": result.run.run_id,
        "label": result.run.label,
        "data_hash": result.simulation.prepared.market.data_hash,
        "decisions": result.simulation.decisions,
        "minutes": len(result.equity.minutes),
        "trades": sum(one.closed_time is not None for one in result.simulation.log.journal.positions),
        "first_equity_usd": float(equity[0]),
        "last_equity_usd": float(equity[-1]),
        "seconds": dict(result.seconds),
    }


def speed_sentence(result: BacktestRun) -> str:
    """How fast that was, stage by stage."""
    seconds = result.seconds
    deciding = sum(seconds[stage] for stage in ("features", "bars", "rules", "portfolio"))
    stages = ", ".join(f"{stage} {value:.2f} s" for stage, value in seconds.items())
    return (
        f"{result.simulation.decisions:,} decisions ({stages}): "
        f"{result.simulation.decisions / deciding:,.0f} decisions/s from features to portfolio. "
        f"Run {result.run.run_id}: `hydra report {result.run.run_id}`, `hydra why`."
    )
