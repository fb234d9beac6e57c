"""The generated market: it plays minutes and returns the facts that a live feed would give."""

from dataclasses import fields
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Integers
from hydra.errors import BadDataError
from hydra.sim.market import frames
from hydra.sim.market.frames import MarketSlice, Stretch
from hydra.sim.market.order_books import fill_books
from hydra.sim.market.outputs import TRADES_PER_STEP, Detail, empty_outputs
from hydra.sim.market.price_steps import common_returns, play_pair
from hydra.sim.market.roster import pair_numbers, roster
from hydra.sim.market.scenarios import drives_between, silent_minutes
from hydra.sim.market.settings import STEP_SECONDS, STEPS_PER_MINUTE, MarketSettings
from hydra.sim.market.state import first_state, from_bytes, to_bytes

# Longer stretches are played in pieces, to save memory.
_PIECE_MINUTES: Final = 1440
_POLL_SECONDS: Final = 15


class Market:
    """A market that plays minute after minute; the same settings give the same market."""

    def __init__(
        self, settings: MarketSettings, *, with_outages: bool = True, played: int | None = None
    ) -> None:
        """The market before its first minute (with warm-up).

        with_outages: leave out what a feed that is down would have told (`silent_minutes` says where).
        played: play the first so many pairs, as beside the others; None: all.
        """
        self.settings = settings
        self._with_outages = with_outages
        self._played = played or settings.pairs
        self.pairs = roster(settings.pairs)
        self.minute = settings.first_minute
        self._numbers = pair_numbers(self.pairs)
        self.state = first_state(self._numbers)
        self._ids = np.array([pair.instrument_id for pair in self.pairs], dtype=np.int16)

    def advance(self, minutes: int) -> MarketSlice:
        """Play the next `minutes` and return their facts, which do not depend on the division into calls.

        Raises:
            BadDataError: minutes is not positive.
        """
        if minutes < 1:
            raise BadDataError(f"a market advances by whole minutes, not by {minutes}; ask for 1 or more")
        end, pieces = self.minute + minutes, []
        while self.minute < end:
            pieces.append(self._play(min(end, self._next_border())))
        return _joined(pieces)

    def save(self) -> bytes:
        """The state in numpy's format, for `restore`."""
        return to_bytes(self.state, self.minute)

    def restore(self, content: bytes) -> None:
        """Continue from a saved state of a market with the same settings.

        Raises:
            BadDataError: not a saved state, or of a market with other pairs.
        """
        self.state, self.minute = from_bytes(content, self.state)

    def _next_border(self) -> int:
        """The end of the next piece: the start, where books and trades begin, or at most a day later."""
        border = self.minute + _PIECE_MINUTES
        start = self.settings.start_minute
        return min(border, start) if self.minute < start else border

    def _play(self, beyond: int) -> MarketSlice:
        first, settings = self.minute, self.settings
        live = first >= settings.start_minute
        outputs = empty_outputs(
            beyond - first, self._played, detailed=live, traded=live and settings.with_trades
        )
        drives = drives_between(settings, first, beyond)
        common = common_returns(settings.seed, first, beyond - first, self.state.common)
        for pair in range(self._played):
            play_pair(settings.seed, pair, self._numbers, self.state, drives, common, (first, *outputs))
        silent = silent_minutes(settings, first, beyond)[:, : self._played]
        if not self._with_outages:
            silent[:] = False
        self.minute = beyond
        stretch = Stretch(first, self._ids, self._numbers, silent)
        minutes, forced, detail = outputs
        polls = self._steps(stretch, _POLL_SECONDS if settings.with_open_interest_polls else 0)
        return MarketSlice(
            candles_1m=frames.candle_frame(stretch, minutes),
            mark_prices=frames.mark_price_frame(stretch, minutes),
            funding_rates=frames.funding_frame(stretch, minutes),
            open_interest=frames.open_interest_frame(stretch, minutes, detail, polls),
            positioning=frames.positioning(stretch, minutes),
            liquidations=frames.liquidations(stretch, forced),
            order_books=self._books(stretch, detail),
            trades=self._trades(stretch, detail),
            feed_heartbeats=frames.heartbeats(
                stretch, self._steps(stretch, settings.heartbeat_interval_seconds)
            ),
            premium_index=frames.premium_index(stretch, minutes),
        )

    def _steps(self, stretch: Stretch, interval_seconds: int) -> Integers:
        """The steps of a stretch that end on a multiple of the interval; none in the warm-up."""
        if interval_seconds == 0 or stretch.first_minute < self.settings.start_minute:
            return np.empty(0, dtype=np.int64)
        steps = np.arange(len(stretch.silent) * STEPS_PER_MINUTE)
        ends = stretch.first_minute * 60 + (steps + 1) * STEP_SECONDS
        chosen: Integers = steps[ends % interval_seconds == 0]
        return chosen

    def _books(self, stretch: Stretch, detail: Detail) -> pl.DataFrame:
        steps = self._steps(stretch, self.settings.book_interval_seconds)
        prices, sizes = fill_books(self.settings.seed, stretch.first_minute, steps, self._numbers, detail)
        return frames.order_books(stretch, steps, prices, sizes)

    def _trades(self, stretch: Stretch, detail: Detail) -> pl.DataFrame:
        rows = frames.trades(stretch, detail, self.state.trade_ids)
        self.state.trade_ids[:] += len(detail.trade_price) * TRADES_PER_STEP
        return rows


def _joined(pieces: list[MarketSlice]) -> MarketSlice:
    if len(pieces) == 1:
        return pieces[0]
    names = [field.name for field in fields(MarketSlice)]
    joined = {name: pl.concat([getattr(piece, name) for piece in pieces]) for name in names}
    return MarketSlice(
        **{name: frame.sort(_KEYS.get(name, ["instrument_id", "time"])) for name, frame in joined.items()}
    )


_KEYS: Final = {
    "liquidations": ["instrument_id", "time", "side"],
    "trades": ["instrument_id", "time", "trade_id"],
    "feed_heartbeats": ["feed", "instrument_id", "time"],
}
