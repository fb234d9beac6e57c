"""The REST side: routes, weights, faults, refusals."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from hydra.sim.exchange import listing
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.faults import ActiveFault, FaultKind
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.market_answers import MarketAnswers
from hydra.sim.exchange.message_faults import Faults
from hydra.sim.exchange.other_sources import COINGLASS_PATHS, SimulatedSources
from hydra.sim.exchange.query import Query
from hydra.sim.exchange.refusals import (
    BAD_KEY,
    BAD_TIMESTAMP,
    MAINTENANCE,
    MAINTENANCE_BARE,
    Refusal,
    banned,
    too_many,
)
from hydra.sim.exchange.statistics_answers import RATIO_COLUMNS, StatisticsAnswers
from hydra.sim.exchange.weights import Weights

KEY_HEADER: Final = "X-MBX-APIKEY"
_DELAYS: Final = frozenset({FaultKind.LATENCY, FaultKind.JITTER})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Answer = Callable[[Query], Any]


class Rest:
    """Answers REST calls from the played market."""

    def __init__(self, market: PlayedMarket, clock: SimulatedClock, weights: Weights, faults: Faults) -> None:
        self._market, self._clock, self._weights, self._faults = market, clock, weights, faults
        self._answers = MarketAnswers(market, clock.now_ms)
        self._statistics = StatisticsAnswers(market, clock.now_ms)
        self._others = SimulatedSources(market, clock.now_ms)
        self._requests: dict[str, int] = {}

    def add_routes(self, app: web.Application) -> None:
        """Every path of REST."""
        answers = self._answers
        public: dict[str, _Answer] = {
            "/fapi/v1/ping": lambda _query: {},
            "/fapi/v1/time": lambda _query: self._time(),
            "/fapi/v1/exchangeInfo": lambda _query: self._exchange_info(),
            "/fapi/v1/trades": answers.trades,
            "/fapi/v1/historicalTrades": answers.trades,
            "/fapi/v1/aggTrades": answers.aggregate_trades,
            "/fapi/v1/klines": answers.klines,
            "/fapi/v1/markPriceKlines": answers.mark_klines,
            "/fapi/v1/indexPriceKlines": answers.index_klines,
            "/fapi/v1/premiumIndexKlines": answers.premium_klines,
            "/fapi/v1/premiumIndex": answers.premium_index,
            "/fapi/v1/fundingRate": answers.funding_rates,
            "/fapi/v1/fundingInfo": lambda _query: self._funding_info(),
            "/fapi/v1/ticker/24hr": answers.day,
            "/fapi/v1/ticker/price": answers.last_price,
            "/fapi/v2/ticker/price": answers.last_price,
            "/fapi/v1/ticker/bookTicker": answers.book_ticker,
            "/fapi/v1/openInterest": answers.open_interest,
            "/futures/data/openInterestHist": self._statistics.open_interest,
            "/futures/data/basis": self._statistics.basis,
        }
        for path, answer in public.items():
            app.router.add_get(path, self._public(answer))
        for name in RATIO_COLUMNS:
            app.router.add_get(f"/futures/data/{name}", self._public(self._ratio(name)))
        app.router.add_get("/fapi/v1/depth", self._handled(self._depth))
        app.router.add_get("/fapi/v1/leverageBracket", self._signed(self._brackets))
        app.router.add_get("/fapi/v1/commissionRate", self._signed(self._commission))
        app.router.add_get("/fng/", self._beside(self._others.fear_and_greed))
        for path in COINGLASS_PATHS:
            app.router.add_get(path, self._beside(self._liquidations(path)))

    def _public(self, answer: _Answer) -> Handler:
        async def handler(request: web.Request) -> Any:
            return answer(self._query(request))

        return self._handled(handler)

    def _signed(self, answer: _Answer) -> Handler:
        async def handler(request: web.Request) -> Any:
            if not request.headers.get(KEY_HEADER):
                raise BAD_KEY
            query = self._query(request)
            query.text("timestamp")
            query.text("signature")
            if any(self._acting(request, {FaultKind.BAD_TIMESTAMP})):
                raise BAD_TIMESTAMP
            return answer(query)

        return self._handled(handler)

    def _beside(self, answer: Callable[[Mapping[str, str]], Any]) -> Handler:
        """A source that is not the exchange: its calls have no weight."""

        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                await self._suffer(request)
                return _json(answer(request.query))
            except Refusal as refused:
                return _refused(refused, {})

        return handler

    def _handled(self, answer: Callable[[web.Request], Awaitable[Any]]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            address = request.remote or ""
            try:
                self._weights.take(address, request.path, request.query)
                await self._suffer(request)
                content = await answer(request)
            except Refusal as refused:
                return _refused(refused, self._headers(address))
            return _json(content, self._headers(address))

        return handler

    def _headers(self, address: str) -> dict[str, str]:
        return {"X-MBX-USED-WEIGHT-1M": str(self._weights.used(address))}

    def _query(self, request: web.Request) -> Query:
        return Query(request.query, self._market.place)

    def _acting(
        self, request: web.Request, kinds: frozenset[FaultKind] | set[FaultKind]
    ) -> list[ActiveFault]:
        """The faults of these kinds that act on this request."""
        path, symbol = request.path, request.query.get("symbol", "")
        number = self._requests.get(path, 0)
        return [
            one
            for one in self._faults.about_endpoint(path)
            if one.fault.kind in kinds and one.acts(path, symbol, number, self._clock.now_ms())
        ]

    async def _suffer(self, request: web.Request) -> None:
        """Wait as faults say, or refuse as they say."""
        path = request.path
        self._requests[path] = self._requests.get(path, 0) + 1
        if not self._faults.active:
            return
        for one in self._acting(request, _DELAYS):
            share = 1.0
            if one.fault.kind is FaultKind.JITTER:
                share = one.share(path, request.query.get("symbol", ""), self._requests[path])
            await asyncio.sleep(share * one.fault.number / 1_000)
        for one in self._acting(request, frozenset(_REFUSING)):
            raise _REFUSING[one.fault.kind](int(one.fault.number), self._clock.now_ms())

    def _time(self) -> dict[str, Any]:
        offset_ms = self._clock_offset_ms()
        return {"serverTime": self._clock.now_ms() + offset_ms, "simulatedSpeed": self._clock.speed}

    def _clock_offset_ms(self) -> int:
        number = self._requests.get("/fapi/v1/time", 0)
        return sum(
            int(one.fault.number * 1_000)
            for one in self._faults.about_endpoint("/fapi/v1/time")
            if one.fault.kind is FaultKind.CLOCK_OFF
            and one.acts("/fapi/v1/time", "", number, self._clock.now_ms())
        )

    def _exchange_info(self) -> dict[str, Any]:
        return listing.exchange_info(self._market.source.pairs, self._clock.now_ms(), self._weights.limit)

    def _funding_info(self) -> list[dict[str, Any]]:
        return listing.funding_info(self._market.source.pairs, self._clock.now_ms())

    def _ratio(self, name: str) -> _Answer:
        return lambda query: self._statistics.ratio(name, query)

    def _liquidations(self, path: str) -> Callable[[Mapping[str, str]], Any]:
        return lambda query: self._others.liquidations(query, path)

    async def _depth(self, request: web.Request) -> Any:
        stale = self._acting(request, {FaultKind.STALE_SNAPSHOT})
        return self._answers.depth(self._query(request), stale[0].fault.number if stale else None)

    def _brackets(self, query: Query) -> Any:
        pairs = tuple(self._market.source.pairs[place] for place in query.pairs())
        rows = listing.leverage_brackets(pairs)
        return rows[0] if "symbol" in query else rows

    def _commission(self, query: Query) -> Any:
        return listing.commission_rate(self._market.source.pairs[query.pair()])


_REFUSING: Final[dict[FaultKind, Callable[[int, int], Refusal]]] = {
    FaultKind.HTTP_429: lambda seconds, _now_ms: too_many(2_400, seconds),
    FaultKind.HTTP_418: lambda seconds, now_ms: banned(now_ms + seconds * 1_000, seconds),
    FaultKind.HTTP_5XX: lambda status, _now_ms: Refusal(status, f"<html><h1>{status}</h1></html>"),
    FaultKind.MAINTENANCE: lambda _number, _now_ms: MAINTENANCE,
    FaultKind.MAINTENANCE_BARE: lambda _number, _now_ms: MAINTENANCE_BARE,
}


def _json(content: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(content), content_type="application/json", headers=headers or {})


def _refused(refused: Refusal, headers: Mapping[str, str]) -> web.Response:
    refused.with_traceback(None)
    every = {**headers, **refused.headers}
    if isinstance(refused.body, str):
        return web.Response(status=refused.status, text=refused.body, content_type="text/html", headers=every)
    return web.Response(
        status=refused.status, body=orjson.dumps(refused.body), content_type="application/json", headers=every
    )
