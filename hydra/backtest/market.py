"""The market of a backtest: the minutes to decide, and the facts that decisions and fills may read.

Source: docs/architecture.md, laws 2 and 3; C116 (history before the first minute), C126 (mark prices).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
import psycopg
from numpy.typing import NDArray

from hydra.arrays import TIME, Integers
from hydra.backtest.recorded_flow import RecordedFlow, recorded_flow
from hydra.db import queries
from hydra.db.arrow import arrow_reader, end_read, read_frame
from hydra.durations import EPOCH, MICROSECOND, MINUTE, MINUTE_US
from hydra.errors import StopError
from hydra.features.engine.decision_frame import DECISION_DELAY, DECISION_DELAY_US
from hydra.features.facts import MarketFacts
from hydra.features.reading.anchor import anchor
from hydra.features.reading.point_in_time import read_facts
from hydra.ledger.costs import CostParameters
from hydra.trading.instrument_spec import InstrumentSpec, read_terms

FIVE: Final = 5
"""Length in minutes of the candles that are played where no one-minute candles are recorded."""

AFTER_THE_LAST_CANDLE: Final = timedelta(minutes=10)
"""A stretch lasts this long after its last candle: time to detect the outage and to close positions."""

MARK_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument_id": pl.Int16(),
    "time": TIME,
    "known_at": TIME,
    "timeframe_minutes": pl.Int16(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
}
FUNDING_MARK_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument_id": pl.Int16(),
    "time": TIME,
    "mark_price": pl.Float64(),
}


@dataclass(frozen=True)
class DatedTerms:
    """The terms of the pairs, by the instant from which they are valid."""

    valid_from: tuple[datetime, ...]
    terms: tuple[Mapping[int, InstrumentSpec], ...]

    def at(self, time: datetime) -> Mapping[int, InstrumentSpec]:
        """The terms at `time`; before the first instant those of the first."""
        return self.terms[max(0, bisect_right(self.valid_from, time) - 1)]


@dataclass(frozen=True)
class RecordedFacts:
    """The facts as they were stored, and the instant up to which each decided minute saw them.

    as_of_us: microseconds since 1970 UTC, ascending, one a minute.
    """

    facts: MarketFacts
    as_of_us: Integers


@dataclass(frozen=True)
class BacktestMarket:
    """The minutes to decide, and their facts.

    minutes: epoch minutes at which a candle closes, ascending.
    mark_prices: MARK_SCHEMA, in the order of pair, time, length. funding_marks: FUNDING_MARK_SCHEMA.
    own_thresholds: a row a pair and UTC day (see `adaptive_thresholds`); None: not read.
    recorded: what a live run saw (see `seen_as_of`); None: everything known by each minute's instant.
    five_minute_bars: instrument_id and time of the candles in `facts.candles_1m` that are five minutes long
    (see `with_five_minute_bars`); None: none.
    flow: recorded books and trades, for the fills; None: none are recorded.
    news: stored views of the news analyst (NEWS_SCHEMA of `hydra.backtest.news`); None: none.
    """

    instrument_ids: tuple[int, ...]
    minutes: Integers
    facts: MarketFacts
    mark_prices: pl.DataFrame
    funding_marks: pl.DataFrame
    terms: DatedTerms
    own_thresholds: pl.DataFrame | None = None
    five_minute_bars: pl.DataFrame | None = None
    recorded: RecordedFacts | None = None
    flow: RecordedFlow | None = None
    news: pl.DataFrame | None = None

    @property
    def data_hash(self) -> str:
        """sha256 over the minutes and every fact; of recorded trades, over the range that each pair has."""
        digest = hashlib.sha256(self.minutes.tobytes())
        for field in fields(self.facts):
            _add_frame(digest, field.name, getattr(self.facts, field.name))
        _add_frame(digest, "mark_prices", self.mark_prices)
        _add_frame(digest, "funding_marks", self.funding_marks)
        if self.own_thresholds is not None:
            _add_frame(digest, "own_thresholds", self.own_thresholds)
        if self.news is not None:
            _add_frame(digest, "news", self.news)
        if self.flow is not None:
            digest.update(repr(sorted(self.flow.ranges.items())).encode())
        return digest.hexdigest()

    def columns_of(self, instruments: pl.Series) -> NDArray[np.int64]:
        """The column of each of `instruments`, all of this market."""
        order = np.argsort(self.instrument_ids)
        ids = np.array(self.instrument_ids)[order]
        columns: NDArray[np.int64] = order[np.searchsorted(ids, instruments.to_numpy())]
        return columns

    def time_of(self, index: int) -> datetime:
        """The decided minute at `index` of `minutes`."""
        return instant_of(int(self.minutes[index]))

    @property
    def as_of_us(self) -> Integers:
        """Up to when facts are known to each decision, microseconds since 1970 UTC, ascending."""
        if self.recorded is not None:
            return self.recorded.as_of_us
        instants: Integers = self.minutes * MINUTE_US + DECISION_DELAY_US
        return instants

    def as_of(self, index: int) -> datetime:
        """Up to when facts are known to the decision of that minute."""
        if self.recorded is None:
            return self.time_of(index) + DECISION_DELAY
        return EPOCH + int(self.recorded.as_of_us[index]) * MICROSECOND


def instant_of(epoch_minute: int) -> datetime:
    return EPOCH + epoch_minute * MINUTE


def epoch_minute(time: datetime) -> int:
    """Whole minutes since 1970 UTC."""
    return int((time - EPOCH) // MINUTE)


def _add_frame(digest: "hashlib._Hash", name: str, frame: pl.DataFrame) -> None:
    digest.update(name.encode())
    for column in frame:
        plain = column.cast(pl.String) if column.dtype == pl.String else column.to_physical()
        if plain.dtype == pl.String:
            digest.update("\n".join(text or "" for text in plain.unique().sort()).encode())
            plain = plain.rank("dense")
        digest.update(column.name.encode())
        digest.update(np.ascontiguousarray(plain.fill_null(0).to_numpy()).tobytes())
        if plain.null_count():
            digest.update(np.packbits(plain.is_null().to_numpy()).tobytes())


def decided_minutes(stretches: Sequence[tuple[datetime, datetime]], end: datetime) -> Integers:
    """Every minute of the stretches (first and last close) and AFTER_THE_LAST_CANDLE, before `end`."""
    parts = []
    following = 0
    for first, last in stretches:
        begin = max(following, epoch_minute(first))
        following = min(epoch_minute(last + AFTER_THE_LAST_CANDLE), epoch_minute(end - MINUTE)) + 1
        parts.append(np.arange(begin, following, dtype=np.int64))
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def read_market(
    connection: psycopg.Connection,
    url: str,
    instrument_ids: Sequence[int],
    start: datetime,
    end: datetime,
    *,
    plays_five_minute_bars: bool = False,
) -> BacktestMarket:
    """The stored market of [start, end).

    A day without a candle of any pair is not decided. plays_five_minute_bars: play five-minute candles where
    a pair has no one-minute candles.

    Raises:
        StopError: there is no candle in the range.
        DatabaseError: the facts cannot be read.
    """
    values = {"instrument_ids": list(instrument_ids), "start": start, "end": end}
    stretches = connection.execute(queries.load("backtest/stretches"), values).fetchall()
    ids = list(instrument_ids)
    minutes = decided_minutes([(row[0], row[1]) for row in stretches], end)
    five_minute = five_minute_candles(url, ids, start, end) if plays_five_minute_bars else None
    if five_minute is not None:
        minutes = np.union1d(minutes, _closes(five_minute, end))
    if not len(minutes):
        raise StopError(
            f"no candle closes between {start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M} UTC: "
            "`hydra status` shows what is stored"
        )
    market = market_of(connection, url, ids, minutes)
    return market if five_minute is None else with_five_minute_bars(market, five_minute)


def market_of(
    connection: psycopg.Connection, url: str, instrument_ids: Sequence[int], minutes: Integers
) -> BacktestMarket:
    """The stored market of given minutes: epoch minutes, ascending, at least one, with or without a candle.

    Raises:
        DatabaseError: the facts cannot be read.
    """
    first, last = instant_of(int(minutes[0])), instant_of(int(minutes[-1]))
    as_of = last + DECISION_DELAY
    ids = list(instrument_ids)
    with arrow_reader(url) as arrow:
        facts = read_facts(arrow, instrument_ids=ids, start=first + DECISION_DELAY, as_of=as_of)
        since = anchor(first)["positioning"]
        marks = read_frame(arrow, "backtest/mark_prices", (ids, since, as_of))
        funding_marks = read_frame(arrow, "backtest/funding_marks", (ids, since, as_of))
        end_read(arrow)
    terms = read_dated_terms(connection, ids, first, last)
    flow = recorded_flow(connection, url, ids, first - MINUTE, last)
    return BacktestMarket(tuple(ids), minutes, facts, marks, funding_marks, terms, flow=flow)


def five_minute_candles(url: str, ids: list[int], start: datetime, end: datetime) -> pl.DataFrame | None:
    """Five-minute candles of the range that have no one-minute candles; None if there are none."""
    with arrow_reader(url) as arrow:
        known_by = end + DECISION_DELAY
        candles = read_frame(arrow, "backtest/five_minute_candles", (ids, start, end, known_by))
        end_read(arrow)
    return None if candles.is_empty() else candles


def _closes(five_minute: pl.DataFrame, end: datetime) -> Integers:
    """The closes of the candles, and every fifth minute of AFTER_THE_LAST_CANDLE, before `end`."""
    ends = five_minute["time"].to_physical().to_numpy() // MINUTE_US + FIVE
    after = np.arange(0, AFTER_THE_LAST_CANDLE // MINUTE + 1, FIVE)
    minutes: Integers = np.unique(ends[:, None] + after[None, :])
    return minutes[minutes < epoch_minute(end)]


def with_five_minute_bars(market: BacktestMarket, candles: pl.DataFrame) -> BacktestMarket:
    """`market` with each of `candles` as the candle of its last minute."""
    opened = (pl.col("time") + pl.duration(minutes=FIVE - 1)).alias("time")
    known = market.facts.candles_1m
    placed = candles.with_columns(opened).select(known.columns).cast(known.schema)
    facts = replace(market.facts, candles_1m=pl.concat([known, placed]).sort("instrument_id", "time"))
    return replace(market, facts=facts, five_minute_bars=placed.select("instrument_id", "time"))


def read_dated_terms(
    connection: psycopg.Connection, instrument_ids: Sequence[int], first: datetime, last: datetime
) -> DatedTerms:
    """The terms from `first` to `last`, with the default costs (see `at_costs`)."""
    values = {"instrument_ids": list(instrument_ids), "start": first, "end": last}
    changes = connection.execute(queries.load("backtest/terms_changes"), values).fetchall()
    instants = (first, *(row[0] for row in changes))
    costs = CostParameters()
    return DatedTerms(
        instants, tuple(read_terms(connection, instrument_ids, time, costs) for time in instants)
    )


def at_costs(market: BacktestMarket, costs: CostParameters) -> BacktestMarket:
    """`market` with the costs of a run."""
    terms = tuple(
        {key: replace(one, costs=costs.of(one.pair.base)) for key, one in dated.items()}
        for dated in market.terms.terms
    )
    return replace(market, terms=DatedTerms(market.terms.valid_from, terms))
