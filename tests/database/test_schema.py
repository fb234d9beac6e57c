"""The schema as built: metadata to the letter, a comment on everything, hypertables cut as planned."""

from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import text

from hydra.db.migrate import engine_for
from hydra.db.schema import METADATA
from tests.support.catalogue import snapshot

DAYS = {
    "market.candles_1m": 30,
    "market.candles_5m_recorded": 30,
    "market.funding_rates": 30,
    "market.mark_prices": 30,
    "market.open_interest": 7,
    "market.positioning": 30,
    "market.liquidations": 7,
    "market.order_books": 1,
    "market.trades": 1,
    "market.sentiment": 30,
    "market.news_items": 30,
    "market.feed_heartbeats": 7,
    "hydra.features": 7,
}

# What programs read and people do not: the storage behind a view, and the queue of the doorbells.
UNREAD = ("market.open_interest_5m_buckets", "doorbells.")


def test_the_metadata_alone_builds_the_tables_that_the_migrations_build(
    database_url: str, empty_database_url: str
) -> None:
    engine = engine_for(empty_database_url)
    with engine.begin() as connection:
        for schema in ("market", "hydra", "ml"):
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        METADATA.create_all(connection)
    built, migrated = snapshot(empty_database_url), snapshot(database_url)
    tables = {f"{table.schema}.{table.name}" for table in METADATA.tables.values()}
    for kind in ("columns", "constraints"):
        expected = [row for row in built[kind] if row[0] in tables]
        assert expected
        assert [row for row in migrated[kind] if row[0] in tables] == expected
    names = {(table.schema, table.name) for table in METADATA.tables.values()}
    assert [row for row in migrated["indexes"] if row[:2] in names] == built["indexes"]
    assert {row[1]: row[4] for row in migrated["relations"] if row[1] in {name for _, name in names}} == {
        row[1]: row[4] for row in built["relations"] if row[1] in {name for _, name in names}
    }


def test_everything_that_people_query_has_a_comment(database_url: str) -> None:
    found = snapshot(database_url)
    silent = [row[:2] for row in found["relations"] if row[2] in {"r", "v"} and not row[4]]
    silent += [row[:2] for row in found["columns"] if not row[7] and not str(row[0]).startswith(UNREAD)]
    silent += [row[:1] for row in found["schemas"] if not row[1]]
    silent += [row[:1] for row in found["functions"] if not row[3]]
    assert silent == []


def test_hypertables_are_cut_in_the_planned_chunks(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT hypertable_schema || '.' || hypertable_name, extract(day FROM time_interval)::int"
            " FROM timescaledb_information.dimensions WHERE column_name = 'time'"
        ).fetchall()
    assert {name: days for name, days in rows if name in DAYS} == DAYS


def test_hypertables_have_only_the_indexes_that_the_metadata_names(database_url: str) -> None:
    expected = [(name, f"{name.split('.')[1]}_pkey") for name in DAYS]
    expected += [(name, str(index.name)) for name in DAYS for index in METADATA.tables[name].indexes]
    found = [(f"{row[0]}.{row[1]}", row[2]) for row in snapshot(database_url)["indexes"]]
    assert sorted(row for row in found if row[0] in DAYS) == sorted(expected)


def test_a_fact_cannot_be_stored_twice(database_url: str) -> None:
    row = (1, datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC), 0.0001, 8)
    insert = "INSERT INTO market.funding_rates VALUES (%s, %s, %s, %s, %s)"
    with psycopg.connect(database_url) as connection:
        connection.execute(insert, row)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(insert, row)
