"""The exchange that a name stands for, ready to be asked.

Source: docs/exchange.md, "Hosts".
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from hydra.errors import HydraError, StopError
from hydra.exchange import capabilities
from hydra.exchange.binance.client import LIMITS as BINANCE_LIMITS
from hydra.exchange.binance.client import BinanceClient
from hydra.exchange.binance.rest import BinanceMarketData
from hydra.exchange.bybit.client import LIMITS as BYBIT_LIMITS
from hydra.exchange.bybit.client import BybitClient
from hydra.exchange.bybit.rest import BybitMarketData
from hydra.exchange.hosts import BINANCE, BYBIT, SIMULATED_URL, Environment, Hosts, hosts_at
from hydra.exchange.interface import MarketData
from hydra.exchange.rate_budget import SHARE, Limit, RateBudget
from hydra.exchange.refusals import error_of
from hydra.paths import state_directory
from hydra.settings import Settings

EXCHANGES: Final = ("simulated", "binance", "bybit")
"""The names of `--exchange`."""

_TIMEOUT_S: Final = 10.0


class SimulatedMarket(NamedTuple):
    """What a simulated exchange says of itself. speed: see `ServerClock`; pairs: by the exchange's names."""

    venue: str
    speed: float
    pairs: tuple[str, ...]
    start: datetime
    end: datetime | None


def environment_of(settings: Settings, name: str) -> Environment:
    """Whose market `name` is under these settings."""
    if name == "simulated":
        return Environment.SIMULATED
    return Environment.DEMO if name == "binance" and settings.binance_testnet else Environment.PRODUCTION


def hosts_of(settings: Settings, name: str) -> Hosts:
    """Where the exchange `name` is called: EXCHANGE_URL, else its own hosts.

    Raises:
        StopError: there is no such exchange.
    """
    if name not in EXCHANGES:
        raise StopError(f"{name} is no exchange that HYDRA knows: choose one of {', '.join(EXCHANGES)}")
    if settings.exchange_url:
        return hosts_at(settings.exchange_url)
    if name == "simulated":
        return hosts_at(SIMULATED_URL)
    return (BINANCE if name == "binance" else BYBIT)[environment_of(settings, name)]


def market_data(settings: Settings, name: str, share: float = SHARE) -> MarketData:
    """The market data of the exchange `name`, one of EXCHANGES. `share`: of its rate limits, for this caller.

    A simulated exchange is asked for its venue, hence this call waits for it.

    Raises:
        StopError: no such exchange; or EXCHANGE_URL leads to another than the one named.
        RetryError: it cannot be reached now.
    """
    hosts, environment = hosts_of(settings, name), environment_of(settings, name)
    if name == "bybit":
        bybit = BybitClient()
        bybit.connect_to(hosts, _budget(hosts, BYBIT_LIMITS, share))
        return BybitMarketData(bybit, capabilities.BYBIT)
    market = simulated_market(hosts) if environment is Environment.SIMULATED else None
    venue = market.venue if market else _own_venue(settings, hosts, environment)
    # A key belongs to the exchange's own hosts.
    secrets = (
        ()
        if environment is Environment.SIMULATED
        else (settings.binance_api_key, settings.binance_api_secret)
    )
    binance = BinanceClient(*(secret.get_secret_value() for secret in secrets if secret))
    budget = _budget(hosts, BINANCE_LIMITS, share)
    budget.speed = market.speed if market else 1.0
    binance.connect_to(hosts, budget)
    return BinanceMarketData(binance, replace(capabilities.BINANCE, venue=venue), environment)


def _own_venue(settings: Settings, hosts: Hosts, environment: Environment) -> str:
    """The venue of the exchange's own market. Facts of different markets never mix (C124)."""
    if settings.exchange_url and _asked(hosts) is not None:
        raise StopError(
            f"EXCHANGE_URL leads to a simulated exchange ({hosts.name}): choose the exchange `simulated`, "
            "or take EXCHANGE_URL away"
        )
    own = capabilities.BINANCE.venue
    return f"{own}-{environment}" if environment is Environment.DEMO else own


def simulated_market(hosts: Hosts) -> SimulatedMarket:
    """The market of the simulated exchange at `hosts`.

    Raises:
        StopError: what answers there is no simulated exchange.
        RetryError: nothing answers there.
    """
    answer = _asked(hosts) or {}
    try:
        end = answer.get("end")
        return SimulatedMarket(
            str(answer["venue"]),
            0.0 if answer["speed"] == "max" else float(answer["speed"]),
            tuple(map(str, answer["pairs"])),
            datetime.fromisoformat(answer["start"]),
            datetime.fromisoformat(end) if end else None,
        )
    except (KeyError, TypeError, ValueError):
        raise StopError(
            f"{hosts.name} is no simulated exchange: start one with `hydra exchange serve`, and name it by "
            "EXCHANGE_URL if it is elsewhere"
        ) from None


def _asked(hosts: Hosts) -> Mapping[str, Any] | None:
    """What a simulated exchange says of itself; None: another answers there."""
    try:
        # Loopback needs no proxy of the environment; the URL is http or https (settings).
        with build_opener(ProxyHandler({})).open(f"{hosts.rest}/hydra/market", timeout=_TIMEOUT_S) as answer:
            content = json.loads(answer.read())
    except HTTPError:
        return None
    except ValueError:
        return None
    except OSError as error:
        raise _unreachable(hosts, error) from None
    return content if isinstance(content, Mapping) and "venue" in content else None


def _unreachable(hosts: Hosts, error: OSError) -> HydraError:
    return error_of(hosts.name, error)


def _budget(hosts: Hosts, limits: Mapping[str, Limit], share: float) -> RateBudget:
    path = state_directory() / "rate_budgets" / f"{hosts.name.replace(':', '_')}.json"
    return RateBudget(path, hosts.name, limits, share)
