"""`hydra import`: files of history into the fact tables, each whole or not at all.

One transaction per file: its rows, record, quarantine, gaps and (Apache edition) rollups commit together, so
a kill leaves each file complete or absent. On the community edition the rollups are refreshed after the
commits; if that is interrupted, the next import does it.
Source: docs/architecture.md, law 3; C115, C124, C125, C133.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg

from hydra.db import locks, queries, rollups
from hydra.db.engine import connect
from hydra.errors import BadDataError, DatabaseError, RetryError
from hydra.exchange.archive.file_bytes import read_file_bytes
from hydra.exchange.archive.files import parse_file
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import Recognised
from hydra.ingest.fact_tables import FACT_TABLES
from hydra.ingest.gaps import record_gaps
from hydra.ingest.import_plan import ImportPlan, printable
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.merge import Merged, merge_rows
from hydra.ingest.rollup_freshness import finish_rollups, summarise_tables


@dataclass(frozen=True)
class FileResult:
    """The result of one file. error: why all of it was refused."""

    file: Recognised
    rows_read: int = 0
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    repeated: int = 0
    empty: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    notes: tuple[str, ...] = ()


class _Read(NamedTuple):
    sha256: str
    parsed: ParsedFile


def import_history(url: str, plan: ImportPlan, done: Callable[[FileResult], None]) -> list[FileResult]:
    """Import every file of `plan`; `done` is called with each result. A bad file does not stop the others.

    Raises:
        RetryError: another import is running on this database.
        DatabaseError: the server cannot be used, or was lost on the way: the files told to `done` are in.
    """
    results: list[FileResult] = []
    with connect(url, autocommit=True) as connection:
        try:
            _import_plan(connection, plan, results, done)
        except psycopg.Error as error:
            raise DatabaseError(_explained(error, len(results))) from error
    return results


def _import_plan(
    connection: psycopg.Connection,
    plan: ImportPlan,
    results: list[FileResult],
    done: Callable[[FileResult], None],
) -> None:
    _lock(connection)
    with connection.transaction():
        ensure_instruments(connection)
        _quarantine_unknown_symbols(connection, plan)
    finish_rollups(connection)
    for result in _import_files(connection, plan.files):
        results.append(result)
        done(result)
    finish_rollups(connection)
    if any(result.inserted for result in results):
        summarise_tables(connection, FACT_TABLES)


def _explained(error: psycopg.Error, files_in: int) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return f"the database has not HYDRA's schema ({reason}): run `hydra db up`, then import again"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"the user of HYDRA_DATABASE_URL may not import ({reason}): use the owner of the database"
    return (
        f"the database stopped the import ({reason}); {files_in:,} files were imported, nothing of the "
        "others: check that the server runs and has room, then import again"
    )


def _quarantine_unknown_symbols(connection: psycopg.Connection, plan: ImportPlan) -> None:
    """One quarantine row per file of an unknown symbol, which is refused as a whole."""
    rows = [
        {"origin": printable(other.path), "target_table": other.table_without_symbol, "reason": other.reason}
        for other in plan.not_imported
        if other.table_without_symbol
    ]
    with connection.cursor() as cursor:
        cursor.executemany(queries.load("ingest/add_unknown_symbol"), rows)


def _lock(connection: psycopg.Connection) -> None:
    # The session of an import that has just ended or was killed may still hold it.
    if not locks.take(connection, locks.IMPORT, wait_s=3.0):
        raise RetryError(
            "another import is running on this database: wait until it has ended, then try again"
        )


def _import_files(connection: psycopg.Connection, files: tuple[Recognised, ...]) -> Iterator[FileResult]:
    """Files one after another; the next is parsed while the previous one is written."""
    now = datetime.now(UTC)
    refreshes_later = rollups.uses_continuous_aggregates(connection)
    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead: list[Future[_Read]] = [reader.submit(_read, file, now) for file in files[:1]]
        for number, file in enumerate(files):
            reading = ahead.pop()
            ahead += [reader.submit(_read, following, now) for following in files[number + 1 : number + 2]]
            started = datetime.now(UTC)
            try:
                result = _import_one(connection, file, reading.result(), refreshes_later)
            except BadDataError as error:
                yield FileResult(file, error=str(error))
                continue
            seconds = (datetime.now(UTC) - started).total_seconds()
            yield FileResult(**{**vars(result), "seconds": seconds})


def _read(file: Recognised, now: datetime) -> _Read:
    source = read_file_bytes(file.path)
    return _Read(source.sha256, parse_file(file, source, now))


def _import_one(
    connection: psycopg.Connection, file: Recognised, read: _Read, refreshes_later: bool
) -> FileResult:
    with connection.transaction(force_rollback=False) as transaction:
        merged, batch_id = _store(connection, file, read)
        changed = merged.inserted + merged.newly_revised > 0
        if changed or not _is_known(connection, read.sha256, batch_id):
            _quarantine(connection, file, read.parsed, batch_id)
            fresh = not (refreshes_later and merged.inserted)
            _complete(connection, batch_id, merged, fresh)
        else:
            raise psycopg.Rollback(transaction)
    parsed = read.parsed
    reasons = parsed.rejected.group_by("reason").len().sort("len", descending=True)
    return FileResult(
        file,
        rows_read=parsed.rows_read,
        inserted=merged.inserted,
        unchanged=merged.unchanged,
        revised=merged.revised,
        repeated=parsed.repeated,
        empty=parsed.empty,
        quarantined=dict(reasons.iter_rows()),
        notes=parsed.notes,
    )


def _store(connection: psycopg.Connection, file: Recognised, read: _Read) -> tuple[Merged, int]:
    rollups.defer(connection)
    batch_id = _add_batch(connection, file, read)
    total = Merged(0, 0, 0)
    refreshes_now = not rollups.uses_continuous_aggregates(connection)
    for name, rows in read.parsed.tables.items():
        table, instrument_id = FACT_TABLES[name], file.pair.instrument_id
        merged = merge_rows(connection, table, instrument_id, rows, batch_id)
        total = Merged(*(one + other for one, other in zip(total, merged, strict=True)))
        if merged.inserted:
            if table.is_gridded:
                record_gaps(connection, table, instrument_id, rows)
            if refreshes_now and rollups.has_rollups(name):
                rollups.refresh(connection, name, rows["time"][0], rows["time"][-1], [instrument_id])
    return total, batch_id


def _add_batch(connection: psycopg.Connection, file: Recognised, read: _Read) -> int:
    times = [rows["time"] for rows in read.parsed.tables.values() if rows.height]
    spanned: dict[str, Any] = {
        "first_time": min((column[0] for column in times), default=None),
        "last_time": max((column[-1] for column in times), default=None),
    }
    row = connection.execute(
        queries.load("ingest/add_batch"),
        spanned
        | {
            "path": printable(file.path),
            "sha256": read.sha256,
            "layout": file.layout,
            "target_table": ", ".join(read.parsed.tables),
            "rows_read": read.parsed.rows_read,
            "rows_quarantined": read.parsed.rejected.height,
        },
    ).fetchone()
    if row is None:
        raise AssertionError("an INSERT ... RETURNING of one row gives one row")
    return int(row[0])


def _is_known(connection: psycopg.Connection, sha256: str, batch_id: int) -> bool:
    query = queries.load("ingest/file_is_known")
    found = connection.execute(query, {"sha256": sha256, "batch_id": batch_id}).fetchone()
    return bool(found and found[0])


def _quarantine(connection: psycopg.Connection, file: Recognised, parsed: ParsedFile, batch_id: int) -> None:
    if not parsed.rejected.height:
        return
    rejected = parsed.rejected
    connection.execute(
        queries.load("ingest/add_quarantined"),
        {
            "batch_id": batch_id,
            "origin": printable(file.path),
            "target_table": ", ".join(parsed.tables),
            "lines": rejected["line"].to_list(),
            "reasons": rejected["reason"].to_list(),
            "raws": rejected["raw"].to_list(),
        },
    )


def _complete(connection: psycopg.Connection, batch_id: int, merged: Merged, fresh: bool) -> None:
    connection.execute(
        queries.load("ingest/complete_batch"),
        {
            "batch_id": batch_id,
            "inserted": merged.inserted,
            "unchanged": merged.unchanged,
            "revised": merged.revised,
            "rollups_fresh": fresh,
        },
    )
