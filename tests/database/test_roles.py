"""What the roles may and may not do (law 9)."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from hydra.db.columns import columns_of
from hydra.db.migrate import upgrade_to_head
from hydra.db.roles import Role, ensure_roles, grant_login
from hydra.errors import DatabaseError

INSERT = "INSERT INTO market.candles_1m VALUES (1, '2025-06-01 00:00Z', '2025-06-01 00:01Z', 1, 1, 1, 1, 1)"


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A transaction that never commits."""
    with psycopg.connect(database_url) as opened:
        yield opened
        opened.rollback()


def become(connection: psycopg.Connection, role: Role) -> None:
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))


@pytest.mark.parametrize(
    "relation",
    ["market.candles_1m", "market.candles_5m", "hydra.runs", "audit.daily_pnl", "public.alembic_version"],
)
def test_the_reader_reads_everything(connection: psycopg.Connection, relation: str) -> None:
    become(connection, Role.READER)
    assert connection.execute(f"SELECT count(*) FROM {relation}").fetchone() is not None  # noqa: S608


@pytest.mark.parametrize(
    "statement",
    [INSERT, "DELETE FROM market.gaps", "UPDATE hydra.runs SET seed = 1", "CREATE TABLE market.x ()"],
)
def test_the_reader_cannot_write(connection: psycopg.Connection, statement: str) -> None:
    become(connection, Role.READER)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_worker_writes_facts_and_their_rollups_follow(connection: psycopg.Connection) -> None:
    become(connection, Role.WORKER)
    connection.execute(INSERT)
    assert connection.execute("SELECT row_count FROM market.candles_4h").fetchall() == [(1,)]


FACTS = (
    "candles_1m", "candles_5m_recorded", "mark_prices", "funding_rates", "open_interest", "positioning",
    "liquidations", "order_books", "trades", "sentiment", "news_items", "feed_heartbeats",
)  # fmt: skip
RECORDS = ("instruments", "instrument_filters", "leverage_brackets", "quarantine", "revisions")
ROLLUPS = ("candles_5m_rollup", "candles_4h", "liquidations_5m", "open_interest_5m_buckets")


@pytest.mark.parametrize("table", [*FACTS, *RECORDS, *ROLLUPS])
def test_the_worker_neither_changes_nor_removes_a_fact(connection: psycopg.Connection, table: str) -> None:
    column = columns_of(connection, f"market.{table}")[-1].name
    become(connection, Role.WORKER)
    for statement in (
        f"UPDATE market.{table} SET {column} = {column}",  # noqa: S608
        f"DELETE FROM market.{table}",  # noqa: S608
        f"TRUNCATE market.{table}",
    ):
        # A continuous aggregate refuses before anyone asks who is writing.
        refusals = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
        with pytest.raises((*refusals, psycopg.errors.WrongObjectType)), connection.transaction():
            connection.execute(statement)


def test_the_worker_cannot_reach_facts_through_their_chunks(connection: psycopg.Connection) -> None:
    connection.execute(INSERT)
    chunk = connection.execute("SELECT show_chunks('market.candles_1m')::text").fetchone()
    become(connection, Role.WORKER)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"DELETE FROM {chunk[0] if chunk else None}")  # noqa: S608


def test_the_worker_keeps_the_records_of_imports(connection: psycopg.Connection) -> None:
    become(connection, Role.WORKER)
    connection.execute("UPDATE market.import_batches SET rollups_fresh = true")
    connection.execute("DELETE FROM market.gaps")


def test_the_worker_uses_generated_keys(connection: psycopg.Connection) -> None:
    become(connection, Role.WORKER)
    connection.execute(
        "INSERT INTO market.quarantine (origin, target_table, reason, raw) VALUES ('a', 'b', 'c', '{}')"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE hydra.x ()",
        "DROP TABLE market.gaps",
        "ALTER TABLE hydra.runs ADD x int",
        "DROP VIEW audit.slippage",
    ],
)
def test_the_worker_cannot_change_the_schema(connection: psycopg.Connection, statement: str) -> None:
    become(connection, Role.WORKER)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_tables_of_later_migrations_have_the_same_privileges(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE hydra.later (x int)")
    become(connection, Role.WORKER)
    connection.execute("INSERT INTO hydra.later VALUES (1)")
    become(connection, Role.READER)
    assert connection.execute("SELECT x FROM hydra.later").fetchall() == [(1,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM hydra.later")


def test_creating_the_roles_again_changes_nothing(connection: psycopg.Connection) -> None:
    ensure_roles(connection)
    count = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hydra\\_%%'", ()).fetchone()
    assert count is not None
    assert count[0] >= len(Role)


def test_a_reading_login_cannot_write_and_is_cut_off_after_a_while(database_url: str) -> None:
    name, password = f"reads_{secrets.token_hex(4)}", secrets.token_hex(8)
    with psycopg.connect(database_url, autocommit=True) as owner:
        grant_login(owner, name, password, Role.READER)
        try:
            with psycopg.connect(database_url, user=name, password=password, autocommit=True) as reader:
                assert reader.execute("SHOW statement_timeout").fetchone() == ("30s",)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(INSERT)
        finally:
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_an_account_that_may_not_migrate_is_told_which_may(empty_database_url: str) -> None:
    name, password = f"stranger_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    address = make_url(empty_database_url).set(username=name, password=password)
    with psycopg.connect(empty_database_url, autocommit=True) as owner:
        owner.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
        )
        try:
            with pytest.raises(DatabaseError, match=r"may not do that in .* account that owns the database"):
                upgrade_to_head(address.render_as_string(hide_password=False))
        finally:
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
