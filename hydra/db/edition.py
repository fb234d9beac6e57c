"""Which TimescaleDB this is, and whether HYDRA can use it.

Source: docs/database.md, "Two editions" (Apache and community edition).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.errors import DatabaseError

OLDEST_POSTGRESQL: Final = 15
# From this version on, hypertables support statement triggers with transition tables, which keep the rollups
# of the Apache edition. Older versions let the triggers be created and then refuse every row.
OLDEST_TIMESCALEDB: Final = (2, 18)


class Edition(StrEnum):
    """TimescaleDB's edition. COMMUNITY adds continuous aggregates, compression and policies."""

    APACHE = "apache"
    COMMUNITY = "community"


@dataclass(frozen=True)
class ServerFacts:
    """A server that HYDRA can use."""

    postgresql_version: str
    timescaledb_version: str
    edition: Edition


@dataclass(frozen=True)
class ServerAnswer:
    """What a server reports about itself, unchecked; one row of `sql/server/facts.sql`."""

    server_version_num: int
    server_version: str
    available_version: str | None
    created_version: str | None
    is_preloaded: bool
    license: str | None
    database_name: str


def inspect_server(connection: psycopg.Connection) -> ServerFacts:
    """The versions and the edition of a server whose database has the extension.

    Raises:
        DatabaseError: one sentence for the first reason why HYDRA cannot use it.
    """
    found = find(connection)
    refuse_unusable(found)
    if found.created_version is None or found.license is None:
        raise DatabaseError(
            f"TimescaleDB is not created in the database {found.database_name}: "
            f"run `hydra db up`, it creates it"
        )
    edition = Edition.APACHE if found.license == "apache" else Edition.COMMUNITY
    return ServerFacts(found.server_version.split()[0], found.created_version, edition)


def find(connection: psycopg.Connection) -> ServerAnswer:
    """Ask the server what it is."""
    with connection.cursor(row_factory=class_row(ServerAnswer)) as cursor:
        row = cursor.execute(queries.load("server/facts")).fetchone()
    if row is None:
        raise AssertionError("the query always gives one row")
    return row


def refuse_unusable(found: ServerAnswer) -> None:
    """Raise DatabaseError if HYDRA cannot run on a server with these findings."""
    if found.server_version_num < OLDEST_POSTGRESQL * 10_000:
        raise DatabaseError(
            f"PostgreSQL {found.server_version} is too old: HYDRA needs {OLDEST_POSTGRESQL} or newer: "
            f"move to a newer server, or unset HYDRA_DATABASE_URL for a private one"
        )
    version = found.created_version or found.available_version
    if version is None:
        raise DatabaseError(
            "the database server has no TimescaleDB: install its package for this PostgreSQL, or unset "
            "HYDRA_DATABASE_URL and run `hydra db up` for a private server"
        )
    if not found.is_preloaded:
        raise DatabaseError(
            "TimescaleDB is installed but not loaded: add timescaledb to shared_preload_libraries in "
            "postgresql.conf and restart the server"
        )
    if parse_version(version) < OLDEST_TIMESCALEDB:
        oldest = ".".join(map(str, OLDEST_TIMESCALEDB))
        raise DatabaseError(
            f"TimescaleDB {version} is too old: HYDRA needs {oldest} or newer: install a newer package "
            f"and run ALTER EXTENSION timescaledb UPDATE"
        )


def parse_version(version: str) -> tuple[int, int]:
    """Major and minor number of "2.19.3" or "2.20.0-dev"."""
    major, minor = version.split(".")[:2]
    return int(major), int(minor)
