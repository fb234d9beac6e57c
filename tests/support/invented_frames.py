"""Frames of Binance USD-M as its streams send them, of an invented market."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from hydra.exchange.capture import SNAPSHOT_OF, CapturedFrame
from hydra.universe import UNIVERSE

SYMBOLS: Final = tuple(pair.exchange_symbol for pair in UNIVERSE)
START_MS: Final = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1_000)
LEVELS: Final = 8
TRADES_A_SECOND: Final = 12
"""Of one symbol; beside them ten depth updates of LEVELS a side, four candles and one mark price."""

_MINUTE_MS: Final = 60_000


def market_frames(
    seconds: int, symbols: tuple[str, ...] = SYMBOLS, start_ms: int = START_MS, seed: int = 1
) -> Iterator[CapturedFrame]:
    """Every frame of `seconds`, each received 5 ms after its event; first a snapshot of each book."""
    streams = [InventedSymbol(symbol, seed + number) for number, symbol in enumerate(symbols)]
    for stream in streams:
        yield _frame(start_ms, f"{SNAPSHOT_OF}{stream.symbol}", stream.snapshot(start_ms))
    for second in range(seconds):
        for tenth in range(10):
            now = start_ms + second * 1_000 + tenth * 100
            for stream in streams:
                yield from stream.frames(now, tenth)


class InventedSymbol:
    """One symbol's market; `frames` are to be called every tenth of a second."""

    def __init__(self, symbol: str, seed: int) -> None:
        self.symbol = symbol
        self._rng = random.Random(seed)
        self._mid = 100.0
        self._update_id = 1_000
        self._trade_id = 5_000
        self._bar: list[float] = []
        self._volume = 0.0
        self._trades_due = 0.0

    def snapshot(self, now: int) -> dict[str, Any]:
        """The order book as REST answers it."""
        sides: dict[str, list[list[str]]] = {"bids": [], "asks": []}
        for level in range(1, 101):
            sides["bids"].append([f"{self._mid - level * 0.01:.2f}", "5.000"])
            sides["asks"].append([f"{self._mid + level * 0.01:.2f}", "5.000"])
        return {"lastUpdateId": self._update_id, "E": now, "T": now, **sides}

    def frames(self, now: int, tenth: int) -> Iterator[CapturedFrame]:
        """What is sent at `now`, the `tenth` of a second."""
        if now % _MINUTE_MS == 0 and self._bar:
            yield _frame(now, "market", self._candle(now, is_closed=True))
            self._bar, self._volume = [], 0.0
        yield _frame(now, "books", self._depth(now))
        self._trades_due += TRADES_A_SECOND / 10
        while self._trades_due >= 1:
            self._trades_due -= 1
            yield _frame(now, "market", self._trade(now))
        if tenth in {1, 4, 6, 9}:
            yield _frame(now, "market", self._candle(now, is_closed=False))
        if tenth == 0:
            yield _frame(now, "market", self._mark(now))

    def _depth(self, now: int) -> dict[str, Any]:
        first, previous = self._update_id + 1, self._update_id
        self._update_id += self._rng.randint(5, 40)
        near = self._rng.randrange(1, 60)
        quantity = f"{self._rng.randint(1, 9_999) / 1_000:.3f}"
        return {
            "e": "depthUpdate",
            "E": now + 1,
            "T": now,
            "s": self.symbol,
            "U": first,
            "u": self._update_id,
            "pu": previous,
            "b": [[f"{self._mid - (near + level) * 0.01:.2f}", quantity] for level in range(LEVELS)],
            "a": [[f"{self._mid + (near + level) * 0.01:.2f}", quantity] for level in range(LEVELS)],
        }

    def _trade(self, now: int) -> dict[str, Any]:
        self._trade_id += 1
        price = self._mid + self._rng.choice((-0.01, 0.01))
        quantity = self._rng.randint(1, 500) / 100
        self._bar.append(price)
        self._volume += quantity
        return {
            "e": "aggTrade",
            "E": now + 1,
            "a": self._trade_id,
            "s": self.symbol,
            "p": f"{price:.2f}",
            "q": f"{quantity:.2f}",
            "f": self._trade_id,
            "l": self._trade_id,
            "T": now,
            "m": self._rng.random() < 0.5,
        }

    def _candle(self, now: int, *, is_closed: bool) -> dict[str, Any]:
        bar = self._bar or [self._mid]
        opened = (now - (1 if is_closed else 0)) // _MINUTE_MS * _MINUTE_MS
        value = self._volume * self._mid
        candle = {
            "t": opened,
            "T": opened + _MINUTE_MS - 1,
            "s": self.symbol,
            "i": "1m",
            "f": 1,
            "L": 2,
            "o": f"{bar[0]:.2f}",
            "c": f"{bar[-1]:.2f}",
            "h": f"{max(bar):.2f}",
            "l": f"{min(bar):.2f}",
            "v": f"{self._volume:.2f}",
            "n": len(bar),
            "x": is_closed,
            "q": f"{value:.4f}",
            "V": f"{self._volume / 2:.2f}",
            "Q": f"{value / 2:.4f}",
            "B": "0",
        }
        return {"e": "kline", "E": now + 1, "s": self.symbol, "k": candle}

    def _mark(self, now: int) -> dict[str, Any]:
        return {
            "e": "markPriceUpdate",
            "E": now,
            "s": self.symbol,
            "p": f"{self._mid + self._rng.random() / 100:.8f}",
            "i": f"{self._mid:.8f}",
            "P": f"{self._mid:.8f}",
            "r": "0.00010000",
            "T": (now // 28_800_000 + 1) * 28_800_000,
            "st": 1,
        }


def _frame(now_ms: int, connection: str, body: dict[str, Any]) -> CapturedFrame:
    text = json.dumps(body, separators=(",", ":")).encode()
    return CapturedFrame((now_ms + 5) * 1_000_000, connection, text)
