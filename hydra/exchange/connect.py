"""The exchange that a name stands for, ready to be asked.

ccxt takes a second to import: that is done when an exchange is connected, not for every command.
Source: docs/exchange.md, "Hosts".
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from hydra.errors import SettingsError, StopError
from hydra.exchange import capabilities
from hydra.exchange.account import TradingAccount
from hydra.exchange.api_key import ApiKey, binance_key, simulated_key
from hydra.exchange.hosts import HOSTS, VENUE_HEADER, Environment, Hosts, hosts_at
from hydra.exchange.interface import Feed, MarketData
from hydra.exchange.rate_budget import SHARE, Limit, RateBudget
from hydra.paths import state_directory
from hydra.settings import Settings

if TYPE_CHECKING:
    from hydra.exchange.binance.client import BinanceClient

EXCHANGES: Final = tuple(HOSTS)
"""The names of `--exchange`."""

_TIMEOUT_S: Final = 10.0
_ACCOUNT_SHARE: Final = 0.93
"""Of a limit that an account's queries use when market data has used its share; orders use all of it."""


class SimulatedMarket(NamedTuple):
    """What a simulated exchange says of itself. speed: see `ServerClock`; pairs: by the exchange's names.

    feeds: what it streams; of history only what is recorded.
    """

    venue: str
    speed: float
    pairs: tuple[str, ...]
    feeds: frozenset[Feed]
    start: datetime
    end: datetime | None


def environment_of(settings: Settings, name: str) -> Environment:
    """Whose market the exchange `name` is under these settings.

    Raises:
        StopError: there is no such exchange.
    """
    if name not in HOSTS:
        raise StopError(f"{name} is no exchange that HYDRA knows: choose one of {', '.join(EXCHANGES)}")
    practice = (Environment.DEMO,) if settings.binance_testnet else ()
    wanted: tuple[Environment, ...] = (Environment.SIMULATED, *practice, Environment.PRODUCTION)
    return next(environment for environment in wanted if environment in HOSTS[name])


def hosts_of(settings: Settings, name: str) -> Hosts:
    """Where the exchange `name` is called: EXCHANGE_URL, else its own hosts.

    Raises:
        StopError: there is no such exchange.
    """
    environment = environment_of(settings, name)
    return hosts_at(settings.exchange_url) if settings.exchange_url else HOSTS[name][environment]


def market_data(settings: Settings, name: str, share: float = SHARE) -> MarketData:
    """The market data of the exchange `name`, one of EXCHANGES. `share`: of its rate limits, for this caller.

    A simulated exchange is asked for its venue, hence this call waits for it.

    Raises:
        StopError: no such exchange; or EXCHANGE_URL leads to another than the one named.
        RetryError: it cannot be reached now.
    """
    hosts = hosts_of(settings, name)
    return _CONNECT[name](settings, hosts, share)


def trading_account(settings: Settings, name: str) -> TradingAccount:
    """The account at the exchange `name`, one of EXCHANGES, that the settings have the key of.

    A simulated exchange is asked for its venue, hence this call waits for it.

    Raises:
        StopError: no such exchange, or HYDRA trades at none of its accounts; no key is set, or it cannot be
            used; or EXCHANGE_URL leads to another exchange.
        RetryError: it cannot be reached now.
    """
    hosts = hosts_of(settings, name)
    if name not in _CONNECT_ACCOUNT:
        raise StopError(f"HYDRA sends no orders to {name}: choose one of {', '.join(_CONNECT_ACCOUNT)}")
    return _CONNECT_ACCOUNT[name](settings, hosts)


def _simulated(_settings: Settings, hosts: Hosts, share: float) -> MarketData:
    from hydra.exchange.binance.rest import BinanceMarketData  # noqa: PLC0415

    client, market = _simulated_client(hosts, share)
    own = capabilities.BINANCE
    untold = frozenset() if Feed.TRADES in market.feeds else frozenset({Feed.TRADES.value})
    told = replace(own, venue=market.venue, streams=market.feeds, history=own.history - untold)
    return BinanceMarketData(client, told, Environment.SIMULATED)


