"""`hydra report`: what came of a run."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hydra.answers.html_report.page import write_html_report
from hydra.answers.report import read_report, report_json
from hydra.answers.trade_table import write_csv
from hydra.bounds import LARGEST_KEY
from hydra.cli.output import output_console, print_json, print_whole
from hydra.cli.report_tables import print_report
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.settings import load_settings

MOST_LISTED: Final = 1_000_000


def command(
    run_id: Annotated[
        int,
        typer.Argument(min=1, max=LARGEST_KEY, metavar="RUN", help="The run's number.", show_default=False),
    ],
    trades: Annotated[
        int,
        typer.Option("--trades", help="How many trades to list, the newest.", min=0, max=MOST_LISTED),
    ] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything for machines.")] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write the report with its plots as one HTML page to this file."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="Write the trades to this file; into an existing folder, the figures and facts too."
        ),
    ] = None,
) -> None:
    """The report of a run: equity, drawdown, trades, costs and vetoes, with confidence intervals."""
    with connect(database_url(load_settings(), Role.READER)) as connection:
        if html is not None:
            write_html_report(connection, run_id, html)
            print_whole(f"The report of run {run_id} is written to {html}")
        if csv is not None:
            for path in write_csv(read_report(connection, run_id), csv):
                print_whole(f"Written: {path}")
        if html is not None or csv is not None:
            return
        report = read_report(connection, run_id)
    if as_json:
        print_json(report_json(report))
    else:
        print_report(output_console(), report, trades)
