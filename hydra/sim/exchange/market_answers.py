"""The answers of /fapi that tell of the market: book, trades, candles, marks, funding, open interest."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from hydra.durations import DAY_MS, HOUR_MS, MINUTE_MS
from hydra.sim.exchange import books
from hydra.sim.exchange.events import next_settlement_ms, rate_text
from hydra.sim.exchange.klines import INTERVALS, KLINE_VALUES, grouped, kline_rows
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.pair_sender import PairSender
from hydra.sim.exchange.past import Found, limited, minute_bars
from hydra.sim.exchange.query import Query
from hydra.sim.exchange.refusals import BAD_INTERVAL, refusal

RestAnswer = dict[str, Any] | list[Any]
_INTEREST_RATE: Final = "0.00010000"
_DEPTH_LIMITS: Final = frozenset({5, 10, 20, 50, 100, 500, 1_000})


class MarketAnswers:
    """Answers from the played market. now_ms: the exchange's time."""

    def __init__(self, market: PlayedMarket, now_ms: Callable[[], int]) -> None:
        self._market = market
        self._now_ms = now_ms

    def depth(self, query: Query, seconds_old: float | None = None) -> RestAnswer:
        """GET depth; `seconds_old`: as it was then."""
        place, limit = query.pair(), query.limit(500, 1_000)
        if limit not in _DEPTH_LIMITS:
            raise refusal(400, -4021, f"Invalid depth limit; must be one of {sorted(_DEPTH_LIMITS)}.")
        sender, at_ms = self._market.senders[place], self._market.sent_ms
        book = sender.book_at(at_ms)
        if seconds_old is not None:
            older = [one for one in sender.recent_books if one.time_ms <= at_ms - seconds_old * 1_000]
            book = older[-1] if older else book
        if book is None:
            return {"lastUpdateId": books.last_id(at_ms), "E": at_ms, "T": at_ms, "bids": [], "asks": []}
        return {
            "lastUpdateId": books.last_id(book.time_ms),
            "E": self._now_ms(),
            "T": book.time_ms,
            "bids": [list(level) for level in list(book.bids.levels.items())[:limit]],
            "asks": [list(level) for level in list(book.asks.levels.items())[:limit]],
        }

    def book_ticker(self, query: Query) -> RestAnswer:
        """GET ticker/bookTicker."""
        answers = []
        for place in query.pairs():
            sender = self._market.senders[place]
            book = sender.book_at(self._market.sent_ms)
            bid = next(iter(book.bids.levels.items()), ("0", "0")) if book else ("0", "0")
            ask = next(iter(book.asks.levels.items()), ("0", "0")) if book else ("0", "0")
            time_ms = book.time_ms if book else self._now_ms()
            answers.append(
                {
                    "symbol": sender.pair.symbol,
                    "bidPrice": bid[0],
                    "bidQty": bid[1],
                    "askPrice": ask[0],
                    "askQty": ask[1],
                    "time": time_ms,
                    "lastUpdateId": books.last_id(time_ms),
                }
            )
        return answers[0] if "symbol" in query else answers

    def aggregate_trades(self, query: Query) -> RestAnswer:
        """GET aggTrades: from an id, of a range (oldest first), or the newest."""
        place, limit = query.pair(), query.limit(500, 1_000)
        start, end = query.range()
        if start is not None and end is not None and end - start > HOUR_MS:
            raise refusal(400, -1127, "More than 1 hours between startTime and endTime.")
        first_id = query.whole("fromId")
        rows = self._market.past.table("trades", place)
        if first_id is not None:
            found = rows.from_value("trade_id", first_id, limit, self._market.sent_ms)
        else:
            found = limited(rows.between(start, end, self._market.sent_ms), limit, oldest=start is not None)
        return [
            {
                "a": number,
                "p": price,
                "q": quantity,
                "nq": quantity,
                "f": number,
                "l": number,
                "T": time,
                "m": maker,
            }
            for time, number, price, quantity, maker in self._trades(place, found)
        ]

    def trades(self, query: Query) -> RestAnswer:
        """GET trades and historicalTrades: the newest, or from an id."""
        place, limit = query.pair(), query.limit(500, 1_000)
        first_id = query.whole("fromId")
        rows = self._market.past.table("trades", place)
        if first_id is not None:
            found = rows.from_value("trade_id", first_id, limit, self._market.sent_ms)
        else:
            found = limited(rows.between(None, None, self._market.sent_ms), limit, oldest=False)
        return [
            {
                "id": number,
                "price": price,
                "qty": quantity,
                "quoteQty": f"{float(price) * float(quantity):.2f}",
                "time": time,
                "isBuyerMaker": maker,
                "isRPITrade": False,
            }
            for time, number, price, quantity, maker in self._trades(place, found)
        ]

    def _trades(self, place: int, found: Found) -> list[tuple[int, int, str, str, bool]]:
        pair = self._market.source.pairs[place]
        price, quantity = f".{pair.price_digits}f", f".{pair.quantity_digits}f"
        columns = (
            found.columns[name].tolist() for name in ("trade_id", "price", "quantity", "buyer_is_maker")
        )
        return [
            (time, int(number), format(paid, price), format(traded, quantity), maker == 1)
            for time, number, paid, traded, maker in zip(found.times.tolist(), *columns, strict=True)
        ]

    def klines(self, query: Query) -> RestAnswer:
        """GET klines: the last row is the running candle."""
        place = query.pair()
        start, end, limit, interval_ms = self._bar_range(query)
        opens, columns = grouped(self._minutes(place, start, end, limit, interval_ms), interval_ms)
        pair = self._market.source.pairs[place]
        part = slice(0, limit) if start is not None else slice(max(0, len(opens) - limit), None)
        shown = opens[part], {name: values[part] for name, values in columns.items()}
        return kline_rows(shown, interval_ms, (pair.price_digits, pair.quantity_digits))

    def _bar_range(self, query: Query) -> tuple[int | None, int | None, int, int]:
        """Start, end, limit and interval; a bar belongs to the range in which it opens."""
        interval_ms = INTERVALS.get(query.text("interval"))
        if interval_ms is None:
            raise BAD_INTERVAL
        start, end = query.range()
        if start is not None:
            start = -(-start // interval_ms) * interval_ms
        if end is not None:
            end = end - end % interval_ms + interval_ms - 1
        return start, end, query.limit(500, 1_500), interval_ms

    def _minutes(self, place: int, start: int | None, end: int | None, limit: int, interval_ms: int) -> Found:
        """Closed minutes and the running one that can matter: the first ones from `start` on, or the newest.

        As on the exchange an answer begins where there are candles, and goes on behind a hole.
        """
        now_ms = self._market.sent_ms
        last = now_ms if end is None else min(now_ms, end)
        rows = self._market.past.table("candles_1m", place)
        if start is None:
            start = last - last % interval_ms - limit * interval_ms
            closed = rows.between(start, last, now_ms)
        else:
            most = limit * interval_ms // MINUTE_MS
            closed = limited(rows.between(start, last, now_ms), most, oldest=True)
        running = self._market.senders[place].running
        is_open = running.open_ms == now_ms - now_ms % MINUTE_MS
        if not is_open or not start <= running.open_ms <= last:
            return closed
        values: dict[str, float] = dict(zip(KLINE_VALUES, (*running.prices, *running.sums), strict=True))
        values["trade_count"] = float(running.count)
        columns = {name: np.append(rows, values[name]) for name, rows in closed.columns.items()}
        return Found(np.append(closed.times, running.open_ms), columns)

    def mark_klines(self, query: Query) -> RestAnswer:
        """GET markPriceKlines: bars that are recorded as such, or made of shorter ones."""
        place = query.pair()
        start, end, limit, interval_ms = self._bar_range(query)
        found = self._closed_marks(place, start, end)
        lengths = found.columns["timeframe_minutes"]
        own = lengths == interval_ms / MINUTE_MS
        rows = found.where(own if own.any() else lengths == 1)
        opens, columns = grouped(rows, interval_ms)
        pair = self._market.source.pairs[place]
        part = slice(0, limit) if start is not None else slice(max(0, len(opens) - limit), None)
        shown = opens[part], {name: values[part] for name, values in columns.items()}
        return kline_rows(shown, interval_ms, (pair.price_digits, pair.quantity_digits))

    def _closed_marks(self, place: int, start: int | None, end: int | None) -> Found:
        """Mark bars of every length that are over."""
        now_ms = self._market.sent_ms
        found = self._market.past.table("mark_prices", place).between(start, end, now_ms)
        return found.where(found.times + found.columns["timeframe_minutes"] * MINUTE_MS <= now_ms)

    def index_klines(self, query: Query) -> RestAnswer:
        """GET indexPriceKlines (by `pair`): of the index at every minute's end."""
        place = query.pair("pair")
        return self._told(query, place, "index_price")

    def premium_klines(self, query: Query) -> RestAnswer:
        """GET premiumIndexKlines: mark over index, less 1, at every minute's end."""
        return self._told(query, query.pair(), None)

    def _told(self, query: Query, place: int, column: str | None) -> RestAnswer:
        start, end, limit, interval_ms = self._bar_range(query)
        table = self._market.past.table("premium_index", place)
        begin = None if start is None else start + MINUTE_MS
        found = table.between(begin, None if end is None else end + MINUTE_MS, self._market.sent_ms)
        values, digits = found.columns["index_price"], 8
        if column is None:
            marks = minute_bars(self._closed_marks(place, start, end))
            opens, told, marked = np.intersect1d(
                found.times - MINUTE_MS, marks.times, assume_unique=True, return_indices=True
            )
            values = marks.columns["close"][marked] / values[told] - 1
            found = Found(opens + MINUTE_MS, {})
        bars = Found(found.times - MINUTE_MS, {name: values for name in ("open", "high", "low", "close")})
        opens, columns = grouped(bars, interval_ms)
        part = slice(0, limit) if start is not None else slice(max(0, len(opens) - limit), None)
        shown = opens[part], {name: rows[part] for name, rows in columns.items()}
        return kline_rows(shown, interval_ms, (digits, 0))

    def premium_index(self, query: Query) -> RestAnswer:
        """GET premiumIndex: mark, index, the estimate of the next settlement."""
        answers = [self._premium(place, self._market.senders[place]) for place in query.pairs()]
        return answers[0] if "symbol" in query else answers

    def _premium(self, place: int, sender: PairSender) -> dict[str, Any]:
        now_ms, mark, index, rate = self._now_ms(), sender.mark, sender.index, sender.rate
        if not mark:
            bars = self._closed_marks(place, now_ms - DAY_MS, None)
            settled = self._market.past.table("funding_rates", place).newest(now_ms)
            mark = float(bars.columns["close"][-1]) if len(bars) else 0.0
            rate = rate_text(float(settled.columns["rate"][0])) if len(settled) else rate
        return {
            "symbol": sender.pair.symbol,
            "markPrice": f"{mark:.8f}",
            "indexPrice": f"{index:.8f}",
            "estimatedSettlePrice": f"{mark:.8f}",
            "lastFundingRate": rate,
            "interestRate": _INTEREST_RATE,
            "nextFundingTime": next_settlement_ms(now_ms),
            "time": self._market.sent_ms,
        }

    def funding_rates(self, query: Query) -> RestAnswer:
        """GET fundingRate: settled ones, of a range (oldest first) or the newest."""
        start, end = query.range()
        limit = query.limit(100, 1_000)
        rows: list[dict[str, Any]] = []
        for place in query.pairs():
            table = self._market.past.table("funding_rates", place)
            found = limited(table.between(start, end, self._now_ms()), limit, oldest=start is not None)
            pair = self._market.source.pairs[place]
            marks = np.nan_to_num(found.columns["mark_price"]).tolist()
            rows += [
                {
                    "symbol": pair.symbol,
                    "fundingTime": time,
                    "fundingRate": rate_text(rate),
                    "markPrice": f"{mark:.8f}" if mark else "",
                    "rateType": "NORMAL",
                }
                for time, rate, mark in zip(
                    found.times.tolist(), found.columns["rate"].tolist(), marks, strict=True
                )
            ]
        rows.sort(key=lambda row: row["fundingTime"])
        return rows[:limit] if start is not None else rows[-limit:]

    def open_interest(self, query: Query) -> RestAnswer:
        """GET openInterest: as measured last (every 15 s)."""
        place = query.pair()
        newest = self._market.past.table("open_interest", place).newest(self._now_ms())
        pair = self._market.source.pairs[place]
        contracts = float(newest.columns["contracts"][0]) if len(newest) else 0.0
        time_ms = int(newest.times[0]) if len(newest) else self._now_ms()
        return {
            "symbol": pair.symbol,
            "openInterest": f"{contracts:.{pair.quantity_digits}f}",
            "time": time_ms,
        }

    def last_price(self, query: Query) -> RestAnswer:
        """GET ticker/price."""
        answers = []
        for place in query.pairs():
            sender = self._market.senders[place]
            trade = sender.last_trade
            price = trade.price if trade else self._last_close(place)
            time_ms = trade.time_ms if trade else self._now_ms()
            answers.append({"symbol": sender.pair.symbol, "price": price, "time": time_ms})
        return answers[0] if "symbol" in query else answers

    def _last_close(self, place: int) -> str:
        newest = self._market.past.table("candles_1m", place).newest(self._now_ms())
        close = float(newest.columns["close"][0]) if len(newest) else 0.0
        return f"{close:.{self._market.source.pairs[place].price_digits}f}"

    def day(self, query: Query) -> RestAnswer:
        """GET ticker/24hr."""
        now_ms = self._market.sent_ms
        answers = []
        for place in query.pairs():
            rows = self._market.past.table("candles_1m", place).between(now_ms - DAY_MS, None, now_ms)
            answers.append(self._day_of(place, rows))
        return answers[0] if "symbol" in query else answers

    def _day_of(self, place: int, rows: Found) -> dict[str, Any]:
        pair, now_ms = self._market.source.pairs[place], self._market.sent_ms
        columns = rows.columns if len(rows) else {name: np.zeros(1) for name in rows.columns}
        price, quantity = f".{pair.price_digits}f", f".{pair.quantity_digits}f"
        opened, close = float(columns["open"][0]), float(columns["close"][-1])
        volume, quote = float(columns["volume"].sum()), float(np.nan_to_num(columns["quote_volume"]).sum())
        return {
            "symbol": pair.symbol,
            "priceChange": format(close - opened, price),
            "priceChangePercent": f"{(close / opened - 1) * 100 if opened else 0.0:.3f}",
            "weightedAvgPrice": format(quote / volume if volume else 0.0, price),
            "lastPrice": format(close, price),
            "lastQty": format(0.0, quantity),
            "openPrice": format(opened, price),
            "highPrice": format(float(columns["high"].max()), price),
            "lowPrice": format(float(columns["low"].min()), price),
            "volume": format(volume, quantity),
            "quoteVolume": f"{quote:.2f}",
            "openTime": now_ms - DAY_MS,
            "closeTime": now_ms,
            "firstId": 0,
            "lastId": 0,
            "count": int(np.nan_to_num(columns["trade_count"]).sum()),
        }
