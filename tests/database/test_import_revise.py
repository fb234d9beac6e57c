"""`hydra import --revise`: a revision wins from now on, its forerunner is kept, the past stays as it was."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hydra.db import queries
from hydra.db.engine import adbc_connect
from hydra.db.roles import Role
from hydra.durations import EPOCH
from hydra.errors import DatabaseError
from hydra.features.facts import MarketFacts
from hydra.features.reading.point_in_time import read_facts
from hydra.features.reading.window import MarketWindow
from hydra.ingest.history import Choices
from tests.support.archive_samples import (
    DAY,
    DAY_MS,
    FUNDING_FILE,
    FUNDING_HEADER,
    KLINE_FILE,
    METRICS_FILE,
    kline,
    metrics_line,
)
from tests.support.import_run import ImportRun, import_run
from tests.support.rollup_expectation import assert_rollups_equal_facts

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
REVISE = Choices(revise=True, reason="the first file was cut by hand", user="anna")


@pytest.fixture
def importing(database_url: str, tmp_path: Path) -> Iterator[ImportRun]:
    """A database without facts, and a folder without files."""
    with import_run(database_url, tmp_path) as opened:
        yield opened


def corrected(importing: ImportRun) -> tuple[Path, Path]:
    """A file of an hour, imported, and another that says something else of minute 31."""
    first = importing.write("a/" + KLINE_FILE, *map(kline, range(60)))
    importing.counts(first)
    lines = [
        kline(minute, close="100.5", volume="11.0") if minute == 31 else kline(minute) for minute in range(60)
    ]
    return first, importing.write("b/" + KLINE_FILE, *lines)


def closes(facts: MarketFacts) -> list[float]:
    return facts.candles_1m["close"].unique().sort().to_list()


def known(importing: ImportRun, as_of: datetime) -> MarketFacts:
    with closing(adbc_connect(importing.url)) as connection:
        return read_facts(connection, instrument_ids=[1], start=as_of, as_of=as_of)


def test_a_revision_wins_and_what_it_replaced_is_kept_with_who_when_why_and_which_file(
    importing: ImportRun,
) -> None:
    _, other = corrected(importing)
    before = datetime.now(UTC)
    (result,) = importing.run(other, choices=REVISE)
    assert (result.inserted, result.unchanged, result.revised, result.replaced) == (0, 59, 1, 1)
    facts = "SELECT close, volume, known_at BETWEEN %s AND now() FROM market.candles_1m WHERE time = %s"
    stored = importing.connection.execute(facts, (before, DAY + 31 * MINUTE)).fetchall()
    assert stored == [(100.5, 11.0, True)]
    query = (
        "SELECT target_table, symbol, time, before ->> 'close', after ->> 'close', applied_at >= %s,"
        " reason, path, applied_by LIKE 'anna as %%' FROM audit.replaced_facts"
    )
    reason = "the first file was cut by hand"
    assert importing.connection.execute(query, (before,)).fetchall() == [
        ("candles_1m", "BTC/USDT:USDT", DAY + 31 * MINUTE, "101", "100.5", True, reason, str(other), True)
    ]
    assert importing.rows("SELECT rows_replaced, reason FROM market.import_batches ORDER BY batch_id") == [
        (0, None),
        (1, reason),
    ]


def test_the_rollups_follow_a_replaced_fact(importing: ImportRun) -> None:
    _, other = corrected(importing)
    importing.run(other, choices=REVISE)
    assert_rollups_equal_facts(importing.connection)
    assert importing.rows("SELECT volume, close FROM market.candles_1h") == [(601.0, 101.0)]
    assert importing.rows("SELECT bool_and(rollups_fresh) FROM market.import_batches") == [(True,)]


def test_a_decision_before_the_repair_sees_the_old_value_and_one_after_it_the_new(
    importing: ImportRun,
) -> None:
    _, other = corrected(importing)
    noon = DAY + 12 * HOUR
    before = known(importing, noon)
    importing.run(other, choices=REVISE)
    after = known(importing, noon)
    for name in ("candles_1m", "candles_5m"):
        assert after.of(name).equals(before.of(name)), name
    assert closes(after) == [101.0]
    now = datetime.now(UTC)
    rows = importing.connection.execute(
        "SELECT close FROM market.candles_1m_versions"
        " WHERE known_at <= %s AND replaced_at > %s AND time = %s",
        (now, now, DAY + 31 * MINUTE),
    )
    assert rows.fetchall() == [(100.5,)]


def test_a_window_that_stands_in_the_past_keeps_the_old_value(importing: ImportRun) -> None:
    _, other = corrected(importing)
    noon = DAY + 12 * HOUR
    with closing(adbc_connect(importing.url)) as connection:
        window = MarketWindow.load(connection, [1], noon)
        importing.run(other, choices=REVISE)
        facts = window.advance(noon + MINUTE)
    assert closes(facts) == [101.0]
    assert facts.candles_1m.height == 60


def test_a_settlement_of_the_past_has_the_rate_and_the_mark_that_were_known_then(
    importing: ImportRun,
) -> None:
    importing.write("a/" + KLINE_FILE, *map(kline, range(60)))
    importing.write("a/" + FUNDING_FILE, FUNDING_HEADER, f"{DAY_MS + 3_600_000},1,0.0001")
    importing.run()
    values = {"instrument_ids": [1], "known_after": EPOCH, "since": DAY, "as_of": DAY + 2 * HOUR}
    before = importing.connection.execute(queries.load("stages/settlements"), values).fetchall()
    assert before == [(1, DAY + HOUR, 0.0001, 101.0, "last")]
    importing.write("b/" + KLINE_FILE, kline(59, close="100.5"))
    importing.write("b/" + FUNDING_FILE, FUNDING_HEADER, f"{DAY_MS + 3_600_000},1,0.0009")
    repaired = importing.run(importing.folder / "b", choices=REVISE)
    assert [result.replaced for result in repaired] == [1, 1]
    assert importing.connection.execute(queries.load("stages/settlements"), values).fetchall() == before


@pytest.mark.parametrize("query", ["bars", "marks", "hourly_closes"])
def test_a_stage_that_replays_the_past_reads_what_was_known_then(importing: ImportRun, query: str) -> None:
    """The bar, the last price and the hour's close at minute 60, before and after a repair of minute 59."""
    first = importing.write("a/" + KLINE_FILE, *map(kline, range(60)))
    importing.counts(first)
    values = {
        "instrument_ids": [1], "known_after": EPOCH, "since": DAY, "start": DAY,
        "as_of": DAY + timedelta(hours=1, seconds=5),
    }  # fmt: skip
    before = importing.connection.execute(queries.load(f"stages/{query}"), values).fetchall()
    other = importing.write("b/" + KLINE_FILE, kline(59, close="100.5"))
    assert importing.run(other, choices=REVISE)[0].replaced == 1
    assert importing.connection.execute(queries.load(f"stages/{query}"), values).fetchall() == before
    assert before


