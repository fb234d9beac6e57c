"""The answers of /futures/data: open interest and ratios of five-minute periods, kept for 30 days."""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from hydra.durations import DAY_MS, FIVE_MINUTES_MS, MINUTE_MS
from hydra.sim.exchange.klines import INTERVALS
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.past import Found, limited, minute_bars
from hydra.sim.exchange.query import Query
from hydra.sim.exchange.refusals import refusal

_KEPT_MS: Final = 30 * DAY_MS
_PERIODS: Final = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"})
RATIO_COLUMNS: Final = {
    "globalLongShortAccountRatio": "long_short_ratio",
    "topLongShortAccountRatio": "top_account_long_short_ratio",
    "topLongShortPositionRatio": "top_position_long_short_ratio",
    "takerlongshortRatio": "taker_buy_sell_ratio",
}
"""Endpoint -> column of market.positioning."""


class StatisticsAnswers:
    """Answers from the played market."""

    def __init__(self, market: PlayedMarket, now_ms: Callable[[], int]) -> None:
        self._market = market
        self._now_ms = now_ms

    def _rows(self, table: str, query: Query, place: int) -> Found:
        """The newest rows of the range that lie on the period's grid."""
        period = query.text("period")
        if period not in _PERIODS:
            raise refusal(400, -1130, "Data sent for parameter 'period' is not valid.")
        limit, now_ms = query.limit(30, 500), self._now_ms()
        start, end = query.range()
        if start is not None and start < now_ms - _KEPT_MS:
            raise refusal(400, -1130, "parameter 'startTime' is invalid.")
        oldest = max(start or 0, now_ms - _KEPT_MS)
        found = self._market.past.table(table, place).between(oldest, end, now_ms)
        on_grid = found.times % max(INTERVALS[period], FIVE_MINUTES_MS) == 0
        rows = Found(found.times[on_grid], {name: values[on_grid] for name, values in found.columns.items()})
        return limited(rows, limit, oldest=False)

    def open_interest(self, query: Query) -> list[dict[str, Any]]:
        """GET openInterestHist."""
        place = query.pair()
        found = self._rows("open_interest", query, place)
        pair = self._market.source.pairs[place]
        columns = (found.columns[name].tolist() for name in ("contracts", "value_usd"))
        return [
            {
                "symbol": pair.symbol,
                "sumOpenInterest": f"{contracts:.8f}",
                "sumOpenInterestValue": None if math.isnan(value) else plain(value),
                "timestamp": time,
            }
            for time, contracts, value in zip(found.times.tolist(), *columns, strict=True)
        ]

    def ratio(self, endpoint: str, query: Query) -> list[dict[str, Any]]:
        """GET one of the ratios of accounts and positions, or of takers."""
        place = query.pair()
        found = self._rows("positioning", query, place)
        ratios = found.columns[RATIO_COLUMNS[endpoint]]
        known = ~np.isnan(ratios)
        pairs = zip(found.times[known].tolist(), ratios[known].tolist(), strict=True)
        symbol = self._market.source.pairs[place].symbol
        if endpoint == "takerlongshortRatio":
            volumes = self._volumes(place)
            return [_takers(time, ratio, volumes.get(time, 1.0)) for time, ratio in pairs]
        return [
            {
                "symbol": symbol,
                "longShortRatio": plain(ratio),
                "longAccount": f"{ratio / (1 + ratio):.4f}",
                "shortAccount": f"{1 / (1 + ratio):.4f}",
                "timestamp": time,
            }
            for time, ratio in pairs
        ]

    def _volumes(self, place: int) -> dict[int, float]:
        """Traded quantity by the end of five minutes."""
        candles = self._market.past.table("candles_1m", place).between(
            self._now_ms() - _KEPT_MS, None, self._now_ms()
        )
        ends = candles.times - candles.times % FIVE_MINUTES_MS + FIVE_MINUTES_MS
        unique, places = np.unique(ends, return_inverse=True)
        sums = np.bincount(places, weights=candles.columns["volume"])
        return dict(zip(unique.tolist(), sums.tolist(), strict=True))

    def basis(self, query: Query) -> list[dict[str, Any]]:
        """GET basis: the mark against the index; of the pair's perpetual only."""
        place = query.pair("pair")
        found = self._rows("premium_index", query, place)
        marks = minute_bars(self._market.past.table("mark_prices", place).between(None, None, self._now_ms()))
        close = dict(zip((marks.times + MINUTE_MS).tolist(), marks.columns["close"].tolist(), strict=True))
        rows = []
        for time, index in zip(found.times.tolist(), found.columns["index_price"].tolist(), strict=True):
            mark = close.get(time, index)
            rows.append(
                {
                    "indexPrice": f"{index:.8f}",
                    "contractType": "PERPETUAL",
                    "basisRate": f"{mark / index - 1:.4f}",
                    "futuresPrice": plain(mark),
                    "annualizedBasisRate": "",
                    "basis": f"{mark - index:.8f}",
                    "pair": self._market.source.pairs[place].symbol,
                    "timestamp": time,
                }
            )
        return rows


def _takers(time: int, ratio: float, volume: float) -> dict[str, Any]:
    return {
        "buySellRatio": plain(ratio),
        "buyVol": f"{volume * ratio / (1 + ratio):.4f}",
        "sellVol": f"{volume / (1 + ratio):.4f}",
        "timestamp": time,
    }


def plain(number: float) -> str:
    """The shortest text that gives this float again, without an exponent."""
    return np.format_float_positional(number, trim="0")
