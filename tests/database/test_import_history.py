"""Imports into a database of each edition: what is stored, merged, revised, refused and recorded."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest

from hydra.db.rollups import defer
from hydra.errors import DatabaseError, RetryError
from hydra.ingest.history import FileResult, import_history
from hydra.ingest.import_plan import plan_import
from hydra.ingest.instruments import ensure_instruments
from tests.support.archive_samples import DAY, KLINE_FILE, METRICS_FILE, kline, metrics_line
from tests.support.import_run import ImportRun, import_run
from tests.support.rollup_expectation import assert_rollups_equal_facts

MINUTE = timedelta(minutes=1)
FACTS = ("candles_1m", "open_interest", "positioning")


@pytest.fixture
def importing(database_url: str, tmp_path: Path) -> Iterator[ImportRun]:
    """A database without facts, and a folder without files."""
    with import_run(database_url, tmp_path) as opened:
        yield opened


def versions(importing: ImportRun) -> list[list[tuple[object, ...]]]:
    """Where each stored row lies and which transaction wrote it: other after any write to it."""
    query = "SELECT tableoid, ctid, xmin::text FROM market.{} ORDER BY tableoid, ctid"
    return [importing.rows(query.format(table)) for table in FACTS]


def writes(importing: ImportRun) -> list[tuple[object, ...]]:
    """Rows inserted, updated, deleted and dead in every chunk of a fact table, as the server counts them.

    A session's counts are there when it has gone.
    """
    sessions = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hydra'"
    )
    while importing.rows(sessions):
        time.sleep(0.01)
    return importing.rows(
        "SELECT relid, n_tup_ins, n_tup_upd, n_tup_del, n_dead_tup FROM pg_stat_user_tables"
        " JOIN pg_inherits ON inhrelid = relid WHERE inhparent = ANY"
        " ('{market.candles_1m,market.open_interest,market.positioning}'::regclass[]) ORDER BY relid"
    )


def test_a_second_import_changes_nothing_and_leaves_no_dead_rows(importing: ImportRun) -> None:
    importing.write(KLINE_FILE, *map(kline, range(300)), kline(300, high="1"))
    importing.write(METRICS_FILE, *(metrics_line(f"00:{minute:02}:00") for minute in range(0, 60, 5)))
    assert importing.counts() == (324, 0, 0)
    before = versions(importing), writes(importing)
    assert importing.counts() == (0, 324, 0)
    assert (versions(importing), writes(importing)) == before
    assert importing.rows("SELECT count(*) FROM market.import_batches") == [(2,)]
    assert importing.rows("SELECT count(*) FROM market.quarantine") == [(1,)]


def test_the_record_of_a_file_says_what_became_of_it(importing: ImportRun) -> None:
    path = importing.write(KLINE_FILE, kline(0), kline(1), kline(2, volume="-1"))
    importing.run()
    query = (
        "SELECT path, layout, target_table, rows_read, rows_inserted, rows_quarantined, first_time,"
        " last_time, rollups_fresh, length(sha256) FROM market.import_batches"
    )
    expected = (str(path), "candles", "candles_1m", 3, 2, 1, DAY, DAY + MINUTE, True, 64)
    assert importing.rows(query) == [expected]


def test_a_refused_row_is_kept_with_file_line_reason_and_content(importing: ImportRun) -> None:
    path = importing.write(KLINE_FILE, kline(0), kline(1, volume="-1"))
    (result,) = importing.run()
    assert result.quarantined == {"volume is negative": 1}
    query = "SELECT origin, line, target_table, reason, raw ->> 'volume' FROM market.quarantine"
    assert importing.rows(query) == [(str(path), 2, "candles_1m", "volume is negative", "-1")]


def test_a_file_of_an_unknown_symbol_is_noted_in_quarantine_once(importing: ImportRun) -> None:
    path = importing.write("SUIUSDT-metrics-2025-05-01.csv", metrics_line(symbol="SUIUSDT"))
    for _ in range(2):
        assert importing.run() == []
    query = "SELECT origin, line, target_table, reason FROM market.quarantine"
    reason = "unknown symbol SUIUSDT: not one of HYDRA's pairs"
    assert importing.rows(query) == [(str(path), None, "open_interest, positioning", reason)]


def test_new_rows_come_in_between_stored_ones(importing: ImportRun) -> None:
    first = importing.write("a/" + KLINE_FILE, kline(0), kline(2), kline(5))
    other = importing.write("b/" + KLINE_FILE, *map(kline, range(7)))
    assert importing.counts(first) == (3, 0, 0)
    assert importing.counts(other) == (4, 3, 0)
    assert importing.rows("SELECT count(*), max(time) FROM market.candles_1m") == [(7, DAY + 6 * MINUTE)]


def test_a_fact_that_comes_again_with_other_values_stays_and_the_other_is_a_revision(
    importing: ImportRun,
) -> None:
    importing.counts(importing.write("a/" + KLINE_FILE, kline(0), kline(1)))
    other = importing.write("b/" + KLINE_FILE, kline(0), kline(1, close="100.5"))
    before = datetime.now(UTC)
    for _ in range(2):
        assert importing.counts(other) == (0, 1, 1)
    assert importing.rows("SELECT DISTINCT close FROM market.candles_1m") == [(101.0,)]
    ((table, key, stored, offered, known_at, batch_id),) = importing.rows(
        "SELECT target_table, key, stored ->> 'close', offered ->> 'close', known_at, batch_id"
        " FROM market.revisions"
    )
    assert (table, key["instrument_id"], stored, offered) == ("candles_1m", 1, "101", "100.5")
    assert datetime.fromisoformat(key["time"]) == DAY + MINUTE
    assert before <= known_at <= datetime.now(UTC)
    assert importing.rows("SELECT max(batch_id) FROM market.import_batches") == [(batch_id,)]


def test_a_row_received_live_is_unchanged_by_history_that_says_the_same(importing: ImportRun) -> None:
    ensure_instruments(importing.connection)
    received = DAY + MINUTE + timedelta(seconds=3)
    importing.connection.execute(
        "INSERT INTO market.candles_1m VALUES (1, %s, %s, 100, 102, 99, 101, 10, 1005, 7, 4, 402)",
        (DAY, received),
    )
    assert importing.counts(importing.write(KLINE_FILE, kline(0))) == (0, 1, 0)
    assert importing.rows("SELECT known_at FROM market.candles_1m") == [(received,)]


def test_a_bad_file_brings_nothing_in_and_does_not_stop_the_others(importing: ImportRun) -> None:
    importing.write("BTCUSDT-1m-2025-05-01.csv", kline(0), "1,2,3", "4,5")
    importing.write("ETHUSDT-1m-2025-05-01.csv", kline(0))
    importing.write("LTCUSDT-1m-2025-05-01.zip", "no zip")
    results = importing.run()
    assert [bool(result.error) for result in results] == [True, False, True]
    assert importing.rows("SELECT instrument_id FROM market.candles_1m") == [(2,)]
    assert importing.rows("SELECT count(*) FROM market.import_batches") == [(1,)]


def test_rollups_are_fresh_and_equal_the_facts_after_every_import(importing: ImportRun) -> None:
    early = importing.write("a/" + KLINE_FILE, *map(kline, range(0, 700, 2)))
    late = importing.write("b/" + KLINE_FILE, *map(kline, range(650)))
    grid = [f"{hour:02}:{minute:02}:00" for hour in range(3) for minute in range(0, 60, 5)]
    importing.write("c/" + METRICS_FILE, *map(metrics_line, grid))
    for paths in ((early,), (late,), ()):
        importing.counts(*paths)
        assert_rollups_equal_facts(importing.connection)
        assert importing.rows("SELECT bool_and(rollups_fresh) FROM market.import_batches") == [(True,)]


def test_rollups_that_an_interrupted_import_owes_are_finished_by_the_next(importing: ImportRun) -> None:
    importing.counts(importing.write("a/" + KLINE_FILE, *map(kline, range(30))))
    with importing.connection.transaction():
        defer(importing.connection)
        importing.connection.execute(
            "INSERT INTO market.candles_1m"
            " SELECT instrument_id, time + interval '1 hour', known_at, open, high, low, close, volume"
            " FROM market.candles_1m"
        )
        importing.connection.execute(
            "UPDATE market.import_batches"
            " SET rollups_fresh = false, last_time = last_time + interval '1 hour'"
        )
    importing.run(importing.write("b/" + METRICS_FILE, metrics_line()))
    assert_rollups_equal_facts(importing.connection)
    assert importing.rows("SELECT bool_and(rollups_fresh) FROM market.import_batches") == [(True,)]


def test_two_imports_at_once_are_one_too_many(importing: ImportRun) -> None:
    path = importing.write(KLINE_FILE, kline(0))

    def second(_result: FileResult) -> None:
        with pytest.raises(RetryError, match="another import is running"):
            importing.run(path)

    assert len(import_history(importing.url, plan_import([path]), second)) == 1


def test_a_lost_connection_is_told_and_the_next_import_completes(importing: ImportRun) -> None:
    for day in range(1, 5):
        importing.write(
            f"BTCUSDT-1m-2025-05-{day:02}.csv", *(kline(minute + (day - 1) * 1440) for minute in range(50))
        )

    def end_sessions(_result: FileResult) -> None:
        importing.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'hydra'"
        )

    with pytest.raises(DatabaseError, match=r"1 files were imported.*import again"):
        import_history(importing.url, plan_import([importing.folder]), end_sessions)
    assert importing.rows("SELECT count(*) FROM market.candles_1m") == [(50,)]
    assert importing.counts() == (150, 50, 0)


def test_a_database_without_the_schema_is_refused_in_words(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / KLINE_FILE).write_text(f"{kline(0)}\n")
    with pytest.raises(DatabaseError, match="run `hydra db up`"):
        import_history(empty_database_url, plan_import([tmp_path]), lambda _result: None)


def test_the_instruments_of_the_universe_are_there_with_their_terms(importing: ImportRun) -> None:
    tables = ("instruments", "instrument_filters", "leverage_brackets")
    counts = []
    for _ in range(2):
        with importing.connection.transaction():
            ensure_instruments(importing.connection)
        counts.append([importing.rows(f"SELECT count(*) FROM market.{table}") for table in tables])  # noqa: S608
    assert counts[0] == counts[1]
    assert counts[0][:2] == [[(8,)], [(8,)]]
    floor = "SELECT count(*) FROM market.leverage_brackets WHERE bracket = 1 AND notional_floor_usd = 0"
    assert importing.rows(floor) == [(8,)]


def test_a_database_user_without_rights_is_told_so(importing: ImportRun) -> None:
    importing.write(KLINE_FILE, kline(0))
    importing.connection.execute("CREATE ROLE import_nobody LOGIN PASSWORD 'nothing'")
    try:
        parts = psycopg.conninfo.conninfo_to_dict(importing.url)
        url = f"postgresql://import_nobody:nothing@{parts['host']}:{parts['port']}/{parts['dbname']}"
        with pytest.raises(DatabaseError, match="run `hydra db up`, it mends the roles"):
            import_history(url, plan_import([importing.folder]), lambda _result: None)
    finally:
        importing.connection.execute("DROP ROLE import_nobody")


def test_liquidations_of_the_venue_come_in_and_those_of_others_are_kept_aside_with_the_reason(
    importing: ImportRun,
) -> None:
    """Two of Binance are facts, with rollups and without gaps; the one of OKX is in quarantine."""
    path = importing.folder / "liquidations" / "ETH.parquet"
    path.parent.mkdir()
    rows = {
        "event_time": [DAY + timedelta(seconds=second) for second in (10, 10, 20)],
        "exchange": ["binance", "binance", "okx"],
        "symbol": ["ETHUSDT"] * 3,
        "liquidated_position": ["LONG", "SHORT", "LONG"],
        "order_price": [100.0, 101.0, 102.0],
        "quantity": [2.0, 3.0, 4.0],
    }
    pl.DataFrame(rows).write_parquet(path)
    assert [importing.counts(path) for _ in range(2)] == [(2, 0, 0), (0, 2, 0)]
    stored = importing.rows("SELECT instrument_id, side, value_usd FROM market.liquidations ORDER BY side")
    assert stored == [(2, "LONG", 200.0), (2, "SHORT", 303.0)]
    assert importing.rows("SELECT reason, target_table FROM market.quarantine") == [
        ("of another venue: never enters features (C124)", "liquidations")
    ]
    assert importing.rows("SELECT count(*) FROM market.gaps") == [(0,)]
    assert importing.rows("SELECT sum(long_usd + short_usd)::float FROM market.liquidations_5m") == [(503.0,)]
