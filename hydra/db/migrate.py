"""Brings a database to the newest schema, and reports its revision."""

from typing import Final

import psycopg

from hydra.db import queries, rollups
from hydra.db.address import parsed
from hydra.db.collisions import despite_others
from hydra.db.engine import connect
from hydra.db.reason_codes import store_reason_codes
from hydra.db.roles import ensure_owner
from hydra.errors import DatabaseError
from hydra.paths import MIGRATIONS_DIRECTORY
from hydra.redaction import redacted

_REVISIONS: Final = MIGRATIONS_DIRECTORY / "versions"


def upgrade_to_head(url: str) -> None:
    """Build the schema in an empty database, or run every migration that it has not seen, as the owner.

    Safe to call at every start: all migrations are one transaction, and a second caller waits. The words of
    the reason codes are updated from the code, without a migration. `url` is the owner's, or an
    administrator's, who then acts as the owner.

    Raises:
        DatabaseError: the server cannot be reached, or refuses (the message says what to do).
    """
    with connect(url, autocommit=True) as connection:
        despite_others(lambda: ensure_owner(connection))
    try:
        if current_revision(url) != head_revision():
            # Loads Alembic, which a database at its newest revision does not need.
            from hydra.db.alembic_migrations import run_migrations  # noqa: PLC0415

            run_migrations(url)
        with connect(url) as connection:
            store_reason_codes(connection)
        with connect(url, autocommit=True) as connection:
            rollups.refresh_new(connection)
    except psycopg.Error as error:
        raise DatabaseError(_refusal(url, error)) from error


def current_revision(url: str) -> str | None:
    """The revision that the database has, None before the first migration.

    Raises:
        DatabaseError: the server cannot be reached, or refuses.
    """
    with connect(url, autocommit=True) as connection:
        try:
            row = connection.execute(queries.load("server/revision")).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
        except psycopg.Error as error:
            raise DatabaseError(_refusal(url, error)) from error
    return None if row is None else str(row[0])


def head_revision() -> str:
    """The newest revision that this checkout knows: its files are named by their numbers."""
    head = max((path.name.partition("_")[0] for path in _REVISIONS.glob("[0-9]*_*.py")), default=None)
    if head is None:
        raise DatabaseError(f"no migrations in {MIGRATIONS_DIRECTORY}: the checkout is incomplete")
    return head


def _refusal(url: str, error: psycopg.Error) -> str:
    lines = redacted(str(error), url).strip().splitlines()
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            f"the account of HYDRA_DATABASE_URL may not do that in {parsed(url).get('dbname')} ({lines[0]}): "
            f"let the owner of that database, or a superuser, run `hydra db up`"
        )
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return (
            f"other sessions hold what the migration of {parsed(url).get('dbname')} needs: stop runs and "
            "close dashboards (pg_stat_activity names them), then run `hydra db up` again; nothing was "
            "changed"
        )
    return f"the database refused: {lines[0] if lines else type(error).__name__}"
