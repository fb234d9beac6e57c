"""Frames of Binance to messages: HYDRA's parsers against json, and against ccxt, in one run.

The frames were recorded: by cryptofeed (aggTrade, kline, depth of small markets) and hftbacktest (depth of
BTCUSDT with 68 levels an update). ccxt decodes with the library of its own WebSocket client and runs
`handle_message`, which for depth keeps its order book; HYDRA's parser and order book are set against that.
Figures are microseconds a message, the best of five rounds over all frames.
"""

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from typing import Any, Final

import ccxt.pro
from ccxt.async_support.base.ws.client import json_parser

from hydra.exchange.binance.parsers import depth_snapshot, parse
from hydra.exchange.capture import SNAPSHOT_OF
from hydra.exchange.messages import DepthUpdate
from hydra.exchange.order_book import OrderBook
from hydra.exchange.recorded_frames import recorded_frames
from tests.bench.result import Result, at_least, at_most, reported
from tests.support.exchange_frames import FIXTURES, RAW_BOOK, RAW_SYMBOL, cryptofeed_bodies
from tests.support.recorded_market import is_recorded

ROUNDS = 5
RECORDINGS = FIXTURES / "cryptofeed_binance_futures_capture"
SMALL_US, DEPTH_US = 5.0, 15.0
DEPTH: Final = "depthUpdate"
KINDS: Final = ("aggTrade", "kline", DEPTH)

Handler = Callable[[bytes], object]


def measure() -> list[Result]:
    """Microseconds a message and ratios; nothing where the recordings are absent."""
    return asyncio.run(_measure()) if is_recorded() else []


async def _measure() -> list[Result]:
    exchange = _ccxt()
    client = exchange.client("ws://127.0.0.1:9/market/ws/1")
    results: list[Result] = []
    for kind, frames in _cryptofeed_frames().items():
        ours, plain = _best_us(frames, parse), _best_us(frames, json.loads)
        results += [
            at_most(f"parse {kind}", ours, "us", DEPTH_US if kind == DEPTH else SMALL_US),
            reported(f"json.loads {kind}", plain, "us"),
        ]
        if kind != DEPTH:
            theirs = _best_us(frames, _decode_and_handle(exchange, client))
            results += [
                reported(f"ccxt decodes and handles {kind}", theirs, "us"),
                at_least(f"parse {kind}, against ccxt", theirs / ours, "ratio", 1, "ccxt"),
            ]
    results += _order_book(exchange, client)
    await exchange.close()
    return results


def _order_book(exchange: Any, client: Any) -> list[Result]:
    """The recorded raw book: parse alone, then parse and keep the book, against ccxt that does both."""
    captured = list(recorded_frames(RAW_BOOK, RAW_SYMBOL))
    body = next(one.frame for one in captured if one.connection == SNAPSHOT_OF + RAW_SYMBOL)
    updates = [one.frame for one in captured if b'"e":"depthUpdate"' in one.frame[:80]]
    snapshot = depth_snapshot(body, RAW_SYMBOL)
    later = [frame for frame in updates if _last_id(frame) > snapshot.last_id]
    levels = sum(len(change.bids) + len(change.asks) for change in map(_update, later)) / len(later)

    def kept() -> OrderBook:
        book = OrderBook(RAW_SYMBOL)
        book.restart(snapshot)
        for frame in later:
            book.update(_update(frame))
        return book

    def ccxt_kept() -> Any:
        book = exchange.order_book({}, 1000)
        book.reset(exchange.parse_order_book(json.loads(body), "BTC/USDT:USDT", None, "bids", "asks"))
        book["nonce"] = snapshot.last_id
        exchange.orderbooks["BTC/USDT:USDT"] = book
        handle = _decode_and_handle(exchange, client)
        for frame in later:
            handle(frame)
        return exchange.orderbooks["BTC/USDT:USDT"]

    ours, theirs = kept(), ccxt_kept()
    if theirs["nonce"] != ours.last_id or theirs["bids"][0][0] != max(ours.bids()):
        raise AssertionError("ccxt and HYDRA disagree about the recorded order book")
    ours_us = min(_timed(kept) for _ in range(ROUNDS)) / len(later) * 1e6
    ccxt_us = min(_timed(ccxt_kept) for _ in range(2)) / len(later) * 1e6
    top_us = min(_timed(lambda: [ours.top() for _ in range(1_000)]) for _ in range(ROUNDS)) * 1e3
    return [
        reported("levels of a large depthUpdate", levels, "levels"),
        at_most("parse a large depthUpdate", _best_us(later, parse), "us", DEPTH_US),
        reported("json.loads a large depthUpdate", _best_us(later, json.loads), "us"),
        reported("parse and keep the book", ours_us, "us"),
        reported("ccxt decodes and keeps the book", ccxt_us, "us"),
        at_least("parse and keep the book, against ccxt", ccxt_us / ours_us, "ratio", 1, "ccxt"),
        reported("the top 20 of the book", top_us, "us"),
    ]


def _update(frame: bytes) -> DepthUpdate:
    message = parse(frame)
    assert isinstance(message, DepthUpdate)
    return message


def _last_id(frame: bytes) -> int:
    return _update(frame).last_id


def _ccxt() -> Any:
    """ccxt.pro with the markets of a recorded exchangeInfo; nothing is asked of the network."""
    exchange = ccxt.pro.binanceusdm()
    with gzip.open(RECORDINGS / "BINANCE_FUTURES_20211205_http_exchangeInfo.txt.gz", "rt") as file:
        _, _, answer = file.read().partition(": ")
    exchange.set_markets(exchange.parse_markets(json.loads(answer)["symbols"]))
    return exchange


def _decode_and_handle(exchange: Any, client: Any) -> Handler:
    def handle(frame: bytes) -> None:
        exchange.handle_message(client, json_parser.loads(frame.decode()))

    return handle


def _cryptofeed_frames() -> dict[str, list[bytes]]:
    frames: dict[str, list[bytes]] = {kind: [] for kind in KINDS}
    for path in sorted(RECORDINGS.glob("*_ws.txt.gz")):
        for body, depth_of in cryptofeed_bodies(path):
            kind = "" if depth_of else json.loads(body)["data"]["e"]
            if kind in frames:
                frames[kind].append(body)
    return frames


def _best_us(frames: list[bytes], handler: Handler) -> float:
    def all_frames() -> None:
        for frame in frames:
            handler(frame)

    return min(_timed(all_frames) for _ in range(ROUNDS)) / len(frames) * 1e6


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
