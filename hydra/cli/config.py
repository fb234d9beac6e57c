"""`hydra config show`: the effective settings, secrets hidden."""

from typing import Annotated

import typer
from rich.table import Table

from hydra.cli.output import open_table, output_console, print_json, print_line
from hydra.readings import readings_hash
from hydra.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look at the effective settings.")


@app.callback()
def config() -> None:
    """Look at the effective settings."""


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Print every setting with its value; of a secret only whether it is set."""
    settings = load_settings()
    if as_json:
        values = {key: value for key, value, _ in settings.described()}
        print_json({"settings": values, "readings_hash": readings_hash()})
        return
    console = output_console()
    console.print(_table(settings))
    print_line(console, f"readings in force: {readings_hash()} (docs/readings.md)")


def _table(settings: Settings) -> Table:
    table = open_table(("setting", "value", "what it does"))
    for column in table.columns[:2]:
        column.no_wrap = True
    for row in settings.described():
        table.add_row(*row)
    return table
