"""Old facts go by the windows of the settings; chunks are compressed, and everything stores into them."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest

from hydra.arrays import TIME
from hydra.db.engine import connect
from hydra.db.migrate import upgrade_to_head
from hydra.db.retention import apply_retention, store_windows, table_sizes
from hydra.db.roles import Role, ensure_roles
from hydra.ingest.fact_tables import FACT_TABLES
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.merge import Merged, merge_rows
from hydra.settings import Settings, load_settings
from tests.support.servers.logins import as_role

START = datetime(2025, 6, 1, 20, 0, tzinfo=UTC)
ROWS = 150_000


@pytest.fixture
def url(empty_database_url: str) -> str:
    upgrade_to_head(empty_database_url)
    return empty_database_url


@pytest.fixture
def owner(url: str) -> Iterator[psycopg.Connection]:
    with closing(connect(url, autocommit=True)) as connection:
        ensure_instruments(connection)
        yield connection


def windows(days: str = "", compress_after_days: int = 7) -> Settings:
    given = {"RETENTION_DAYS": days} if days else {}
    return load_settings(Path("absent"), {**given, "COMPRESS_AFTER_DAYS": compress_after_days})


def trades(first: int, count: int = ROWS, price: float = 100.0) -> pl.DataFrame:
    ids = pl.int_range(first, first + count, eager=True)
    return pl.DataFrame({"trade_id": ids}).with_columns(
        time=(pl.lit(START, TIME) + pl.duration(milliseconds=pl.col("trade_id") * 10)).cast(TIME),
        known_at=pl.lit(START + timedelta(days=1), TIME),
        price=pl.lit(price),
        quantity=pl.lit(1.0),
        buyer_is_maker=pl.lit(value=True),
    )


def merge(connection: psycopg.Connection, rows: pl.DataFrame, *, revise: bool = False) -> Merged:
    batch = connection.execute(
        "INSERT INTO market.import_batches (path, sha256, layout, target_table, rows_read, rows_inserted,"
        " rows_unchanged, rows_revised, rows_quarantined, rollups_fresh, imported_by, reason)"
        " VALUES ('a', 'b', 'c', 'trades', 0, 0, 0, 0, 0, true, 'anna', 'test') RETURNING batch_id"
    ).fetchone()
    assert batch is not None
    with connection.transaction():
        return merge_rows(connection, FACT_TABLES["trades"], 1, rows, batch[0], revise=revise)


def make_older(connection: psycopg.Connection, days: int) -> None:
    """As if every chunk had been made `days` earlier."""
    connection.execute(
        "UPDATE _timescaledb_catalog.chunk SET creation_time = creation_time - make_interval(days => %s)",
        (days,),
    )


def is_community(connection: psycopg.Connection) -> bool:
    return connection.execute("SHOW timescaledb.license").fetchone() == ("timescale",)


def test_facts_are_dropped_as_long_after_their_arrival_as_the_settings_say(owner: psycopg.Connection) -> None:
    store_windows(owner, windows())
    merge(owner, trades(0, 10))
    owner.execute(
        "INSERT INTO market.candles_1m VALUES (1, '2025-06-01 00:00Z', '2025-06-01 00:01Z', 1, 1, 1, 1, 1)"
    )
    make_older(owner, 29)
    assert {one.dropped_chunks for one in apply_retention(owner)} == {0}
    make_older(owner, 2)
    assert {one.source_table for one in apply_retention(owner) if one.dropped_chunks} == {"trades"}
    assert owner.execute("SELECT count(*) FROM market.trades").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM market.candles_1m").fetchone() == (1,)


def test_another_setting_takes_effect_at_the_next_round(owner: psycopg.Connection) -> None:
    merge(owner, trades(0, 10))
    make_older(owner, 10)
    store_windows(owner, windows("trades=0"))
    assert not any(one.dropped_chunks for one in apply_retention(owner))
    store_windows(owner, windows("trades=7"))
    assert [one for one in apply_retention(owner) if one.dropped_chunks] == [("trades", 7, 1)]


def test_the_worker_applies_the_windows_and_chooses_none(owner: psycopg.Connection, url: str) -> None:
    ensure_roles(owner)
    store_windows(owner, windows())
    merge(owner, trades(0, 10))
    make_older(owner, 31)
    with closing(connect(as_role(url, Role.WORKER), autocommit=True)) as worker:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            store_windows(worker, windows("trades=7"))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute("SELECT market.keep_policies('market.candles_1m', '1 hour', NULL)")
        assert [one.source_table for one in apply_retention(worker) if one.dropped_chunks] == ["trades"]


def test_policies_follow_the_settings_on_the_community_edition(owner: psycopg.Connection) -> None:
    if not is_community(owner):
        pytest.skip("runs on the community edition: Apache has no policies")
    query = (
        "SELECT hypertable_name, proc_name, coalesce(config ->> 'drop_created_before',"
        " config ->> 'compress_created_before') FROM timescaledb_information.jobs"
        " WHERE hypertable_schema = 'market' AND proc_name IN ('policy_retention', 'policy_compression')"
        " ORDER BY 1, 2"
    )
    for days, kept in (("", 30), ("trades=7", 7), ("trades=7", 7)):
        store_windows(owner, windows(days))
        apply_retention(owner)
        found = owner.execute(query).fetchall()
        assert found == [
            ("order_books", "policy_compression", "7 days"),
            ("order_books", "policy_retention", "90 days"),
            ("premium_index", "policy_compression", "7 days"),
            ("premium_index", "policy_retention", "30 days"),
            ("trades", "policy_compression", "7 days"),
            ("trades", "policy_retention", f"{kept} days"),
        ]
    store_windows(owner, windows("trades=0", 0))
    apply_retention(owner)
    assert [row[:2] for row in owner.execute(query).fetchall()] == [
        ("order_books", "policy_retention"),
        ("premium_index", "policy_retention"),
    ]


def test_compressed_chunks_take_late_rows_and_repairs(owner: psycopg.Connection, url: str) -> None:
    if not is_community(owner):
        pytest.skip("runs on the community edition: Apache does not compress")
    store_windows(owner, windows())
    apply_retention(owner)
    merge(owner, trades(0))
    owner.execute("SELECT compress_chunk(c) FROM show_chunks('market.trades') AS c")
    (size,) = [one for one in table_sizes(owner) if one.relation == "trades"]
    assert size.compressed_chunks == 1
    assert (size.after_bytes or 0) * 4 < (size.before_bytes or 0)
    assert merge(owner, trades(0)) == (0, ROWS, 0, 0, 0)
    assert merge(owner, trades(ROWS - 50, 100)) == (50, 50, 0, 0, 0)
    assert merge(owner, trades(10, 5, price=101.0)) == (0, 0, 5, 5, 0)
    assert merge(owner, trades(10, 5, price=101.0), revise=True).replaced == 5
    assert merge(owner, trades(0, ROWS, price=102.0), revise=True).replaced == ROWS
    upgrade_to_head(url)


def test_sizes_are_told_largest_first(owner: psycopg.Connection) -> None:
    merge(owner, trades(0, 1000))
    assert [one.relation for one in table_sizes(owner)][:1] == ["trades"]
