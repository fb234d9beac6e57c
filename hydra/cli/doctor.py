"""`hydra doctor`: can HYDRA run here?"""

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hydra.runtime.health import Check, Verdict, examine

COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


def command() -> None:
    """Check Python, disk, settings, database, clock and schema; exit status 1 if something must be mended."""
    checks = list(examine())
    Console().print(_table(checks))
    if any(check.verdict is Verdict.FAIL for check in checks):
        raise typer.Exit(1)


def _table(checks: list[Check]) -> Table:
    table = Table("check", "", "seen", "what to do")
    for check in checks:
        colour = COLOURS[check.verdict]
        table.add_row(
            check.subject, f"[{colour}]{check.verdict}[/{colour}]", escape(check.seen), check.advice
        )
    return table
