"""`hydra doctor`: can HYDRA run here?"""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hydra.answers.plain_values import plain
from hydra.cli.output import output_console, print_line
from hydra.runtime.health import HealthCheck, HealthVerdict, examine

COLOURS = {HealthVerdict.OK: "green", HealthVerdict.WARN: "yellow", HealthVerdict.FAIL: "red"}


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks for machines.")] = False,
) -> None:
    """Check Python, disk, settings, database, clock and schema; exit status 1 if a check fails."""
    checks = list(examine())
    if as_json:
        typer.echo(json.dumps(plain(checks), indent=2))
    else:
        console = output_console()
        for check in checks:
            _print_check(console, check)
    if any(check.verdict is HealthVerdict.FAIL for check in checks):
        raise typer.Exit(1)


def _print_check(console: Console, check: HealthCheck) -> None:
    colour = COLOURS[check.verdict]
    verdict = f"[{colour}]{check.verdict:4}[/{colour}]"
    print_line(console, f"{verdict} [bold]{check.subject:9}[/bold] {escape(check.seen)}")
    if check.advice:
        print_line(console, f"     what to do: {escape(check.advice)}")
