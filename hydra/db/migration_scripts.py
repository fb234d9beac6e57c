"""How a revision runs a SQL script of `sql/`."""

from alembic import op

from hydra.db import queries


def run_script(name: str) -> None:
    """Run `sql/<name>.sql`, which may hold several statements, inside the revision's transaction."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("migrations need a live connection; --sql (offline) is not supported")
    connection.execute(queries.load(name))


def is_community() -> bool:
    """Whether this server has the community edition: continuous aggregates and policies."""
    return str(op.get_bind().exec_driver_sql("SHOW timescaledb.license").scalar_one()) == "timescale"
