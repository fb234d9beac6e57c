"""What the exchange says becomes rows: each message is checked against those before it and stamped.

Everything here runs in one thread, in the order of hearing, so that what has been handed over is a complete
past: `hand_over` gives all rows known by an instant, and later rows are known after it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Container, Iterable
from typing import Any, Final, NamedTuple

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.interface import Feed, Frame
from hydra.exchange.messages import (
    ClosedCandle,
    DepthSnapshot,
    DepthUpdate,
    ForcedOrder,
    Message,
    OneMessage,
    PremiumIndex,
    RunningCandle,
    Several,
    SubscriptionAnswer,
    Trade,
)
from hydra.exchange.order_book import BookFault, BookFaultKind
from hydra.exchange.sequences import Missing, NumberSequence
from hydra.ingest.live.candle_grid import MINUTE_US, candles_through
from hydra.ingest.live.holes import Hole, lost_records
from hydra.ingest.live.mark_bars import MarkBar
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.receipt_clock import Receipt
from hydra.ingest.live.rows import Gathered, Record, stamped

BOOK_EVERY_US: Final = 5_000_000
BEAT_EVERY_US: Final = 5_000_000
_BAR_LATE_US: Final = 5_000_000
_DAMAGED_SHOWN: Final = 20

log = logging.getLogger(__name__)


class HandOver(NamedTuple):
    """All that was heard until now, and how far that is (exchange time, microseconds)."""

    gathered: Gathered
    committed_through_us: int
    candles_through_us: int | None


def next_beat_us(time_us: int) -> int:
    """When the heartbeat after one at `time_us` is due."""
    return (time_us // BEAT_EVERY_US + 1) * BEAT_EVERY_US


def _is_book_silent(pair: HeardPair, now_us: int) -> bool:
    return pair.watches[Feed.ORDER_BOOKS].is_silent(now_us)


class Intake:
    """Hears `pairs` of one exchange.

    on_hole: called with what has to be fetched. on_snapshot: called with a pair whose book needs one.
    newest_us: when the newest was known. candles_through_us: up to which close every pair's candles are here.
    causes: by feed, what interrupted it and until when that explains missing numbers. unknown_symbols,
    damaged, messages: counts.
    """

    def __init__(
        self,
        pairs: Iterable[HeardPair],
        clock: Receipt,
        parse: Callable[[Frame], Message | None],
        on_hole: Callable[[Hole], None],
        on_snapshot: Callable[[HeardPair], None],
    ) -> None:
        self.pairs = {pair.symbol: pair for pair in pairs}
        self.unknown_symbols: Counter[str] = Counter()
        self.damaged = 0
        self.messages = 0
        self.clock = clock
        self.candles_through_us: int | None = None
        self.causes: dict[Feed, tuple[str, int]] = {}
        self._parse = parse
        self._on_hole = on_hole
        self._on_snapshot = on_snapshot
        self._gathered = Gathered()
        self.newest_us = 0
        self._floor_us = 0
        self._handlers: dict[type[Any], Callable[[HeardPair, Any], None]] = {
            Trade: self._trade,
            ClosedCandle: self._candle,
            RunningCandle: self._running_candle,
            ForcedOrder: self._forced_order,
            PremiumIndex: self._premium_index,
            DepthUpdate: self._depth_update,
            DepthSnapshot: self.snapshot,
        }

    def hear(self, frame: Frame) -> bool:
        """Take in one frame; whether it said something to HYDRA."""
        try:
            message = self._parse(frame)
        except BadDataError as error:
            self._leave_out(str(error))
            return False
        if message is None:
            return False
        if isinstance(message, Several):
            for one in message.messages:
                self._take_in(one)
        else:
            self._take_in(message)
        return True

    def _take_in(self, message: OneMessage) -> None:
        handler = self._handlers.get(type(message))
        if handler is None or isinstance(message, SubscriptionAnswer):
            return
        pair = self.pairs.get(message.symbol)
        if pair is None:
            self.unknown_symbols[message.symbol] += 1
            return
        if not self.clock.is_possible(message.time_us):
            ahead_s = (message.time_us - self.clock.now_us()) / 1e6
            self._leave_out(f"{message.symbol}: a message is {ahead_s:+,.0f} s off the exchange's clock")
            return
        self.messages += 1
        handler(pair, message)

    def _leave_out(self, words: str) -> None:
        """Count a damaged message, and tell the first ones."""
        self.damaged += 1
        if self.damaged <= _DAMAGED_SHOWN:
            log.warning("%s", words)

    def stamp(self, time_us: int = 0) -> int:
        """When what comes now is known: not before its time, and after all that was handed over."""
        clock = self.clock
        clock.heard(time_us)
        known_us = max(clock.now_us(), self._floor_us)
        self.newest_us = max(self.newest_us, known_us)
        return known_us

    def hand_over(self) -> HandOver:
        """Everything since the last hand-over; what comes from now on is known later."""
        gathered, self._gathered = self._gathered, Gathered()
        known_us = max(self.clock.through_us(), self._floor_us)
        self._floor_us = known_us + 1
        return HandOver(gathered, known_us, self.candles_through_us)

    def record(self, records: Iterable[Record]) -> None:
        """Store `records` with what is heard."""
        self._gathered.records.extend(records)

    def add_frame(self, table: str, frame: pl.DataFrame, **constants: Any) -> None:
        """Store an answer of REST, known from now on."""
        if frame.height:
            self._gathered.frames.append((table, stamped(frame, self.stamp(), **constants)))

    def add_history(self, hole: Hole, frame: pl.DataFrame) -> None:
        """Store rows of `hole` that the exchange gave back."""
        pair = hole.pair
        self.add_frame(hole.table, frame, instrument_id=pair.instrument_id)
        if hole.table == "candles_1m":
            times = frame["time"].dt.epoch("us")
            for time_us in times:
                pair.minutes.arrive(time_us // MINUTE_US, time_us)
            self._advance_candles()
        elif hole.table == "trades" and pair.trades is not None and frame.height:
            pair.trades.settle(int(frame["trade_id"].min()), int(frame["trade_id"].max()))  # type: ignore[arg-type]

    def give_up(self, hole: Hole, missing: Iterable[Missing]) -> None:
        """The exchange has not these rows of `hole`: nothing waits for them any longer."""
        numbers = hole.pair.minutes if hole.table == "candles_1m" else hole.pair.trades
        for one in missing:
            if numbers is not None and hole.table in {"candles_1m", "trades"}:
                numbers.settle(one.first, one.last)
        self._advance_candles()

    def cause_of(self, feed: Feed, now_us: int, otherwise: str = "SEQUENCE") -> str:
        """Why something of `feed` is missing: what interrupted it lately, else `otherwise`."""
        cause, until_us = self.causes.get(feed, (otherwise, 0))
        return cause if now_us <= until_us else otherwise

    def ask(self, hole: Hole) -> None:
        """Record `hole` and have it repaired."""
        self._gathered.records.append(hole.interruption())
        self._on_hole(hole)

    def beat(self, feeds: Container[Feed]) -> None:
        """Store the heartbeats of `feeds`, on whose route something has come just now.

        A book lives while it is whole and its own updates come; forced orders while anything comes.
        """
        now_us = self.stamp()
        rows = self._gathered.rows["feed_heartbeats"]
        for pair in self.pairs.values():
            if Feed.LIQUIDATIONS in feeds:
                rows.append((pair.instrument_id, now_us, now_us, "liquidations"))
            is_whole = pair.book.last_id is not None
            if Feed.ORDER_BOOKS in feeds and is_whole and not _is_book_silent(pair, now_us):
                rows.append((pair.instrument_id, now_us, now_us, "order_book"))

    def look_for_late_bars(self) -> None:
        """Have candles and mark bars fetched that should have come by now."""
        now_us = self.clock.through_us()
        for pair in self.pairs.values():
            self._look_for_late_candle(pair, now_us)
            closed = pair.marks.close_before(now_us - _BAR_LATE_US)
            if closed is not None:
                self._mark_bar(pair, closed, now_us)

    def _look_for_late_candle(self, pair: HeardPair, now_us: int) -> None:
        minutes = pair.minutes
        newest, last = minutes.newest, (now_us - _BAR_LATE_US) // MINUTE_US - 1
        if newest is None or newest >= last:
            return
        # Only now is it known that they are missing, and the newest of them is too.
        missing = Missing(newest + 1, last, (newest + 1) * MINUTE_US, now_us)
        before = list(minutes.missing)
        minutes.arrive(last, last * MINUTE_US)
        minutes.missing = [*before, missing]
        cause = self.cause_of(Feed.CANDLES, now_us, otherwise="LATE")
        self.ask(Hole("candles_1m", pair, missing.first, last, missing.after_us, now_us, cause))

    def book_lost(self, pair: HeardPair, cause: str) -> None:
        """The connection of the books is lost: what follows may not be heard."""
        if pair.book.last_id is not None and pair.book_broke is None:
            pair.book_broke = (pair.book.time_us, cause)
        pair.book.stop()

    def ask_snapshots(self) -> None:
        """Have the books begun that there are not, before their first update comes."""
        for pair in self.pairs.values():
            self._ask_snapshot(pair)

    def snapshot(self, pair: HeardPair, snapshot: DepthSnapshot) -> None:
        """Begin the book of `pair` again at `snapshot`; if that does not do, it still needs one."""
        fault = pair.book.restart(snapshot)
        if fault is not None:
            self._book_fault(pair, fault)
        elif pair.book_broke is not None:
            started_us, cause = pair.book_broke
            pair.book_broke = None
            span = (started_us, max(started_us, pair.book.time_us))
            is_known = cause != "START"
            self.record(lost_records("order_books", pair.instrument_id, span, cause, is_known=is_known))

    def _trade(self, pair: HeardPair, message: Trade) -> None:
        known_us = self.stamp(message.time_us)
        pair.watches[Feed.TRADES].came(message.time_us, known_us)
        if pair.trades is None:
            if not pair.unnumbered.is_new((message.time_us, message.trade_id)):
                return
        else:
            arrival = pair.trades.arrive(message.trade_id, message.time_us)
            if not arrival.is_new:
                return
            if arrival.gap is not None:
                self._numbers_missing("trades", Feed.TRADES, pair, arrival.gap, known_us)
        self._gathered.rows["trades"].append((pair.instrument_id, known_us, *message[1:]))

    def _candle(self, pair: HeardPair, message: ClosedCandle) -> None:
        close_us = message.time_us + MINUTE_US
        known_us = self.stamp(close_us)
        pair.watches[Feed.CANDLES].came(close_us, known_us)
        # One that came before is offered again: it may be other than the first, or had been given up.
        arrival = pair.minutes.arrive(message.time_us // MINUTE_US, message.time_us)
        if arrival.gap is not None:
            gap = arrival.gap._replace(after_us=arrival.gap.first * MINUTE_US)
            self._numbers_missing("candles_1m", Feed.CANDLES, pair, gap, known_us)
        self._gathered.rows["candles_1m"].append((pair.instrument_id, known_us, *message[1:]))
        if not pair.premium_us:
            pair.price = message.close
        self._advance_candles()

    def _running_candle(self, pair: HeardPair, message: RunningCandle) -> None:
        pair.watches[Feed.CANDLES].came(message.time_us, self.stamp(message.time_us))

    def _forced_order(self, pair: HeardPair, message: ForcedOrder) -> None:
        known_us = self.stamp(message.time_us)
        pair.watches[Feed.LIQUIDATIONS].came(message.time_us, known_us)
        if not pair.forced.is_new(message):
            return
        _, time_us, side, price, quantity = message
        row = (pair.instrument_id, known_us, time_us, side.value, price, quantity, price * quantity)
        self._gathered.rows["liquidations"].append(row)

    def _premium_index(self, pair: HeardPair, message: PremiumIndex) -> None:
        time_us = message.time_us
        known_us = self.stamp(time_us)
        pair.watches[Feed.PREMIUM_INDEX].came(time_us, known_us)
        if time_us <= pair.premium_us:
            return
        pair.premium_us, pair.price = time_us, message.mark_price
        self._gathered.rows["premium_index"].append((pair.instrument_id, known_us, *message[1:]))
        closed = pair.marks.add(time_us, message.mark_price)
        if closed is not None:
            self._mark_bar(pair, closed, known_us)
        settlement_us = message.next_settlement_us
        if settlement_us != pair.settlement_us:
            if 0 < pair.settlement_us < settlement_us:
                self._settled(pair, pair.settlement_us, known_us)
            pair.settlement_us = settlement_us

    def _mark_bar(self, pair: HeardPair, bar: MarkBar, known_us: int) -> None:
        minute = bar.time_us // MINUTE_US
        self._mark_bars_before(pair, minute, known_us)
        if bar.is_whole:
            row = (pair.instrument_id, known_us, bar.time_us, 1, *bar[1:5])
            self._gathered.rows["mark_prices"].append(row)
            return
        self._mark_bars_missing(pair, minute, minute, known_us)

    def _mark_bars_before(self, pair: HeardPair, minute: int, known_us: int) -> None:
        """Have the bars fetched between the one before and that of `minute`."""
        if 0 < pair.mark_minute < minute - 1:
            self._mark_bars_missing(pair, pair.mark_minute + 1, minute - 1, known_us)
        pair.mark_minute = max(pair.mark_minute, minute)

    def _mark_bars_missing(self, pair: HeardPair, first: int, last: int, known_us: int) -> None:
        cause = self.cause_of(Feed.PREMIUM_INDEX, known_us, otherwise="SILENT")
        span = first * MINUTE_US, (last + 1) * MINUTE_US
        self.ask(Hole("mark_prices", pair, first, last, *span, cause))

    def _settled(self, pair: HeardPair, settlement_us: int, known_us: int) -> None:
        self._on_hole(
            Hole("funding_rates", pair, settlement_us, settlement_us, settlement_us, known_us, "LATE")
        )

    def _depth_update(self, pair: HeardPair, message: DepthUpdate) -> None:
        time_us = message.time_us
        known_us = self.stamp(time_us)
        pair.watches[Feed.ORDER_BOOKS].came(time_us, known_us)
        book = pair.book
        fault = book.update(message)
        if fault is not None:
            self._book_fault(pair, fault)
        bucket = time_us // BOOK_EVERY_US
        if bucket > pair.book_bucket:
            top = book.top()
            if top is not None and top.bid_prices and top.ask_prices:
                pair.book_bucket = bucket
                # A snapshot by REST may be ahead of this connection.
                known_us = max(known_us, top.time_us)
                self._gathered.rows["order_books"].append((pair.instrument_id, known_us, *top))
        self._ask_snapshot(pair)

    def _ask_snapshot(self, pair: HeardPair) -> None:
        if pair.book.needs_snapshot and not pair.is_snapshot_asked:
            pair.is_snapshot_asked = True
            self._on_snapshot(pair)

    def _book_fault(self, pair: HeardPair, fault: BookFault) -> None:
        is_of_book = fault.kind is not BookFaultKind.STALE_SNAPSHOT and fault.last_time_us > 0
        if pair.book_broke is None and is_of_book:
            pair.book_broke = (fault.last_time_us, "SEQUENCE")

    def _numbers_missing(self, table: str, feed: Feed, pair: HeardPair, gap: Missing, known_us: int) -> None:
        cause = self.cause_of(feed, known_us)
        self.ask(Hole(table, pair, gap.first, gap.last, gap.after_us, gap.before_us, cause))

    def _advance_candles(self) -> None:
        through_us = candles_through(self._minutes())
        if through_us is not None and through_us > (self.candles_through_us or 0):
            self.candles_through_us = through_us

    def _minutes(self) -> Iterable[NumberSequence]:
        return (pair.minutes for pair in self.pairs.values())
