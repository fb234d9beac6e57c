"""A connection over ADBC, whose answers are polars frames.

ADBC's own `dbapi` loads pyarrow.dataset, and with it pandas where that is installed: half a second of each
process that reads.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Self

import adbc_driver_manager
import adbc_driver_postgresql
import polars as pl

# What `dbapi` calls with as well: Ctrl-C ends a query instead of waiting for its answer.
from adbc_driver_manager._lib import _blocking_call

Parameter = datetime | Sequence[int]


class ArrowConnection:
    """In a transaction from its first statement to `commit` or `rollback`. Not for several threads at once.

    Each method raises adbc_driver_manager.Error if the server refuses or has gone.
    """

    def __init__(self, url: str) -> None:
        self._database = adbc_driver_postgresql.connect(url)
        try:
            self._connection = adbc_driver_manager.AdbcConnection(self._database)
            self._connection.set_autocommit(False)
        except adbc_driver_manager.Error:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def statement(self) -> Iterator[adbc_driver_manager.AdbcStatement]:
        """A statement of ADBC, to be used in this block."""
        statement = adbc_driver_manager.AdbcStatement(self._connection)
        try:
            yield statement
        finally:
            statement.close()

    def execute(self, query: str) -> None:
        """Run a statement that answers no rows."""
        with self.statement() as statement:
            statement.set_sql_query(query)
            _blocking_call(statement.execute_update, (), {}, statement.cancel)

    def read(self, query: str, parameters: Sequence[Parameter] = ()) -> pl.DataFrame:
        """The rows of `query` with `parameters` in the place of $1, $2, ...

        Raises:
            pl.exceptions.PolarsError: the connection was lost while the rows came.
        """
        with self.statement() as statement:
            statement.set_sql_query(query)
            statement.prepare()
            if parameters:
                statement.bind_stream(
                    pl.DataFrame({str(number): [value] for number, value in enumerate(parameters)})
                )
            answer, _ = _blocking_call(statement.execute_query, (), {}, statement.cancel)
            return _blocking_call(pl.DataFrame, (answer,), {}, statement.cancel)

    def commit(self) -> None:
        """End the transaction; its writes are kept."""
        self._connection.commit()

    def rollback(self) -> None:
        """End the transaction; its writes are forgotten."""
        self._connection.rollback()

    def close(self) -> None:
        """Close it; again is nothing."""
        self._connection.close()
        self._database.close()
