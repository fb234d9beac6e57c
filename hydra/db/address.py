"""Where a database is: its URL in the form that libpq takes, under another login, and as it may be shown."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from hydra.errors import DatabaseError
from hydra.redaction import parameters

# Where they stand, a password was written as it is, and ended too early.
_NOT_IN_A_HOST: Final = frozenset(" \t\n\"'\\")
_NOT_IN_A_DATABASE: Final = frozenset("/")
_LARGEST_PORT: Final = 65_535
_OF_A_LOGIN: Final = ("user", "password", "passfile")


def libpq_url(url: str) -> str:
    """`url` in libpq's form: a driver name such as `postgresql+psycopg` is removed.

    Raises:
        DatabaseError: it is not a PostgreSQL URL. The text is not repeated: it may hold a password.
    """
    return _written(parsed(url))


def shown_url(url: str) -> str:
    """`url` without the password and without every parameter that may be secret, for messages.

    Raises:
        DatabaseError: it is not a PostgreSQL URL.
    """
    parts = parsed(url)
    kept = {name: value for name, value in parts.query.items() if parameters()[name]}
    return _written(parts.set(query=kept)._replace(password=None))


def with_login(url: str, login: str, password: str) -> str:
    """`url` for another login.

    Raises:
        DatabaseError: it is not a PostgreSQL URL.
    """
    parts = parsed(url).difference_update_query(_OF_A_LOGIN)
    return _written(parts.set(username=login, password=password))


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """`url` with more parameters in its query.

    Raises:
        DatabaseError: it is not a PostgreSQL URL.
    """
    return _written(parsed(url).update_query_dict(parameters))


def parsed(url: str) -> URL:
    """The parts of `url`.

    Raises:
        DatabaseError: it is not a PostgreSQL URL; the message repeats nothing of it.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        parts = None
    # Another @ than that of the login belongs to a password that was written as it is.
    is_plain = url.count("@") <= 1 and "@" not in url.partition("?")[2]
    if parts is None or not is_plain or not _is_sound(parts):
        raise DatabaseError(
            "HYDRA_DATABASE_URL is not a PostgreSQL URL: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE "
            "(special characters in the password as %XX)"
        )
    return parts.set(drivername="postgresql")


def _is_sound(parts: URL) -> bool:
    return (
        parts.get_backend_name() in {"postgresql", "postgres"}
        and not _NOT_IN_A_HOST & set(parts.host or "")
        and not _NOT_IN_A_DATABASE & set(parts.database or "")
        and (parts.port or 0) <= _LARGEST_PORT
        and all(name in parameters() and isinstance(value, str) for name, value in parts.query.items())
    )


def _written(parts: URL) -> str:
    """Everything as %XX that could mean something else: libpq takes neither blanks nor + for them."""
    login = ":".join(quote(part, safe="") for part in (parts.username, parts.password) if part is not None)
    host = f"[{parts.host}]" if ":" in (parts.host or "") else quote(parts.host or "", safe="%")
    port = f":{parts.port}" if parts.port is not None else ""
    database = f"/{quote(parts.database, safe='%')}" if parts.database else ""
    query = f"?{urlencode(parts.query, quote_via=quote)}" if parts.query else ""
    return f"postgresql://{login and f'{login}@'}{host}{port}{database}{query}"
