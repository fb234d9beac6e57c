"""Makes a server ready for the schema, as its administrator: the database, TimescaleDB, the logins."""

import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.db.collisions import despite_others
from hydra.db.edition import ServerFacts, find, inspect_server, refuse_unusable
from hydra.db.engine import connect
from hydra.db.logins import administrator_url, make_logins
from hydra.db.roles import ensure_owner
from hydra.db.server.private import DATABASE, private_cluster
from hydra.errors import DatabaseError
from hydra.settings import Settings


def provision(settings: Settings) -> None:
    """Make the database, the extension and the logins, and let the owner own it all. Repeatable.

    Raises:
        DatabaseError: the server cannot be used, or its account may not do that.
    """
    despite_others(lambda: _provision(settings))


def _provision(settings: Settings) -> None:
    if settings.database_url is None:
        create_database(private_cluster().url("postgres"), DATABASE)
    address = administrator_url(settings)
    create_extension(address)
    with connect(address, autocommit=True) as connection:
        ensure_owner(connection)
    make_logins(settings)


def create_database(maintenance_url: str, name: str) -> None:
    """Create the database `name` unless it is there. One process at a time: two would both see none.

    Raises:
        DatabaseError: the server cannot be used.
    """
    with connect(maintenance_url, autocommit=True) as connection:
        exists = connection.execute(queries.load("server/database_exists"), {"database": name}).fetchone()
        if exists is None or not exists[0]:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def create_extension(url: str) -> ServerFacts:
    """Create TimescaleDB in the database of `url` if missing, and return the server's facts.

    Another process may create it at the same moment: whoever comes second finds it.

    Raises:
        DatabaseError: the server cannot be used, or the account may not create extensions.
    """
    with connect(url, autocommit=True) as connection:
        refuse_unusable(find(connection))
        try:
            connection.execute(queries.load("server/create_extension"))
        except psycopg.errors.InsufficientPrivilege:
            raise DatabaseError(
                f"the account of HYDRA_DATABASE_URL may not create TimescaleDB in {connection.info.dbname}: "
                f"let a superuser run CREATE EXTENSION timescaledb there"
            ) from None
        except psycopg.Error:
            if find(connection).created_version is None:
                raise
    # The library chooses its licence when a session first loads the extension, so use a new session.
    with connect(url) as connection:
        return inspect_server(connection)