def _simulated_account(settings: Settings, hosts: Hosts) -> TradingAccount:
    from hydra.exchange.binance.account import BinanceAccount  # noqa: PLC0415

    if settings.simulated_account_file is None:
        raise SettingsError(
            "no account of the simulated exchange is named: start it with `hydra exchange serve --account "
            "FILE`, and set SIMULATED_ACCOUNT_FILE to that file"
        )
    client, market = _simulated_client(hosts, _ACCOUNT_SHARE, simulated_key(settings.simulated_account_file))
    return BinanceAccount(client, market.venue, capabilities.BINANCE.connection_life_hours)


def _simulated_client(
    hosts: Hosts, share: float, key: ApiKey | None = None
) -> tuple["BinanceClient", SimulatedMarket]:
    """It gets none of the exchange's own keys. Another market at its address refuses the calls."""
    from hydra.exchange.binance.client import LIMITS, BinanceClient  # noqa: PLC0415

    market, client = simulated_market(hosts), BinanceClient(key)
    client.connect_to(hosts, _budget(hosts, LIMITS, share))
    client.budget.speed = market.speed
    client.headers = {VENUE_HEADER: market.venue}
    return client, market


def _binance(settings: Settings, hosts: Hosts, share: float) -> MarketData:
    from hydra.exchange.binance.rest import BinanceMarketData  # noqa: PLC0415

    client = _binance_client(settings, hosts, share, binance_key(settings))
    told = replace(capabilities.BINANCE, venue=_binance_venue(settings))
    return BinanceMarketData(client, told, environment_of(settings, "binance"))


def _binance_account(settings: Settings, hosts: Hosts) -> TradingAccount:
    from hydra.exchange.binance.account import BinanceAccount  # noqa: PLC0415

    key = binance_key(settings)
    if key is None:
        raise SettingsError(
            "no key of the exchange is set: set BINANCE_API_KEY, and BINANCE_API_SECRET or "
            "BINANCE_API_SECRET_FILE"
        )
    client = _binance_client(settings, hosts, _ACCOUNT_SHARE, key)
    return BinanceAccount(client, _binance_venue(settings), capabilities.BINANCE.connection_life_hours)


def _binance_client(settings: Settings, hosts: Hosts, share: float, key: ApiKey | None) -> "BinanceClient":
    from hydra.exchange.binance.client import LIMITS, BinanceClient  # noqa: PLC0415

    _refuse_simulated(settings, hosts)
    client = BinanceClient(key)
    client.connect_to(hosts, _budget(hosts, LIMITS, share))
    return client


def _binance_venue(settings: Settings) -> str:
    """Each environment is a venue, because facts of different markets never mix (C124)."""
    environment, venue = environment_of(settings, "binance"), capabilities.BINANCE.venue
    return venue if environment is Environment.PRODUCTION else f"{venue}-{environment}"


def _bybit(settings: Settings, hosts: Hosts, share: float) -> MarketData:
    from hydra.exchange.bybit.client import LIMITS, BybitClient  # noqa: PLC0415
    from hydra.exchange.bybit.rest import BybitMarketData  # noqa: PLC0415

    _refuse_simulated(settings, hosts)
    client = BybitClient()
    client.connect_to(hosts, _budget(hosts, LIMITS, share))
    return BybitMarketData(client, capabilities.BYBIT)


_CONNECT: Final = {"simulated": _simulated, "binance": _binance, "bybit": _bybit}
_CONNECT_ACCOUNT: Final = {"simulated": _simulated_account, "binance": _binance_account}


def _refuse_simulated(settings: Settings, hosts: Hosts) -> None:
    if settings.exchange_url and _asked(hosts) is not None:
        raise StopError(
            f"EXCHANGE_URL leads to a simulated exchange ({hosts.name}): choose the exchange `simulated`, "
            "or take EXCHANGE_URL away"
        )


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
            frozenset(map(Feed, answer["feeds"])),
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
    except (HTTPError, HTTPException, ValueError):
        return None
    except OSError as error:
        from hydra.exchange.refusals import error_of  # noqa: PLC0415

        raise error_of(hosts.name, error) from None
    return content if isinstance(content, Mapping) and "venue" in content else None


def _budget(hosts: Hosts, limits: Mapping[str, Limit], share: float) -> RateBudget:
    path = state_directory() / "rate_budgets" / f"{hosts.name.replace(':', '_')}.json"
    return RateBudget(path, hosts.name, limits, share)
