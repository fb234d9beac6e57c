"""`hydra import` against the plain binary COPY of the same, already encoded rows.

The peer sends bytes that are ready into an identical hypertable with its key, one transaction a file. HYDRA
reads, checks and judges the files, encodes the rows, and keeps the record of the files and the gaps. Five-
minute candles have no rollups; of one-minute candles all rollups are up to date at the end.
Apache edition, medians of three. Source: docs/architecture.md, "Budgets".
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
from psycopg import sql

from hydra.db.copy import encoded
from hydra.db.engine import connect
from hydra.exchange.archive.file_bytes import read_file_bytes
from hydra.exchange.archive.files import parse_file
from hydra.exchange.archive.recognition import Recognised
from hydra.ingest.history import import_history
from hydra.ingest.import_plan import ImportPlan, plan_import
from tests.bench.result import Result, at_least, reported
from tests.support.recorded_market import RECORDED, is_recorded
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server

RUNS = 3
PEER = "COPY of the same encoded rows"
CREATE_PEER = (
    "CREATE TABLE peer (LIKE {} INCLUDING INDEXES)",
    "SELECT create_hypertable('peer', by_range('time', interval '30 days'), create_default_indexes => false)",
)


def measure() -> list[Result]:
    """Ratios and rows per second; nothing where the recorded markets are absent."""
    if not is_recorded():
        return []
    with apache_server() as url:
        server = TestServer(url)
        results = [
            *_against_copy(server, "candles_5m", "candles_5m_recorded", "without rollups", 0.4),
            *_against_copy(server, "candles_1m", "candles_1m", "with all rollups", 0.2),
            *_everything(server),
        ]
        server.close()
    return results


def _against_copy(server: TestServer, folder: str, table: str, what: str, budget: float) -> list[Result]:
    plan = plan_import([RECORDED / folder])
    frames = [_stored_rows(file, table) for file in plan.files]
    rows, blocks = sum(frame.height for frame in frames), [list(encoded(frame)) for frame in frames]
    columns = frames[0].columns
    copying, importing = [], []
    for _ in range(RUNS):
        copying.append(_on_fresh(server, lambda url: _copy(url, table, columns, blocks)))
        importing.append(_on_fresh(server, lambda url: _import(url, plan)))
    peer, ours = rows / statistics.median(copying), rows / statistics.median(importing)
    return [
        at_least(f"import {what}, against COPY", ours / peer, "ratio", budget, PEER),
        reported(f"import {what}", ours, "rows/s"),
        reported(f"COPY into a hypertable like {table}", peer, "rows/s"),
    ]


def _everything(server: TestServer) -> list[Result]:
    plan = plan_import([RECORDED])
    stored: list[int] = []

    def twice(url: str) -> float:
        first = _import(url, plan, stored)
        again.append(_import(url, plan))
        return first

    again: list[float] = []
    seconds = _on_fresh(server, twice)
    return [
        reported("import of all recorded markets", seconds, "s"),
        reported("the same again, nothing changed", again[0], "s"),
        reported("rows stored of all recorded markets", sum(stored), "rows"),
    ]


def _stored_rows(file: Recognised, table: str) -> pl.DataFrame:
    rows = parse_file(file, read_file_bytes(file.path), datetime.now(UTC)).tables[table]
    key = pl.lit(file.pair.instrument_id, pl.Int16).alias("instrument_id")
    return rows.with_columns(key)


def _on_fresh(server: TestServer, action: Callable[[str], float]) -> float:
    with server.migrated() as url:
        return action(url)


def _copy(url: str, table: str, columns: list[str], files: list[list[bytes]]) -> float:
    with connect(url, autocommit=True) as connection:
        for statement in CREATE_PEER:
            connection.execute(sql.SQL(statement).format(sql.Identifier("market", table)))
        copy = sql.SQL("COPY peer ({}) FROM STDIN (FORMAT binary)").format(
            sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        start = time.perf_counter()
        for blocks in files:
            with connection.cursor() as cursor, cursor.copy(copy) as sink:
                for block in blocks:
                    sink.write(block)
        return time.perf_counter() - start


def _import(url: str, plan: ImportPlan, stored: list[int] | None = None) -> float:
    start = time.perf_counter()
    results = import_history(url, plan, lambda _result: None)
    seconds = time.perf_counter() - start
    if stored is not None:
        stored += [result.inserted for result in results]
    return seconds
