"""Where a database is: its URL in the form that libpq takes, under another login, and as it may be shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from hydra.errors import DatabaseError
from hydra.redaction import parameters

# Where they stand, a password was written as it is, and ended too early.
_NOT_IN_A_HOST: Final = frozenset(" \t\n\"'\\")
_NOT_IN_A_DATABASE: Final = frozenset("/")
_LARGEST_PORT: Final = 65_535
_OF_A_LOGIN: Final = ("user", "password", "passfile")
# As SQLAlchemy reads it, which takes a quarter of a second to load: every process of HYDRA reads an address.
_FORM: Final = re.compile(
    r"""
    (?:postgresql|postgres)(?:\+[\w+]*)?://
    (?:(?P<username>[^:/]*)(?::(?P<password>[^@]*))?@)?
    (?:\[(?P<bracketed>[^/?]+)\]|(?P<host>[^/:?]+))?
    (?::(?P<port>[^/?]*))?
    (?:/(?P<database>[^?]*))?
    (?:\?(?P<query>.*))?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Address:
    """The parts of a database's URL, as they are meant: without %XX. None: the URL does not say."""

    username: str | None
    password: str | None
    host: str | None
    port: int | None
    database: str | None
    query: Mapping[str, str]


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
    return _written(replace(parts, query=kept, password=None))


def with_login(url: str, login: str, password: str) -> str:
    """`url` for another login.

    Raises:
        DatabaseError: it is not a PostgreSQL URL.
    """
    parts = parsed(url)
    kept = {name: value for name, value in parts.query.items() if name not in _OF_A_LOGIN}
    return _written(replace(parts, username=login, password=password, query=kept))


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """`url` with more parameters in its query.

    Raises:
        DatabaseError: it is not a PostgreSQL URL.
    """
    parts = parsed(url)
    return _written(replace(parts, query={**parts.query, **parameters}))


def parsed(url: str) -> Address:
    """The parts of `url`.

    Raises:
        DatabaseError: it is not a PostgreSQL URL; the message repeats nothing of it.
    """
    try:
        parts = _read(url)
    except ValueError:
        parts = None
    # Another @ than that of the login belongs to a password that was written as it is.
    is_plain = url.count("@") <= 1 and "@" not in url.partition("?")[2]
    if parts is None or not is_plain or not _is_sound(parts):
        raise DatabaseError(
            "HYDRA_DATABASE_URL is not a PostgreSQL URL: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE "
            "(special characters in the password as %XX)"
        )
    return parts


def _read(url: str) -> Address | None:
    """None: it has not the form. Raises ValueError for a port that is no number, a parameter said twice."""
    found = _FORM.match(url)
    if found is None:
        return None
    query = parse_qsl(found["query"] or "")
    if len(dict(query)) < len(query):
        raise ValueError("a parameter twice")
    username, password, database = (
        None if found[name] is None else unquote(found[name]) for name in ("username", "password", "database")
    )
    port = None if found["port"] is None else int(found["port"])
    return Address(username, password, found["host"] or found["bracketed"], port, database, dict(query))


def _is_sound(parts: Address) -> bool:
    return (
        not _NOT_IN_A_HOST & set(parts.host or "")
        and not _NOT_IN_A_DATABASE & set(parts.database or "")
        and (parts.port or 0) <= _LARGEST_PORT
        and all(name in parameters() for name in parts.query)
    )


def _written(parts: Address) -> str:
    """Everything as %XX that could mean something else: libpq takes neither blanks nor + for them."""
    login = ":".join(quote(part, safe="") for part in (parts.username, parts.password) if part is not None)
    host = f"[{parts.host}]" if ":" in (parts.host or "") else quote(parts.host or "", safe="%")
    port = f":{parts.port}" if parts.port is not None else ""
    database = f"/{quote(parts.database, safe='%')}" if parts.database else ""
    query = f"?{urlencode(parts.query, quote_via=quote)}" if parts.query else ""
    return f"postgresql://{login and f'{login}@'}{host}{port}{database}{query}"
