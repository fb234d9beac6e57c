"""`hydra backfill`: the history that a connected exchange still has, into the database."""

import time
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from hydra.cli import db
from hydra.cli.output import TextConsole, open_table, print_line, progress_bar
from hydra.cli.run import base_names
from hydra.exchange.connect import EXCHANGES
from hydra.ingest.backfill import KEPT, Filled
from hydra.ingest.exchange_history import TABLES, fetch_history
from hydra.settings import load_settings

MOST_DAYS: Final = 3_650


def command(
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days before today.")],
    exchange: Annotated[
        str, typer.Option(metavar="NAME", help=f"{', '.join(EXCHANGES)}: whose history.")
    ] = "binance",
    pairs: Annotated[str, typer.Option(help="Pairs, comma-separated; all if none.")] = "",
) -> None:
    """Fetch history from an exchange within its limits. Stopped or killed, it goes on where it was."""
    settings, names = load_settings(), base_names(pairs)
    db.up()
    console = TextConsole()
    started = time.monotonic()
    columns = (
        TextColumn("fetching"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} rows/s"),
        TimeRemainingColumn(),
    )
    with progress_bar(console, *columns) as bar:
        task = bar.add_task("", total=1.0, rows=0, rate=0.0)

        def show(share: float, rows: int) -> None:
            rate = rows / max(time.monotonic() - started, 1e-9)
            bar.update(task, completed=share, rows=rows, rate=rate)

        filled = fetch_history(settings, exchange, names, days, show)
    _summarise(console, filled, time.monotonic() - started)


def _summarise(console: TextConsole, filled: list[Filled], seconds: float) -> None:
    table = open_table(("table",), ("series", "new", "equal", "other", "from", "to (UTC)"))
    for name in TABLES:
        some = [one for one in filled if one.series.table == name]
        if some:
            table.add_row(
                name,
                f"{len(some)}",
                f"{sum(one.inserted for one in some):,}",
                f"{sum(one.unchanged for one in some):,}",
                f"{sum(one.revised for one in some):,}",
                f"{min(one.series.start for one in some):%Y-%m-%d %H:%M}",
                f"{max(one.series.end for one in some):%Y-%m-%d %H:%M}",
            )
    console.print(table)
    rows = sum(one.inserted + one.unchanged + one.revised for one in filled)
    pages = sum(one.pages for one in filled)
    print_line(console, f"{rows:,} rows in {pages:,} pages, {seconds:.1f} s")
    if any(one.series.table in KEPT for one in filled):
        print_line(
            console,
            f"The exchange keeps {' and '.join(KEPT)} of {KEPT['open_interest'].days} days only (C108).",
        )
