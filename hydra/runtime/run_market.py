"""The instruments and minutes of a run, from the stored facts.

Source: docs/architecture.md, "Modes and exchanges"; C111 (recorded history declares no feeds), C124 (venues).
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from psycopg.rows import class_row

from hydra.answers.formatting import minute_text
from hydra.db import queries
from hydra.db.engine import connect
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.ingest.instruments import VENUE
from hydra.layers.layer2_data_health import LIQUIDATION_FEED, ORDER_BOOK_FEED
from hydra.sim.market.settings import MarketSettings, Scenario
from hydra.universe import UNIVERSE

Progress = Callable[[float], None]

CANDLE_LENGTH: Final = timedelta(minutes=1)
GENERATED_START: Final = datetime(2025, 6, 1, tzinfo=UTC)
GENERATED_LENGTH: Final = timedelta(hours=24)
MOST_GENERATED_DAYS: Final = 1_830
WARM_UP_DAYS: Final = 31
"""The longest window of a feature is 30 days."""


@dataclass(frozen=True)
class StoredInstrument:
    """An instrument with its first and last stored one-minute candle (opens, UTC), if any."""

    instrument_id: int
    base: str
    first_candle: datetime | None
    last_candle: datetime | None


@dataclass(frozen=True)
class RunMarket:
    """What a run decides: its instruments, and the minutes of [data_from, data_to)."""

    instrument_ids: tuple[int, ...]
    feeds: tuple[str, ...]
    data_from: datetime
    data_to: datetime


@dataclass(frozen=True)
class MarketRequest:
    """The market that a user asks for: origin, seed, base names (all if none), and range (else all facts).

    scenarios: planted into a generated market. with_books: a generated market has order books every 5 s.
    """

    origin: MarketOrigin
    seed: int | None
    names: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    scenarios: tuple[Scenario, ...] = (Scenario.DAY,)
    with_books: bool = True


def prepare_market(url: str, asked: MarketRequest, progress: Progress) -> RunMarket:
    """The requested market, stored in the database; a generated one is generated now.

    `progress` is called with the stored share of a generated market, 0..1.

    Raises:
        StopError: a recorded market is not stored, or the range is empty.
        DatabaseError: the server cannot be used.
    """
    if asked.origin is MarketOrigin.GENERATED:
        return generated_market(url, asked, progress)
    with closing(connect(url, autocommit=True)) as connection:
        return recorded_market(connection, asked.names, asked.start, asked.end)


def generated_market(url: str, asked: MarketRequest, progress: Progress) -> RunMarket:
    """The generated market of a seed, with the history that layer 2 needs before its first minute.

    Facts are stored for the whole range and then replayed like recorded ones; names choose among the pairs of
    the universe. A second call with the same seed and range finds the market stored.

    Raises:
        StopError: the range is empty, or longer than MOST_GENERATED_DAYS.
        DatabaseError: the server cannot be used.
    """
    start = asked.start or GENERATED_START
    end = asked.end or start + GENERATED_LENGTH
    if end <= start:
        raise StopError(
            f"--to {end:%Y-%m-%dT%H:%M}: a generated market begins {start:%Y-%m-%dT%H:%M} without --from"
        )
    if end - start > timedelta(days=MOST_GENERATED_DAYS):
        raise StopError(
            f"--from {start:%Y-%m-%d} --to {end:%Y-%m-%d}: generate at most {MOST_GENERATED_DAYS:,} days"
        )
    market = MarketSettings(
        seed=asked.seed or 0,
        start=start,
        warm_up_days=WARM_UP_DAYS,
        scenarios=asked.scenarios,
    )
    if not asked.with_books:
        # The liquidation feed needs a heartbeat a minute to count as alive.
        market = replace(market, book_interval_seconds=0, heartbeat_interval_seconds=60)
    # What makes a market loads numba, a third of a second; every run imports this file, few make one.
    from hydra.ingest.simulated import store_market  # noqa: PLC0415

    stored = store_market(url, market, int((end - start) / CANDLE_LENGTH), progress)
    by_name = {pair.base: instrument_id for pair, instrument_id in zip(UNIVERSE, stored, strict=True)}
    chosen = tuple(by_name[name] for name in asked.names or by_name)
    feeds = (ORDER_BOOK_FEED, LIQUIDATION_FEED) if asked.with_books else (LIQUIDATION_FEED,)
    return RunMarket(chosen, feeds, start, end)


def recorded_market(
    connection: psycopg.Connection, names: Sequence[str], start: datetime | None, end: datetime | None
) -> RunMarket:
    """The recorded market of `names` (all pairs if empty); without start or end, as far as candles exist.

    Raises:
        StopError: an unknown name, or no candles are stored for the pairs in the range.
    """
    values = {"venue": VENUE}
    with connection.cursor(row_factory=class_row(StoredInstrument)) as cursor:
        stored = cursor.execute(queries.load("stages/instruments"), values).fetchall()
    chosen = choose_instruments(stored, names)
    first = min((item.first_candle for item in chosen if item.first_candle), default=None)
    last = max((item.last_candle for item in chosen if item.last_candle), default=None)
    if first is None or last is None:
        raise StopError("no recorded market is stored: load one with `hydra import PATH`")
    data_from, data_to = start or first + CANDLE_LENGTH, end or last + 2 * CANDLE_LENGTH
    if data_from > last + CANDLE_LENGTH or data_to <= first:
        raise StopError(
            f"candles are stored from {minute_text(first)} to {minute_text(last)} UTC, none of them "
            f"between {minute_text(data_from)} and {minute_text(data_to)}: choose --from and --to there"
        )
    return RunMarket(tuple(item.instrument_id for item in chosen), (), data_from, data_to)


def choose_instruments(stored: Sequence[StoredInstrument], names: Sequence[str]) -> list[StoredInstrument]:
    """Those of `stored` that go by one of the base names `names`; all of them if there are no names.

    Raises:
        StopError: a name is not among them.
    """
    known = {item.base: item for item in stored}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise StopError(
            f"--pairs: {', '.join(unknown)} is not stored; stored are {', '.join(known) or 'none'}"
        )
    return [item for item in stored if not names or item.base in names]
