"""What an earlier process of ingest has left: progress, the newest facts, holes that were not repaired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg

from hydra.db import queries
from hydra.durations import EPOCH
from hydra.exchange.sequences import Missing, NumberSequence
from hydra.ingest.live.holes import MINUTE_US, Hole
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.polls import Newest

_MICROSECOND: Final = 1_000_000


def time_us(instant: datetime) -> int:
    """UTC as microseconds since 1970."""
    delta = instant - EPOCH
    return (delta.days * 86_400 + delta.seconds) * _MICROSECOND + delta.microseconds


@dataclass(frozen=True, slots=True)
class Before:
    """committed_through_us: up to when facts are stored; None: ingest never listened to this venue.

    newest: of the polled tables. holes: to be repaired.
    """

    committed_through_us: int | None
    newest: Newest
    holes: list[Hole]


def read_before(connection: psycopg.Connection, venue: str, pairs: Sequence[HeardPair]) -> Before:
    """Read it, and continue the numbers of `pairs` after their newest stored ones."""
    progress = connection.execute(queries.load("ingest/live/progress"), {"venue": venue}).fetchone()
    by_id = {pair.instrument_id: pair for pair in pairs}
    newest = Newest()
    facts = connection.execute(queries.load("ingest/live/newest_facts"), {"instrument_ids": list(by_id)})
    for table, instrument_id, time, trade_id in facts:
        pair = by_id[instrument_id]
        minute = time_us(time) // MINUTE_US
        if table == "trades" and pair.trades is not None:
            pair.trades = NumberSequence(trade_id, time_us(time))
        elif table == "candles_1m":
            pair.minutes = NumberSequence(minute, minute * MINUTE_US)
        elif table == "mark_prices":
            pair.mark_minute = minute
        else:
            newest.times[table, instrument_id] = time
    holes = read_holes(connection, venue, pairs)
    for hole in holes:
        expect(hole)
    return Before(time_us(progress[0]) if progress else None, newest, holes)


def expect(hole: Hole) -> None:
    """Let the numbers of its pair miss what `hole` says."""
    numbers = {"trades": hole.pair.trades, "candles_1m": hole.pair.minutes}.get(hole.table)
    if numbers is not None and hole.first <= hole.last:
        missing = Missing(hole.first, hole.last, hole.after_us, hole.before_us)
        numbers.missing = sorted([*numbers.missing, missing])


def read_holes(connection: psycopg.Connection, venue: str, pairs: Sequence[HeardPair]) -> list[Hole]:
    """The holes of `pairs` that are not repaired."""
    by_id = {pair.instrument_id: pair for pair in pairs}
    found = connection.execute(queries.load("ingest/live/open_holes"), {"venue": venue}).fetchall()
    return [
        Hole(feed, by_id[instrument_id], first, last, time_us(started_at), time_us(ended_at), cause)
        for feed, instrument_id, started_at, ended_at, cause, first, last in found
        if instrument_id in by_id
    ]
