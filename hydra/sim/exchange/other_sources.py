"""Two sources beside the exchange: Fear & Greed (alternative.me), liquidations of many exchanges (CoinGlass).

Their numbers are made from the market that is served: the index from the mean change of a week, the
liquidations from the forced orders of each pair.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import numpy as np

from hydra.durations import DAY_MS, MINUTE_MS
from hydra.sim.exchange.klines import INTERVALS
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.query import Query, whole_number

_WEEK_MS: Final = 7 * DAY_MS
_WORDS: Final = ((25, "Extreme Fear"), (46, "Fear"), (55, "Neutral"), (75, "Greed"), (101, "Extreme Greed"))
_SENSITIVITY: Final = 10.0
_LIQUIDATION_PATH: Final = "/api/futures/liquidation/aggregated-history"
COINGLASS_PATHS: Final = (_LIQUIDATION_PATH, "/api/futures/liquidation/history")


class SimulatedSources:
    """Answers from the played market."""

    def __init__(self, market: PlayedMarket, now_ms: Callable[[], int]) -> None:
        self._market = market
        self._now_ms = now_ms

    def fear_and_greed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """GET /fng/: the newest day first; limit 0: every day that there is."""
        wanted = whole_number(query.get("limit", "1")) or None
        now_ms = self._now_ms()
        today = now_ms - now_ms % DAY_MS
        rows = list(islice(self._days(today), wanted))
        data = [
            {
                "value": str(value),
                "value_classification": next(words for most, words in _WORDS if value < most),
                "timestamp": str(day // 1_000),
            }
            for day, value in rows
        ]
        if data:
            data[0]["time_until_update"] = str((today + DAY_MS - now_ms) // 1_000)
        return {"name": "Fear and Greed Index", "data": data, "metadata": {"error": None}}

    def _days(self, newest_ms: int) -> Iterator[tuple[int, int]]:
        """Every day back from the newest, and its index, as far as there is history."""
        day_ms = newest_ms
        while (value := self._index(day_ms)) is not None:
            yield day_ms, value
            day_ms -= DAY_MS

    def _index(self, day_ms: int) -> int | None:
        """0 to 100 from the mean change of the week before; None without that history."""
        changes = []
        for place in range(len(self._market.senders)):
            candles = self._market.past.table("candles_1m", place)
            rows = candles.between(day_ms - _WEEK_MS, day_ms - MINUTE_MS, day_ms)
            if len(rows):
                changes.append(math.log(float(rows.columns["close"][-1]) / float(rows.columns["open"][0])))
        if not changes:
            return None
        return max(0, min(100, round(50 + 50 * math.tanh(_SENSITIVITY * sum(changes) / len(changes)))))

    def liquidations(self, query: Mapping[str, str], path: str) -> dict[str, Any]:
        """CoinGlass: long and short liquidations in USD by interval, `time` its start in milliseconds."""
        interval_ms = INTERVALS.get(query.get("interval", ""))
        symbol = query.get("symbol", "")
        place = self._market.place.get(symbol, self._market.place.get(f"{symbol}USDT"))
        if interval_ms is None or place is None:
            return {"code": "400", "msg": "The requested exchange pair or interval is not supported."}
        numbers = Query(query, self._market.place)
        start, end = numbers.whole("start_time"), numbers.whole("end_time")
        limit = min(numbers.whole("limit") or 1_000, 1_000)
        starts, longs, shorts = self._sums(place, interval_ms)
        rows = [
            (time, long_usd, short_usd)
            for time, long_usd, short_usd in zip(starts, longs, shorts, strict=True)
            if (start is None or time >= start) and (end is None or time <= end)
        ][-limit:]
        prefix = "aggregated_" if path == _LIQUIDATION_PATH else ""
        data = [
            {
                "time": time,
                f"{prefix}long_liquidation_usd": round(long_usd, 2),
                f"{prefix}short_liquidation_usd": round(short_usd, 2),
            }
            for time, long_usd, short_usd in rows
        ]
        return {"code": "0", "msg": "success", "data": data}

    def _sums(self, place: int, interval_ms: int) -> tuple[list[int], list[float], list[float]]:
        """Every complete interval since the first candle, those without a liquidation too."""
        now_ms = self._now_ms()
        candles = self._market.past.table("candles_1m", place).between(None, None, now_ms)
        if not len(candles):
            return [], [], []
        first, beyond = int(candles.times[0]) // interval_ms, now_ms // interval_ms
        liquidations = self._market.past.table("liquidations", place)
        forced = liquidations.between(None, beyond * interval_ms - 1, now_ms)
        places = forced.times // interval_ms - first
        value = forced.columns["price"] * forced.columns["quantity"]
        is_long = forced.columns["side"] == 1
        length = max(0, beyond - first)
        longs = np.bincount(places[is_long], weights=value[is_long], minlength=length)
        shorts = np.bincount(places[~is_long], weights=value[~is_long], minlength=length)
        starts = ((np.arange(length) + first) * interval_ms).tolist()
        return starts, longs[:length].tolist(), shorts[:length].tolist()
