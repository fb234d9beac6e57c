"""Checks of an open position between its minutes: every 30 s, and whenever the mark price has moved.

The rule is that of the minute (`hydra.layers.positions.check_position`), at the mark of now, with what
layer 2 said last. Only an exit that is due is noted: the minute's own check is the record.
Source: docs/practice.md, "Position management" (2); docs/architecture.md, law 2.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import psycopg

from hydra.db import queries
from hydra.execution.news import PairMemory
from hydra.execution.pair_orders import PairOrders
from hydra.layers.layer4_filters import exact
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import read_assessed
from hydra.trading.parameters import Rules
from hydra.trading.position_checks import check_between_minutes

CHECKED_EVERY: Final = timedelta(seconds=30)
MOVED_BY: Final = Decimal("0.001")
"""Of the mark price since the last check."""


def watch_position(
    connection: psycopg.Connection, pair: PairOrders, memory: PairMemory, rules: Rules, time: datetime
) -> None:
    """Check the position of `pair` if that is due; an exit is added to its orders. time: the exchange's."""
    if pair.position is None:
        memory.checked_at = None
        return
    instrument_id, run_id = pair.state.instrument_id, pair.venue.run_id
    mark = _mark(connection, instrument_id, memory, time)
    if mark is None or not _is_due(memory, mark, time):
        return
    memory.checked_at, memory.checked_mark = time, mark
    values = {"run_id": run_id, "instrument_id": instrument_id}
    row = connection.execute(queries.load("execution/newest_assessed"), values).fetchone()
    if row is None:
        return
    minute = Cycle(run_id, time=row[0], as_of=row[1])
    assessed = {one.instrument_id: one for one in read_assessed(connection, minute, rules)}
    check_between_minutes(
        connection, minute, rules, pair.state, assessed[instrument_id], pair.venue, (time, mark)
    )


def _is_due(memory: PairMemory, mark: Decimal, time: datetime) -> bool:
    if memory.checked_at is None or time - memory.checked_at >= CHECKED_EVERY:
        return True
    return abs(mark - memory.checked_mark) >= MOVED_BY * memory.checked_mark


def _mark(
    connection: psycopg.Connection, instrument_id: int, memory: PairMemory, time: datetime
) -> Decimal | None:
    """The newest mark price: as streamed, else as the exchange showed with the position; None: unknown."""
    values = {"instrument_id": instrument_id, "time": time}
    row = connection.execute(queries.load("execution/newest_mark"), values).fetchone()
    if row is not None:
        return exact(row[0])
    shown = memory.position
    return shown.position.mark_price if shown is not None and shown.position is not None else None
