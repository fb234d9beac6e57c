"""Reads the recorded order books and trades of the minutes in which the paper exchange needs them.

Source: docs/architecture.md, law 3 (known_at <= as_of); C126.
"""

from collections.abc import Callable
from datetime import datetime

import psycopg

from hydra.db import queries
from hydra.layers.layer5_book_fills import MOST_BOOK_AGE, OrderFlow, PublicTrade, RecordedBook
from hydra.trading.bars import BAR_LENGTH, Bar

FlowOfBar = Callable[[Bar], OrderFlow | None]
"""The recorded books and trades of a bar's minute; None: the bar alone says what fills (C126)."""


def not_recorded(_bar: Bar) -> OrderFlow | None:
    """The `FlowOfBar` of a market without recorded books and trades."""
    return None


def read_order_flow(connection: psycopg.Connection, as_of: datetime, bar: Bar) -> OrderFlow | None:
    """The books and trades of the minute of `bar` as of an instant; None where not both are recorded."""
    values = {
        "instrument_id": bar.instrument_id,
        "first_book": bar.time - MOST_BOOK_AGE,
        "start": bar.time,
        "end": bar.end,
        "as_of": as_of,
    }
    books = connection.execute(queries.load("stages/recorded_books"), values).fetchall()
    if not books:
        return None
    trades = connection.execute(queries.load("stages/recorded_trades"), values).fetchall()
    flow = OrderFlow([RecordedBook(*row) for row in books], [PublicTrade(*row) for row in trades])
    return flow if is_recorded(flow, bar) else None


def is_recorded(flow: OrderFlow, bar: Bar) -> bool:
    """True if `flow` covers the minute: a book as it begins, a later one, and trades at the bar's extremes.

    Trades that do not reach the high and the low of the bar have a hole: they do not say at which prices the
    minute traded.
    """
    has_books = flow.book_at(bar.time) is not None and flow.book_after(bar.time) is not None
    prices = [trade.price for trade in flow.trades]
    has_trades = len(prices) > 0 and min(prices) <= bar.low and bar.high <= max(prices)
    return bar.length == BAR_LENGTH and has_books and has_trades
