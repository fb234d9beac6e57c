"""The `ccxt.pro` exchange for Binance USD-M, as HYDRA uses it.

Source: docs/exchange.md, "ccxt".
"""

from collections.abc import Mapping
from typing import Any, Final

from ccxt.pro.binanceusdm import binanceusdm

from hydra.exchange.metered import CONNECTIONS, TIMEOUT_MS, Metered
from hydra.exchange.rate_budget import Limit

WEIGHT: Final = "weight"
STATISTICS: Final = "statistics"
FUNDING: Final = "funding"

LIMITS: Final = {
    WEIGHT: Limit(2_400, 60),
    STATISTICS: Limit(1_000, 300),
    FUNDING: Limit(500, 300),
    CONNECTIONS: Limit(300, 300),
}
"""Per address; exchangeInfo tells the weight anew."""

_OF_FUNDING: Final = frozenset({"fundingRate", "fundingInfo"})
_USED: Final = "x-mbx-used-weight-1m"


class BinanceClient(Metered, binanceusdm):  # type: ignore[misc]  # ccxt tells no types
    """One instance for REST and streams; it asks for nothing of spot and sends none of ccxt's prefixes."""

    def __init__(self, key: str | None = None, secret: str | None = None) -> None:
        super().__init__(
            {
                "apiKey": key,
                "secret": secret,
                "timeout": TIMEOUT_MS,
                "options": {"fetchCurrencies": False, "broker": {"swap": "hydra-", "future": "hydra-"}},
            }
        )

    def get_exceptions_by_url(self, _url: str | None, kind: str) -> Any:
        """The codes of USD-M at every host; ccxt knows them at its own table's hosts only."""
        return self.exceptions["linear"].get(kind, {})

    def pool_of(self, section: str, path: str) -> str:
        """The limit that a call counts for."""
        if section == "fapiData":
            return STATISTICS
        return FUNDING if path in _OF_FUNDING else WEIGHT

    def keep_count(self, headers: Mapping[str, str]) -> None:
        """The weight of the present minute, of all programs of this address."""
        if headers.get(_USED, "").isdigit():
            self.budget.used(WEIGHT, float(headers[_USED]))
