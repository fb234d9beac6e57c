"""What the logins may and may not do (law 9).

Statements are made of the names of tables, as the catalogue gives them.
"""
# ruff: noqa: S608

import secrets
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from hydra.db.columns import columns_of
from hydra.db.engine import connect
from hydra.db.migrate import upgrade_to_head
from hydra.db.roles import READER_CONNECTIONS, Role, ensure_owner, ensure_roles
from hydra.errors import DatabaseError
from tests.support.servers.logins import as_role

SCHEMAS = ("market", "hydra", "ml", "audit", "messages")
INSERT = "INSERT INTO market.candles_1m VALUES (1, '2025-06-01 00:00Z', '2025-06-01 00:01Z', 1, 1, 1, 1, 1)"

# What the worker may change. Everything else stays as it was written.
CHANGES = {
    "hydra.runs": {"ended_at", "end_reason", "config", "data_hash"},
    "hydra.cycles": {"state", "as_of", "closed_at", "code_version", "reason_code"},
    "hydra.orders": {
        "position_id", "state", "filled_quantity", "average_price", "exchange_order_id", "reason_code",
        "finished_time", "queue_ahead", "sent_time", "cancel_wanted_time", "child_order_id",
    },
    "hydra.positions": {
        "state", "closed_time", "quantity", "peak_quantity", "entry_price", "exit_price", "stop_price",
        "target_price", "liquidation_price", "exit_reason_code", "gross_pnl_usd", "fees_usd", "funding_usd",
        "net_pnl_usd", "cost_basis_usd",
    },
    "hydra.kill_switch": {"cleared_time", "cleared_by", "clear_reason", "numbers"},
    "hydra.reconciliations": {
        "duration_s", "differences", "left_open", "wallet_usd", "booked_usd", "begins_ledger",
    },
    "hydra.account_differences": {"done", "mended_time"},
    "hydra.exchange_income": {"position_id"},
    "hydra.operator_requests": {"answered_at", "answer", "is_done"},
    "hydra.locks": {"key"},
    "hydra.alerts": {"severity", "happened", "done", "advice", "resolved_at"},
    "hydra.alert_channels": {
        "failures", "failing_since", "next_try_at", "detail", "last_sent_at", "caught_up_at",
    },
    "market.gaps": {"filled_at"},
    "market.ingest_sessions": {"ended_at", "end_reason"},
    "market.ingest_progress": {
        "session_id", "committed_through", "candles_through", "queued_rows", "spilled_rows", "updated_at",
    },
    "market.feed_states": {
        "state", "last_time", "last_received_at", "messages", "messages_per_second", "lag_seconds",
        "unknown_fields", "detail", "updated_at",
    },
    "market.interruptions": {"ended_at", "missed", "repair"},
    "market.news_sources": {
        "url", "kind", "etag", "last_modified", "last_attempt", "last_success", "next_attempt", "failures",
        "last_error", "items_total",
    },
    "hydra.model_calls": {"cost_usd"},
    "market.backfills": {"range_end", "done_through", "rows_inserted", "updated_at"},
    "ml.trials": {
        "state", "run_id", "first_day", "daily_returns", "trades", "net_pnl_usd", "metrics", "error",
        "finished_at",
    },
}  # fmt: skip
# What the owner fills, and no worker; of market.revisions a worker fills only what it has seen.
READ_ONLY = {
    "hydra.reason_codes",
    "hydra.run_versions",
    "market.revisions",
    *(f"market.{name}" for name in ("candles_5m_rollup", "candles_15m", "candles_1h", "candles_4h")),
    *(f"market.{name}" for name in ("liquidations_1m", "liquidations_5m", "open_interest_5m_buckets")),
    *(f"market.{name}" for name in ("trade_flow_1m", "trade_flow_5m", "order_book_1m", "rollup_marks")),
    "market.retention",
}

REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    # A view, a continuous aggregate or a counted key refuses before anyone asks who is writing.
    psycopg.errors.GeneratedAlways,
    psycopg.errors.ObjectNotInPrerequisiteState,
    psycopg.errors.WrongObjectType,
    psycopg.errors.FeatureNotSupported,
)


