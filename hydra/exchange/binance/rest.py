"""The market data of Binance USD-M, and of the simulated exchange, which speaks the same protocol.

REST goes through ccxt's own endpoints, because its unified answers drop quote volumes, counts and takers.
Source: docs/exchange.md, "REST".
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from hydra.errors import StopError
from hydra.exchange.archive.funding import DEFAULT_HOURS
from hydra.exchange.binance import answers, parsers
from hydra.exchange.binance.calls import Calls
from hydra.exchange.binance.client import BinanceClient
from hydra.exchange.binance.connection import subscriptions
from hydra.exchange.binance.instrument_terms import instrument_terms
from hydra.exchange.exchange_clock import ServerClock
from hydra.exchange.instruments import InstrumentTerms
from hydra.exchange.interface import Capabilities, Feed, Frame, OnFrame
from hydra.exchange.messages import DepthSnapshot, Message
from hydra.exchange.raw_socket import Streams
from hydra.exchange.wire_numbers import instant_of, to_ms

_PERIOD: Final = timedelta(minutes=5)
_STATISTICS_KEPT: Final = timedelta(days=30) - timedelta(hours=1)
_LONGEST_INTERVAL: Final = timedelta(hours=8, minutes=5)
_DEPTH_LEVELS: Final = 1_000
_SETTLING: Final = timedelta(seconds=1)
"""A candle changes for some instants after its close, as its last trades are counted."""

_Page = Callable[[str, datetime, datetime], Coroutine[Any, Any, pl.DataFrame]]


class BinanceMarketData:
    """See `hydra.exchange.interface.MarketData`."""

    def __init__(self, client: BinanceClient, capabilities: Capabilities, environment: str) -> None:
        self.capabilities = capabilities
        self._client = client
        self._calls = Calls(client)
        self._source = f"{{}} of {capabilities.venue} ({environment})"
        self._streams = Streams(client, self.parse, capabilities.connection_life_hours, self.server_time)
        self._told = instant_of(0)
        self._pages: dict[str, _Page] = {
            "candles_1m": self._candles,
            "mark_prices": self._mark_bars,
            "funding_rates": self._funding,
            "open_interest": self._open_interest,
            "positioning": self._positioning,
        }

    async def server_time(self) -> datetime:
        """See `MarketData`."""
        await self.server_clock()
        return self._told

    async def server_clock(self) -> ServerClock:
        """See `MarketData`; from now on signed requests carry this clock's time."""
        clock = await self._calls.server_clock()
        self._told = instant_of(clock.time_us)
        return clock

    async def terms(self, symbols: Sequence[str]) -> list[InstrumentTerms]:
        """See `MarketData`."""
        return await instrument_terms(self._calls, symbols, self._source)

    async def history(self, table: str, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """See `MarketData`."""
        if table not in self._pages:
            raise StopError(f"{self.capabilities.venue} gives no history of {table}")
        return await self._pages[table](symbol, start, end)

    async def _candles(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        rows = await self._klines("fapiPublicGetKlines", "candles_1m", symbol, start, end)
        return await self._closed(answers.candles(rows))

    async def _mark_bars(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        rows = await self._klines("fapiPublicGetMarkPriceKlines", "mark_prices", symbol, start, end)
        return await self._closed(answers.mark_bars(rows))

    async def _klines(self, endpoint: str, table: str, symbol: str, start: datetime, end: datetime) -> Any:
        limit = self.capabilities.pages[table]
        return await self._calls.ask(
            endpoint,
            symbol=symbol,
            interval="1m",
            startTime=to_ms(start),
            endTime=to_ms(end) - 1,
            limit=limit,
        )

    async def _closed(self, bars: pl.DataFrame) -> pl.DataFrame:
        """Without the bar that is open: REST does not mark it."""
        settled_at = pl.col(answers.LAST_INSTANT) + _SETTLING
        if bars.select(settled_at.max() > self._told).item():
            await self.server_clock()
        return bars.filter(settled_at <= self._told).drop(answers.LAST_INSTANT)

    async def _funding(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """The settlement before `start` is read too: it tells the first interval."""
        limit = self.capabilities.pages["funding_rates"]
        rows = await self._calls.ask(
            "fapiPublicGetFundingRate",
            symbol=symbol,
            startTime=to_ms(start - _LONGEST_INTERVAL),
            endTime=to_ms(end) - 1,
            limit=limit,
        )
        interval = pl.col("interval_hours").forward_fill().backward_fill()
        settled = answers.funding(rows).with_columns(interval)
        asked = settled.filter(pl.col("time") >= start, pl.col("time") < end)
        if not asked["interval_hours"].has_nulls():
            return asked
        stated = await self._funding_interval_hours(symbol)
        return asked.with_columns(pl.col("interval_hours").fill_null(pl.lit(stated, pl.Int16)))

    async def _funding_interval_hours(self, symbol: str) -> int:
        rows = await self._calls.ask("fapiPublicGetFundingInfo")
        return next(
            (int(row["fundingIntervalHours"]) for row in rows if row.get("symbol") == symbol),
            DEFAULT_HOURS,
        )

    async def _open_interest(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        async def page(begin: datetime, stop: datetime) -> pl.DataFrame:
            rows = await self._statistics("fapiDataGetOpenInterestHist", "open_interest", symbol, begin, stop)
            return answers.open_interest(rows)

        return await self._first_page("open_interest", start, end, page)

    async def _positioning(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        async def page(begin: datetime, stop: datetime) -> pl.DataFrame:
            found = {
                name: await self._statistics(endpoint, "positioning", symbol, begin, stop)
                for name, (endpoint, _) in answers.RATIOS.items()
            }
            return answers.positioning(found)

        return await self._first_page("positioning", start, end, page)

    async def _statistics(
        self, endpoint: str, table: str, symbol: str, start: datetime, end: datetime
    ) -> Any:
        return await self._calls.ask(
            endpoint,
            symbol=symbol,
            period="5m",
            startTime=to_ms(start),
            endTime=to_ms(end) - 1,
            limit=self.capabilities.pages[table],
        )

    async def _first_page(
        self,
        table: str,
        start: datetime,
        end: datetime,
        page: Callable[[datetime, datetime], Coroutine[Any, Any, pl.DataFrame]],
    ) -> pl.DataFrame:
        """The first page with rows. 30 days are kept; of a longer range the newest rows are given."""
        oldest = await self.server_time() - _STATISTICS_KEPT
        span = _PERIOD * self.capabilities.pages[table]
        begin = max(start, oldest)
        while True:
            found = await page(begin, max(begin, min(end, begin + span)))
            begin += span
            if found.height or begin >= end:
                return found.filter(pl.col("time") >= start, pl.col("time") < end)

    async def trades_from(self, symbol: str, first_id: int) -> pl.DataFrame:
        """See `MarketData`."""
        limit = self.capabilities.pages["trades"]
        return answers.trades(
            await self._calls.ask("fapiPublicGetAggTrades", symbol=symbol, fromId=first_id, limit=limit)
        )

    async def open_interest_now(self, symbol: str) -> pl.DataFrame:
        """See `MarketData`; value_usd is null, because the exchange does not tell it."""
        return answers.open_interest_now(await self._calls.ask("fapiPublicGetOpenInterest", symbol=symbol))

    async def order_book(self, symbol: str) -> DepthSnapshot:
        """See `MarketData`; the best 1,000 levels of each side."""
        answer = await self._calls.ask("fapiPublicGetDepth", symbol=symbol, limit=_DEPTH_LEVELS)
        return parsers.depth_snapshot(answer, symbol)

    async def listen(
        self, name: str, feeds: Sequence[Feed], symbols: Sequence[str], on_frame: OnFrame
    ) -> None:
        """See `MarketData`."""
        wanted = list(subscriptions(self._client.hosts, feeds, symbols))
        await self._streams.hold(name, wanted, on_frame)

    def parse(self, frame: Frame) -> Message | None:
        """See `MarketData`."""
        return parsers.parse(frame)

    def unknown_fields(self) -> Mapping[Feed, int]:
        """See `MarketData`."""
        return parsers.UNKNOWN_FIELDS.by_feed()

    async def close(self) -> None:
        """See `MarketData`."""
        await self._streams.close()
        await self._client.close()
