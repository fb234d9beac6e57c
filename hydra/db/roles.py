"""The roles: the owner migrates, the worker reads and writes, the reader only reads.

They are groups without login, shared by all databases of a server. People and services log in with accounts
that are members of one of them (`grant_login`).
"""

from enum import StrEnum

import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.errors import DatabaseError

READER_STATEMENT_TIMEOUT = "30s"


class Role(StrEnum):
    """The group roles."""

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
        statements = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in missing)
        raise DatabaseError(
            f"the roles {', '.join(missing)} are missing and {user} may not create roles:"
            f" let an administrator of the server run: {statements}"
        )
    return missing


def ensure_roles(connection: psycopg.Connection) -> None:
    """Create the group roles that the server does not have yet. Safe when several databases do it at once.

    Raises:
        DatabaseError: roles are missing and this user may not create them.
    """
    row = connection.execute(queries.load("roles/present")).fetchone()
    if row is None:
        raise DatabaseError("the server does not say who is connected: is this PostgreSQL?")
    user, may_create, present = row
    for role in missing_roles(set(present), user=user, may_create=may_create):
        _create(connection, role)


def grant_login(connection: psycopg.Connection, name: str, password: str, role: Role) -> None:
    """Make the login `name` with `password` a member of `role`; an existing login gets the new password.

    Readers get a statement timeout: settings of a group do not reach its members. Needs CREATEROLE.
    """
    login = sql.Identifier(name)
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(login))
    connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(login, sql.Literal(password)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), login))
    if role is Role.READER:
        timeout = sql.Literal(READER_STATEMENT_TIMEOUT)
        connection.execute(sql.SQL("ALTER ROLE {} SET statement_timeout = {}").format(login, timeout))


def _create(connection: psycopg.Connection, role: Role) -> None:
    """Create the role; another database's migration may create it at the same moment, which is fine."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return
