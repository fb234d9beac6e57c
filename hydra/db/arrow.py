"""Reads the answer of a named SQL file as a polars frame, through Arrow, without Python rows."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import adbc_driver_manager
import polars as pl
from adbc_driver_manager.dbapi import Connection

from hydra.db import queries
from hydra.errors import DatabaseError, StopError

Parameter = datetime | Sequence[int]


def read_frame(connection: Connection, query: str, parameters: Sequence[Parameter]) -> pl.DataFrame:
    """The rows that `sql/<query>.sql` answers with `parameters` in the place of $1, $2, ...

    Types come as PostgreSQL has them: smallint Int16, bigint Int64, double precision Float64,
    timestamptz Datetime(us, UTC), text String.

    Raises:
        DatabaseError: the server refused the query or went away; the message names the file.
        StopError: a point in time without a zone: it would be read in the zone of the session.
    """
    _refuse_naive_times(query, parameters)
    try:
        with connection.cursor() as cursor:
            cursor.execute(queries.load(query), parameters=list(parameters))
            return pl.DataFrame(cursor.fetch_arrow_table())
    except adbc_driver_manager.Error as error:
        with suppress(adbc_driver_manager.Error):
            connection.rollback()
        raise DatabaseError(
            f"sql/{query}.sql could not be read: {str(error).splitlines()[0]} "
            "(look at the server with `hydra db status`; `hydra db up` starts and migrates it)"
        ) from error


def end_read(connection: Connection) -> None:
    """End the transaction in which ADBC reads, so that the next read sees later commits."""
    connection.rollback()


def _refuse_naive_times(query: str, parameters: Sequence[Parameter]) -> None:
    for position, value in enumerate(parameters, start=1):
        if isinstance(value, datetime) and value.tzinfo is None:
            raise StopError(f"sql/{query}.sql, ${position}: {value} has no time zone; give it in UTC")
