"""A piece of the market of one pair, prepared for sending: lists in the order of time, numbers as text."""

from typing import Final, NamedTuple

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.sim.exchange.books import Book, side_of
from hydra.sim.exchange.events import rate_text
from hydra.sim.exchange.past import TABLES, by_pair
from hydra.sim.exchange.sources import ListedPair
from hydra.sim.market.frames import MarketSlice

MINUTE_SECONDS: Final = 60
_LEVEL_COLUMNS: Final = ("bid_prices", "bid_quantities", "ask_prices", "ask_quantities")
_US_PER_MS: Final = 1_000


class TradeRow(NamedTuple):
    """A trade: numbers as text and as they are."""

    time_ms: int
    trade_id: int
    price: str
    quantity: str
    buyer_is_maker: bool
    price_number: float
    quantity_number: float


class PairPiece(NamedTuple):
    """What one pair does in a piece. `marks`: 60 prices by minute (its open, ms).

    `premium`: index price and predicted rate by the minute's end (ms).
    """

    trades: list[TradeRow]
    candles: dict[int, tuple[float, ...]]
    forced_orders: list[tuple[int, bool, str, str]]
    books: list[Book]
    marks: dict[int, list[float]]
    premium: dict[int, tuple[float, str]]


def pieces_of(pairs: tuple[ListedPair, ...], facts: MarketSlice) -> list[PairPiece]:
    """The facts of a stretch by pair."""
    trades, candles, forced, marks, premium = (
        by_pair(getattr(facts, name), TABLES[name])
        for name in ("trades", "candles_1m", "liquidations", "mark_prices", "premium_index")
    )
    books = _books(facts, pairs)
    return [
        PairPiece(
            _trades(pair, trades.get(place)),
            _candles(candles.get(place)),
            _forced_orders(pair, forced.get(place)),
            books.get(place, []),
            _marks(pair, marks.get(place)),
            _premium(premium.get(place)),
        )
        for place, pair in enumerate(pairs)
    ]


_Facts = tuple[Integers, Floats] | None


def _texts(values: Floats, digits: int) -> list[str]:
    form = f"%.{digits}f"
    return [form % value for value in values.tolist()]


def _trades(pair: ListedPair, facts: _Facts) -> list[TradeRow]:
    if facts is None:
        return []
    times, (ids, prices, quantities, makers) = facts
    return [
        TradeRow(*row)
        for row in zip(
            times.tolist(),
            ids.astype(np.int64).tolist(),
            _texts(prices, pair.price_digits),
            _texts(quantities, pair.quantity_digits),
            (makers == 1).tolist(),
            prices.tolist(),
            quantities.tolist(),
            strict=True,
        )
    ]


def _candles(facts: _Facts) -> dict[int, tuple[float, ...]]:
    if facts is None:
        return {}
    return dict(zip(facts[0].tolist(), map(tuple, facts[1].T.tolist()), strict=True))


def _forced_orders(pair: ListedPair, facts: _Facts) -> list[tuple[int, bool, str, str]]:
    if facts is None:
        return []
    times, (prices, quantities, longs) = facts
    return list(
        zip(
            times.tolist(),
            (longs == 1).tolist(),
            _texts(prices, pair.price_digits),
            _texts(quantities, pair.quantity_digits),
            strict=True,
        )
    )


def _marks(pair: ListedPair, facts: _Facts) -> dict[int, list[float]]:
    """A price a second for each bar, whose open, high, low and close are exactly the bar's."""
    if facts is None:
        return {}
    times, (opened, high, low, close, length) = facts
    minute_bars = length == 1
    corners = np.stack([opened, high, low, close], axis=1)[minute_bars]
    rises = corners[:, 3] >= corners[:, 0]
    path = np.where(rises[:, None], corners[:, [0, 2, 1, 3]], corners)
    places = np.array([0, 20, 40, MINUTE_SECONDS - 1])
    seconds = np.arange(MINUTE_SECONDS)
    left = np.clip(np.searchsorted(places, seconds, side="right") - 1, 0, 2)
    share = (seconds - places[left]) / (places[left + 1] - places[left])
    values = path[:, left] * (1 - share) + path[:, left + 1] * share
    values = np.round(values, pair.price_digits)
    values[:, places] = path
    return dict(zip(times[minute_bars].tolist(), values.tolist(), strict=True))


def _premium(facts: _Facts) -> dict[int, tuple[float, str]]:
    if facts is None:
        return {}
    times, (index, rate) = facts
    return {
        time: (price, rate_text(predicted))
        for time, price, predicted in zip(times.tolist(), index.tolist(), rate.tolist(), strict=True)
    }


def _books(facts: MarketSlice, pairs: tuple[ListedPair, ...]) -> dict[int, list[Book]]:
    rows = facts.order_books
    found: dict[int, list[Book]] = {}
    times = (rows["time"].to_physical() // _US_PER_MS).to_list()
    levels = [rows[name].to_list() for name in _LEVEL_COLUMNS]
    for number, time_ms, bids, bid_sizes, asks, ask_sizes in zip(
        rows["instrument_id"].to_list(), times, *levels, strict=True
    ):
        pair = pairs[number - 1]
        digits = (pair.price_digits, pair.quantity_digits)
        book = Book(time_ms, side_of(bids, bid_sizes, -1, digits), side_of(asks, ask_sizes, 1, digits))
        found.setdefault(number - 1, []).append(book)
    return found
