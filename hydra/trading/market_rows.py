"""Reads the bars, settlements and prices that the paper exchange plays in a minute.

Source: docs/architecture.md, law 3 (known_at <= as_of); C126.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import psycopg

from hydra.db import queries
from hydra.layers.layer4_filters import exact
from hydra.trading.bars import BAR_LENGTH, Bar, Settlement
from hydra.trading.pair_state import PairState, Position

MARK: Final = "mark"
LAST: Final = "last"
STALE_AFTER: Final = timedelta(minutes=5)
SEARCHED_BEFORE: Final = timedelta(days=1)
"""How long before an open position candles are searched for its price."""


@dataclass(frozen=True, slots=True)
class Price:
    """The last known price of a pair. mark: equals last where no mark is recorded.

    time: the end of its candle.
    """

    last: Decimal
    mark: Decimal
    time: datetime

    def is_stale(self, now: datetime) -> bool:
        """True if it is older than five minutes (C132)."""
        return now - self.time > STALE_AFTER


def read_bars(
    connection: psycopg.Connection, instrument_ids: Sequence[int], known_after: datetime, as_of: datetime
) -> list[Bar]:
    """The bars that became known after `known_after` and by `as_of`."""
    rows = connection.execute(queries.load("stages/bars"), _news(instrument_ids, known_after, as_of))
    return [_bar(row[0], row[1], tuple(row[2]), tuple(row[3]) if row[3] else None) for row in rows]


def read_settlements(
    connection: psycopg.Connection, states: Mapping[int, PairState], known_after: datetime, as_of: datetime
) -> list[Settlement]:
    """The settlements of open positions that became known after `known_after` and by `as_of`."""
    opened = _open(states)
    values = {**_news(sorted(opened), known_after, as_of), "since": _since(opened, as_of)}
    rows = connection.execute(queries.load("stages/settlements"), values)
    return [Settlement(*row) for row in rows if row[3] is not None]


def read_prices(
    connection: psycopg.Connection, states: Mapping[int, PairState], as_of: datetime
) -> dict[int, Price]:
    """The last known price of every open position, of any age (C132).

    An exchange may fill an entry after `as_of`, and while candles are missing. So candles are searched from a
    day before; a position that has none is worth what it was bought at, the last price known of its pair.
    """
    opened = _open(states)
    if not opened:
        return {}
    since = min(as_of, _since(opened, as_of)) - SEARCHED_BEFORE
    values = {"instrument_ids": sorted(opened), "as_of": as_of, "since": since}
    rows = connection.execute(queries.load("stages/marks"), values)
    found = {
        row[0]: Price(exact(row[1]), exact(row[1] if row[2] is None else row[2]), row[3]) for row in rows
    }
    own = {key: Price(one.entry_price, one.entry_price, one.opened_time) for key, one in opened.items()}
    return own | found


def _open(states: Mapping[int, PairState]) -> dict[int, Position]:
    return {key: one.position for key, one in states.items() if one.is_open and one.position is not None}


def _since(opened: Mapping[int, Position], as_of: datetime) -> datetime:
    """The open of the bar that filled the oldest position: each has a price from then on."""
    return min((one.opened_time for one in opened.values()), default=as_of) - BAR_LENGTH


def _news(instrument_ids: Sequence[int], known_after: datetime, as_of: datetime) -> dict[str, object]:
    return {"instrument_ids": list(instrument_ids), "known_after": known_after, "as_of": as_of}


def _bar(
    instrument_id: int,
    time: datetime,
    traded: tuple[float, float, float, float, float],
    mark: tuple[float, float, float, float] | None,
) -> Bar:
    bar_open, high, low, close, volume = traded
    return Bar(
        instrument_id=instrument_id,
        time=time,
        open=bar_open,
        high=high,
        low=low,
        close=close,
        volume=volume,
        mark=mark or (bar_open, high, low, close),
        mark_source=LAST if mark is None else MARK,
    )
