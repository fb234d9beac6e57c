"""What one pair sends, second by second."""

import math
from collections import deque
from decimal import Decimal
from typing import Final

from hydra.durations import MINUTE_MS, SECOND_MS
from hydra.sim.exchange import books, events
from hydra.sim.exchange.account.market_view import MarketListener
from hydra.sim.exchange.books import Book, Update
from hydra.sim.exchange.channels import Channels
from hydra.sim.exchange.events import Event
from hydra.sim.exchange.piece import PairPiece, TradeRow
from hydra.sim.exchange.running_candle import OpenCandle, kline_values
from hydra.sim.exchange.sources import ListedPair

STEP_MS: Final = 5_000
_LAST_TRADE_OF_STEP_MS: Final = 4_000
_MARK_INTERVAL_MS: Final = 3_000
_KEPT_BOOKS: Final = 60
_AVERAGE_SHARE: Final = 0.1
_INDEX_DIGITS: Final = 8

COUNTED: Final = ("trades", "liquidations", "order_books", "premium_index")
"""Tables whose facts are counted as they are sent."""


class Tally:
    """How many facts of one table were sent: count, first and last time."""

    def __init__(self) -> None:
        self.count = 0
        self.first_ms = 0
        self.last_ms = 0

    def add(self, time_ms: int) -> None:
        """Count a fact."""
        if not self.count:
            self.first_ms = time_ms
        self.count += 1
        self.last_ms = time_ms


