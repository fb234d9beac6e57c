"""Ingest of captured frames, parsed and stored, against plain ccxt and psycopg on the same frames.

The capture: eight pairs; a second of one pair is ten depth updates of eight levels a side, twelve trades,
four candles, a mark price. HYDRA replays it: it parses, checks the sequences, keeps the books, makes mark
bars, and stores trades, candles, premium index, books and heartbeats in hypertables with their keys. The peer
decodes with json, lets ccxt keep its books and parse the trades, and stores trades, closed candles and mark
prices by executemany, a transaction a thousand messages. One process beside the server; Apache edition.
"""

import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import ccxt.pro
import psycopg
from psycopg import sql

from hydra.db.engine import connect
from hydra.exchange.capture import SNAPSHOT_OF, CapturedFrame, captured_frames
from tests.bench.result import Result, at_least, at_most, reported
from tests.support.invented_frames import SYMBOLS, market_frames
from tests.support.live_ingest import replay_of, write_capture
from tests.support.played_exchange import listed
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server

SECONDS: Final = 2_400
PEER_FRAMES: Final = 100_000
PEER: Final = "ccxt.pro's parsers and books, psycopg's executemany"
_TRANSACTION_FRAMES: Final = 1_000
_ADD: Final = {
    "aggTrade": (
        "INSERT INTO market.trades (instrument_id, time, trade_id, known_at, price, quantity, buyer_is_maker)"
        " VALUES (%s, to_timestamp(%s), %s, to_timestamp(%s), %s, %s, %s) ON CONFLICT DO NOTHING"
    ),
    "kline": (
        "INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)"
        " VALUES (%s, to_timestamp(%s), to_timestamp(%s), %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
    ),
    "markPriceUpdate": (
        "INSERT INTO market.premium_index (instrument_id, time, known_at, mark_price, index_price,"
        " predicted_rate, next_settlement) VALUES (%s, to_timestamp(%s), to_timestamp(%s), %s, %s, %s,"
        " to_timestamp(%s)) ON CONFLICT DO NOTHING"
    ),
}


def measure() -> list[Result]:
    """Messages a second, of both, and how the memory grows."""
    with apache_server() as url, tempfile.TemporaryDirectory() as name:
        folder, server = Path(name), TestServer(url)
        write_capture(folder / "short", market_frames(SECONDS // 8))
        write_capture(folder / "frames", market_frames(SECONDS))
        with server.migrated() as database:
            replay_of(folder / "short", database, folder, "short").run()
            before = _peak_mib()
            replayed = replay_of(folder / "frames", database, folder).run()
            grown = _peak_mib() - before
            peer = _peer_rate(database, folder / "frames")
        server.close()
    ours = replayed.messages / replayed.seconds
    return [
        at_least("ingest of a replayed capture", ours, "messages/s", 50_000),
        reported("ingest of a replayed capture", replayed.rows / replayed.seconds, "rows/s"),
        at_least("ingest of a replayed capture, against ccxt", ours / peer, "ratio", 2, PEER),
        reported("ccxt and executemany on the same frames", peer, "messages/s"),
        at_most("memory that eight times as many messages take more", grown, "MiB", 64),
    ]


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _peer_rate(url: str, folder: Path) -> float:
    peer = _Peer()
    frames = list(_first(captured_frames(folder, lambda _error: None), PEER_FRAMES))
    with connect(url) as connection:
        connection.execute("TRUNCATE market.trades, market.candles_1m, market.premium_index")
        connection.commit()
        started = time.perf_counter()
        for start in range(0, len(frames), _TRANSACTION_FRAMES):
            peer.store(connection, frames[start : start + _TRANSACTION_FRAMES])
        return len(frames) / (time.perf_counter() - started)


def _first(frames: Iterator[CapturedFrame], count: int) -> Iterator[CapturedFrame]:
    return (frame for _, frame in zip(range(count), frames, strict=False))


class _Peer:
    def __init__(self) -> None:
        self._exchange = ccxt.pro.binanceusdm()
        self._exchange.set_markets([self._exchange.parse_market(listed(symbol)) for symbol in SYMBOLS])
        self._markets = {symbol: self._exchange.markets_by_id[symbol][0] for symbol in SYMBOLS}
        self._ids = {symbol: number for number, symbol in enumerate(SYMBOLS, start=1)}
        self._books: dict[str, Any] = {}

    def store(self, connection: psycopg.Connection, frames: list[CapturedFrame]) -> None:
        rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in _ADD}
        for frame in frames:
            self._take(frame, rows)
        with connection.transaction(), connection.cursor() as cursor:
            for kind, found in rows.items():
                cursor.executemany(sql.SQL(_ADD[kind]), found)

    def _take(self, frame: CapturedFrame, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        message = json.loads(frame.frame)
        if frame.connection.startswith(SNAPSHOT_OF):
            self._begin_book(frame.connection.removeprefix(SNAPSHOT_OF), message)
            return
        kind, symbol, known = message["e"], message["s"], frame.received_ns / 1e9
        instrument = self._ids[symbol]
        if kind == "depthUpdate":
            self._exchange.handle_order_book_message(None, message, self._books[symbol])
        elif kind == "aggTrade":
            trade = self._exchange.parse_ws_trade(message, self._markets[symbol])
            time_s = trade["timestamp"] / 1_000
            maker = trade["side"] == "sell"
            row = (instrument, time_s, int(trade["id"]), known, trade["price"], trade["amount"], maker)
            rows[kind].append(row)
        elif kind == "kline" and message["k"]["x"]:
            bar = message["k"]
            values = (self._exchange.safe_number(bar, name) for name in ("o", "h", "l", "c", "v"))
            rows[kind].append((instrument, bar["t"] / 1_000, known, *values))
        elif kind == "markPriceUpdate":
            values = (self._exchange.safe_number(message, name) for name in ("p", "i", "r"))
            rows[kind].append((instrument, message["E"] / 1_000, known, *values, message["T"] / 1_000))

    def _begin_book(self, symbol: str, message: dict[str, Any]) -> None:
        book = self._exchange.order_book({}, 1_000)
        parsed = self._exchange.parse_order_book(message, symbol, message["T"])
        parsed["nonce"] = message["lastUpdateId"]
        book.reset(parsed)
        self._books[symbol] = book
