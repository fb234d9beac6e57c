"""The hosts of each exchange, by environment; ccxt's own table is out of date.

The setting EXCHANGE_URL replaces the base: http://127.0.0.1:8778 stands for ws://127.0.0.1:8778 too, so that
a loopback exchange or a proxy needs no code.
Source: docs/exchange.md, "Hosts".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit


class Environment(StrEnum):
    """Whose market it is: the exchange's own, its practice market, or HYDRA's simulated exchange."""

    PRODUCTION = "production"
    DEMO = "demo"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Base URLs without a slash at the end: `rest` (http or https), `stream` (ws or wss).

    keys: where the exchange tells what a key may do; empty: it does not.
    """

    rest: str
    stream: str
    keys: str = ""

    @property
    def name(self) -> str:
        """Host and port of REST, as shown to people: fapi.binance.com."""
        return urlsplit(self.rest).netloc


FEAR_AND_GREED_URL: Final = "https://api.alternative.me"
COINGLASS_URL: Final = "https://open-api-v4.coinglass.com"


def hosts_at(url: str) -> Hosts:
    """The hosts of an exchange that serves REST and streams at one `url`."""
    base = url.rstrip("/")
    return Hosts(base, "ws" + base.removeprefix("http"), base)


SIMULATED_URL: Final = "http://127.0.0.1:8778"
VENUE_HEADER: Final = "X-Hydra-Venue"
"""Names the simulated market that a call is meant for: another one refuses it (421)."""

HOSTS: Final[Mapping[str, Mapping[Environment, Hosts]]] = {
    "simulated": {Environment.SIMULATED: hosts_at(SIMULATED_URL)},
    "binance": {
        Environment.PRODUCTION: Hosts(
            "https://fapi.binance.com", "wss://fstream.binance.com", "https://api.binance.com"
        ),
        Environment.DEMO: Hosts("https://demo-fapi.binance.com", "wss://demo-fstream.binance.com"),
    },
    # Its practice market has no public market of its own.
    "bybit": {Environment.PRODUCTION: Hosts("https://api.bybit.com", "wss://stream.bybit.com")},
}
"""By the names of `--exchange`."""


_OF_KEYS: Final = "sapi"


def rewritten(urls: Mapping[str, Any], hosts: Hosts) -> dict[str, Any]:
    """`urls` of ccxt with the hosts of every leaf replaced: whatever ccxt calls, it calls there."""
    return {
        key: rewritten(leaf, hosts) if isinstance(leaf, Mapping) else _moved(key, leaf, hosts)
        for key, leaf in urls.items()
    }


def _moved(key: str, url: str, hosts: Hosts) -> str:
    parts = urlsplit(url)
    if parts.scheme.startswith("ws"):
        return hosts.stream + parts.path
    return (hosts.keys if key == _OF_KEYS and hosts.keys else hosts.rest) + parts.path


def foreign_urls(urls: Mapping[str, Any], hosts: Hosts) -> Iterator[str]:
    """The leaves of `urls` that name another host."""
    for leaf in urls.values():
        if isinstance(leaf, Mapping):
            yield from foreign_urls(leaf, hosts)
        elif not f"{leaf}/".startswith(tuple(f"{base}/" for base in _bases(hosts))):
            yield leaf


def _bases(hosts: Hosts) -> Iterator[str]:
    yield from (base for base in (hosts.rest, hosts.stream, hosts.keys) if base)
