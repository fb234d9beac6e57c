"""REST with a key: who asks, whether it is signed, what faults make of it, and the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from hydra.sim.exchange import listing
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.faults import ACCEPTED, NOT_ACCEPTED, OF_ORDERS, ActiveFault, Fault, FaultKind
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.private.fields import Fields
from hydra.sim.exchange.private.kept_account import KeptAccount
from hydra.sim.exchange.private.operations import OPERATIONS, Operation
from hydra.sim.exchange.private.order_counts import OrderCounts
from hydra.sim.exchange.private.order_faults import ORDER_ENDPOINTS, may_be_refused, refusal_of, shown_book
from hydra.sim.exchange.private.signature import ApiKey, check_time, parameters, signed_parameters
from hydra.sim.exchange.private.user_stream import UserStream
from hydra.sim.exchange.refusals import BAD_KEY, BAD_TIMESTAMP, UNKNOWN_KEY, Refusal, refusal
from hydra.sim.exchange.request_faults import RequestFaults
from hydra.sim.exchange.rest import json_answer, refused_answer
from hydra.sim.exchange.weights import USED_WEIGHT, Weights

KEY_HEADER: Final = "X-MBX-APIKEY"
_LISTEN_KEY: Final = "/fapi/v1/listenKey"
_BRACKETS: Final = "/fapi/v1/leverageBracket"
_TIMED_OUT_WORDS: Final = (
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
)
_UNKNOWN: Final = refusal(503, -1, "Unknown error, please check your request or try again later.")
_TIMEOUTS: Final = frozenset({FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER})
_UNKNOWN_KINDS: Final = frozenset({FaultKind.UNKNOWN_BEFORE, FaultKind.UNKNOWN_AFTER})


@dataclass(frozen=True)
class ServedAccount:
    """The account that is served, and what belongs to it on the wire."""

    keys: dict[str, ApiKey]
    kept: KeptAccount
    user_stream: UserStream
    counts: OrderCounts


@dataclass(frozen=True)
class _Call:
    """A request that came in: method and path as in `OPERATIONS`, its undecoded query and body."""

    request: web.Request
    name: str
    query: str
    body: str
    symbol: str


class PrivateRest:
    """Answers whoever has a key of the account; without an account nobody has one."""

    def __init__(
        self,
        served: ServedAccount | None,
        market: PlayedMarket,
        clock: SimulatedClock,
        weights: Weights,
        faults: RequestFaults,
    ) -> None:
        self._served, self._market, self._clock = served, market, clock
        self._weights, self._faults = weights, faults

    def add_routes(self, app: web.Application) -> None:
        """Every path with a key."""
        for name, operation in OPERATIONS.items():
            self._add(app, name, self._operation(operation), operation.weight, operation.weight_of_all)
        self._add(app, f"GET {_BRACKETS}", self._brackets, 1)
        for method in ("POST", "PUT", "DELETE"):
            self._add(app, f"{method} {_LISTEN_KEY}", self._listen_key, 1)

    def _add(
        self,
        app: web.Application,
        name: str,
        answer: Callable[[ServedAccount, _Call], web.StreamResponse],
        weight: int,
        weight_of_all: int | None = None,
    ) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            address = request.remote or ""
            try:
                call = await _read(request, name)
                whole = weight_of_all is not None and not call.symbol
                self._weights.take_weight(address, weight_of_all if whole and weight_of_all else weight)
                await self._faults.suffer(request.path, call.symbol)
                response = answer(self._served_to(request), call)
            except Refusal as refused:
                response = refused_answer(refused, {})
            response.headers[USED_WEIGHT] = str(self._weights.used(address))
            return response

        method, path = name.split()
        app.router.add_route(method, path, handler)

    def _served_to(self, request: web.Request) -> ServedAccount:
        """Raises Refusal -2014, -2015."""
        key = request.headers.get(KEY_HEADER, "")
        if not (key.isascii() and key.isalnum()):
            raise BAD_KEY
        if self._served is None or key not in self._served.keys:
            raise UNKNOWN_KEY
        return self._served

    def _signed(self, served: ServedAccount, call: _Call) -> Fields:
        """The parameters of a signed request. Raises Refusal -1022, -1021, -1102 ..."""
        key = served.keys[call.request.headers[KEY_HEADER]]
        sent = signed_parameters(key, call.query, call.body)
        if self._acting(call, {FaultKind.BAD_TIMESTAMP}):
            raise BAD_TIMESTAMP
        check_time(sent, self._clock.now_ms(), self._clock.speed)
        return Fields(sent, self._market.place)

    def _acting(
        self,
        call: _Call,
        kinds: frozenset[FaultKind] | set[FaultKind],
        concerns: Callable[[Fault], bool] = lambda _fault: True,
    ) -> ActiveFault | None:
        return next(iter(self._faults.acting(call.request.path, call.symbol, kinds, concerns)), None)

    def _operation(self, operation: Operation) -> Callable[[ServedAccount, _Call], web.StreamResponse]:
        def answer(served: ServedAccount, call: _Call) -> web.StreamResponse:
            fields = self._signed(served, call)
            if operation.reads is not None:
                fields.refuse_unread(operation.reads)
            if operation.orders:
                served.counts.take(operation.orders)
            if fault := self._acting(call, NOT_ACCEPTED):
                return _instead(fault, call)
            content = self._asked(served, call, fields)
            if fault := self._acting(call, ACCEPTED):
                return _instead(fault, call)
            return json_answer(content, served.counts.headers() if operation.orders else {})

        return answer

    def _asked(self, served: ServedAccount, call: _Call, fields: Fields) -> Any:
        """What the account answers, under a fault of orders if one acts."""
        fault = self._acting(call, OF_ORDERS, lambda fault: self._concerns(fault, call, fields))
        if fault is not None and fault.fault.kind is FaultKind.REFUSED:
            raise refusal_of(int(fault.fault.number))
        kind = None if fault is None else fault.fault.kind
        try:
            return served.kept.ask(call.name, fields, self._clock.now_ms(), kind)
        finally:
            served.user_stream.write()

    def _concerns(self, fault: Fault, call: _Call, fields: Fields) -> bool:
        if not (call.name.startswith("POST") and call.name.endswith(ORDER_ENDPOINTS)):
            return False
        if fault.kind is FaultKind.REFUSED:
            return may_be_refused(int(fault.number), fields.values)
        place = self._market.place.get(call.symbol)
        if place is None or not call.name.endswith("/order"):
            return False
        step = self._market.source.pairs[place].filters.step_size
        return shown_book(fault.kind, fields.values, step) is not None

    def _brackets(self, served: ServedAccount, call: _Call) -> web.StreamResponse:
        """GET leverageBracket."""
        fields = self._signed(served, call)
        pairs = tuple(self._market.source.pairs[place] for place in fields.pairs())
        rows = listing.leverage_brackets(pairs)
        return json_answer(rows[0] if "symbol" in fields else rows)

    def _listen_key(self, served: ServedAccount, call: _Call) -> web.StreamResponse:
        """POST, PUT and DELETE listenKey, which need the key only."""
        stream = served.user_stream
        if call.request.method == "DELETE":
            stream.end()
            return json_answer({})
        return json_answer(
            {"listenKey": stream.begin() if call.request.method == "POST" else stream.prolong()}
        )


async def _read(request: web.Request, name: str) -> _Call:
    query = request.raw_path.partition("?")[2]
    body = (await request.read()).decode("utf-8", "replace")
    return _Call(request, name, query, body, parameters(query, body).get("symbol", ""))


def _instead(fault: ActiveFault, call: _Call) -> web.StreamResponse:
    """What comes in place of the answer."""
    kind = fault.fault.kind
    if kind in _TIMEOUTS:
        return refused_answer(refusal(int(fault.fault.number), -1007, _TIMED_OUT_WORDS), {})
    if kind in _UNKNOWN_KINDS:
        return refused_answer(_UNKNOWN, {})
    if kind is not FaultKind.EMPTY_ANSWER and call.request.transport is not None:
        call.request.transport.abort()
    return web.Response(content_type="application/json")
