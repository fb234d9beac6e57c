"""The recorded books and trades of a backtest, read by the minute where an order of the simulation needs them.

A pair without recorded trades costs nothing: which pairs have any is read once.
Source: docs/architecture.md, laws 2 and 3; C126.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from weakref import finalize

import psycopg

from hydra.db import queries
from hydra.db.engine import connect
from hydra.layers.layer5_book_fills import OrderFlow
from hydra.trading.bars import Bar
from hydra.trading.order_flow import read_order_flow

Ranges = Mapping[int, tuple[datetime, datetime]]
"""First and last recorded trade by instrument."""


class RecordedFlow:
    """Reads from the database at `url`, over a connection of its own that it opens when first asked."""

    def __init__(self, url: str, ranges: Ranges) -> None:
        self.ranges = ranges
        self._url = url

    def of(self, as_of: datetime, bar: Bar) -> OrderFlow | None:
        """See `read_order_flow`."""
        first, last = self.ranges.get(bar.instrument_id, (None, None))
        if first is None or last is None or bar.end <= first or bar.time > last:
            return None
        return read_order_flow(self._connection, as_of, bar)

    @cached_property
    def _connection(self) -> psycopg.Connection:
        connection = connect(self._url, autocommit=True)
        finalize(self, connection.close)
        return connection


def recorded_flow(
    connection: psycopg.Connection, url: str, instrument_ids: Sequence[int], start: datetime, end: datetime
) -> RecordedFlow | None:
    """The recorded flow of [start, end); None where no pair has a recorded trade."""
    values = {"instrument_ids": list(instrument_ids), "start": start, "end": end}
    rows = connection.execute(queries.load("backtest/recorded_trades_range"), values).fetchall()
    return RecordedFlow(url, {row[0]: (row[1], row[2]) for row in rows}) if rows else None
