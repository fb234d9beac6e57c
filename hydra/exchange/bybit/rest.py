"""The market data of Bybit's linear contracts, as far as its public endpoints carry it.

Tested against answers as its documentation shows them, not yet against the exchange itself.
Source: docs/exchange.md, "Bybit".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import polars as pl
from ccxt.base.errors import BaseError

from hydra.errors import StopError
from hydra.exchange.bybit import answers, parsers
from hydra.exchange.bybit.client import BybitClient
from hydra.exchange.bybit.connection import subscriptions
from hydra.exchange.exchange_clock import ServerClock
from hydra.exchange.instruments import InstrumentTerms
from hydra.exchange.interface import Capabilities, Feed, Frame, OnFrame
from hydra.exchange.messages import DepthSnapshot, Message
from hydra.exchange.raw_socket import Streams
from hydra.exchange.refusals import error_of, not_an_exchange
from hydra.exchange.wire_numbers import instant_of, to_ms

_MINUTE: Final = timedelta(minutes=1)
_DEPTH_LEVELS: Final = 500
_SETTLING: Final = timedelta(seconds=1)


class _Page(NamedTuple):
    """How a table is asked for: endpoint, further parameters, names of the range's ends, distance of rows."""

    endpoint: str
    parameters: dict[str, str]
    start: str
    end: str
    distance: timedelta


_PAGES: Final = {
    "candles_1m": _Page("publicGetV5MarketKline", {"interval": "1"}, "start", "end", _MINUTE),
    "mark_prices": _Page("publicGetV5MarketMarkPriceKline", {"interval": "1"}, "start", "end", _MINUTE),
    "funding_rates": _Page("publicGetV5MarketFundingHistory", {}, "startTime", "endTime", 60 * _MINUTE),
    "open_interest": _Page(
        "publicGetV5MarketOpenInterest", {"intervalTime": "5min"}, "startTime", "endTime", 5 * _MINUTE
    ),
    "positioning": _Page(
        "publicGetV5MarketAccountRatio", {"period": "5min"}, "startTime", "endTime", 5 * _MINUTE
    ),
}
_FRAMES: Final = {
    "candles_1m": answers.candles,
    "mark_prices": answers.mark_bars,
    "funding_rates": answers.funding,
    "open_interest": answers.open_interest,
    "positioning": answers.positioning,
}
_OF_MINUTES: Final = frozenset({"candles_1m", "mark_prices"})


class BybitMarketData:
    """See `hydra.exchange.interface.MarketData`."""

    def __init__(self, client: BybitClient, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._client = client
        self._host = client.hosts.name
        self._streams = Streams(client, self.parse, capabilities.connection_life_hours, self.server_time)

    async def _ask(self, endpoint: str, **parameters: Any) -> Any:
        try:
            answer = await getattr(self._client, endpoint)(parameters)
        except BaseError as error:
            raise error_of(self._host, error) from None
        if not isinstance(answer, dict) or "result" not in answer:
            raise not_an_exchange(self._host, str(answer))
        return answer

    async def _ask_linear(self, endpoint: str, symbol: str, **parameters: Any) -> Any:
        return await self._ask(endpoint, category="linear", symbol=symbol, **parameters)

    async def server_time(self) -> datetime:
        """See `MarketData`."""
        clock = await self.server_clock()
        return instant_of(clock.time_us)

    async def server_clock(self) -> ServerClock:
        """See `MarketData`."""
        answer = await self._ask("publicGetV5MarketTime")
        try:
            return ServerClock(int(answer["result"]["timeNano"]) // 1_000, 1.0)
        except (KeyError, TypeError, ValueError):
            raise not_an_exchange(self._host, str(answer)) from None

    async def terms(self, symbols: Sequence[str]) -> list[InstrumentTerms]:
        """See `MarketData`; brackets are public here, fees are not read."""
        now = await self.server_time()
        found = [
            answers.terms(
                symbol,
                await self._ask_linear("publicGetV5MarketInstrumentsInfo", symbol),
                await self._ask_linear("publicGetV5MarketRiskLimit", symbol),
                now,
            )
            for symbol in symbols
        ]
        return [terms for terms in found if terms]

    async def history(self, table: str, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """See `MarketData`. Of a longer range the exchange gives the newest rows: pages are cut to size."""
        if table not in _PAGES:
            raise StopError(f"{self.capabilities.venue} gives no history of {table}")
        page, limit = _PAGES[table], self.capabilities.pages[table]
        begin, now = start, await self.server_time()
        while True:
            stop = max(begin, min(end, begin + page.distance * limit))
            asked = {
                page.start: to_ms(begin),
                page.end: to_ms(stop) - 1,
                "limit": limit,
                **page.parameters,
            }
            answer = await self._ask_linear(page.endpoint, symbol, **asked)
            found = _FRAMES[table](answers.rows_of(table, answer))
            found = found.filter(pl.col("time") >= start, pl.col("time") < end)
            if table in _OF_MINUTES:
                found = found.filter(pl.col("time") + _MINUTE + _SETTLING <= now)
            begin = stop
            if found.height or begin >= min(end, now):
                return found

    async def trades_from(self, symbol: str, first_id: int) -> pl.DataFrame:  # noqa: ARG002  # the interface's
        """See `MarketData`: this exchange keeps no past of trades."""
        raise StopError(f"{self.capabilities.venue} gives no history of trades")

    async def open_interest_now(self, symbol: str) -> pl.DataFrame:
        """See `MarketData`: the newest five minutes' value, because there is no other."""
        page = _PAGES["open_interest"]
        answer = await self._ask_linear(page.endpoint, symbol, limit=1, **page.parameters)
        return answers.open_interest(answers.rows_of("open-interest", answer))

    async def order_book(self, symbol: str) -> DepthSnapshot:
        """See `MarketData`; the best 500 levels of each side."""
        return answers.depth(
            symbol, await self._ask_linear("publicGetV5MarketOrderbook", symbol, limit=_DEPTH_LEVELS)
        )

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