@pytest.fixture
def worker(database_url: str) -> Iterator[psycopg.Connection]:
    """A session of the worker whose transaction never commits."""
    with closing(connect(as_role(database_url, Role.WORKER))) as opened:
        yield opened


@pytest.fixture
def reader(database_url: str) -> Iterator[psycopg.Connection]:
    with closing(connect(as_role(database_url, Role.READER), autocommit=True)) as opened:
        # A reader can lift this, so nothing may rest on it.
        opened.execute("SET default_transaction_read_only = off")
        yield opened


@pytest.fixture
def administrator(database_url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(database_url, autocommit=True)) as opened:
        yield opened


def relations(connection: psycopg.Connection, kinds: str = "rvm") -> list[str]:
    """Every table and view of HYDRA."""
    rows = connection.execute(
        "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class"
        " WHERE relnamespace::regnamespace::text = ANY (%s) AND relkind::text = ANY (%s) ORDER BY 1",
        (list(SCHEMAS), list(kinds)),
    )
    return [row[0] for row in rows.fetchall()]


def is_refused(connection: psycopg.Connection, statement: str) -> bool:
    """Whether the server refuses `statement` for want of a privilege; it leaves nothing behind."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except REFUSED:
        return True
    return False


def statements(connection: psycopg.Connection, relation: str) -> dict[str, str]:
    """A statement of every kind that changes `relation`, by what it would do."""
    names = [column.name for column in columns_of(connection, relation)]
    return {
        "INSERT": f"INSERT INTO {relation} OVERRIDING SYSTEM VALUE SELECT * FROM {relation} WHERE false",
        "DELETE": f"DELETE FROM {relation}",
        "TRUNCATE": f"TRUNCATE {relation} CASCADE",
        "DROP": f"DROP TABLE IF EXISTS {relation} CASCADE",
        "ALTER": f"ALTER TABLE {relation} RENAME TO stolen",
        "LOCK": f"LOCK TABLE {relation} IN ACCESS EXCLUSIVE MODE",
        **{f"UPDATE {name}": f"UPDATE {relation} SET {name} = {name}" for name in names},
    }


def expected_of_the_worker(relation: str, kind: str) -> set[str]:
    """What the worker may do with a relation of this kind."""
    if kind != "r" or relation in READ_ONLY:
        return set()
    if relation.startswith("messages."):
        return {"INSERT", "DELETE", "UPDATE", "LOCK"}
    changes = {f"UPDATE {name}" for name in CHANGES.get(relation, ())}
    return {"INSERT", *changes}


def test_the_worker_has_exactly_the_privileges_of_its_statements(
    worker: psycopg.Connection, administrator: psycopg.Connection
) -> None:
    """Walks over every table and view, every kind of statement and every column."""
    found = {}
    for kind in "rv":
        for relation in relations(administrator, kind):
            allowed = {
                what for what, text in statements(worker, relation).items() if not is_refused(worker, text)
            }
            expected = expected_of_the_worker(relation, kind)
            if relation.startswith("messages."):
                allowed = {what.partition(" ")[0] for what in allowed}
            if allowed != expected:
                found[relation] = (sorted(allowed - expected), sorted(expected - allowed))
    assert found == {}


def test_the_reader_reads_everything_and_changes_nothing(reader: psycopg.Connection) -> None:
    for relation in [*relations(reader), "public.alembic_version"]:
        assert reader.execute(f"SELECT count(*) FROM {relation}").fetchone() is not None
        for text in statements(reader, relation).values():
            assert is_refused(reader, text), text


@pytest.mark.parametrize("schema", [*SCHEMAS, "public"])
@pytest.mark.parametrize("role", [Role.WORKER, Role.READER])
def test_only_the_owner_adds_to_the_schema(database_url: str, role: Role, schema: str) -> None:
    with closing(connect(as_role(database_url, role), autocommit=True)) as connection:
        connection.execute("SET default_transaction_read_only = off")
        assert is_refused(connection, f"CREATE TABLE {schema}.mine ()")
        assert is_refused(connection, "CREATE SCHEMA mine")


def test_a_reader_cannot_fill_the_disk_with_temporary_tables(reader: psycopg.Connection) -> None:
    assert is_refused(reader, "CREATE TEMP TABLE heap AS SELECT generate_series(1, 10)")


@pytest.mark.parametrize("call", ["lo_creat(-1)", "lo_create(0)", "lo_from_bytea(0, 'heap')"])
def test_a_reader_cannot_fill_the_disk_with_large_objects(reader: psycopg.Connection, call: str) -> None:
    assert is_refused(reader, f"SELECT {call}")


def test_a_reader_cannot_fill_the_disk_with_messages_in_the_servers_log(reader: psycopg.Connection) -> None:
    assert is_refused(reader, "SELECT pg_logical_emit_message(false, 'heap', repeat('x', 1000))")


def test_a_reader_cannot_fill_the_disk_with_a_sort(reader: psycopg.Connection) -> None:
    assert reader.execute("SHOW temp_file_limit").fetchone() == ("1GB",)
    assert is_refused(reader, "SET temp_file_limit = -1")
    with reader.transaction(force_rollback=True):
        reader.execute("ALTER ROLE hydra_reader RESET ALL")
        own = "setrole = 'hydra_reader'::regrole"
        kept = reader.execute(f"SELECT setconfig FROM pg_db_role_setting WHERE {own}")
        assert kept.fetchall() == [(["temp_file_limit=1GB"],)]


def test_the_worker_cannot_delete_what_was_decided(
    worker: psycopg.Connection, administrator: psycopg.Connection
) -> None:
    for relation in relations(administrator, "r"):
        if not relation.startswith("messages."):
            assert is_refused(worker, f"DELETE FROM {relation}"), relation


@pytest.mark.parametrize("role", list(Role))
def test_a_session_has_no_rights_to_take_back(database_url: str, role: Role) -> None:
    """Before, every session was a superuser's that had stepped down by SET ROLE."""
    with closing(connect(as_role(database_url, role), autocommit=True)) as connection:
        for statement in ("RESET ROLE", "SET ROLE NONE", "RESET SESSION AUTHORIZATION", "DISCARD ALL"):
            connection.execute(statement)
            assert connection.execute("SELECT session_user, current_user").fetchone() == (role, role)
        others = connection.execute("SELECT rolname FROM pg_roles WHERE rolname <> current_user").fetchall()
        assert set(Role) - {role} < {other for (other,) in others}
        for (other,) in others:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(other)))
        row = connection.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert row == (False,)


