"""The three roles and their logins: the owner migrates and deletes, the worker decides, the reader reads.

They are shared by all databases of a server. Each logs in as itself, so no session has rights to take back;
the administrator of a server only makes the logins.
Source: docs/architecture.md, law 9.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.errors import DatabaseError

READER_STATEMENT_TIMEOUT: Final = "30s"
READER_IDLE_TIMEOUT: Final = "60s"
"""How long a reader's transaction may do nothing."""
READER_CONNECTIONS: Final = 20
READER_TEMPORARY_FILES: Final = "1GB"
"""How much one connection of a reader may sort on the disk."""


class Role(StrEnum):
    """The roles, by the names of their logins."""

    OWNER = "hydra_owner"
    WORKER = "hydra_worker"
    READER = "hydra_reader"


def missing_roles(present: set[str], *, user: str, may_create: bool) -> list[Role]:
    """The roles that have to be created.

    Raises:
        DatabaseError: some are missing and `user` may not create them; the message holds the statements
            that an administrator has to run.
    """
    missing = [role for role in Role if role.value not in present]
    if missing and not may_create:
        statements = " ".join(f"CREATE ROLE {role} LOGIN PASSWORD '...';" for role in missing)
        raise DatabaseError(
            f"the roles {', '.join(missing)} are missing and {user} may not create roles:"
            f" let an administrator of the server run: {statements} (with the passwords of your settings)"
        )
    return missing


def ensure_roles(connection: psycopg.Connection) -> None:
    """Create the roles that the server does not have yet. Safe when several databases do it at once.

    Raises:
        DatabaseError: roles are missing and this user may not create them.
    """
    row = connection.execute(queries.load("roles/present")).fetchone()
    if row is None:
        raise DatabaseError("the server does not say who is connected: is this PostgreSQL?")
    user, may_create, present = row
    for role in missing_roles(set(present), user=user, may_create=may_create):
        _create(connection, role)


def ensure_owner(connection: psycopg.Connection) -> None:
    """Let the owner's role own the schema: create the roles, hand over what another account has made.

    Nothing to do for the owner's own session. Needs an autocommitting connection.

    Raises:
        DatabaseError: this account may not do that.
    """
    if connection.info.user == Role.OWNER:
        return
    ensure_roles(connection)
    try:
        with connection.transaction():
            connection.execute(queries.load("roles/prepare_database"))
            connection.execute(queries.load("roles/hand_over"))
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"the account {connection.info.user} may not give {connection.info.dbname} to {Role.OWNER} "
            f"({str(error).partition(chr(10))[0]}): put the owner of that database, or a superuser, into "
            "HYDRA_DATABASE_URL and run `hydra db up`"
        ) from None


def set_passwords(connection: psycopg.Connection, passwords: Mapping[Role, str]) -> None:
    """Let the roles log in with `passwords`, the reader within its limits. The server learns only verifiers.

    Raises:
        DatabaseError: this account may not change roles.
    """
    try:
        with connection.transaction():
            for role, password in passwords.items():
                verifier = connection.pgconn.encrypt_password(
                    password.encode(), role.encode(), b"scram-sha-256"
                ).decode("ascii")
                statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), sql.Literal(verifier)))
            if Role.READER in passwords:
                connection.execute(_limits_of_the_reader())
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseError(
            f"the account {connection.info.user} may not set the passwords of {', '.join(passwords)}: let an "
            "administrator of the server set them to those of your settings"
        ) from None


def is_prepared(connection: psycopg.Connection) -> bool:
    """Whether the owner, who is connected, owns what HYDRA stores here and may add to it."""
    row = connection.execute(queries.load("roles/is_prepared")).fetchone()
    return bool(row and row[0])


def _limits_of_the_reader() -> sql.Composed:
    return sql.SQL(queries.load("roles/limit_reader")).format(
        connections=sql.Literal(READER_CONNECTIONS),
        statement_timeout=sql.Literal(READER_STATEMENT_TIMEOUT),
        temporary_files=sql.Literal(READER_TEMPORARY_FILES),
        idle_timeout=sql.Literal(READER_IDLE_TIMEOUT),
    )


def _create(connection: psycopg.Connection, role: Role) -> None:
    """Create the role; another database's migration may create it at the same moment, which is fine."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return
