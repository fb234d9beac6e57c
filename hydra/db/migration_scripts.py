"""What a revision may do: build the schema from `sql/schema`, or change an existing one."""

import psycopg
from alembic import op

from hydra.db import queries, rollup_schema
from hydra.db.reason_codes import store_reason_codes
from hydra.db.rollups import ROLLUP_SOURCES, RollupSource, refresh_all
from hydra.errors import DatabaseError

# Set in the configuration of an upgrade whose database was empty when it began.
_BUILT = "built"


def build(*names: str) -> None:
    """Run the files `sql/<name>.sql` in this order; `change` then has nothing to do."""
    _attributes()[_BUILT] = True
    for name in names:
        _connection().execute(queries.load(name))


def change(*names: str) -> None:
    """Run the files `sql/<name>.sql` in this order, unless this upgrade has built the schema."""
    if not _attributes().get(_BUILT, False):
        for name in names:
            _connection().execute(queries.load(name))


def build_rollups() -> list[RollupSource]:
    """Create the rollups that this server's edition does not have yet; the sources of which they are."""
    connection, community = _connection(), _is_community()
    missing = [source for source in ROLLUP_SOURCES.values() if not _exists(source.levels[0].relation)]
    if community:
        rollup_schema.create_continuous_aggregates(connection, missing)
    else:
        for function, script in (("keep_rollups", "apache_trigger"), ("mark_rollups", "apache_marks")):
            if not _exists(f"{function}()"):
                connection.execute(queries.load(f"schema/rollups/{script}"))
        rollup_schema.create_kept_tables(connection, missing)
    rollup_schema.comment_rollups(connection, community=community)
    return missing


def add_rollups() -> None:
    """Create the rollups that are not there yet; on the Apache edition fill them from the facts.

    `upgrade_to_head` fills new continuous aggregates after the migration, outside its transaction.
    """
    if _attributes().get(_BUILT, False):
        return
    for source in build_rollups():
        if not _is_community():
            refresh_all(_connection(), source)


def change_rollups(removal: str) -> None:
    """Apache edition: drop the rollups by `sql/<removal>.sql`, create them, fill them from the facts.

    Continuous aggregates are kept; their comments are updated.
    """
    if _attributes().get(_BUILT, False):
        return
    if not _is_community():
        _connection().execute(queries.load(removal))
    add_rollups()


def renew_rollup_keepers() -> None:
    """Bring the functions (Apache edition) or policies that keep the rollups to what the code says."""
    if _attributes().get(_BUILT, False):
        return
    add_rollups()
    if _is_community():
        rollup_schema.renew_policies(_connection())
    else:
        rollup_schema.create_refresh_functions(_connection())


def fill_reason_codes() -> None:
    """Bring hydra.reason_codes to what the code says."""
    store_reason_codes(_connection())


def _is_community() -> bool:
    """Whether this server has the community edition: continuous aggregates and policies."""
    return str(op.get_bind().exec_driver_sql("SHOW timescaledb.license").scalar_one()) == "timescale"


def _exists(name: str) -> bool:
    """Whether schema market has this relation, or a function of this name and () behind it."""
    row = _connection().execute(queries.load("rollups/exists"), {"name": f"market.{name}"}).fetchone()
    return bool(row and row[0])


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
