"""Which topics a feed of Bybit's linear contracts is."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from hydra.exchange.hosts import Hosts
from hydra.exchange.interface import Feed
from hydra.exchange.raw_socket import Subscription

TOPICS: Final = {
    Feed.ORDER_BOOKS: "orderbook.200",
    Feed.TRADES: "publicTrade",
    Feed.CANDLES: "kline.1",
    Feed.LIQUIDATIONS: "allLiquidation",
    Feed.PREMIUM_INDEX: "tickers",
}
_TOPICS_A_REQUEST: Final = 100
_PING: Final = json.dumps({"op": "ping"})


def subscriptions(hosts: Hosts, feeds: Sequence[Feed], symbols: Sequence[str]) -> Iterator[Subscription]:
    """One socket for all."""
    topics = [f"{TOPICS[feed]}.{symbol}" for feed in feeds for symbol in symbols]
    starts = range(0, len(topics), _TOPICS_A_REQUEST)
    requests = tuple(
        json.dumps(
            {"op": "subscribe", "args": topics[start : start + _TOPICS_A_REQUEST], "req_id": str(number)}
        )
        for number, start in enumerate(starts, start=1)
    )
    yield Subscription(f"{hosts.stream}/v5/public/linear", requests, ping=_PING)
