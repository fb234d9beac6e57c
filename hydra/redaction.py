"""Texts for people without the secrets in them: for every URL and every error of a driver that is shown."""

from collections.abc import Iterator
from functools import cache
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from psycopg.pq import Conninfo

HIDDEN: Final = "***"
# May hold any setting of the session.
_HOLDS_ANYTHING: Final = "options"


def redacted(text: str, *secrets: str) -> str:
    """`text` with `***` in place of `secrets`, as they are written and encoded for a URL.

    A secret that is itself a URL, well-formed or not, stands for its password and the values of its query.
    """
    found = {form for secret in secrets for part in _parts(secret) for form in _forms(part)}
    for form in sorted(found - {""}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


@cache
def parameters() -> dict[str, bool]:
    """Every parameter of a PostgreSQL URL, and whether it is no secret: libpq lets a dialog show it."""
    options = {one.keyword.decode(): not one.dispchar for one in Conninfo.get_defaults()}
    return {**options, _HOLDS_ANYTHING: False}


def _parts(secret: str) -> Iterator[str]:
    """The text itself, and the secrets in it if it is a URL. A password may hold @ or ?, unencoded."""
    yield secret
    _, is_url, rest = secret.partition("://")
    if not is_url:
        return
    for place in (place for place, letter in enumerate(rest) if letter == "@"):
        yield rest[:place].partition(":")[2]
    for query in (rest.partition("?")[2], rest.rpartition("?")[2]):
        for parameter in query.split("&"):
            name, _, value = parameter.partition("=")
            if not parameters().get(unquote_plus(name), False):
                yield value


def _forms(part: str) -> Iterator[str]:
    """The spellings of a secret in a URL and out of one."""
    for plain in (part, unquote(part), unquote_plus(part)):
        yield from (plain, quote(plain, safe=""), quote(plain), quote_plus(plain))
