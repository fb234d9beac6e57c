"""The REST side: routes, weights, faults, refusals."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from hydra.sim.exchange import listing
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.faults import FaultKind
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.market_answers import MarketAnswers
from hydra.sim.exchange.other_sources import COINGLASS_PATHS, SimulatedSources
from hydra.sim.exchange.query import Query
from hydra.sim.exchange.refusals import Refusal
from hydra.sim.exchange.request_faults import RequestFaults
from hydra.sim.exchange.statistics_answers import RATIO_COLUMNS, StatisticsAnswers
from hydra.sim.exchange.weights import USED_WEIGHT, Weights

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Answer = Callable[[Query], Any]


class Endpoints:
    """Answers REST calls from the played market."""

    def __init__(
        self, market: PlayedMarket, clock: SimulatedClock, weights: Weights, faults: RequestFaults
    ) -> None:
        self._market, self._clock, self._weights, self._faults = market, clock, weights, faults
        self._answers = MarketAnswers(market, clock.now_ms)
        self._statistics = StatisticsAnswers(market, clock.now_ms)
        self._others = SimulatedSources(market, clock.now_ms)

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
        app.router.add_get("/fng/", self._beside(self._others.fear_and_greed))
        for path in COINGLASS_PATHS:
            app.router.add_get(path, self._beside(self._liquidations(path)))

    def _public(self, answer: _Answer) -> Handler:
        async def handler(request: web.Request) -> Any:
            return answer(self._query(request))

        return self._handled(handler)

    def _beside(self, answer: Callable[[Mapping[str, str]], Any]) -> Handler:
        """A source that is not the exchange: its calls have no weight."""

        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                await self._faults.suffer(request.path, request.query.get("symbol", ""))
                return json_answer(answer(request.query))
            except Refusal as refused:
                return refused_answer(refused, {})

        return handler

    def _handled(self, answer: Callable[[web.Request], Awaitable[Any]]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            address = request.remote or ""
            try:
                self._weights.take(address, request.path, request.query)
                await self._faults.suffer(request.path, request.query.get("symbol", ""))
                content = await answer(request)
            except Refusal as refused:
                return refused_answer(refused, self._headers(address))
            return json_answer(content, self._headers(address))

        return handler

    def _headers(self, address: str) -> dict[str, str]:
        return {USED_WEIGHT: str(self._weights.used(address))}

    def _query(self, request: web.Request) -> Query:
        return Query(request.query, self._market.place)

    def _time(self) -> dict[str, Any]:
        offset_ms = self._clock_offset_ms()
        return {"serverTime": self._clock.now_ms() + offset_ms, "simulatedSpeed": self._clock.speed}

    def _clock_offset_ms(self) -> int:
        acting = self._faults.acting("/fapi/v1/time", "", {FaultKind.CLOCK_OFF})
        return sum(int(one.fault.number * 1_000) for one in acting)

    def _exchange_info(self) -> dict[str, Any]:
        return listing.exchange_info(self._market.source.pairs, self._clock.now_ms(), self._weights.limit)

    def _funding_info(self) -> list[dict[str, Any]]:
        return listing.funding_info(self._market.source.pairs, self._clock.now_ms())

    def _ratio(self, name: str) -> _Answer:
        return lambda query: self._statistics.ratio(name, query)

    def _liquidations(self, path: str) -> Callable[[Mapping[str, str]], Any]:
        return lambda query: self._others.liquidations(query, path)

    async def _depth(self, request: web.Request) -> Any:
        symbol = request.query.get("symbol", "")
        stale = self._faults.acting(request.path, symbol, {FaultKind.STALE_SNAPSHOT})
        return self._answers.depth(self._query(request), stale[0].fault.number if stale else None)


def json_answer(content: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    """Status 200."""
    return web.Response(body=orjson.dumps(content), content_type="application/json", headers=headers or {})


def refused_answer(refused: Refusal, headers: Mapping[str, str]) -> web.Response:
    """A refusal with its status."""
    refused.with_traceback(None)
    every = {**headers, **refused.headers}
    if isinstance(refused.body, str):
        return web.Response(status=refused.status, text=refused.body, content_type="text/html", headers=every)
    return web.Response(
        status=refused.status, body=orjson.dumps(refused.body), content_type="application/json", headers=every
    )
