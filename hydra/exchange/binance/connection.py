"""Which streams a feed of Binance USD-M is, and on which route: on the wrong one they stay silent.

Per symbol: the streams of all symbols mix in coin-margined contracts.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from hydra.exchange.hosts import Hosts
from hydra.exchange.interface import Feed
from hydra.exchange.raw_socket import Subscription

STREAMS_A_SOCKET: Final = 1_000
"""The exchange takes 1,024."""

_STREAMS_A_REQUEST: Final = 100


class _Stream(NamedTuple):
    route: str
    suffix: str


STREAMS: Final = {
    Feed.ORDER_BOOKS: _Stream("public", "depth@100ms"),
    Feed.TRADES: _Stream("market", "aggTrade"),
    Feed.CANDLES: _Stream("market", "kline_1m"),
    Feed.LIQUIDATIONS: _Stream("market", "forceOrder"),
    Feed.PREMIUM_INDEX: _Stream("market", "markPrice@1s"),
}


def subscriptions(hosts: Hosts, feeds: Sequence[Feed], symbols: Sequence[str]) -> Iterator[Subscription]:
    """One socket a route, more where they do not fit."""
    chosen = sorted((STREAMS[feed] for feed in feeds), key=lambda stream: stream.route)
    for route, streams in groupby(chosen, key=lambda stream: stream.route):
        names = [f"{symbol.lower()}@{stream.suffix}" for stream in streams for symbol in symbols]
        for number, part in enumerate(_parts(names, STREAMS_A_SOCKET), start=1):
            requests = tuple(
                json.dumps({"method": "SUBSCRIBE", "params": some, "id": request})
                for request, some in enumerate(_parts(part, _STREAMS_A_REQUEST), start=1)
            )
            yield Subscription(f"{hosts.stream}/{route}/ws/{number}", requests)


def _parts(names: list[str], size: int) -> Iterator[list[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))
