"""What the paper exchange plays: bars, settlements and marks that are known at a minute.

Source: DESIGN, law 3 (known_at <= as_of); C126.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import psycopg

from hydra.db import queries
from hydra.layers.layer4_filters import exact
from hydra.trading.bars import Bar, Settlement

MARK: Final = "mark"
LAST: Final = "last"


@dataclass(frozen=True, slots=True)
class Price:
    """The newest price of a pair: last, and mark, which is last where no mark is recorded."""

    last: Decimal
    mark: Decimal


def read_bars(
    connection: psycopg.Connection, instrument_ids: Sequence[int], known_after: datetime, as_of: datetime
) -> list[Bar]:
    """The bars that became known after `known_after` and by `as_of`."""
    rows = connection.execute(queries.load("stages/bars"), _news(instrument_ids, known_after, as_of))
    return [_bar(row[0], row[1], tuple(row[2]), tuple(row[3]) if row[3] else None) for row in rows]


def read_settlements(
    connection: psycopg.Connection, instrument_ids: Sequence[int], known_after: datetime, as_of: datetime
) -> list[Settlement]:
    """The settlements that became known after `known_after` and by `as_of`, where a mark price is known."""
    rows = connection.execute(queries.load("stages/settlements"), _news(instrument_ids, known_after, as_of))
    return [Settlement(*row) for row in rows if row[3] is not None]


def read_prices(
    connection: psycopg.Connection, instrument_ids: Sequence[int], as_of: datetime
) -> dict[int, Price]:
    """The newest price of each instrument; one without a candle in a day is not among them."""
    if not instrument_ids:
        return {}
    values = {"instrument_ids": list(instrument_ids), "as_of": as_of}
    rows = connection.execute(queries.load("stages/marks"), values)
    return {row[0]: Price(exact(row[1]), exact(row[1] if row[2] is None else row[2])) for row in rows}


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
