"""What Alembic runs for every command: connects, takes the migration lock, runs the revisions.

The connection comes from the caller (`hydra.db.migrate`, the tests) or from HYDRA_DATABASE_URL.
"""

import os

from alembic import context
from sqlalchemy import Connection, Engine, text

from hydra.db.migrate import engine_for
from hydra.errors import SettingsError

# Any constant works if all HYDRA processes use the same one.
MIGRATION_LOCK = 4_912_734_001


def _engine() -> Engine:
    given = context.config.attributes.get("connection")
    if isinstance(given, Engine):
        return given
    url = os.environ.get("HYDRA_DATABASE_URL")
    if not url:
        raise SettingsError("no database named: set HYDRA_DATABASE_URL for alembic, or use `hydra db`")
    return engine_for(url)


def _run(connection: Connection) -> None:
    """All revisions in one transaction: one that builds the schema makes the later ones unnecessary."""
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


def _locked_run(connection: Connection) -> None:
    """Two processes that start at once must not both migrate: the second waits, then finds nothing to do."""
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.commit()
    try:
        _run(connection)
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()


with _engine().connect() as opened:
    _locked_run(opened)
