"""`hydra upkeep`: let old facts go, and bring rollups up to date, by hand. A run does it by itself."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from hydra.answers.formatting import counted
from hydra.cli import db
from hydra.cli.output import output_console, print_json, print_line
from hydra.cli.table_sizes import size_table
from hydra.db.engine import connect
from hydra.db.retention import Applied, apply_retention, table_sizes
from hydra.db.rollups import refresh_marked


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything for machines.")] = False,
) -> None:
    """Drop the facts that are older than their window (RETENTION_DAYS), and say how large each table is."""
    with connect(db.up(), autocommit=True) as connection:
        minutes = refresh_marked(connection, datetime.now(UTC))
        applied = apply_retention(connection)
        sizes = table_sizes(connection)
    if as_json:
        tables = [one._asdict() for one in sizes]
        print_json({"retention": [one._asdict() for one in applied], "tables": tables, "minutes": minutes})
        return
    console = output_console()
    if sizes:
        console.print(size_table(sizes))
    for line in (*map(_line, applied), f"rollups: {counted(minutes, 'minute')} brought up to date"):
        if line:
            print_line(console, line)


def _line(applied: Applied) -> str:
    if applied.keep_days is None:
        return ""
    dropped = counted(applied.dropped_chunks, "chunk")
    return f"{applied.source_table}: kept for {applied.keep_days} days, {dropped} dropped"
