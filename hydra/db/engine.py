"""Opens every connection to the database: in UTC, named, with errors that say what to do."""

import re
from typing import TYPE_CHECKING, Final

import psycopg

from hydra.db.address import libpq_url, parsed, with_parameters
from hydra.db.roles import Role
from hydra.db.stored_text import store_every_text
from hydra.errors import DatabaseError, DatabaseLostError
from hydra.redaction import redacted

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection as AdbcConnection

APPLICATION_NAME = "hydra"
CONNECT_TIMEOUT_S = 10
# The limits of the reader are for programs of others: HYDRA's own say how long a thing may take.
_PATIENT = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
_UTC = "-c timezone=UTC"
_SET_UTC = "SET TIME ZONE 'UTC'"
# The databases that this process has reached: one that answers no more was lost.
_REACHED: Final[set[str]] = set()
# A server that lets nobody in for a while: it starts, recovers, stops, or all its connections are taken.
_BUSY: Final = re.compile(
    r"too many clients|connection slots|is starting up|is shutting down|in recovery mode|not yet accepting"
)
# SQLSTATE of a session that the server ends or does not begin, apart from class 08 (connection exceptions).
_AWAY: Final = frozenset({"57P01", "57P02", "57P03"})


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """A psycopg connection with a UTC session.

    Raises:
        DatabaseError: unreachable server, wrong password, missing database.
    """
    try:
        connection = psycopg.connect(
            libpq_url(url),
            autocommit=autocommit,
            application_name=APPLICATION_NAME,
            connect_timeout=CONNECT_TIMEOUT_S,
            options=_options(url),
            # A server that a broken network hides is given up after half a minute; the system takes hours.
            tcp_user_timeout=30_000,
            keepalives_idle=15,
            keepalives_interval=5,
            keepalives_count=3,
        )
    except psycopg.Error as error:
        raise _refusal(url, error) from None
    _REACHED.add(url)
    _speak_utc(connection)
    store_every_text(connection)
    return connection


def adbc_connect(url: str) -> "AdbcConnection":
    """An ADBC connection, for reading into Arrow and bulk ingest.

    Raises:
        DatabaseError: for the reasons of `connect`.
    """
    # Arrow takes half a second to load; `hydra kill` does not need it.
    from adbc_driver_manager import Error as AdbcError  # noqa: PLC0415
    from adbc_driver_postgresql import dbapi  # noqa: PLC0415

    address = with_parameters(
        url,
        {
            "application_name": APPLICATION_NAME,
            "connect_timeout": str(CONNECT_TIMEOUT_S),
            "options": _options(url),
        },
    )
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


def explain_refusal(url: str, complaint: str) -> str:
    """One sentence for a connection that failed with libpq's `complaint`."""
    parts = parsed(url)
    place = f"{parts.get('host', 'the local socket')}:{parts.get('port', 5432)}"
    user, database = parts.get("user"), parts.get("dbname")
    refused = re.search(
        r"password authentication failed|no password supplied|role .* does not exist", complaint
    )
    if refused and user in set(Role):
        return f"the server at {place} refuses the login {user}: run `hydra db up`, it makes the login"
    if refused:
        return f"the server at {place} refuses the password of {user}: correct HYDRA_DATABASE_URL"
    if re.search(r"not permitted to log in", complaint):
        return f"the login {user} at {place} has no password yet: run `hydra db up`, it sets one"
    if re.search(r"too many connections for role", complaint):
        return (
            f"the server at {place} has no connection left for {user}: close a program that holds "
            "some, e.g. a dashboard (pg_stat_activity names them)"
        )
    if re.search(r'database ".*" does not exist', complaint):
        return f"the database server at {place} has no database {database}: create it with `hydra db up`"
    reason = _reason(complaint, url)
    return (
        f"the database server at {place} cannot be used ({reason}): start it or correct HYDRA_DATABASE_URL; "
        f"without that setting HYDRA runs a private server (`hydra db up`)"
    )


def _refusal(url: str, error: Exception) -> DatabaseError:
    kind = DatabaseLostError if url in _REACHED or _BUSY.search(str(error)) else DatabaseError
    return kind(explain_refusal(url, str(error)))


def _options(url: str) -> str:
    return f"{_PATIENT} {parsed(url).get('options', '')} {_UTC}"


def _speak_utc(connection: psycopg.Connection) -> None:
    """Set UTC after connecting: libpq sends the user's PGTZ after the options, so it would win."""
    if connection.info.parameter_status("TimeZone") != "UTC":
        connection.execute(_SET_UTC)
        if not connection.autocommit:
            connection.commit()


def _reason(complaint: str, url: str) -> str:
    """The first line of libpq's complaint, without the repeated server address and without secrets."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    text = re.sub(r"^.*(failed|FATAL):\s*", "", lines[0]) if lines else "no reason given"
    return redacted(text, url)
