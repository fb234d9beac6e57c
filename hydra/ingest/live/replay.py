"""Captured frames through the same parsers, checks and writers, into a venue of their own.

A fact is known when its frame was received. What is missing stays missing: nobody is asked for it.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from hydra.db import queries
from hydra.db.engine import connect
from hydra.errors import BadDataError
from hydra.exchange.capture import SNAPSHOT_OF, CapturedFrame, captured_frames
from hydra.exchange.instruments import load_instrument_terms
from hydra.exchange.interface import Feed
from hydra.exchange.messages import DepthSnapshot, Message
from hydra.ingest.live.connections import ROUTES
from hydra.ingest.live.holes import Hole, missing_numbers
from hydra.ingest.live.intake import Intake, next_beat_us
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.receipt_clock import CapturedClock
from hydra.ingest.live.spill import SpillFolder
from hydra.ingest.live.store import Store
from hydra.ingest.live.writer import MOST_ROWS_IN_MEMORY, HandedOver, Writer
from hydra.ingest.terms import ensure_venue

VENUE_PREFIX: Final = "replayed-"
ENVIRONMENT: Final = "replay"
FRAMES_A_HAND_OVER: Final = 10_000
_LOOKED_AT_FOR_SYMBOLS: Final = 50_000
_MOST_QUEUED: Final = 200_000
_DAMAGED_SHOWN: Final = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parsers:
    """How an exchange's frames and its order books of REST are read."""

    frame: Callable[[bytes], Message | None]
    snapshot: Callable[[bytes, str], DepthSnapshot]


@dataclass(frozen=True)
class Replayed:
    """What came of a replay. symbols: heard; left_out: messages of symbols that HYDRA does not trade."""

    venue: str
    frames: int
    messages: int
    rows: int
    damaged: int
    seconds: float
    symbols: tuple[str, ...]
    left_out: Mapping[str, int]


