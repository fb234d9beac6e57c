"""`hydra import`: files of history into the fact tables, each whole or not at all.

Whatever happens in a file, while it is read or stored, is that file's result; the others come in.
One transaction per file: its rows, record, quarantine, gaps and (Apache edition) rollups commit together, so
a kill leaves each file complete or absent. On the community edition the rollups are refreshed after the
commits; if that is interrupted, the next import does it.
Source: docs/architecture.md, law 3; C115, C124, C125, C133.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg

from hydra.db import locks, queries, rollups
from hydra.db.engine import connect, is_lost
from hydra.errors import BadDataError, DatabaseError, DatabaseLostError, RetryError
from hydra.exchange.archive.file_bytes import read_file_bytes
from hydra.exchange.archive.files import parse_file
from hydra.exchange.archive.parsed_file import ParsedFile
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.refusals import first_line
from hydra.ingest.fact_tables import FACT_TABLES
from hydra.ingest.gaps import record_gaps
from hydra.ingest.held_prices import HeldPrices, OddPricesError
from hydra.ingest.import_plan import ImportPlan, printable
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.merge import Merged, merge_rows
from hydra.ingest.rollup_freshness import finish_rollups, summarise_tables


@dataclass(frozen=True)
class Choices:
    """What the operator chose for all files of one import.

    revise: other values replace stored facts. accept_prices: prices are not held against others. reason: why,
    in the operator's words. user: who, as the machine knows them.
    """

    revise: bool = False
    accept_prices: bool = False
    reason: str | None = None
    user: str = "unknown"


@dataclass(frozen=True)
class FileResult:
    """The result of one file. error: why all of it was refused.

    revised: rows that differ from the stored facts; replaced: those of them that were stored in a repair.
    by_table: the new rows of each table that the file feeds.
    """

    file: Recognised
    rows_read: int = 0
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    replaced: int = 0
    by_table: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    empty: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    notes: tuple[str, ...] = ()


class _Read(NamedTuple):
    sha256: str
    parsed: ParsedFile


def import_history(
    url: str, plan: ImportPlan, done: Callable[[FileResult], None], choices: Choices = Choices()
) -> list[FileResult]:
    """Import every file of `plan`; `done` is called with each result. A bad file does not stop the others.

    Raises:
        RetryError: another import is running on this database.
        DatabaseError: the server cannot be used, or was lost on the way: the files told to `done` are in.
    """
    results: list[FileResult] = []
    with connect(url, autocommit=True) as connection:
        try:
            _import_plan(connection, plan, results, done, choices)
        except psycopg.Error as error:
            kind = DatabaseLostError if is_lost(error) else DatabaseError
            raise kind(_explained(error, len(results))) from error
    return results


def _import_plan(
    connection: psycopg.Connection,
    plan: ImportPlan,
    results: list[FileResult],
    done: Callable[[FileResult], None],
    choices: Choices,
) -> None:
    _lock(connection)
    with connection.transaction():
        ensure_instruments(connection)
        _quarantine_unknown_symbols(connection, plan)
    finish_rollups(connection)
    for result in _import_files(connection, plan.files, choices):
        results.append(result)
        done(result)
    finish_rollups(connection)
    if any(result.inserted or result.replaced for result in results):
        summarise_tables(connection, FACT_TABLES)


def _explained(error: psycopg.Error, files_in: int) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return f"the database has not HYDRA's schema ({reason}): run `hydra db up`, then import again"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"the owner's login may not import ({reason}): run `hydra db up`, it mends the roles"
    return (
        f"the database stopped the import ({reason}); {files_in:,} files were imported, nothing of the "
        "others: check that the server runs and has room, then import again"
    )


def _quarantine_unknown_symbols(connection: psycopg.Connection, plan: ImportPlan) -> None:
    """One quarantine row per file of an unknown symbol, which is refused as a whole."""
    for other in plan.not_imported:
        if other.table_without_symbol:
            _quarantine_file(connection, other.path, other.table_without_symbol, other.reason)


def _quarantine_file(connection: psycopg.Connection, path: Path, tables: str, reason: str) -> None:
    values = {"origin": printable(path), "target_table": tables, "reason": reason}
    connection.execute(queries.load("ingest/add_refused_file"), values)


def _lock(connection: psycopg.Connection) -> None:
    # The session of an import that has just ended or was killed may still hold it.
    if not locks.take(connection, locks.IMPORT, wait_s=3.0):
        raise RetryError(
            "another import is running on this database: wait until it has ended, then try again"
        )


def _import_files(
    connection: psycopg.Connection, files: tuple[Recognised, ...], choices: Choices
) -> Iterator[FileResult]:
    """Files one after another; the next is parsed while the previous one is written."""
    now = datetime.now(UTC)
    held = None if choices.accept_prices else HeldPrices(connection)
    refreshes_later = rollups.uses_continuous_aggregates(connection)
    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead: list[Future[_Read]] = [reader.submit(_read, file, now) for file in files[:1]]
        for number, file in enumerate(files):
            reading = ahead.pop()
            ahead += [reader.submit(_read, following, now) for following in files[number + 1 : number + 2]]
            started = datetime.now(UTC)
            result = _result_of(connection, file, reading, refreshes_later, choices, held)
            seconds = (datetime.now(UTC) - started).total_seconds()
            yield replace(result, seconds=seconds)


def _result_of(
    connection: psycopg.Connection,
    file: Recognised,
    reading: Future[_Read],
    refreshes_later: bool,
    choices: Choices,
    held: HeldPrices | None,
) -> FileResult:
    """Import one file; an error that its content caused is its result.

    Values that the database cannot hold, or whose sums leave the range of a rollup, are the file's too. Any
    other error of the database stops the import.
    """
    try:
        read = reading.result()
        parsed = read.parsed if held is None else held.hold(file, read.parsed)
        return _import_one(connection, file, read._replace(parsed=parsed), refreshes_later, choices)
    except OddPricesError as error:
        with connection.transaction():
            _quarantine_file(connection, file.path, file.layout, printable(str(error)))
        return FileResult(file, error=printable(str(error)))
    except BadDataError as error:
        return FileResult(file, error=printable(str(error)))
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        refusal = f"the database refuses it ({first_line(error)}); download it again"
        return FileResult(file, error=f"{printable(file.path)}: {refusal}")


def _read(file: Recognised, now: datetime) -> _Read:
    source = read_file_bytes(file.path)
    return _Read(source.sha256, parse_file(file, source, now))


def _import_one(
    connection: psycopg.Connection, file: Recognised, read: _Read, refreshes_later: bool, choices: Choices
) -> FileResult:
    parsed = read.parsed
    with connection.transaction(force_rollback=False) as transaction:
        batch_id = _add_batch(connection, file, read.sha256, parsed, choices)
        by_table = _store(connection, file, parsed, batch_id, choices)
        merged = Merged(*(sum(counts) for counts in zip(*by_table.values(), strict=True)))
        changed = merged.inserted + merged.newly_revised > 0
        if changed or not _is_known(connection, read.sha256, batch_id):
            _quarantine(connection, file, parsed, batch_id)
            fresh = not (refreshes_later and merged.changes_facts)
            _complete(connection, batch_id, merged, fresh)
        else:
            raise psycopg.Rollback(transaction)
    reasons = parsed.rejected.group_by("reason").len().sort("len", descending=True)
    return FileResult(
        file,
        rows_read=parsed.rows_read,
        inserted=merged.inserted,
        unchanged=merged.unchanged,
        revised=merged.revised,
        replaced=merged.replaced,
        by_table={name: one.inserted for name, one in by_table.items()},
        repeated=parsed.repeated,
        empty=parsed.empty,
        quarantined=dict(reasons.iter_rows()),
        notes=parsed.notes,
    )


def _store(
    connection: psycopg.Connection, file: Recognised, parsed: ParsedFile, batch_id: int, choices: Choices
) -> dict[str, Merged]:
    """Store the rows of each table, with gaps and (Apache edition) rollups."""
    rollups.defer(connection)
    merged: dict[str, Merged] = {}
    refreshes_now = not rollups.uses_continuous_aggregates(connection)
    for name, rows in parsed.tables.items():
        table, instrument_id = FACT_TABLES[name], file.pair.instrument_id
        one = merge_rows(connection, table, instrument_id, rows, batch_id, revise=choices.revise)
        merged[name] = one
        if one.inserted and table.is_gridded:
            record_gaps(connection, table, instrument_id, rows)
        if one.changes_facts and refreshes_now and rollups.has_rollups(name):
            rollups.refresh(connection, name, rows["time"][0], rows["time"][-1], [instrument_id])
    return merged


def _add_batch(
    connection: psycopg.Connection, file: Recognised, sha256: str, parsed: ParsedFile, choices: Choices
) -> int:
    times = [rows["time"] for rows in parsed.tables.values() if rows.height]
    row = connection.execute(
        queries.load("ingest/add_batch"),
        {
            "first_time": min((column[0] for column in times), default=None),
            "last_time": max((column[-1] for column in times), default=None),
            "path": printable(file.path),
            "sha256": sha256,
            "layout": file.layout,
            "target_table": ", ".join(parsed.tables),
            "rows_read": parsed.rows_read,
            "rows_quarantined": parsed.rejected.height,
            "prices_accepted": choices.accept_prices,
            "user": choices.user,
            "reason": choices.reason,
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
            "replaced": merged.replaced,
            "rollups_fresh": fresh,
        },
    )
