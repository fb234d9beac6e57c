"""What a revision may do: build the schema from `sql/schema`, or change one by a file of `sql/migrations`."""

import psycopg
from alembic import op

from hydra.db import queries, roles
from hydra.errors import DatabaseError

# In the configuration of an upgrade: the database was empty when it began.
_BUILT = "built"


def build_schema(*names: str) -> None:
    """Run the files `sql/schema/<name>.sql` in this order; the revisions that follow then change nothing."""
    _attributes()[_BUILT] = True
    for name in names:
        _connection().execute(queries.load(f"schema/{name}"))


def change_schema(revision: str, *again: str) -> None:
    """Run `sql/migrations/<revision>.sql`, then the files `again` of `sql/schema` (views, privileges).

    Does nothing if this upgrade has built the schema anew.
    """
    if _attributes().get(_BUILT, False):
        return
    for name in (f"migrations/{revision}", *(f"schema/{name}" for name in again)):
        _connection().execute(queries.load(name))


def ensure_roles() -> None:
    """Create the group roles that the server lacks."""
    roles.ensure_roles(_connection())


def is_community() -> bool:
    """Whether this server has the community edition: continuous aggregates and policies."""
    return str(op.get_bind().exec_driver_sql("SHOW timescaledb.license").scalar_one()) == "timescale"


def _attributes() -> dict[str, object]:
    config = op.get_context().config
    if config is None:
        raise DatabaseError("migrations run through `hydra db up` or `alembic upgrade head`")
    return config.attributes


def _connection() -> psycopg.Connection:
    driver_connection = op.get_bind().connection.driver_connection
    if not isinstance(driver_connection, psycopg.Connection):
        raise DatabaseError("migrations need a live connection through psycopg; --sql is not supported")
    return driver_connection
