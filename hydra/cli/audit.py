"""`hydra audit`: does anything in the database contradict itself?"""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hydra.answers.audits import Finding, run_audits
from hydra.answers.styled_text import styled
from hydra.cli.output import open_table, output_console, print_json
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.settings import load_settings


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings for machines.")] = False,
) -> None:
    """Run every audit; exit status 1 if one of them found something."""
    with connect(database_url(load_settings(), Role.READER)) as connection:
        findings = run_audits(connection)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_findings(output_console(), findings)
    if not all(finding.is_clean for finding in findings):
        raise typer.Exit(1)


def print_findings(console: Console, findings: list[Finding]) -> None:
    """The table of all audits, then the first rows of each finding."""
    console.print(_table(findings))
    dirty = [finding for finding in findings if not finding.is_clean]
    for finding in dirty:
        _print_rows(console, finding)
    if dirty:
        console.print(styled((f"{len(dirty)} of {len(findings)} audits found something.", "red")))
    else:
        console.print(styled((f"{len(findings)} audits found nothing.", "green")))


def _table(findings: list[Finding]) -> Table:
    table = open_table(("audit",), ("rows found",))
    table.columns[0].no_wrap = True
    for finding in findings:
        colour = "green" if finding.is_clean else "red"
        table.add_row(finding.audit, styled((f"{finding.rows_found:,}", colour)))
    return table


def _print_rows(console: Console, finding: Finding) -> None:
    console.print(styled((finding.audit, "red"), f": {finding.question}"), soft_wrap=True)
    for row in finding.first_rows:
        named = ", ".join(f"{column}={value}" for column, value in zip(finding.columns, row, strict=True))
        console.print(f"  {named}", soft_wrap=True)
    more = finding.rows_found - len(finding.first_rows)
    if more:
        console.print(f"  and {more:,} more: sql/audits/{finding.audit}.sql")
