"""`hydra backfill`: the history that a connected exchange still has, into the database."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from hydra.cli import db, import_history
from hydra.cli.output import TextConsole, open_table, print_line, progress_bar
from hydra.cli.pair_names import base_names
from hydra.errors import StopError
from hydra.exchange.connect import EXCHANGES
from hydra.ingest.archive_download import archive_paths, download
from hydra.ingest.backfill import KEPT, Filled
from hydra.ingest.exchange_history import TABLES, fetch_history
from hydra.paths import state_directory
from hydra.settings import Settings, load_settings
from hydra.universe import UNIVERSE

MOST_DAYS: Final = 3_650


class HistorySource(StrEnum):
    """Where history comes from."""

    REST = "REST"
    ARCHIVE = "archive"


def command(
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days before today.")],
    exchange: Annotated[
        str, typer.Option(metavar="NAME", help=f"{', '.join(EXCHANGES)}: whose history.")
    ] = "binance",
    pairs: Annotated[str, typer.Option(help="Pairs, comma-separated; all if none.")] = "",
    source: Annotated[
        HistorySource,
        typer.Option("--from", help="REST: the exchange itself; archive: Binance's files of whole days."),
    ] = HistorySource.REST,
    with_trades: Annotated[
        bool, typer.Option("--with-trades", help="From the archive: every trade too (millions a day).")
    ] = False,
) -> None:
    """Fetch history within the exchange's limits. Stopped or killed, it goes on where it was.

    From the archive come the days until yesterday, verified by checksums; exit status 1 if a file is refused.
    """
    settings, names = load_settings(), base_names(pairs)
    if source is HistorySource.ARCHIVE and exchange != "binance":
        raise StopError(f"--from archive: {exchange} has no archive that HYDRA reads; leave out --exchange")
    if with_trades and source is HistorySource.REST:
        raise StopError("--with-trades needs --from archive: by REST a day of trades takes hours")
    db.up()
    console = TextConsole()
    if source is HistorySource.REST:
        _from_exchange(console, settings, exchange, names, days)
    else:
        _from_archive(console, settings, names, days, with_trades=with_trades)


def _from_exchange(
    console: TextConsole, settings: Settings, exchange: str, names: tuple[str, ...], days: int
) -> None:
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


def _from_archive(
    console: TextConsole, settings: Settings, names: tuple[str, ...], days: int, *, with_trades: bool
) -> None:
    symbols = [pair.exchange_symbol for pair in UNIVERSE if not names or pair.base in names]
    today = datetime.now(UTC).date()
    first, last = today - timedelta(days=days), today - timedelta(days=1)
    paths = archive_paths(symbols, first, last, today, with_trades=with_trades)
    folder = state_directory() / "archive"
    with progress_bar(console, TextColumn("fetching"), BarColumn(), TaskProgressColumn()) as bar:
        task = bar.add_task("", total=len(paths))
        fetched = asyncio.run(
            download(settings.archive_url, paths, folder, lambda _one: bar.update(task, advance=1))
        )
    there = [one.path for one in fetched if one.path is not None]
    missing = [one.name for one in fetched if one.path is None and one.error is None]
    for refused in (one.error for one in fetched if one.error is not None):
        print_line(console, refused)
    words = f"{len(there):,} files of the archive are in {folder}"
    print_line(console, f"{words}; it has none of {len(missing):,} others" if missing else words)
    if there:
        import_history.command(there, as_json=False)
    if not there or any(one.error for one in fetched):
        raise typer.Exit(1)


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