class PairSender:
    """Sends the messages of a pair; also knows its present for REST."""

    def __init__(self, pair: ListedPair, channels: Channels) -> None:
        self.pair = pair
        self.running = OpenCandle()
        self.mark = self.average = self.index = 0.0
        self.rate = "0.00000000"
        self.tallies = {name: Tally() for name in COUNTED}
        self.recent_books: deque[Book] = deque(maxlen=_KEPT_BOOKS)
        self.last_trade: TradeRow | None = None
        self.listener: MarketListener | None = None
        """Who has something at stake here, whether or not anything is heard."""
        channel = channels.channel
        self._agg_trade = channel(pair.symbol, "aggTrade")
        self._trade = channel(pair.symbol, "trade")
        self._kline = channel(pair.symbol, "kline_1m")
        self._forced = channel(pair.symbol, "forceOrder")
        self._mark_1s = channel(pair.symbol, "markPrice@1s")
        self._mark_3s = channel(pair.symbol, "markPrice")
        self._depths = (channel(pair.symbol, "depth@100ms"), channel(pair.symbol, "depth"))
        self._ticker = channel(pair.symbol, "bookTicker")
        self._piece = PairPiece([], {}, [], [], {}, {})
        self._next_trade = self._next_forced = self._next_book = 0
        self._updates: list[Update] | None = None

    def load(self, piece: PairPiece, now_ms: int) -> None:
        """Append a piece that follows what is loaded."""
        old = self._piece
        self._piece = PairPiece(
            old.trades[self._next_trade :] + piece.trades,
            {time: row for time, row in old.candles.items() if time + MINUTE_MS >= now_ms} | piece.candles,
            old.forced_orders[self._next_forced :] + piece.forced_orders,
            old.books[self._next_book :] + piece.books,
            {time: row for time, row in old.marks.items() if time + MINUTE_MS >= now_ms} | piece.marks,
            {time: row for time, row in old.premium.items() if time >= now_ms} | piece.premium,
        )
        self._next_trade = self._next_forced = self._next_book = 0

    def send(self, now_ms: int, *, is_heard: bool, bar_is_heard: bool) -> None:
        """Everything of the second that ends at `now_ms`, the closed candle last.

        is_heard: the feeds of the second are up. bar_is_heard: those of the minute that begins with it.
        """
        self._send_trades(now_ms, is_heard)
        self._send_forced_orders(now_ms, is_heard)
        self._send_depth(now_ms, is_heard)
        self._send_mark(now_ms, bar_is_heard)
        self._send_candles(now_ms, is_heard)

    def _send_trades(self, now_ms: int, is_heard: bool) -> None:
        trades, place = self._piece.trades, self._next_trade
        while place < len(trades) and trades[place].time_ms <= now_ms:
            trade = trades[place]
            place += 1
            self.running.add(trade.time_ms, trade.trade_id, *trade[5:], trade.buyer_is_maker)
            self.tallies["trades"].add(trade.time_ms)
            self.last_trade = trade
            if self.listener is not None:
                self.listener.on_trade(self.pair.symbol, trade)
            if is_heard:
                if self._agg_trade.subscribers:
                    self._agg_trade.send(events.aggregate_trade(self.pair.symbol, trade[:5]))
                if self._trade.subscribers:
                    self._trade.send(events.single_trade(self.pair.symbol, trade[:5]))
        self._next_trade = place

    def _send_forced_orders(self, now_ms: int, is_heard: bool) -> None:
        orders = self._piece.forced_orders
        while self._next_forced < len(orders) and orders[self._next_forced][0] <= now_ms:
            order = orders[self._next_forced]
            self._next_forced += 1
            if is_heard:
                self.tallies["liquidations"].add(order[0])
                if self._forced.subscribers:
                    self._forced.send(events.forced_order(self.pair.symbol, *order))

    def _send_depth(self, now_ms: int, is_heard: bool) -> None:
        following = self._following(now_ms)
        if following is None:
            return
        if self.listener is not None:
            self._tell_depth(self.listener, following, now_ms)
        if is_heard and any(channel.subscribers for channel in self._depths):
            update = self._step_updates(following)[self._place(following, now_ms)]
            ids = (books.first_id(now_ms), books.last_id(now_ms), books.previous_id(now_ms))
            event = events.depth_update(self.pair.symbol, now_ms, ids, *update)
            for channel in self._depths:
                if channel.subscribers:
                    channel.send(event)
        if is_heard:
            self._count_book(now_ms)
        if following.time_ms == now_ms:
            self.recent_books.append(following)
            self._next_book += 1
            self._updates = None
            if is_heard and self._ticker.subscribers:
                self._ticker.send(self._best(following))

    def _count_book(self, now_ms: int) -> None:
        """A listener can know one book of every five seconds in which an update is sent."""
        sent = self.tallies["order_books"]
        if not sent.count or now_ms // STEP_MS > sent.last_ms // STEP_MS:
            sent.add(now_ms)

    def _tell_depth(self, listener: MarketListener, following: Book, now_ms: int) -> None:
        if following.time_ms == now_ms:
            listener.on_book(self.pair.symbol, following)
        else:
            update = self._step_updates(following)[self._place(following, now_ms)]
            listener.on_depth(self.pair.symbol, now_ms, update)

    def _following(self, now_ms: int) -> Book | None:
        """The book to which the updates of this second lead; None: no book is near."""
        waiting = self._piece.books
        if self._next_book == len(waiting):
            return None
        following = waiting[self._next_book]
        return following if following.time_ms - now_ms < STEP_MS else None

    def _place(self, following: Book, now_ms: int) -> int:
        return books.STEP_UPDATES - 1 - (following.time_ms - now_ms) // SECOND_MS

    def _step_updates(self, following: Book) -> list[Update]:
        if self._updates is None:
            if self.recent_books:
                self._updates = books.updates_between(self.recent_books[-1], following)
            else:
                self._updates = books.first_updates(following)
        return self._updates

    def book_at(self, now_ms: int) -> Book | None:
        """The book as the updates up to `now_ms` (already sent) have left it."""
        following = self._following(now_ms)
        if following is None or following.time_ms == now_ms:
            return self.recent_books[-1] if self.recent_books else following
        before = self.recent_books[-1] if self.recent_books else books.empty_book(now_ms)
        passed = self._step_updates(following)[: self._place(following, now_ms) + 1]
        return books.changed(before, passed, now_ms)

    def _best(self, book: Book) -> Event:
        bid = next(iter(book.bids.levels.items()), ("0", "0"))
        ask = next(iter(book.asks.levels.items()), ("0", "0"))
        update_id = books.last_id(book.time_ms)
        return events.book_ticker(self.pair.symbol, book.time_ms, update_id, list(bid), list(ask))

    def _send_mark(self, now_ms: int, is_heard: bool) -> None:
        minute_ms = now_ms - now_ms % MINUTE_MS
        marks = self._piece.marks.get(minute_ms)
        if marks is None:
            return
        second = (now_ms - minute_ms) // SECOND_MS
        self.mark = marks[second]
        if self.listener is not None:
            self.listener.on_mark(self.pair.symbol, now_ms, self.exact_mark)
        before = self.average or self.mark
        self.average = before + (self.mark - before) * _AVERAGE_SHARE
        told = self._piece.premium.get(minute_ms)
        if told is None:
            return
        # The index moves with the mark until the next one is told.
        self.index, self.rate = told[0] if second == 0 else told[0] * self.mark / marks[0], told[1]
        if not is_heard:
            return
        self.tallies["premium_index"].add(now_ms)
        if self._mark_1s.subscribers:
            self._mark_1s.send(self._mark_event(now_ms))
        if self._mark_3s.subscribers and now_ms % _MARK_INTERVAL_MS == 0:
            self._mark_3s.send(self._mark_event(now_ms))

    @property
    def exact_mark(self) -> Decimal:
        """The mark price as it is told."""
        return Decimal(format(self.mark, f".{_INDEX_DIGITS}f"))

    def _mark_event(self, now_ms: int) -> Event:
        form = f".{_INDEX_DIGITS}f"
        prices = (format(self.mark, form), format(self.average, form), format(self.index, form))
        return events.mark_price(self.pair.symbol, now_ms, prices, self.rate)

    def _send_candles(self, now_ms: int, is_heard: bool) -> None:
        if not self._kline.subscribers or not is_heard:
            return
        running = self.running
        digits = (self.pair.price_digits, self.pair.quantity_digits)
        if now_ms % STEP_MS == _LAST_TRADE_OF_STEP_MS and running.open_ms == now_ms - now_ms % MINUTE_MS:
            values = running.values(*digits)
            event = events.kline(self.pair.symbol, now_ms, running.open_ms, values, running.ids())
            self._kline.send(event)
        if now_ms % MINUTE_MS == 0:
            self._send_closed(now_ms, digits)

    def _send_closed(self, now_ms: int, digits: tuple[int, int]) -> None:
        open_ms = now_ms - MINUTE_MS
        row = self._piece.candles.get(open_ms)
        if row is None:
            return
        opened, high, low, close, volume, quote, count, bought, bought_quote = row
        values = kline_values((opened, high, low, close, volume, quote, bought, bought_quote), *digits)
        ids = self.running.ids() if self.running.open_ms == open_ms else (-1, -1, 0)
        trades = None if math.isnan(count) else int(count)
        event = events.kline(self.pair.symbol, now_ms, open_ms, values, (*ids[:2], trades))
        event["k"]["x"] = True
        self._kline.send(event)
