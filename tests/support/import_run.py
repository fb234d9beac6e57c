"""A database to import into: runs imports, reads what is stored, and is empty again afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from hydra.db.rollups import refresh, uses_continuous_aggregates
from hydra.ingest.fact_tables import FACT_TABLES
from hydra.ingest.history import Choices, FileResult, import_history
from hydra.ingest.import_plan import plan_import

AS_USUAL = Choices()
RECORDS = ("quarantine", "revisions", "gaps", "import_batches")


@dataclass(frozen=True)
class ImportRun:
    """A migrated database, the folder of its files, and a connection to look at it."""

    url: str
    folder: Path
    connection: psycopg.Connection

    def write(self, name: str, *lines: str) -> Path:
        """A file of history below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def run(self, *paths: Path, choices: Choices = AS_USUAL) -> list[FileResult]:
        """Import `paths` (the whole folder if none)."""
        return import_history(self.url, plan_import(paths or [self.folder]), lambda _result: None, choices)

    def counts(self, *paths: Path, choices: Choices = AS_USUAL) -> tuple[int, int, int]:
        """Import, and say how many rows were inserted, unchanged, revised."""
        results = self.run(*paths, choices=choices)
        assert [result.error for result in results if result.error] == []
        return (
            sum(result.inserted for result in results),
            sum(result.unchanged for result in results),
            sum(result.revised for result in results),
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query by the test."""
        return self.connection.execute(sql.SQL(query)).fetchall()


@contextmanager
def import_run(url: str, folder: Path) -> Iterator[ImportRun]:
    """Give the database; afterwards remove every fact and record."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield ImportRun(url, folder, connection)
        for name in (*RECORDS, *FACT_TABLES):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("market", name)))
        if uses_continuous_aggregates(connection):
            for source in ("candles_1m", "open_interest"):
                refresh(connection, source, datetime(2025, 1, 1, tzinfo=UTC), datetime.now(UTC))