@dataclass
class CaptureReplay:
    """Replays `folder` into the venue `replayed-NAME`. factor: of the speed of its coming; None: no pause."""

    folder: Path
    name: str
    parsers: Parsers
    url: str
    spill: Path
    code_version: str
    factor: float | None = None
    most_rows_in_memory: int = MOST_ROWS_IN_MEMORY
    _frames: int = field(default=0, init=False)
    _damaged_parts: int = field(default=0, init=False)

    @property
    def venue(self) -> str:
        """The venue whose facts these become."""
        return f"{VENUE_PREFIX}{self.name}"

    def run(self) -> Replayed:
        """Replay everything.

        Raises:
            BadDataError: the folder holds no frames of a pair that HYDRA trades.
            StopError: a file cannot be read, or another process replays into the venue.
            DatabaseError: the server cannot be used.
        """
        symbols = self._symbols()
        writer, ids = self._open(symbols)
        self._clock = CapturedClock()
        pairs = [HeardPair(symbol, ids[symbol], symbol) for symbol in symbols]
        self._intake = Intake(pairs, self._clock, self.parsers.frame, self._give_up, lambda _pair: None)
        started = time.monotonic()
        writer.start()
        try:
            self._play(writer)
        finally:
            writer.close()
            self._end(writer)
        if writer.failure is not None:
            raise writer.failure
        return Replayed(
            self.venue,
            self._frames,
            self._intake.messages,
            writer.stored_rows,
            self._intake.damaged + self._damaged_parts,
            time.monotonic() - started,
            tuple(symbols),
            dict(self._intake.unknown_symbols),
        )

    def _play(self, writer: Writer) -> None:
        intake, pace = self._intake, _Pace(self.factor)
        beats_at: dict[str, int] = {}
        for frame in self._captured():
            pace.wait_for(frame.received_ns)
            self._hear(frame)
            self._frames += 1
            is_stream = not frame.connection.startswith(SNAPSHOT_OF)
            if is_stream and intake.newest_us >= beats_at.get(frame.connection, 0):
                intake.beat(ROUTES.get(frame.connection, frozenset(Feed)))
                beats_at[frame.connection] = next_beat_us(intake.newest_us)
            if self._frames % FRAMES_A_HAND_OVER == 0 or pace.is_slow:
                self._hand_over(writer)
        self._hand_over(writer)

    def _hear(self, captured: CapturedFrame) -> None:
        intake, received_us = self._intake, captured.received_ns // 1_000
        self._clock.heard(received_us)
        if not captured.connection.startswith(SNAPSHOT_OF):
            intake.hear(captured.frame)
            return
        pair = intake.pairs.get(captured.connection.removeprefix(SNAPSHOT_OF))
        if pair is not None:
            try:
                intake.snapshot(pair, self.parsers.snapshot(captured.frame, pair.symbol))
            except BadDataError as error:
                self._complain(error)

    def _hand_over(self, writer: Writer) -> None:
        writer.put(HandedOver(*self._intake.hand_over(), ()))
        while writer.is_behind(_MOST_QUEUED):
            time.sleep(0.01)
        if writer.failure is not None:
            raise writer.failure

    def _give_up(self, hole: Hole) -> None:
        missing = missing_numbers(hole, set())
        self._intake.give_up(hole, missing)
        self._intake.record(hole.repaired(missing))

    def _captured(self) -> Iterator[CapturedFrame]:
        return captured_frames(self.folder, self._complain)

    def _complain(self, error: BadDataError) -> None:
        self._damaged_parts += 1
        if self._damaged_parts <= _DAMAGED_SHOWN:
            log.warning("%s", error)

    def _symbols(self) -> list[str]:
        """The symbols of the first frames, of those that HYDRA trades."""
        found: set[str] = set()
        for frame in islice(captured_frames(self.folder, lambda _error: None), _LOOKED_AT_FOR_SYMBOLS):
            try:
                message = self.parsers.frame(frame.frame)
            except BadDataError:
                continue
            symbol = getattr(message, "symbol", None)
            if symbol is not None:
                found.add(symbol)
        traded = [one.pair.exchange_symbol for one in load_instrument_terms()]
        symbols = [symbol for symbol in traded if symbol in found]
        if not symbols:
            raise BadDataError(f"{self.folder} holds no frames of a pair that HYDRA trades")
        return symbols

    def _open(self, symbols: list[str]) -> tuple[Writer, dict[str, int]]:
        with connect(self.url, autocommit=True) as connection:
            terms = [one for one in load_instrument_terms() if one.pair.exchange_symbol in symbols]
            ids = ensure_venue(connection, self.venue, terms)
            values = {
                "venue": self.venue,
                "environment": ENVIRONMENT,
                "code_version": self.code_version,
                "process_id": os.getpid(),
            }
            row = connection.execute(queries.load("ingest/live/add_session"), values).fetchone()
        if row is None:
            raise AssertionError("an INSERT ... RETURNING of one row gives one row")
        writer = Writer(
            self.url, Store(self.venue, int(row[0])), SpillFolder(self.spill), self.most_rows_in_memory
        )
        writer.open()
        return writer, ids

    def _end(self, writer: Writer) -> None:
        with connect(self.url, autocommit=True) as connection:
            values = {"session_id": writer.session_id, "end_reason": "all frames are replayed"}
            connection.execute(queries.load("ingest/live/end_session"), values)


class _Pace:
    """Waits as long as the frames did, divided by the factor."""

    def __init__(self, factor: float | None) -> None:
        self._factor = factor
        self._first_ns: int | None = None
        self._began = time.monotonic()
        self._handed_at = self._began

    @property
    def is_slow(self) -> bool:
        """Whether a tenth of a second has passed since it was last."""
        if self._factor is None or time.monotonic() - self._handed_at < 0.1:  # noqa: PLR2004
            return False
        self._handed_at = time.monotonic()
        return True

    def wait_for(self, received_ns: int) -> None:
        """Wait until a frame that was received then is due."""
        if self._factor is None:
            return
        if self._first_ns is None:
            self._first_ns = received_ns
        due = self._began + (received_ns - self._first_ns) / 1e9 / self._factor
        pause = due - time.monotonic()
        if pause > 0:
            time.sleep(pause)
