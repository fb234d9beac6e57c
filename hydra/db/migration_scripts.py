"""What a revision may do beyond Alembic's own operations: run a script of `sql/`, ask for the edition."""

import psycopg
from alembic import op

from hydra.db import queries, roles
from hydra.errors import DatabaseError


def run_script(name: str) -> None:
    """Run `sql/<name>.sql`, which may hold several statements, inside the revision's transaction."""
    _connection().execute(queries.load(name))


def ensure_roles() -> None:
    """Create the group roles that the server lacks."""
    roles.ensure_roles(_connection())


def is_community() -> bool:
    """Whether this server has the community edition: continuous aggregates and policies."""
    return str(op.get_bind().exec_driver_sql("SHOW timescaledb.license").scalar_one()) == "timescale"


def _connection() -> psycopg.Connection:
    driver_connection = op.get_bind().connection.driver_connection
    if not isinstance(driver_connection, psycopg.Connection):
        raise DatabaseError("migrations need a live connection through psycopg; --sql is not supported")
    return driver_connection
