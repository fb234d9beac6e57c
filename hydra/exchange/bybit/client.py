"""The `ccxt.pro` exchange for Bybit, as HYDRA uses it: public market data only."""

from collections.abc import Mapping
from typing import Final

from ccxt.pro.bybit import bybit

from hydra.exchange.metered import CONNECTIONS, TIMEOUT_MS, CallCost, Metered
from hydra.exchange.rate_budget import Limit

CALLS: Final = "calls"

# 600 calls in 5 s, each of which ccxt counts as 5.
LIMITS: Final = {CALLS: Limit(3_000, 5), CONNECTIONS: Limit(500, 300)}


class BybitClient(Metered, bybit):  # type: ignore[misc]  # ccxt tells no types
    """One instance for REST and streams."""

    def __init__(self) -> None:
        super().__init__({"timeout": TIMEOUT_MS, "options": {"fetchCurrencies": False}})

    def cost_of(self, _section: str, _method: str, _path: str, weight: float) -> CallCost:
        """The limits that a call counts for."""
        return CallCost({CALLS: weight})

    def keep_count(self, _headers: Mapping[str, str]) -> None:
        """The budget counts alone: its headers tell of one endpoint each."""