def test_repairs_of_one_fact_follow_each_other_and_each_is_kept(importing: ImportRun) -> None:
    """101, then 100.5, then 101 again: three versions, of which a read finds one at any time."""
    first, other = corrected(importing)
    for path in (other, first, other):
        assert importing.counts(path, choices=REVISE) == (0, 59, 1)
    assert importing.counts(other, choices=REVISE) == (0, 60, 0)
    query = "SELECT close FROM market.candles_1m_versions WHERE time = %s ORDER BY known_at"
    versions = importing.connection.execute(query, (DAY + 31 * MINUTE,)).fetchall()
    assert versions == [(101.0,), (100.5,), (101.0,), (100.5,)]
    assert importing.rows(
        "SELECT count(*), count(DISTINCT applied_at) FROM market.revisions WHERE applied"
    ) == [(3, 3)]
    assert closes(known(importing, DAY + 2 * HOUR)) == [101.0]


def test_a_revision_that_was_kept_aside_is_applied_not_doubled(importing: ImportRun) -> None:
    _, other = corrected(importing)
    assert importing.counts(other) == (0, 59, 1)
    assert importing.rows("SELECT applied FROM market.revisions") == [(False,)]
    importing.run(other, choices=REVISE)
    assert importing.rows("SELECT applied, known_at < applied_at FROM market.revisions") == [(True, True)]


def test_values_of_every_kind_can_be_revised(importing: ImportRun) -> None:
    first = importing.write("a/" + METRICS_FILE, metrics_line("00:05:00"), metrics_line("00:10:00"))
    importing.counts(first)
    other = importing.write(
        "b/" + METRICS_FILE, metrics_line("00:05:00"), metrics_line("00:10:00", values="9,9,9,9,9,9")
    )
    (result,) = importing.run(other, choices=REVISE)
    assert result.replaced == 2
    facts = known(importing, DAY + timedelta(minutes=15))
    assert facts.open_interest_5m["contracts"].to_list() == [10.5, 10.5]
    assert facts.positioning["taker_buy_sell_ratio"].to_list() == [4.0, 4.0]


def test_the_worker_may_not_replace_a_fact_nor_forge_a_replaced_one(importing: ImportRun) -> None:
    _, other = corrected(importing)
    importing.run(other, choices=REVISE)
    for statement in (
        "UPDATE market.candles_1m SET close = 1",
        "UPDATE market.revisions SET reason = 'none'",
        "DELETE FROM market.revisions",
        "INSERT INTO market.revisions (batch_id, target_table, key, stored, offered, known_at, applied,"
        " reason, applied_at, applied_by) SELECT batch_id, target_table, key, stored, offered, known_at,"
        " true, 'x', now(), 'x' FROM market.revisions",
    ):
        with importing.connection.transaction(force_rollback=True):
            importing.connection.execute(f"SET LOCAL ROLE {Role.WORKER}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                importing.connection.execute(statement)


def test_a_user_without_the_right_to_change_facts_cannot_revise(importing: ImportRun) -> None:
    _, other = corrected(importing)
    importing.connection.execute("CREATE ROLE import_worker LOGIN PASSWORD 'nothing' IN ROLE hydra_worker")
    try:
        parts = psycopg.conninfo.conninfo_to_dict(importing.url)
        url = f"postgresql://import_worker:nothing@{parts['host']}:{parts['port']}/{parts['dbname']}"
        asking = ImportRun(url, importing.folder, importing.connection)
        with pytest.raises(DatabaseError, match="run `hydra db up`, it mends the roles"):
            asking.run(other, choices=REVISE)
    finally:
        importing.connection.execute("DROP ROLE import_worker")
    assert importing.rows("SELECT DISTINCT close FROM market.candles_1m") == [(101.0,)]


def test_a_repair_without_a_record_cannot_be_stored(importing: ImportRun) -> None:
    _, other = corrected(importing)
    importing.counts(other)
    with pytest.raises(psycopg.errors.CheckViolation):
        importing.connection.execute("UPDATE market.revisions SET applied = true")
