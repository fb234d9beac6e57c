"""The market as the exchange plays it: pieces are prepared ahead of the clock and sent second by second."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import numpy as np

from hydra.arrays import Flags
from hydra.durations import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from hydra.sim.exchange.channels import Channels
from hydra.sim.exchange.events import rate_text
from hydra.sim.exchange.pair_sender import PairSender
from hydra.sim.exchange.past import Past
from hydra.sim.exchange.piece import PairPiece, pieces_of
from hydra.sim.exchange.sources import MarketSource
from hydra.sim.market.frames import MarketSlice

_PAIR_MINUTES: Final = 80
"""Pairs times minutes of a piece: so much is prepared at once."""
_TRADES_KEPT_MS: Final = 3 * DAY_MS


class _Piece:
    """A stretch, prepared. silent: (minutes, pairs)."""

    def __init__(self, first_ms: int, facts: MarketSlice, pairs: list[PairPiece], silent: Flags) -> None:
        self.first_ms = first_ms
        self.facts = facts
        self.pairs = pairs
        self.silent = silent
        self.end_ms = first_ms + len(silent) * MINUTE_MS


class PlayedMarket:
    """Sends the market of a source."""

    def __init__(self, source: MarketSource, channels: Channels) -> None:
        self.source = source
        self.past = Past(len(source.pairs))
        self.senders = [PairSender(pair, channels) for pair in source.pairs]
        self.place = {pair.symbol: place for place, pair in enumerate(source.pairs)}
        self.start_ms = int(source.start.timestamp() * 1_000)
        self.end_ms = int(source.end.timestamp() * 1_000) if source.end else None
        self.sent_ms = self.start_ms - SECOND_MS
        """The last second that was sent."""
        self.after_second: Callable[[int], None] = lambda _now_ms: None
        """Called with each second that was sent."""
        self._loaded_ms = self.start_ms
        self._silent: dict[int, list[bool]] = {}
        self._prepared: asyncio.Future[_Piece] | None = None

    async def open(self) -> None:
        """Load the history."""
        history = await asyncio.to_thread(self.source.history)
        self.past.add(history)
        for place, sender in enumerate(self.senders):
            told = self.past.table("premium_index", place).newest(self.start_ms)
            for time, index, rate in zip(
                told.times.tolist(),
                told.columns["index_price"].tolist(),
                told.columns["predicted_rate"].tolist(),
                strict=True,
            ):
                premium = {int(time): (index, rate_text(rate))}
                sender.load(PairPiece([], {}, [], [], {}, premium), self.start_ms)
        self._prepare()

    async def send_second(self, now_ms: int) -> None:
        """Send everything of the second that ends at `now_ms`."""
        while now_ms >= self._loaded_ms and not self._is_over(self._loaded_ms):
            await self._load()
        passed = self._silent.get((now_ms - 1) // MINUTE_MS)
        begun = self._silent.get(now_ms // MINUTE_MS)
        for place, sender in enumerate(self.senders):
            sender.send(
                now_ms,
                is_heard=passed is None or not passed[place],
                bar_is_heard=begun is None or not begun[place],
            )
        if now_ms % HOUR_MS == 0:
            self._settle_funding(now_ms)
        self.sent_ms = now_ms
        self.after_second(now_ms)

    def _settle_funding(self, now_ms: int) -> None:
        """Tell of the settlements of this instant where something is at stake."""
        for place, sender in enumerate(self.senders):
            settled = self.past.table("funding_rates", place).between(now_ms, now_ms, now_ms)
            if sender.listener is None or not len(settled):
                continue
            rate, mark = (float(settled.columns[name][0]) for name in ("rate", "mark_price"))
            price = sender.exact_mark if math.isnan(mark) else Decimal(f"{mark:.8f}")
            sender.listener.on_funding(sender.pair.symbol, now_ms, Decimal(rate_text(rate)), price)

    def _is_over(self, instant_ms: int) -> bool:
        return self.end_ms is not None and instant_ms >= self.end_ms

    def _minutes(self) -> int:
        """The length of the next piece."""
        minutes = max(1, _PAIR_MINUTES // max(1, len(self.senders)))
        if self.end_ms is not None:
            minutes = min(minutes, (self.end_ms - self._loaded_ms) // MINUTE_MS)
        return minutes

    def _prepare(self) -> None:
        if not self._is_over(self._loaded_ms):
            task = asyncio.to_thread(self._piece, self._loaded_ms, self._minutes())
            self._prepared = asyncio.ensure_future(task)

    def _piece(self, first_ms: int, minutes: int) -> _Piece:
        facts = self.source.advance(minutes)
        silent = self.source.silent(first_ms // MINUTE_MS, minutes)
        return _Piece(first_ms, facts, pieces_of(self.source.pairs, facts), silent)

    async def _load(self) -> None:
        if self._prepared is None:
            self._prepare()
        if self._prepared is None:
            raise AssertionError("a piece is prepared until the market is over")
        piece = await self._prepared
        self.past.add(piece.facts)
        for sender, own in zip(self.senders, piece.pairs, strict=True):
            sender.load(own, piece.first_ms)
        self._silent = {
            minute: row for minute, row in self._silent.items() if minute >= self.sent_ms // MINUTE_MS
        }
        rows: list[list[bool]] = np.asarray(piece.silent).tolist()
        self._silent |= {piece.first_ms // MINUTE_MS + place: row for place, row in enumerate(rows)}
        self._loaded_ms = piece.end_ms
        self.past.forget_trades_before(piece.first_ms - _TRADES_KEPT_MS)
        self._prepare()


def instant(time_ms: int) -> datetime:
    """Milliseconds since 1970 as UTC."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC)
