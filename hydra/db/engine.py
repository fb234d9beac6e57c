"""Opens every connection to the database: in UTC, named, with errors that say what to do."""

import re
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from hydra.db.server.private import DATABASE, private_cluster
from hydra.db.stored_text import store_every_text
from hydra.errors import DatabaseError, DatabaseLostError
from hydra.settings import Settings

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection as AdbcConnection

APPLICATION_NAME = "hydra"
CONNECT_TIMEOUT_S = 10
_UTC = "-c timezone=UTC"
_SET_UTC = "SET TIME ZONE 'UTC'"
# The databases that this process has reached: one that answers no more was lost.
_REACHED: Final[set[str]] = set()
# SQLSTATE of a session that the server ends or does not begin, apart from class 08 (connection exceptions).
_AWAY: Final = frozenset({"57P01", "57P02", "57P03"})


def database_url(settings: Settings) -> str:
    """The database of HYDRA, password included: HYDRA_DATABASE_URL, else the private server's.

    Raises:
        DatabaseError: none is set and the private server does not run.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    cluster = private_cluster()
    if not cluster.is_running():
        raise DatabaseError("the private database server is not running: start it with `hydra db up`")
    return cluster.url(DATABASE)


def connect(url: str, *, role: str | None = None, autocommit: bool = False) -> psycopg.Connection:
    """A psycopg connection with a UTC session, acting as `role` if one is given.

    Raises:
        DatabaseError: unreachable server, wrong password, missing database, unknown role.
    """
    try:
        connection = psycopg.connect(
            libpq_url(url),
            autocommit=autocommit,
            application_name=APPLICATION_NAME,
            connect_timeout=CONNECT_TIMEOUT_S,
            options=_options(url),
        )
    except psycopg.Error as error:
        raise _refusal(url, error) from None
    _REACHED.add(url)
    _speak_utc(connection)
    store_every_text(connection)
    if role is not None:
        _set_role(connection, role)
    return connection


def adbc_connect(url: str) -> "AdbcConnection":
    """An ADBC connection, for reading into Arrow and bulk ingest.

    Raises:
        DatabaseError: for the reasons of `connect`.
    """
    # Arrow takes half a second to load; `hydra kill` does not need it.
    from adbc_driver_manager import Error as AdbcError  # noqa: PLC0415
    from adbc_driver_postgresql import dbapi  # noqa: PLC0415

    parts = make_url(libpq_url(url)).update_query_dict(
        {
            "application_name": APPLICATION_NAME,
            "connect_timeout": str(CONNECT_TIMEOUT_S),
            "options": _options(url),
        }
    )
    # libpq decodes %20 in a query but not "+", which URLs use for a blank.
    address = parts.render_as_string(hide_password=False).replace("+", "%20")
    try:
        connection: AdbcConnection = dbapi.connect(address)
        with connection.cursor() as cursor:
            cursor.execute(_SET_UTC)
        connection.commit()
    except AdbcError as error:
        raise _refusal(url, error) from None
    _REACHED.add(url)
    return connection


def is_lost(error: psycopg.Error) -> bool:
    """Whether the error means that the server went away."""
    return isinstance(error, psycopg.OperationalError) and means_lost(error.sqlstate)


def means_lost(sqlstate: str | None) -> bool:
    """Whether an operational error of this SQLSTATE (None: of the driver) says that the server went away."""
    return not sqlstate or sqlstate in _AWAY or sqlstate.startswith("08")


def libpq_url(url: str) -> str:
    """`url` in libpq's form: a driver name such as `postgresql+psycopg` is removed.

    Raises:
        DatabaseError: it is not a PostgreSQL URL. The text is not repeated: it may hold a password.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        parts = None
    if parts is None or parts.get_backend_name() not in {"postgresql", "postgres"}:
        raise DatabaseError(
            "HYDRA_DATABASE_URL is not a PostgreSQL URL: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE "
            "(special characters in the password as %XX)"
        )
    return parts.set(drivername="postgresql").render_as_string(hide_password=False)


def shown(url: str) -> str:
    """`url` without the password, for messages."""
    parts = make_url(libpq_url(url))
    return parts._replace(password=None).render_as_string()


def explain_refusal(url: str, complaint: str) -> str:
    """One sentence for a connection that failed with libpq's `complaint`."""
    parts = make_url(libpq_url(url))
    place = f"{parts.host or 'the local socket'}:{parts.port or 5432}"
    if re.search(r"password authentication failed|no password supplied", complaint):
        return f"the server at {place} refuses the password of {parts.username}: correct HYDRA_DATABASE_URL"
    if re.search(r'database ".*" does not exist', complaint):
        return (
            f"the database server at {place} has no database {parts.database}: create it with `hydra db up`"
        )
    reason = _reason(complaint, parts.password)
    return (
        f"the database server at {place} cannot be used ({reason}): start it or correct HYDRA_DATABASE_URL; "
        f"without that setting HYDRA runs a private server (`hydra db up`)"
    )


def _refusal(url: str, error: Exception) -> DatabaseError:
    kind = DatabaseLostError if url in _REACHED else DatabaseError
    return kind(explain_refusal(url, str(error)))


def _options(url: str) -> str:
    given = make_url(libpq_url(url)).query.get("options", "")
    return f"{given if isinstance(given, str) else ' '.join(given)} {_UTC}".strip()


def _speak_utc(connection: psycopg.Connection) -> None:
    """Set UTC after connecting: libpq sends the user's PGTZ after the options, so it would win."""
    if connection.info.parameter_status("TimeZone") != "UTC":
        connection.execute(_SET_UTC)
        if not connection.autocommit:
            connection.commit()


def _set_role(connection: psycopg.Connection, role: str) -> None:
    try:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        if not connection.autocommit:
            connection.commit()
    except psycopg.Error as error:
        connection.close()
        reason = str(error).splitlines()[0]
        raise DatabaseError(
            f"cannot act as the role {role} ({reason}): run `hydra db up`, it creates the roles"
        ) from None


def _reason(complaint: str, password: str | None) -> str:
    """The first line of libpq's complaint, without the repeated server address."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    text = re.sub(r"^.*(failed|FATAL):\s*", "", lines[0]) if lines else "no reason given"
    return re.sub(re.escape(password), "***", text) if password and password in text.split() else text
