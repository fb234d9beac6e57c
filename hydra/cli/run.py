"""`hydra run`: decide minute after minute, and watch it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import Progress

from hydra.answers.pipeline_table import PipelineRow, pipeline_line, pipeline_table
from hydra.cli import db
from hydra.cli.market_options import FromOption, MarketOption, PairsOption, SeedOption, ToOption
from hydra.db.engine import connect, database_url
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import StopError
from hydra.runtime.run_market import MarketRequest, prepare_market
from hydra.runtime.speed import Speed
from hydra.runtime.supervisor import Supervisor
from hydra.settings import Settings, load_settings
from hydra.sim.market.settings import Scenario
from hydra.trading.parameters import recorded_rules, rules_of
from hydra.trading.runs import LABELS, EndReason, Run, RunPlan, create_run, read_run, reopen_run
from hydra.universe import UNIVERSE, find_pair


def command(  # noqa: PLR0913, PLR0917  # one parameter an option
    mode: Annotated[TradingMode, typer.Option(help="Where orders go.")] = TradingMode.PAPER,
    market: MarketOption = MarketOrigin.RECORDED,
    start: FromOption = None,
    end: ToOption = None,
    speed: Annotated[str, typer.Option(help="max, or how many times real time.")] = "max",
    seed: SeedOption = None,
    pairs: PairsOption = "",
    scenario: Annotated[
        list[Scenario] | None,
        typer.Option(help="What is planted into every generated day; can be repeated. [default: day]"),
    ] = None,
    resume: Annotated[int | None, typer.Option(help="Go on with this run where it stopped.")] = None,
) -> None:
    """Take a market through the five layers, minute by minute. Ctrl-C stops; --resume goes on."""
    refuse_unconnected(mode, market)
    pace = Speed.parse(speed)
    first, last = instant("--from", start), instant("--to", end)
    asked = MarketRequest(market, seed, base_names(pairs), first, last, planted(scenario, market))
    db.up()
    settings = load_settings()
    console = Console()
    run = new_run(settings, mode, asked, console) if resume is None else resumed_run(settings, resume)
    watch(run, settings, pace, console)


def planted(scenarios: list[Scenario] | None, market: MarketOrigin) -> tuple[Scenario, ...]:
    """What a generated market has planted: the default mix, unless something is asked for.

    Raises:
        StopError: something is asked for in a market that is not generated.
    """
    if scenarios and market is not MarketOrigin.GENERATED:
        raise StopError("--scenario: it is planted into a generated market; add --market generated")
    return tuple(scenarios or (Scenario.DAY,))


def new_run(settings: Settings, mode: TradingMode, asked: MarketRequest, console: Console) -> Run:
    """Record a run over the market that is asked for, which is generated if it has to be.

    Raises:
        StopError: that market is not stored.
        DatabaseError: the database server cannot be used.
    """
    url = database_url(settings)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(f"preparing the {LABELS[asked.origin]} market", total=1.0)
        market = prepare_market(url, asked, lambda share: bar.update(task, completed=share))
    plan = RunPlan(
        mode=mode,
        market_origin=asked.origin,
        seed=asked.seed,
        feeds=market.feeds,
        instrument_ids=market.instrument_ids,
        data_from=market.data_from,
        data_to=market.data_to,
    )
    with connect(url, autocommit=True) as connection:
        return create_run(connection, plan, settings, recorded_rules(rules_of(settings, market.feeds)))


def resumed_run(settings: Settings, run_id: int) -> Run:
    """The run `run_id`, reopened.

    Raises:
        StopError: there is no such run, it is finished, or its readings are not those of this code.
    """
    with connect(database_url(settings), autocommit=True) as connection:
        run = read_run(connection, run_id)
        refuse_unconnected(run.mode, run.market_origin)
        reopen_run(connection, run)
    return run


def watch(run: Run, settings: Settings, speed: Speed, console: Console) -> EndReason:
    """Supervise `run` to its end or to Ctrl-C, with the live table on a terminal and lines elsewhere.

    Raises:
        StopError: another process supervises it.
        DatabaseError: the database server cannot be used.
    """
    with _display(run, console) as show:
        supervisor = Supervisor(run, settings, speed, show, lambda text: _tell(console, text))
        reason = supervisor.supervise()
    if reason is EndReason.FINISHED:
        _tell(console, f"Run {run.run_id} is finished: see it with `hydra report {run.run_id}`.")
    else:
        _tell(console, f"Run {run.run_id} is stopped. It goes on with `hydra run --resume {run.run_id}`.")
    return reason


def refuse_unconnected(mode: TradingMode, market: MarketOrigin) -> None:
    """Raise for what needs an exchange.

    Raises:
        StopError: orders or market would be those of an exchange, and none is connected yet.
    """
    if mode is not TradingMode.PAPER:
        raise StopError(f"--mode {mode.value}: no exchange is connected yet; paper is what runs today")
    if market is MarketOrigin.EXCHANGE:
        raise StopError("--market exchange: no exchange is connected yet; choose recorded or generated")


def base_names(pairs: str) -> tuple[str, ...]:
    """The base names of comma-separated pairs in any spelling.

    Raises:
        StopError: a name is not in the universe.
    """
    names = [name for name in pairs.split(",") if name.strip()]
    found = [find_pair(name) for name in names]
    unknown = [name.strip() for name, pair in zip(names, found, strict=True) if pair is None]
    if unknown:
        raise StopError(
            f"--pairs: {', '.join(unknown)} is not traded; HYDRA trades {', '.join(p.base for p in UNIVERSE)}"
        )
    return tuple(pair.base for pair in found if pair is not None)


def instant(option: str, text: str | None) -> datetime | None:
    """The minute that an option names, UTC unless it says otherwise.

    Raises:
        StopError: it is no instant.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StopError(f"{option} {text}: write an instant such as 2025-06-01T14:05 (UTC)") from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).replace(second=0, microsecond=0)


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
            _tell(self._console, pipeline_line(self._run, rows))


def _tell(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)