def test_the_worker_writes_facts_and_their_rollups_follow(worker: psycopg.Connection) -> None:
    worker.execute(INSERT)
    assert worker.execute("SELECT row_count FROM market.candles_4h").fetchall() == [(1,)]


def test_the_worker_cannot_reach_facts_through_their_chunks(
    worker: psycopg.Connection, administrator: psycopg.Connection
) -> None:
    administrator.execute(INSERT)
    try:
        chunk = administrator.execute("SELECT show_chunks('market.candles_1m')::text").fetchone()
        assert chunk is not None
        for kind, statement in statements(worker, chunk[0]).items():
            assert kind == "INSERT" or is_refused(worker, statement), statement
    finally:
        administrator.execute("DELETE FROM market.candles_1m")


def test_the_worker_keeps_a_revision_aside_and_cannot_apply_it(worker: psycopg.Connection) -> None:
    aside = "INSERT INTO market.revisions (target_table, key, stored, offered, known_at{}) VALUES"
    row = "('candles_1m', '{{}}', '{{}}', '{{}}', now(){})"
    worker.execute(f"{aside.format('')} {row.format('')}")
    assert is_refused(worker, f"{aside.format(', applied')} {row.format(', true')}")


def test_the_worker_uses_generated_keys(worker: psycopg.Connection) -> None:
    worker.execute(
        "INSERT INTO market.quarantine (origin, target_table, reason, raw) VALUES ('a', 'b', 'c', '{}')"
    )


