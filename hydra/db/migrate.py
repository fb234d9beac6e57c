"""Brings a database to the newest schema, and reports its revision."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from hydra.db import rollups
from hydra.db.address import libpq_url, parsed
from hydra.db.collisions import despite_others
from hydra.db.engine import connect
from hydra.db.reason_codes import store_reason_codes
from hydra.db.roles import Role, ensure_owner
from hydra.errors import DatabaseError
from hydra.paths import MIGRATIONS_DIRECTORY
from hydra.redaction import redacted


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
    with _engine(url, role=Role.OWNER) as engine:
        config = alembic_config()
        config.attributes["connection"] = engine
        try:
            command.upgrade(config, "head")
            with connect(url) as connection:
                store_reason_codes(connection)
            with connect(url, autocommit=True) as connection:
                rollups.refresh_new(connection)
        except CommandError as error:
            raise DatabaseError(
                f"this checkout cannot migrate the database {parsed(url).get('dbname')} ({error}): a newer "
                "version made it, or one from before the first release: use that version, or another database"
            ) from error


def current_revision(url: str) -> str | None:
    """The revision that the database has, None before the first migration.

    Raises:
        DatabaseError: the server cannot be reached.
    """
    with _engine(url) as engine, engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The newest revision that this checkout knows."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if head is None:
        raise DatabaseError(f"no migrations in {MIGRATIONS_DIRECTORY}: the checkout is incomplete")
    return head


def alembic_config() -> Config:
    """Alembic's configuration without a file and without a URL: no secret can be printed from it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIRECTORY).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def engine_for(url: str, role: Role | None = None) -> Engine:
    """An engine over psycopg 3 for any spelling of a PostgreSQL URL; connections are not pooled.

    role: what an administrator acts as. The search path is set: by default a schema named like the user comes
    first, so for a user called hydra the tables of schema hydra could be used without their schema's name.
    """
    driver_url = make_url(libpq_url(url)).set(drivername="postgresql+psycopg")
    options = f"-c search_path=public{f' -c role={role}' if role else ''}"
    return create_engine(driver_url, poolclass=NullPool, connect_args={"options": options})


@contextmanager
def _engine(url: str, role: Role | None = None) -> Iterator[Engine]:
    engine = engine_for(url, role)
    try:
        yield engine
    except (DBAPIError, psycopg.Error) as error:
        raise DatabaseError(_refusal(url, error)) from error
    finally:
        engine.dispose()


def _refusal(url: str, error: DBAPIError | psycopg.Error) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = redacted(str(cause), url).strip().splitlines()
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return (
            f"the account of HYDRA_DATABASE_URL may not do that in {parsed(url).get('dbname')} ({lines[0]}): "
            f"let the owner of that database, or a superuser, run `hydra db up`"
        )
    if isinstance(cause, psycopg.errors.LockNotAvailable):
        return (
            f"other sessions hold what the migration of {parsed(url).get('dbname')} needs: stop runs and "
            "close dashboards (pg_stat_activity names them), then run `hydra db up` again; nothing was "
            "changed"
        )
    return f"the database refused: {lines[0] if lines else type(cause).__name__}"
