"""What HYDRA needs of an exchange's market data, whichever exchange it is.

Answers of history are frames with the columns of the fact table (`sql/schema/facts.sql`) but instrument_id
and known_at: who stores them says when they became known. Ranges are [start, end) of the table's `time`. An
answer is one page: the oldest rows of the range, as many as the exchange gives at once.
Source: docs/architecture.md, "Modes and exchanges".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import polars as pl

from hydra.exchange.exchange_clock import ServerClock
from hydra.exchange.instruments import InstrumentTerms
from hydra.exchange.messages import DepthSnapshot, Message

Frame = bytes
"""A frame of a WebSocket as it came."""

OnFrame = Callable[[str, Frame], None]
"""Called with the connection's name and each frame, in the order of their coming."""

OVERLAP_S: Final = 30.0
"""A connection whose life has ended is read on for so long, so that its successor misses nothing."""


class Feed(StrEnum):
    """What can be subscribed to, named by the table that it fills."""

    CANDLES = "candles_1m"
    TRADES = "trades"
    ORDER_BOOKS = "order_books"
    LIQUIDATIONS = "liquidations"
    PREMIUM_INDEX = "premium_index"


@dataclass(frozen=True)
class Capabilities:
    """What an exchange can do; what differs between exchanges is here and in no `if venue`.

    history: the tables whose past REST gives. pages: the most rows a page, by table. streams: the feeds.
    connection_life_hours: after which it closes a connection. has_gapless_trade_ids: the ids of trades tell
    how many were missed.
    """

    venue: str
    history: frozenset[str]
    pages: dict[str, int]
    streams: frozenset[Feed]
    connection_life_hours: float
    has_gapless_trade_ids: bool


class MarketData(Protocol):
    """An exchange's public market data, REST and streams. `symbol`: the exchange's own name.

    Every call may raise RetryError (try again later), StopError (a person has to act) or BadDataError (the
    answer does not hold what it should). Calls wait for the rate limit by themselves.
    """

    capabilities: Capabilities

    async def server_time(self) -> datetime:
        """The exchange's clock, UTC."""

    async def server_clock(self) -> ServerClock:
        """The same, with its speed: what `ExchangeClock.measure` asks."""

    async def terms(self, symbols: Sequence[str]) -> list[InstrumentTerms]:
        """Filters and funding terms of `symbols`, as of now; brackets and fees too where a key is set.

        A symbol that the exchange does not list is left out.
        """

    async def history(self, table: str, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """One page of `table` in [start, end), oldest first; closed and settled rows only.

        table: candles_1m, mark_prices (timeframe_minutes 1), funding_rates, open_interest, positioning.
        An empty frame: the exchange has nothing there.
        """

    async def trades_from(self, symbol: str, first_id: int) -> pl.DataFrame:
        """One page of trades with ids from `first_id` on, oldest first."""

    async def open_interest_now(self, symbol: str) -> pl.DataFrame:
        """The open interest as measured now: one row."""

    async def order_book(self, symbol: str) -> DepthSnapshot:
        """The order book as REST gives it."""

    async def listen(
        self, name: str, feeds: Sequence[Feed], symbols: Sequence[str], on_frame: OnFrame
    ) -> None:
        """Hold one connection that sends `feeds` of `symbols`, until it is lost or cancelled.

        Returns shortly before the exchange would close it, because its life ends (24 h). It is read on for
        some seconds after that: a caller that calls again at once misses nothing, and hears some twice.

        Raises:
            RetryError: it was lost, or refused for now; call again.
            StopError: the exchange refuses it for good.
        """

    def parse(self, frame: Frame) -> Message | None:
        """The message in a frame; None for one that says nothing to HYDRA.

        Raises:
            BadDataError: it is no message of this exchange.
        """

    def unknown_fields(self) -> Mapping[Feed, int]:
        """How many fields of the messages that were parsed HYDRA does not know, since the start."""

    async def close(self) -> None:
        """Close every connection."""
