"""Recorded history from the database as a market: what is not recorded is not sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import TIME, Flags
from hydra.db.arrow import end_read, read_frame
from hydra.db.arrow_connection import ArrowConnection
from hydra.exchange.interface import Feed
from hydra.sim.exchange.sources import HISTORY_DAYS, ListedPair, venue_of
from hydra.sim.market.frames import MarketSlice

_READ: Final = (
    "candles_1m", "mark_prices", "funding_rates", "open_interest", "positioning", "liquidations",
)  # fmt: skip
_PREMIUM_HISTORY: Final = timedelta(hours=1)
"""The premium index has a row a second: of the time before the start only so much is read."""
_KEY: Final = {"instrument_id": pl.Int16(), "time": TIME}
_NEVER: Final[dict[str, dict[str, pl.DataType]]] = {
    "trades": {
        "trade_id": pl.Int64(),
        "price": pl.Float64(),
        "quantity": pl.Float64(),
        "buyer_is_maker": pl.Boolean(),
    },
    "order_books": {
        name: pl.List(pl.Float64())
        for name in ("bid_prices", "bid_quantities", "ask_prices", "ask_quantities")
    },
    "feed_heartbeats": {},
}
"""Tables that are not served, with their columns."""


class RecordedSource:
    """The facts of stored instruments in [start, end], read as the clock goes.

    instrument_ids: as stored, one for each of `pairs`. Reads raise DatabaseError.
    """

    def __init__(
        self,
        connection: ArrowConnection,
        instrument_ids: Sequence[int],
        pairs: tuple[ListedPair, ...],
        start: datetime,
        end: datetime,
    ) -> None:
        self.pairs, self.start = pairs, start
        self.end: datetime | None = end
        self.venue = venue_of("recorded", start.isoformat())
        self._connection = connection
        self._ids = list(instrument_ids)
        self._own = {stored: place for place, stored in enumerate(instrument_ids, start=1)}
        self._read_until = start
        stored = read_frame(connection, "exchange/feeds", (self._ids, start, end))
        end_read(connection)
        self.feeds = frozenset({Feed.CANDLES, *map(Feed, stored["feed"])})

    def history(self) -> MarketSlice:
        """See `MarketSource`."""
        return self._between(self.start - timedelta(days=HISTORY_DAYS), self.start)

    def advance(self, minutes: int) -> MarketSlice:
        """See `MarketSource`."""
        begin = self._read_until
        self._read_until = begin + timedelta(minutes=minutes)
        return self._between(begin, self._read_until)

    def silent(self, first_minute: int, minutes: int) -> Flags:  # noqa: ARG002  # as `MarketSource` has it
        """See `MarketSource`: an outage of the recording is a hole in its facts."""
        return np.zeros((minutes, len(self.pairs)), dtype=np.bool_)

    def _between(self, begin: datetime, end: datetime) -> MarketSlice:
        frames = {name: self._read(name, begin, end) for name in _READ}
        told_from = max(begin, self.start - _PREMIUM_HISTORY)
        frames["premium_index"] = self._read("premium_index", told_from, end)
        end_read(self._connection)
        frames |= {name: pl.DataFrame(schema={**_KEY, **columns}) for name, columns in _NEVER.items()}
        return MarketSlice(**frames)

    def _read(self, table: str, begin: datetime, end: datetime) -> pl.DataFrame:
        rows = read_frame(self._connection, f"exchange/{table}", (self._ids, begin, end))
        number = pl.col("instrument_id").replace_strict(self._own, return_dtype=pl.Int16)
        return rows.with_columns(number).sort("instrument_id", "time", maintain_order=True)
