"""`hydra check`: is the past what it was, and does nothing know the future?"""

from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hydra.backtest.parity import MOST_SHOWN, Difference, TableParity, check_parity
from hydra.cli.output import output_console
from hydra.db.engine import connect, database_url
from hydra.running.runs import read_run
from hydra.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Checks of trust: parity, look-ahead, warm-up.")


@app.command()
def parity(
    run_id: Annotated[int, typer.Option("--run", help="The run to decide again.", show_default=False)],
) -> None:
    """Decide a past run again and compare it, row by row, with what was recorded; status 1 if they differ."""
    url = database_url(load_settings())
    with (
        connect(url, autocommit=True) as connection,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("deciding again", total=1.0)
        tables = check_parity(
            connection, url, read_run(connection, run_id), lambda share: bar.update(task, completed=share)
        )
    print_parity(output_console(), tables)
    if any(table.differences for table in tables):
        raise typer.Exit(1)


def print_parity(console: Console, tables: list[TableParity]) -> None:
    """How many rows of each table were compared and differ, and the first of the differences."""
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for column in ("table", "rows compared", "differences"):
        shown.add_column(column, justify="left" if column == "table" else "right")
    for table in tables:
        colour = "red" if table.differences else "green"
        shown.add_row(table.table, f"{table.compared:,}", f"[{colour}]{len(table.differences):,}[/{colour}]")
    console.print(shown)
    for one in [one for table in tables for one in table.differences][:MOST_SHOWN]:
        place = ", ".join(str(part) for part in one.key)
        console.print(f"{one.table} ({place}): {_words(one)}", highlight=False, soft_wrap=True, markup=False)


def _words(one: Difference) -> str:
    if one.column is not None:
        return f"{one.column} was {one.recorded}, is {one.recomputed}"
    return "was not recorded" if one.recorded is None else "is recorded but does not come again"
