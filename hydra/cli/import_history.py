"""`hydra import`: market history from files."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from hydra.cli.operator_name import operator_name
from hydra.cli.output import open_table, output_console, print_json
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import StopError
from hydra.ingest.history import Choices, FileResult, import_history
from hydra.ingest.import_plan import ImportPlan, plan_import, printable
from hydra.outside_text import shown
from hydra.settings import load_settings

Reporter = Callable[[FileResult], None]
WIDE_COLUMNS = 110
MOST_NAMED = 5


def command(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders, any number.", show_default=False)],
    revise: Annotated[
        bool, typer.Option("--revise", help="Other values replace stored facts; needs --reason.")
    ] = False,
    accept_prices: Annotated[
        bool, typer.Option("--accept-prices", help="Take prices that cannot be; needs --reason.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary for machines.")] = False,
) -> None:
    """Import market history: the exchange's public archive (csv, zip) and recorded Parquet folders.

    Each file comes in whole or not at all; importing again changes nothing. Exit status 1 if a file
    or folder could not be read, or if there was nothing to import.
    """
    choices = _choices(revise=revise, accept_prices=accept_prices, reason=reason)
    plan = plan_import(paths)
    url = database_url(load_settings(), Role.OWNER)
    console = output_console()
    started = time.monotonic()
    with _reporter(console, plan, quiet=as_json) as report:
        results = import_history(url, plan, report, choices)
    seconds = time.monotonic() - started
    if as_json:
        print_json(_as_json(plan, results, seconds))
    else:
        _print_summary(console, plan, results, seconds)
    if _refused(plan, results) or not plan.files:
        raise typer.Exit(1)


def _choices(*, revise: bool, accept_prices: bool, reason: str | None) -> Choices:
    words = (reason or "").strip()
    if (revise or accept_prices) and not words:
        raise StopError(
            'a repair of stored facts, or prices that cannot be, need a reason for the record: --reason "..."'
        )
    return Choices(revise=revise, accept_prices=accept_prices, reason=words or None, user=operator_name())


@contextmanager
def _reporter(console: Console, plan: ImportPlan, *, quiet: bool) -> Iterator[Reporter]:
    """A progress bar on a terminal, one line per file elsewhere, nothing with --json."""
    if quiet:
        yield lambda _result: None
    elif console.is_terminal:
        with _bar(console) as progress:
            task = progress.add_task("", total=plan.size_bytes, rows=0, rate=0)
            yield _advancing(progress, task, plan)
    else:
        yield lambda result: console.print(_line(result), soft_wrap=True)


def _bar(console: Console) -> Progress:
    return Progress(
        TaskProgressColumn(),
        BarColumn(bar_width=14),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,} rows/s"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
    )


def _advancing(progress: Progress, task: TaskID, plan: ImportPlan) -> Reporter:
    started, rows, sizes = time.monotonic(), 0, iter(plan.sizes_bytes)

    def report(result: FileResult) -> None:
        nonlocal rows
        rows += result.rows_read
        progress.update(
            task,
            advance=next(sizes),
            description=shown(result.file.path.name),
            rows=rows,
            rate=int(rows / max(time.monotonic() - started, 1e-3)),
        )

    return report


def _line(result: FileResult) -> str:
    if result.error:
        return f"refused {result.error}"
    revised = "replaced" if result.replaced else "revised"
    return (
        f"{printable(result.file.path)}: {result.inserted:,} new, {result.unchanged:,} unchanged, "
        f"{result.revised:,} {revised}, {sum(result.quarantined.values()):,} quarantined"
    )


def _by_layout(results: list[FileResult]) -> dict[str, list[FileResult]]:
    grouped: dict[str, list[FileResult]] = defaultdict(list)
    for result in results:
        minutes = result.file.timeframe_minutes
        grouped[f"{result.file.layout} {minutes} m" if minutes else str(result.file.layout)].append(result)
    return grouped


def _counts(results: list[FileResult]) -> dict[str, int]:
    return {
        "files": len(results),
        "read": sum(result.rows_read for result in results),
        "new": sum(result.inserted for result in results),
        "unchanged": sum(result.unchanged for result in results),
        "revised": sum(result.revised for result in results),
        "quarantined": sum(sum(result.quarantined.values()) for result in results),
    }


def _dropped(results: list[FileResult]) -> dict[str, int]:
    """Rows that are neither stored nor wrong."""
    return {
        "equal to a row before in the same file": sum(result.repeated for result in results),
        "without any value": sum(result.empty for result in results),
    }


def _refused(plan: ImportPlan, results: list[FileResult]) -> list[str]:
    """Files and folders from which nothing was imported, with the reason."""
    return [*plan.unreadable, *(result.error for result in results if result.error)]


def _reasons(results: list[FileResult]) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for result in results:
        reasons.update(result.quarantined)
    return reasons


def _print_summary(console: Console, plan: ImportPlan, results: list[FileResult], seconds: float) -> None:
    if results:
        console.print(_summary_table(results, has_room=console.width >= WIDE_COLUMNS))
    lines = [f"dropped: {count:,} rows {what}" for what, count in _dropped(results).items() if count]
    lines += [f"quarantined: {count:,} rows: {reason}" for reason, count in _reasons(results).most_common()]
    lines += _notes(results)
    lines += _not_imported(plan)
    lines += [f"refused: {reason}" for reason in _refused(plan, results)]
    read = _counts(results)["read"]
    lines.append(
        f"{read:,} rows read in {seconds:.1f} s, {_rate(read, seconds):,} rows/s"
        if plan.files
        else "nothing to import: name the exchange's archive files or folders such as candles_1m"
    )
    for line in lines:
        console.print(line, soft_wrap=True)


def _notes(results: list[FileResult]) -> list[str]:
    """How files were read, which rows feed two tables, what a repair replaced, and what waits for one."""
    lines = [f"note: {printable(note)}" for result in results for note in result.notes]
    for layout, group in _by_layout(results).items():
        fed: Counter[str] = Counter()
        for result in group:
            fed.update(result.by_table)
        if len(fed) > 1:
            tables = " and ".join(f"{name} ({count:,} new)" for name, count in fed.items())
            lines.append(f"note: {layout}: one row feeds two tables and counts in each: {tables}")
    replaced = sum(result.replaced for result in results)
    if replaced:
        lines.append(f"note: stored facts replaced: {replaced:,}; audit.replaced_facts shows both values")
    if waiting := sum(result.revised for result in results) - replaced:
        lines.append(
            f"note: rows with other values than the stored ones: {waiting:,}; the stored ones stay, "
            "these wait in market.revisions; `--revise` takes them"
        )
    return lines


def _not_imported(plan: ImportPlan) -> list[str]:
    """The reasons with their files; of many, the first ones are named."""
    files: dict[str, list[str]] = defaultdict(list)
    for other in plan.not_imported:
        files[other.reason].append(printable(other.path))
    return [
        f"not imported: {len(named):,} files: {reason} "
        f"({', '.join(named[:MOST_NAMED])}{', ...' if len(named) > MOST_NAMED else ''})"
        for reason, named in sorted(files.items(), key=lambda item: -len(item[1]))
    ]


def _summary_table(results: list[FileResult], *, has_room: bool) -> Table:
    table = open_table(("layout",), (*_counts([]), *(("seconds", "rows/s") if has_room else ())))
    for layout, group in _by_layout(results).items():
        table.add_row(*_cells(layout, group, has_room=has_room))
    table.add_section()
    table.add_row(*_cells("all", results, has_room=has_room))
    return table


def _cells(layout: str, results: list[FileResult], *, has_room: bool) -> list[str]:
    counts, seconds = _counts(results), _seconds(results)
    speed = [f"{seconds:.1f}", f"{_rate(counts['read'], seconds):,}"] if has_room else []
    return [layout, *(f"{count:,}" for count in counts.values()), *speed]


def _seconds(results: list[FileResult]) -> float:
    return sum(result.seconds for result in results)


def _rate(rows: int, seconds: float) -> int:
    return round(rows / max(seconds, 1e-3))


def _as_json(plan: ImportPlan, results: list[FileResult], seconds: float) -> dict[str, object]:
    layouts = {
        layout: {**_counts(group), "seconds": _seconds(group)}
        for layout, group in _by_layout(results).items()
    }
    return {
        "seconds": seconds,
        "layouts": layouts,
        "all": _counts(results),
        "dropped": _dropped(results),
        "quarantined": dict(_reasons(results)),
        "refused": _refused(plan, results),
        "notes": [line.removeprefix("note: ") for line in _notes(results)],
        "replaced": sum(result.replaced for result in results),
        "not_imported": [
            {"path": printable(other.path), "reason": other.reason} for other in plan.not_imported
        ],
    }
