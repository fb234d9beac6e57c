"""`hydra train`: fit a model on history, judge it out of sample, register it with what the gates say."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn

from hydra.answers.html_report.training_page import write_training_report
from hydra.answers.plain_values import plain
from hydra.backtest.run import MarketChoice
from hydra.bounds import LARGEST_SEED
from hydra.cli import db
from hydra.cli.backtest import market_choice
from hydra.cli.market_options import MarketOption, PairsOption
from hydra.cli.output import error_console, output_console, print_json, print_line, progress_bar
from hydra.cli.training_tables import print_training
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.models.interface import FitSettings
from hydra.models.out_of_fold import FitProgress
from hydra.models.plans import ALL, PLANS, plan_of
from hydra.models.trainer import TrainingRequest
from hydra.models.training_process import train_in_process
from hydra.runtime.run_market import GENERATED_START, MOST_GENERATED_DAYS
from hydra.settings import load_settings

SEED: Final = 42
"""As printed."""

_FEWEST_MIB, _MOST_MIB, _MIB = 256, 1_048_576, 4_096
_MOST_THREADS: Final = 64
_THREADS: Final = 2


def command(  # noqa: PLR0913, PLR0917  # one parameter an option
    model: Annotated[
        str,
        typer.Argument(
            metavar="|".join((*PLANS, ALL)), help="Which model, also that of OWN_MODEL_FILE; all of HYDRA's."
        ),
    ],
    days: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_GENERATED_DAYS, help="The last days of the history. [default: all]"),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="End of the history, ISO 8601, UTC. [default: the last candle]")
    ] = None,
    pairs: PairsOption = "",
    force: Annotated[
        bool, typer.Option("--force", help="Train although the history is too short; the model is marked.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the fit.")] = SEED,
    threads: Annotated[
        int, typer.Option(min=1, max=_MOST_THREADS, help="Of the fit; a model differs by it.")
    ] = _THREADS,
    memory_mib: Annotated[
        int, typer.Option(min=_FEWEST_MIB, max=_MOST_MIB, help="The most memory that the training may use.")
    ] = _MIB,
    market: MarketOption = MarketOrigin.RECORDED,
    market_seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed of a generated market.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write the report as one HTML page, too; of all: FILE-NAME.html each."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report for machines.")] = False,
) -> None:
    """Train a model and register it as a candidate; `hydra models publish` chooses it if its gates passed.

    all: one after the other; one that refuses does not keep the others from it.
    """
    console = error_console()
    settings = load_settings()
    names = list(PLANS) if model == ALL else [model]
    for name in names:
        plan_of(name, settings.own_model_file)
    db.up()
    choice = _choice(market, market_seed, days, until, pairs, console)
    url = database_url(settings, Role.WORKER)
    found, refused = [], []
    for name in names:
        request = TrainingRequest(name, choice, FitSettings(seed, threads), is_forced=force)
        try:
            with _progress(console) as show:
                report = train_in_process(url, request, memory_mib, show)
        except StopError as error:
            refused.append(str(error))
            continue
        if html is not None:
            write_training_report(report, html if model != ALL else html.with_stem(f"{html.stem}-{name}"))
        found.append({**plain(report), "sentence": report.sentence})
        if not as_json:
            print_training(output_console(), report)
    if as_json and found:
        print_json(found if model == ALL else found[0])
    if refused:
        raise StopError("; ".join(refused))


def _choice(
    origin: MarketOrigin,
    seed: int | None,
    days: int | None,
    until: str | None,
    pairs: str,
    console: Console,
) -> MarketChoice:
    """The last days of a stored market; a generated one begins at its own start."""
    if origin is MarketOrigin.GENERATED and until is None and days is not None:
        until = f"{GENERATED_START + timedelta(days=days):%Y-%m-%dT%H:%M}"
    choice = market_choice(origin, None, until, seed, pairs, (), console)
    if days is None:
        return choice
    return replace(choice, data_from=max(choice.data_from, choice.data_to - timedelta(days=days)))


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[FitProgress], None]]:
    """A bar with the loss on a terminal; elsewhere a line for each fold."""
    seen: set[tuple[str, int]] = set()
    columns = TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[loss]}")
    with progress_bar(console, *columns) as bar:
        task = bar.add_task("reading the market, labelling", total=None, loss="")

        def show(progress: FitProgress) -> None:
            place = f"fold {progress.fold} of {progress.folds}" if progress.fold else "final fit"
            loss = (
                "" if math.isnan(progress.loss) else f"{progress.trees} trees, log loss {progress.loss:.4f}"
            )
            done = progress.fold or progress.folds
            bar.update(
                task,
                description=f"{progress.model}, {place}",
                total=progress.folds,
                completed=done,
                loss=loss,
            )
            if not console.is_terminal and (progress.model, progress.fold) not in seen:
                seen.add((progress.model, progress.fold))
                print_line(console, f"{progress.model}, {place}{': ' if loss else ''}{loss}")

        yield show
