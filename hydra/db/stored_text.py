"""Texts on their way into PostgreSQL: stored as they are; what it cannot hold is escaped, never refused."""

import json
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.types.json import set_json_dumps
from psycopg.types.string import StrDumperUnknown

from hydra.outside_text import storable, storable_json


class StoredText(StrDumperUnknown):
    """A string as a value of a query."""

    def dump(self, obj: str) -> Buffer | None:
        """The string's bytes; of one that PostgreSQL refuses, those of its `storable` form."""
        try:
            return super().dump(obj)
        except (UnicodeEncodeError, psycopg.DataError):
            return super().dump(storable(obj))


def _json_text(value: Any) -> str:
    return storable_json(json.dumps(value))


def store_every_text(connection: psycopg.Connection) -> None:
    """Let `connection` take every string, by itself and within JSON."""
    connection.adapters.register_dumper(str, StoredText)
    set_json_dumps(_json_text, connection)
