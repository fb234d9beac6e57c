"""`hydra import`: market history from files."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hydra.db.engine import database_url
from hydra.ingest.history import FileResult, ImportPlan, import_history, plan_import
from hydra.settings import load_settings

Reporter = Callable[[FileResult], None]


def command(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders, any number.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary for machines.")] = False,
) -> None:
    """Import market history: the exchange's public archive (csv, zip) and recorded Parquet folders.

    Each file comes in whole or not at all; importing again changes nothing. Exit status 1 if a file
    could not be read.
    """
    plan = plan_import(paths)
    url = database_url(load_settings())
    console = Console()
    started = time.monotonic()
    with _reporter(console, plan, quiet=as_json) as report:
        results = import_history(url, plan, report)
    seconds = time.monotonic() - started
    if as_json:
        typer.echo(json.dumps(_as_json(plan, results, seconds), indent=2))
    else:
        _print_summary(console, plan, results, seconds)
    if any(result.error for result in results):
        raise typer.Exit(1)


@contextmanager
def _reporter(console: Console, plan: ImportPlan, *, quiet: bool) -> Iterator[Reporter]:
    """A progress bar on a terminal, a line a file elsewhere, nothing for machines."""
    if quiet:
        yield lambda _result: None
    elif console.is_terminal:
        with _bar(console) as progress:
            task = progress.add_task("", total=plan.size_bytes, rows=0, rate=0)
            yield _advancing(progress, task)
    else:
        yield lambda result: console.print(_line(result), soft_wrap=True, highlight=False)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("importing {task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,} rows/s"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _advancing(progress: Progress, task: object) -> Reporter:
    started, rows = time.monotonic(), 0

    def report(result: FileResult) -> None:
        nonlocal rows
        rows += result.rows_read
        progress.update(
            task,  # type: ignore[arg-type]
            advance=result.file.path.stat().st_size,
            description=result.file.path.name,
            rows=rows,
            rate=int(rows / max(time.monotonic() - started, 1e-3)),
        )

    return report


def _line(result: FileResult) -> str:
    if result.error:
        return f"refused {result.error}"
    return (
        f"{result.file.path}: {result.inserted:,} new, {result.unchanged:,} unchanged, "
        f"{result.revised:,} revised, {sum(result.quarantined.values()):,} quarantined"
    )


def _by_layout(results: list[FileResult]) -> dict[str, list[FileResult]]:
    grouped: dict[str, list[FileResult]] = defaultdict(list)
    for result in results:
        minutes = result.file.timeframe_minutes
        grouped[f"{result.file.layout} {minutes} m" if minutes else str(result.file.layout)].append(result)
    return grouped


def _counts(results: list[FileResult]) -> dict[str, int]:
    """Rows stand twice (repeated) or say nothing (empty): they are counted, and dropped."""
    return {
        "files": len(results),
        "read": sum(result.rows_read for result in results),
        "inserted": sum(result.inserted for result in results),
        "unchanged": sum(result.unchanged for result in results),
        "revised": sum(result.revised for result in results),
        "repeated": sum(result.repeated for result in results),
        "empty": sum(result.empty for result in results),
        "quarantined": sum(sum(result.quarantined.values()) for result in results),
    }


def _reasons(results: list[FileResult]) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for result in results:
        reasons.update(result.quarantined)
    return reasons


def _print_summary(console: Console, plan: ImportPlan, results: list[FileResult], seconds: float) -> None:
    table = Table("layout", *_counts([]), title=f"imported in {seconds:.1f} s")
    for layout, group in _by_layout(results).items():
        table.add_row(layout, *(f"{count:,}" for count in _counts(group).values()))
    if results:
        table.add_section()
        table.add_row("all", *(f"{count:,}" for count in _counts(results).values()))
        console.print(table)
    for reason, count in _reasons(results).most_common():
        console.print(f"quarantined: {count:,} rows: {reason}", soft_wrap=True, highlight=False)
    for reason, count in Counter(other.reason for other in plan.not_imported).most_common():
        console.print(f"not imported: {count:,} files: {reason}", soft_wrap=True, highlight=False)
    for result in results:
        if result.error:
            console.print(f"[red]refused:[/red] {result.error}", soft_wrap=True, highlight=False)
    read = _counts(results)["read"]
    console.print(f"{read:,} rows read, {read / max(seconds, 1e-9):,.0f} rows/s", highlight=False)


def _as_json(plan: ImportPlan, results: list[FileResult], seconds: float) -> dict[str, object]:
    return {
        "seconds": seconds,
        "layouts": {layout: _counts(group) for layout, group in _by_layout(results).items()},
        "all": _counts(results),
        "quarantined": dict(_reasons(results)),
        "refused": [result.error for result in results if result.error],
        "not_imported": [{"path": str(other.path), "reason": other.reason} for other in plan.not_imported],
    }
