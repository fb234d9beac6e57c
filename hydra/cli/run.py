"""`hydra run`: decide minute after minute, and show the progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from hydra.answers.left_at_exchange import left_sentence, read_left_at_exchange
from hydra.answers.pipeline_table import PipelineRow, pipeline_line, pipeline_table
from hydra.answers.run_events import DataCoverage, read_data_coverage
from hydra.bounds import LARGEST_KEY
from hydra.cli import db
from hydra.cli.exchange_run import ExchangeName, asked_exchange, listened_again, new_exchange_run
from hydra.cli.market_options import (
    FromOption,
    MarketOption,
    NewsOfOption,
    NewsOption,
    PairsOption,
    SeedOption,
    ToOption,
    parse_range,
    refuse_exchange,
)
from hydra.cli.output import TextConsole, print_line, progress_bar
from hydra.cli.pair_names import base_names
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import StopError
from hydra.registry.run_record import scorer_record
from hydra.runtime.exchange_market import ListenedMarket
from hydra.runtime.run_market import MarketRequest, prepare_market
from hydra.runtime.speed import Speed
from hydra.runtime.supervisor import Supervisor
from hydra.settings import Settings, load_settings
from hydra.sim.market.settings import Scenario
from hydra.trading.parameters import recorded_rules, rules_of
from hydra.trading.runs import LABELS, EndReason, Run, RunPlan, create_run, read_run, reopen_run
from hydra.trading.stored_news import (
    WITHOUT_NEWS,
    NewsChoice,
    NewsInput,
    news_choice,
    repeat_stored_news,
)
from hydra.trading.upgrades import upgrade_run

NO_DATA_STATUS: Final = 3
"""The exit status of a run in which a tenth of the minutes or more had no data for any pair."""
MOST_WITHOUT_DATA: Final = 0.1


def command(  # noqa: PLR0913, PLR0917  # one parameter an option
    context: typer.Context,
    mode: Annotated[
        TradingMode | None,
        typer.Option(
            metavar="paper|testnet|live", help="Where orders go. [default: TRADING_MODE]", show_default=False
        ),
    ] = None,
    exchange: Annotated[
        ExchangeName | None,
        typer.Option(
            metavar="simulated|binance|bybit",
            help="Listen to this exchange; the simulated one serves what the options of a market say.",
        ),
    ] = None,
    market: MarketOption = MarketOrigin.RECORDED,
    start: FromOption = None,
    end: ToOption = None,
    speed: Annotated[
        str | None,
        typer.Option(help="max, or how many times real time. [default: max; resumed: as it was]"),
    ] = None,
    seed: SeedOption = None,
    pairs: PairsOption = "",
    scenario: Annotated[
        list[Scenario] | None,
        typer.Option(
            metavar="NAME",
            help=f"What is planted into every generated day: {', '.join(Scenario)}; can be repeated. "
            "[default: day]",
        ),
    ] = None,
    news: NewsOption = NewsInput.OFF,
    news_of: NewsOfOption = None,
    resume: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_KEY, help="Continue this run where it stopped.")
    ] = None,
    upgrade: Annotated[
        bool,
        typer.Option("--upgrade", help="With --resume: continue it with this version, if it is another."),
    ] = False,
) -> None:
    """Run a market through the five layers, minute by minute. Ctrl-C stops; --resume continues.

    Exit status 3: a tenth of the minutes or more had no data for any pair.
    """
    settings = in_mode(load_settings(), mode)
    refuse_wrong_channels(settings)
    pace = None if speed is None else Speed.parse(speed)
    console = TextConsole()
    if resume is None:
        if upgrade:
            raise StopError("--upgrade gives a stopped run to this version: name the run with --resume")
        if settings.trading_mode.is_at_exchange:
            from hydra.runtime.account_start import refuse_unmeant  # noqa: PLC0415  # loads what speaks to an account

            refuse_unmeant(settings, exchange)
        refuse_exchange(market)
        chosen_news = news_choice(news, news_of)
        first, last = parse_range(start, end)
        if exchange is not None:
            refuse_replay(chosen_news, exchange)
            wanted = asked_exchange(context, exchange, base_names(pairs), pace, settings)
            db.up()
            with new_exchange_run(settings, wanted, last, console) as (run, listened):
                watch(run, settings, console, listened)
        else:
            asked = MarketRequest(market, seed, base_names(pairs), first, last, planted(scenario, market))
            db.up()
            run = new_run(settings, asked, pace or Speed(None), console, chosen_news)
            watch(run, settings, console)
    else:
        refuse_beside_resume(context, resume)
        db.up()
        run = resumed_run(settings, resume, pace, upgrade=upgrade)
        if run.exchange is None:
            watch(run, settings, console)
        else:
            with listened_again(settings, run, console) as listened:
                watch(run, settings, console, listened)
    with connect(database_url(settings, Role.READER)) as connection:
        coverage = read_data_coverage(connection, run.run_id)
    if coverage.without_data:
        print_line(console, without_data_words(run, coverage))
    if coverage.share_without_data >= MOST_WITHOUT_DATA:
        raise typer.Exit(NO_DATA_STATUS)


def in_mode(settings: Settings, mode: TradingMode | None) -> Settings:
    """The settings under --mode, which wins over TRADING_MODE.

    Raises:
        StopError: --mode backtest.
    """
    if mode is TradingMode.BACKTEST:
        raise StopError("--mode backtest: `hydra run` goes minute by minute; use `hydra backtest` instead")
    return settings if mode is None else settings.model_copy(update={"trading_mode": mode})


def refuse_beside_resume(context: typer.Context, run_id: int) -> None:
    """Refuse options that a resumed run would ignore: it uses what it recorded.

    Raises:
        StopError: names them.
    """
    ignored = [
        str(parameter.opts[0])
        for parameter in context.command.params
        if parameter.name not in {"resume", "upgrade", "speed", "mode"}
        and (source := context.get_parameter_source(str(parameter.name))) is not None
        and source.name == "COMMANDLINE"
    ]
    if ignored:
        raise StopError(
            f"--resume {run_id} goes on with the market that the run recorded: leave out {', '.join(ignored)}"
        )


def without_data_words(run: Run, coverage: DataCoverage) -> str:
    """How many minutes had no data, and where to look."""
    return (
        f"Run {run.run_id}: in {coverage.without_data:,} of {coverage.assessed:,} minutes no pair had the "
        "data it needs, so nothing could be decided in them. `hydra status` shows what is stored, "
        f"`hydra why BTC --run {run.run_id}` which input is missing."
    )


def planted(scenarios: list[Scenario] | None, market: MarketOrigin) -> tuple[Scenario, ...]:
    """The scenarios to plant into a generated market: the default mix unless some are asked for.

    Raises:
        StopError: scenarios are asked for in a market that is not generated.
    """
    if scenarios and market is not MarketOrigin.GENERATED:
        raise StopError("--scenario: it is planted into a generated market; add --market generated")
    return tuple(scenarios or (Scenario.DAY,))


def new_run(
    settings: Settings,
    asked: MarketRequest,
    speed: Speed,
    console: Console,
    news: NewsChoice = WITHOUT_NEWS,
) -> Run:
    """Record a run over the market that is asked for, which is generated if it has to be.

    Raises:
        StopError: that market is not stored, no stored news of the choice cover it, or the model that is to
            score its signals cannot be used.
        DatabaseError: the database server cannot be used.
    """
    with progress_bar(console) as bar:
        task = bar.add_task(f"preparing the {LABELS[asked.origin]} market", total=1.0)
        market = prepare_market(
            database_url(settings, Role.OWNER), asked, lambda share: bar.update(task, completed=share)
        )
    plan = RunPlan(
        mode=settings.trading_mode,
        market_origin=asked.origin,
        seed=asked.seed,
        feeds=market.feeds,
        instrument_ids=market.instrument_ids,
        data_from=market.data_from,
        data_to=market.data_to,
        speed=str(speed),
    )
    with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
        rules = rules_of(settings, market.feeds)
        model = scorer_record(connection, rules, settings.trading_mode)
        with connection.transaction():
            run = create_run(connection, plan, settings, {**recorded_rules(rules), **news.record, **model})
            repeat_stored_news(connection, run, rules, news)
        return run


def resumed_run(settings: Settings, run_id: int, speed: Speed | None = None, *, upgrade: bool = False) -> Run:
    """The run `run_id`, reopened at `speed`; None keeps its own. upgrade: it may belong to another version.

    Raises:
        StopError: there is no such run, it is finished, or its mode or its version is another.
    """
    # What a run was decided by is written once: only the owner may give it to another version.
    role = Role.OWNER if upgrade else Role.WORKER
    with connect(database_url(settings, role), autocommit=True) as connection:
        run = read_run(connection, run_id)
        if run.mode is not settings.trading_mode:
            raise StopError(
                f"--resume {run_id}: the run's mode is {run.mode.value}, not {settings.trading_mode.value}: "
                f"add --mode {run.mode.value}, or set TRADING_MODE={run.mode.value}"
            )
        if run.mode.is_at_exchange:
            from hydra.runtime.account_start import refuse_unmeant  # noqa: PLC0415  # loads what speaks to an account

            refuse_unmeant(settings, None if run.exchange is None else run.exchange.name)
        if upgrade:
            run = upgrade_run(connection, run)
        reopen_run(connection, run, run.speed if speed is None else str(speed))
        return read_run(connection, run_id)


def watch(run: Run, settings: Settings, console: Console, market: ListenedMarket | None = None) -> EndReason:
    """Supervise `run` to its end or to Ctrl-C, with the live table on a terminal and lines elsewhere.

    market: of a connected exchange.

    Raises:
        StopError: another process supervises it.
        DatabaseError: the database server cannot be used.
    """
    with _display(run, console) as show:
        speed = Speed.parse(run.speed)
        tell = partial(print_line, console)
        reason = Supervisor(run, settings, speed, show, tell, market=market).supervise()
    if reason is EndReason.FINISHED:
        print_line(console, f"Run {run.run_id} is finished: see it with `hydra report {run.run_id}`.")
    else:
        of_mode = f" --mode {run.mode}" if run.is_at_exchange else ""
        words = f"It goes on with `hydra run --resume {run.run_id}{of_mode}`."
        print_line(console, f"Run {run.run_id} is stopped. {words}")
        if run.is_at_exchange:
            with connect(database_url(settings, Role.READER)) as connection:
                print_line(console, left_sentence(read_left_at_exchange(connection, run.run_id)))
    return reason


def refuse_replay(news: NewsChoice, exchange: str) -> None:
    """Refuse to replay stored news on an exchange, where the analyst is asked.

    Raises:
        StopError: says so.
    """
    if news.kind is NewsInput.REPLAY:
        raise StopError(
            f"--news replay beside --exchange {exchange}: on an exchange the news are those of now; "
            "leave --news out"
        )


def refuse_wrong_channels(settings: Settings) -> None:
    """Refuse addresses of alerts that are none: nobody would hear of the run.

    Raises:
        SettingsError: names the setting.
    """
    if settings.has_alert_channel:
        from hydra.alerts.channels import channels_of  # noqa: PLC0415  # loads what sends

        channels_of(settings)


@contextmanager
def _display(run: Run, console: Console) -> Iterator[Callable[[list[PipelineRow]], None]]:
    if console.is_terminal:
        with Live(pipeline_table(run, []), console=console, refresh_per_second=4) as live:
            yield lambda rows: live.update(pipeline_table(run, rows))
    else:
        yield PlainLines(run, console).show


class PlainLines:
    """A line for every hour of the run's clock."""

    def __init__(self, run: Run, console: Console) -> None:
        self._run = run
        self._console = console
        self._hour: datetime | None = None

    def show(self, rows: list[PipelineRow]) -> None:
        """Print the line unless the hour has had its own."""
        hour = rows[0].time.replace(minute=0) if rows else None
        if hour is not None and hour != self._hour:
            self._hour = hour
            print_line(self._console, pipeline_line(self._run, rows))
