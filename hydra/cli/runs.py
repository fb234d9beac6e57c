"""`hydra runs`: list them, delete some."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.table import Table

from hydra.answers.formatting import UNDEFINED, minute_text
from hydra.answers.run_list import RunSummary, list_runs
from hydra.bounds import LARGEST_KEY
from hydra.cli.output import ask, error_console, open_table, output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.settings import load_settings
from hydra.trading.delete_runs import delete_runs, run_words
from hydra.trading.runs import read_run
from hydra.trading.versions import own_version

app = typer.Typer(no_args_is_help=True, add_completion=False, help="List the stored runs, or delete some.")


@app.command("list")
def runs_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print the runs for machines.")] = False,
) -> None:
    """List every run: how far it came, what it holds, whether a kill switch stops it."""
    with connect(database_url(load_settings(), Role.READER)) as connection:
        runs = list_runs(connection)
    if as_json:
        print_json([run.as_json() for run in runs])
    elif runs:
        console = output_console()
        console.print(run_table(runs))
        for line in run_lines(runs):
            print_line(console, line)
    else:
        print_line(output_console(), "There are no runs yet: start one with `hydra run` or `hydra backtest`.")


@app.command("delete")
def runs_delete(
    numbers: Annotated[
        list[int], typer.Argument(min=1, max=LARGEST_KEY, metavar="RUN...", help="The runs' numbers.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete runs with all their rows. Markets stay; a backtest stays counted as a trial (ml.trials)."""
    with connect(database_url(load_settings(), Role.OWNER), autocommit=True) as connection:
        runs = [read_run(connection, number) for number in dict.fromkeys(numbers)]
        for run in runs:
            span = f"{minute_text(run.data_from)} to {minute_text(run.data_to)} UTC"
            print_line(error_console(), f"Run {run.run_id}: {run.mode}, {run.label} market, {span}")
        words = run_words([run.run_id for run in runs])
        if not yes:
            ask(f"Delete {words} with all rows?")
        delete_runs(connection, [run.run_id for run in runs])
    print_line(error_console(), f"Deleted {words}.")


def run_table(runs: Sequence[RunSummary]) -> Table:
    """Runs as a table for 80 columns."""
    table = open_table(("run", "mode", "market", "state"), ("until (UTC)", "equity USDT", "trades", "open"))
    for run in runs:
        table.add_row(
            str(run.run_id),
            run.mode,
            run.label,
            run.state,
            minute_text(run.decided_until),
            UNDEFINED if run.equity_usd is None else f"{run.equity_usd:,.2f}",
            str(run.closed_trades),
            str(run.open_positions),
        )
    return table


def run_lines(runs: Sequence[RunSummary]) -> Iterator[str]:
    """What stands below the table: the urgent first."""
    yield from latched_lines(runs)
    yield from dead_lines(runs)
    yield from model_lines(runs)
    yield from override_lines(runs)
    yield from version_lines(runs)


def latched_lines(runs: Sequence[RunSummary]) -> Iterator[str]:
    """Which runs a kill switch stops, whole or some pairs of them: one pair stopped is not all stopped."""
    stopped = [f"run {run.run_id} ({', '.join(run.latched)})" for run in runs if run.latched]
    if stopped:
        yield f"Kill switch latched: {', '.join(stopped)}"


def dead_lines(runs: Sequence[RunSummary]) -> Iterator[str]:
    """A line for each run that no process supervises although it has not ended."""
    for run in runs:
        if run.is_live is False:
            yield (
                f"Run {run.run_id} is dead: no process supervises it, nothing happens to its open positions. "
                f"`hydra run --resume {run.run_id}` goes on with it"
            )


def model_lines(runs: Sequence[RunSummary]) -> Iterator[str]:
    """Which models score, and a line for each run that asks for another."""
    scored = [f"run {run.run_id} ({run.model})" for run in runs if run.model is not None]
    if scored:
        yield f"Scored by a model: {', '.join(scored)}"
    for run in runs:
        if run.model_complaint is not None:
            yield f"Run {run.run_id} is scored by {run.model or 'the rule'}: {run.model_complaint}"


def version_lines(runs: Sequence[RunSummary]) -> Iterator[str]:
    """Which runs were upgraded, and which ones only another version would continue."""
    upgraded = [run.run_id for run in runs if run.versions > 1]
    if upgraded:
        yield f"Decided by several versions: {run_words(upgraded)}; `hydra report` names them"
    others = [run.run_id for run in runs if run.can_go_on and run.version != own_version()]
    if others:
        yield f"Of another version than this: {run_words(others)}; `hydra run --resume` says what differs"


def override_lines(runs: Sequence[RunSummary]) -> Iterator[str]:
    """A line for each run that was not made with the defaults alone."""
    for run in runs:
        if run.overrides:
            yield f"Run {run.run_id} with {', '.join(one.assignment for one in run.overrides)}"
