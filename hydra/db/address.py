"""Where a database is: its URL in the form that libpq takes, under another login, and as it may be shown."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from hydra.errors import DatabaseError
from hydra.redaction import parameters

_SCHEME: Final = re.compile(r"postgres(ql)?(\+\w+)?://")
# Where they stand, a password was written as it is, and ended too early.
_NOT_IN_A_HOST: Final = frozenset(" \t\n\"'\\")
_NOT_IN_A_DATABASE: Final = frozenset("/")
_LARGEST_PORT: Final = 65_535
_BEFORE_THE_QUERY: Final = ("user", "password", "host", "port", "dbname")

Address = dict[str, str]
"""The parameters of a connection by libpq's keywords: user, password, host, port, dbname, sslmode ..."""


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
    return _written({name: value for name, value in parsed(url).items() if parameters()[name]})


def with_login(url: str, login: str, password: str) -> str:
    """`url` for another login.

    Raises:
        DatabaseError: it is not a PostgreSQL URL.
    """
    address = parsed(url)
    address.pop("passfile", None)
    return _written(address | {"user": login, "password": password})


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """`url` with other parameters.

    Raises:
        DatabaseError: it is not a PostgreSQL URL.
    """
    return _written(parsed(url) | dict(parameters))


def parsed(url: str) -> Address:
    """What `url` says; of what it leaves out there is nothing.

    Raises:
        DatabaseError: it is not a PostgreSQL URL; the message repeats nothing of it.
    """
    scheme = _SCHEME.match(url)
    # Another @ than that of the login belongs to a password that was written as it is.
    is_plain = url.count("@") <= 1 and "@" not in url.partition("?")[2]
    # In a query other libraries write + for a blank, libpq does not.
    place, separator, query = url[scheme.end() if scheme else 0 :].partition("?")
    written = f"postgresql://{place}{separator}{query.replace('+', '%20')}"
    try:
        values = conninfo_to_dict(written) if scheme and is_plain else {}
    except psycopg.ProgrammingError:
        values = {}
    address = {name: str(value) for name, value in values.items() if value is not None}
    if not address or not _is_sound(address):
        raise DatabaseError(
            "HYDRA_DATABASE_URL is not a PostgreSQL URL: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE "
            "(special characters in the password as %XX)"
        )
    return address


def _is_sound(address: Address) -> bool:
    port = address.get("port", "0")
    return (
        not _NOT_IN_A_HOST & set(address.get("host", ""))
        and not _NOT_IN_A_DATABASE & set(address.get("dbname", ""))
        and port.isascii()
        and port.isdigit()
        and int(port) <= _LARGEST_PORT
    )


def _written(address: Address) -> str:
    """Everything as %XX that could mean something else: libpq takes neither blanks nor + for them."""
    before = {name: quote(address[name], safe="") for name in _BEFORE_THE_QUERY if name in address}
    login = ":".join(before[name] for name in ("user", "password") if name in before)
    host = f"[{address['host']}]" if ":" in address.get("host", "") else before.get("host", "")
    port = f":{before['port']}" if "port" in before else ""
    database = f"/{before['dbname']}" if "dbname" in before else ""
    query = {name: value for name, value in address.items() if name not in _BEFORE_THE_QUERY}
    return (
        f"postgresql://{login and f'{login}@'}{host}{port}{database}"
        f"{'?' if query else ''}{urlencode(query, quote_via=quote)}"
    )
