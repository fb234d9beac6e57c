"""The `ccxt.pro` exchange for Binance USD-M, as HYDRA uses it.

Source: docs/exchange.md, "ccxt".
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from ccxt.pro.binanceusdm import binanceusdm

from hydra.exchange.api_key import ApiKey
from hydra.exchange.exchange_clock import ServerClock, elapsed_us
from hydra.exchange.metered import CONNECTIONS, TIMEOUT_MS, CallCost, Metered
from hydra.exchange.rate_budget import Limit

WEIGHT: Final = "weight"
STATISTICS: Final = "statistics"
FUNDING: Final = "funding"
ORDERS_10_S: Final = "orders_10_s"
ORDERS_1_MIN: Final = "orders_1_min"

LIMITS: Final = {
    WEIGHT: Limit(2_400, 60),
    STATISTICS: Limit(1_000, 300),
    FUNDING: Limit(500, 300),
    CONNECTIONS: Limit(300, 300),
    ORDERS_10_S: Limit(300, 10),
    ORDERS_1_MIN: Limit(1_200, 60),
}
"""Per address, those of orders per account; exchangeInfo tells the weight anew."""

_OF_FUNDING: Final = frozenset({"fundingRate", "fundingInfo"})
_ORDERS: Final = frozenset({"order", "algoOrder"})
_COUNTS: Final = {
    "x-mbx-used-weight-1m": WEIGHT,
    "x-mbx-order-count-10s": ORDERS_10_S,
    "x-mbx-order-count-1m": ORDERS_1_MIN,
}
_LOGGER: Final = logging.getLogger(__name__)
_LOGGER.setLevel(logging.INFO)
"""In ccxt's place: at DEBUG it writes key and signature of every request."""


class BinanceClient(Metered, binanceusdm):  # type: ignore[misc]  # ccxt tells no types
    """One instance for REST and streams; it asks for nothing of spot and sends none of ccxt's prefixes."""

    def __init__(self, key: ApiKey | None = None) -> None:
        super().__init__(
            {
                "apiKey": key and key.key,
                "secret": key and key.secret,
                "timeout": TIMEOUT_MS,
                "logger": _LOGGER,
                "options": {"fetchCurrencies": False, "broker": {"swap": "hydra-", "future": "hydra-"}},
            }
        )

        self._told: tuple[ServerClock, int] | None = None

    def hear_clock(self, clock: ServerClock) -> None:
        """From now on signed requests carry this clock's time."""
        self._told = clock, elapsed_us()
        self.budget.speed = clock.speed

    def nonce(self) -> int:
        """The exchange's time in milliseconds, as it was told and ran on; the own one before."""
        if self._told is None:
            return super().nonce()  # type: ignore[no-any-return]
        clock, heard_us = self._told
        return (clock.time_us + int((elapsed_us() - heard_us) * clock.speed)) // 1_000

    def get_exceptions_by_url(self, _url: str | None, kind: str) -> Any:
        """The codes of USD-M at every host; ccxt knows them at its own table's hosts only."""
        return self.exceptions["linear"].get(kind, {})

    def cost_of(self, section: str, method: str, path: str, weight: float) -> CallCost:
        """See `Metered`. What is sent, cancelled or asked of one order waits for no other query."""
        if section == "fapiData":
            return CallCost({STATISTICS: weight})
        if path in _OF_FUNDING:
            return CallCost({FUNDING: weight})
        if method == "POST" and path in _ORDERS:
            return CallCost({WEIGHT: weight, ORDERS_10_S: 1.0, ORDERS_1_MIN: 1.0}, whole_limit=True)
        is_of_a_pairs_stops = path == "openAlgoOrders" and weight == 1.0
        return CallCost({WEIGHT: weight}, whole_limit=path in _ORDERS or is_of_a_pairs_stops)

    def keep_count(self, headers: Mapping[str, str]) -> None:
        """Weight and orders of the present window, of all programs of this address or account."""
        for name, pool in _COUNTS.items():
            if headers.get(name, "").isdigit():
                self.budget.used(pool, float(headers[name]))
