"""What Alembic runs for every command: connects as the owner, takes the migration lock, runs the revisions.

The connection comes from the caller (`hydra.db.alembic_migrations`, the tests) or from HYDRA_DATABASE_URL.
"""

import os

from alembic import context
from psycopg.errors import DuplicateTable, UniqueViolation
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from hydra.db import queries
from hydra.db.alembic_migrations import engine_for
from hydra.db.roles import Role
from hydra.errors import SettingsError


def _engine() -> Engine:
    given = context.config.attributes.get("connection")
    if isinstance(given, Engine):
        return given
    url = os.environ.get("HYDRA_DATABASE_URL")
    if not url:
        raise SettingsError("no database named: set HYDRA_DATABASE_URL for alembic, or use `hydra db`")
    return engine_for(url, role=Role.OWNER)


def _run(connection: Connection) -> None:
    """All revisions in one transaction: one that builds the schema makes the later ones unnecessary.

    Two processes that start at once must not both migrate: the second waits for the lock on the table of
    revisions, then finds nothing to do.
    """
    _make_version_table(connection)
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '10min'"))
        connection.execute(text(queries.load("server/lock_version_table")))
        # Nobody's report or dashboard may keep a migration waiting without a word.
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        context.run_migrations()


def _make_version_table(connection: Connection) -> None:
    """The table of revisions, as Alembic makes it; another process may make it at the same moment."""
    try:
        connection.execute(text(queries.load("server/version_table")))
        connection.commit()
    except DBAPIError as error:
        connection.rollback()
        if not isinstance(error.orig, DuplicateTable | UniqueViolation):
            raise


with _engine().connect() as opened:
    _run(opened)
