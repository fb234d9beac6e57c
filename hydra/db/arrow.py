"""Reads the answer of a named SQL file as a polars frame, through Arrow, without Python rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

import adbc_driver_manager
import polars as pl

from hydra.db import queries
from hydra.db.arrow_connection import ArrowConnection, Parameter
from hydra.db.engine import adbc_connect, means_lost
from hydra.errors import DatabaseError, DatabaseLostError, StopError


@contextmanager
def arrow_reader(url: str) -> Iterator[ArrowConnection]:
    """A connection for `read_frame`, closed at the end; one lost with its server is just dropped.

    Raises:
        DatabaseError: the server cannot be used.
    """
    connection = adbc_connect(url)
    try:
        yield connection
    finally:
        with suppress(adbc_driver_manager.Error):
            connection.close()


def read_frame(connection: ArrowConnection, query: str, parameters: Sequence[Parameter]) -> pl.DataFrame:
    """The rows that `sql/<query>.sql` answers with `parameters` in the place of $1, $2, ...

    Types come as PostgreSQL has them: smallint Int16, bigint Int64, double precision Float64,
    timestamptz Datetime(us, UTC), text String.

    Raises:
        DatabaseError: the server refused the query; the message names the file.
        DatabaseLostError: it went away.
        StopError: a point in time without a zone: it would be read in the zone of the session.
    """
    _refuse_naive_times(query, parameters)
    try:
        return connection.read(queries.load(query), parameters)
    # polars has an error of its own for a connection that is lost while the rows come.
    except (adbc_driver_manager.Error, pl.exceptions.PolarsError) as error:
        with suppress(adbc_driver_manager.Error):
            connection.rollback()
        raise _refused(f"sql/{query}.sql could not be read", error) from error


def end_read(connection: ArrowConnection) -> None:
    """End the transaction in which ADBC reads, so that the next read sees later commits.

    Raises:
        DatabaseLostError: the server went away.
    """
    try:
        connection.rollback()
    except adbc_driver_manager.Error as error:
        raise _refused("a read could not be ended", error) from error


def _refused(what: str, error: adbc_driver_manager.Error | pl.exceptions.PolarsError) -> DatabaseError:
    is_lost = isinstance(error, pl.exceptions.PolarsError) or (
        isinstance(error, adbc_driver_manager.OperationalError) and means_lost(error.sqlstate)
    )
    kind = DatabaseLostError if is_lost else DatabaseError
    return kind(
        f"{what}: {str(error).splitlines()[0]} "
        "(look at the server with `hydra db status`; `hydra db up` starts and migrates it)"
    )


def _refuse_naive_times(query: str, parameters: Sequence[Parameter]) -> None:
    for position, value in enumerate(parameters, start=1):
        if isinstance(value, datetime) and value.tzinfo is None:
            raise StopError(f"sql/{query}.sql, ${position}: {value} has no time zone; give it in UTC")