def test_the_worker_refreshes_the_statistics_of_runs(worker: psycopg.Connection) -> None:
    worker.execute("SELECT hydra.refresh_statistics()")


def test_everything_belongs_to_the_owner(administrator: psycopg.Connection) -> None:
    """Chunks and the stores of continuous aggregates too; a function that runs as its owner, most of all."""
    administrator.execute(INSERT)
    try:
        strangers = administrator.execute(STRANGERS, (list(SCHEMAS),)).fetchall()
    finally:
        administrator.execute("DELETE FROM market.candles_1m")
    assert strangers == []


STRANGERS = """
SELECT 'schema', nspname::text, nspowner::regrole::text FROM pg_namespace
WHERE nspname::text = ANY (%s) AND nspowner <> 'hydra_owner'::regrole
UNION ALL
SELECT 'relation', oid::regclass::text, relowner::regrole::text FROM pg_class
WHERE relowner <> 'hydra_owner'::regrole AND relkind <> 't'
    AND (relnamespace::regnamespace::text IN ('market', 'hydra', 'ml', 'audit', 'messages')
        OR relname = 'alembic_version'
        OR relnamespace::regnamespace::text = '_timescaledb_internal'
            AND relname ~ '^_(hyper|materialized_hypertable|partial_view|direct_view)_')
UNION ALL
SELECT 'function', oid::regprocedure::text, proowner::regrole::text FROM pg_proc
WHERE pronamespace::regnamespace::text IN ('market', 'hydra', 'ml', 'audit', 'messages')
    AND proowner <> 'hydra_owner'::regrole
UNION ALL
SELECT 'job', proc_name::text, owner::text FROM timescaledb_information.jobs
WHERE hypertable_name IS NOT NULL AND owner <> 'hydra_owner'::regrole
"""


def test_creating_the_roles_again_changes_nothing(administrator: psycopg.Connection) -> None:
    ensure_roles(administrator)
    ensure_owner(administrator)
    count = administrator.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s)", (list(Role),))
    assert count.fetchone() == (len(Role),)


def test_a_dashboard_is_cut_off_after_a_while_and_has_few_connections(
    database_url: str, administrator: psycopg.Connection
) -> None:
    with psycopg.connect(as_role(database_url, Role.READER), autocommit=True) as dashboard:
        for setting, value in (
            ("statement_timeout", "30s"),
            ("idle_in_transaction_session_timeout", "1min"),
            ("default_transaction_read_only", "on"),
        ):
            assert dashboard.execute(f"SHOW {setting}").fetchone() == (value,)
    limit = administrator.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'hydra_reader'")
    assert limit.fetchone() == (READER_CONNECTIONS,)


def test_readers_without_a_connection_left_are_told_and_the_worker_goes_on(
    database_url: str, administrator: psycopg.Connection
) -> None:
    administrator.execute("ALTER ROLE hydra_reader CONNECTION LIMIT 1")
    try:
        with (
            closing(connect(as_role(database_url, Role.READER))),
            pytest.raises(DatabaseError, match="no connection left for hydra_reader"),
        ):
            connect(as_role(database_url, Role.READER))
        connect(as_role(database_url, Role.WORKER)).close()
    finally:
        administrator.execute(
            sql.SQL("ALTER ROLE hydra_reader CONNECTION LIMIT {}").format(sql.Literal(READER_CONNECTIONS))
        )


def test_an_account_that_may_not_migrate_is_told_which_may(empty_database_url: str) -> None:
    name, password = f"stranger_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    address = make_url(empty_database_url).set(username=name, password=password)
    with psycopg.connect(empty_database_url, autocommit=True) as owner:
        owner.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
        )
        try:
            with pytest.raises(
                DatabaseError, match=r"may not .* put the owner of that database, or a superuser"
            ):
                upgrade_to_head(address.render_as_string(hide_password=False))
        finally:
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
