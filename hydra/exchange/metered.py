"""What HYDRA changes in an exchange of ccxt, whichever it is: hosts, budget, and what a refusal carries.

ccxt itself stays as it is installed. These of its internals are relied upon: `fetch2` asks
`calculate_rate_limiter_cost` and waits in `throttle` before each request; `fetch` hands every answer to
`handle_errors` with status and headers; the leaves of `urls["api"]` are the only hosts that it calls.
Source: docs/exchange.md, "ccxt".
"""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from decimal import localcontext
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from aiohttp import ClientSession
from ccxt.base.errors import BaseError, ExchangeError

from hydra.errors import StopError
from hydra.exchange.hosts import Hosts, foreign_urls, rewritten
from hydra.exchange.rate_budget import RateBudget
from hydra.exchange.refusals import BAN_WITHOUT_TIME_S, TOO_MANY, HttpAnswer, answer_of

TIMEOUT_MS: Final = 10_000
CONNECTIONS: Final = "connections"
"""The limit that opening a WebSocket counts for."""

_WEIGHT_USED: Final = frozenset({-1003, 10006, 10018})
_BANNED_UNTIL: Final = re.compile(r"banned until (\d{13})")


class CallCost(NamedTuple):
    """What a call counts: weights by limit. whole_limit: it need not keep to the caller's share."""

    weights: Mapping[str, float]
    whole_limit: bool = False


class Metered(ABC):
    """Put before a class of ccxt.pro: every call waits for the budget, every refusal carries an `HttpAnswer`.

    Subclasses say in `cost_of` which limits a call counts for; their budget has one of CONNECTIONS too.
    """

    hosts: Hosts
    budget: RateBudget
    headers: dict[str, str]

    def connect_to(self, hosts: Hosts, budget: RateBudget) -> None:
        """Call `hosts` and nothing else.

        Raises:
            StopError: a URL of ccxt would still lead elsewhere.
        """
        self.hosts, self.budget = hosts, budget
        self.decimal_to_precision = _in_own_context(self.decimal_to_precision)  # type: ignore[has-type]
        if hosts.rest.startswith("http:"):
            # At its end ccxt waits for connections with TLS; plain ones close at once.
            self.timeout_on_exit = 0
        urls: dict[str, Any] = self.urls  # type: ignore[has-type]  # of ccxt's class
        self.urls = urls | {name: rewritten(urls[name], hosts) for name in _TABLES if name in urls}
        foreign = [url for name in _TABLES for url in foreign_urls(self.urls.get(name, {}), hosts)]
        if foreign:
            raise StopError(
                f"ccxt would call {foreign[0]} beside {hosts.name}: its table of URLs has changed"
            )

    def opened_session(self) -> ClientSession:
        """The one session of REST and streams."""
        client: Any = self
        client.open()
        session: ClientSession = client.session
        return session

    @abstractmethod
    def cost_of(self, section: str, method: str, path: str, weight: float) -> CallCost:
        """The limits that a call counts for, and how much; `weight`: by ccxt's table."""

    def calculate_rate_limiter_cost(
        self, api: Any, method: Any, path: Any, params: Any, config: Any = None
    ) -> CallCost:
        """What a call counts; ccxt's costs of these calls are the exchange's weights."""
        weight = super().calculate_rate_limiter_cost(api, method, path, params, config or {})  # type: ignore[misc]
        section = api if isinstance(api, str) else api[0]
        return self.cost_of(section, method, path, float(weight))

    async def throttle(self, cost: CallCost) -> None:
        """Wait until the budget has room."""
        for pool, weight in cost.weights.items():
            await self.budget.take(pool, weight, whole_limit=cost.whole_limit)

    def handle_errors(  # noqa: PLR0913, PLR0917  # ccxt's signature
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: str,
        response: Any,
        request_headers: Any,
        request_body: Any,
    ) -> None:
        """Keep the budget; raise ccxt's error with the answer among its arguments."""
        answer = answer_of(code, headers, body, response)
        self.obey(answer)
        self.keep_count({name.lower(): value for name, value in headers.items()})
        known: Any = super()
        try:
            known.handle_errors(
                code, reason, url, method, headers, body, response, request_headers, request_body
            )
            known.handle_http_status_code(code, reason, url, method, body)
        except BaseError as error:
            error.args = (*error.args, answer)
            raise
        if code >= 400 or answer.code not in {0, 200}:  # noqa: PLR2004  # of HTTP, and "done" of Binance
            raise ExchangeError(answer)

    def obey(self, answer: HttpAnswer) -> None:
        """No process calls before the time that a 429, a 418 or their like names."""
        if answer.status not in TOO_MANY and answer.code not in _WEIGHT_USED:
            return
        status = answer.status if answer.status in TOO_MANY else int(HTTPStatus.TOO_MANY_REQUESTS)
        seconds = answer.retry_after_s
        banned_until = _BANNED_UNTIL.search(answer.words)
        if seconds is None and banned_until:
            seconds = int(banned_until[1]) / 1_000 - time.time()
        self.budget.block(status, BAN_WITHOUT_TIME_S[status] if seconds is None else seconds)

    @abstractmethod
    def keep_count(self, headers: Mapping[str, str]) -> None:
        """Tell the budget what the exchange has counted; `headers`: names in lower case."""


_TABLES: Final = ("api", "test", "demo", "demotrading")


def _in_own_context(rounded: Callable[..., str]) -> Callable[..., str]:
    """ccxt's rounding changes the thread's decimal context, by which our own amounts are rounded."""

    @wraps(rounded)
    def call(*arguments: Any, **options: Any) -> str:
        with localcontext():
            return rounded(*arguments, **options)

    return call
