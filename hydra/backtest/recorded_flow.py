"""The recorded books and trades of a backtest, read by the minute where an order of the simulation needs it.

A pair without recorded trades costs nothing: which pairs have any is read once.
Source: docs/architecture.md, laws 2 and 3; C126.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from weakref import finalize

import psycopg

from hydra.db import queries
from hydra.db.engine import connect
from hydra.layers.layer5_book_fills import OrderFlow
from hydra.trading.bars import Bar
from hydra.trading.order_flow import read_order_flow


@dataclass(frozen=True)
class RecordedFlow:
    """ranges: first and last recorded trade by instrument. read: (as_of, bar), as `read_order_flow`."""

    ranges: Mapping[int, tuple[datetime, datetime]]
    read: Callable[[datetime, Bar], OrderFlow | None]

    def of(self, as_of: datetime, bar: Bar) -> OrderFlow | None:
        """What was recorded of the minute of `bar` as of an instant; None where nothing is."""
        first, last = self.ranges.get(bar.instrument_id, (bar.end, bar.time))
        return self.read(as_of, bar) if first < bar.end and bar.time <= last else None


class _StoredFlow:
    """Reads over a connection of its own, which it opens when it is first asked."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, as_of: datetime, bar: Bar) -> OrderFlow | None:
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
    return RecordedFlow({row[0]: (row[1], row[2]) for row in rows}, _StoredFlow(url)) if rows else None
