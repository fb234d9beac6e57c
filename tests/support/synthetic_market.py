"""A small market made up from a seed, as rows of the fact tables: with holes, late rows and dead feeds.

`facts_from_scratch` says in plain words what a reading at a point in time must give from such rows.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from hydra.arrays import TIME
from hydra.features.facts import LAYER_SOURCES, SOURCES, MarketFacts
from hydra.features.reading.anchor import anchor

Rows = dict[str, pl.DataFrame]
Tuples = list[tuple[Any, ...]]
Fact = dict[str, Any]
Known = Callable[[datetime, float], datetime]

MINUTE = timedelta(minutes=1)
FIVE_MINUTES = timedelta(minutes=5)
_KEY = {"instrument_id": pl.Int16(), "time": TIME, "known_at": TIME}
_PRICES = {name: pl.Float64() for name in ("open", "high", "low", "close", "volume")}
_CANDLE = {
    **_KEY,
    **_PRICES,
    "quote_volume": pl.Float64(),
    "trade_count": pl.Int32(),
    "taker_buy_volume": pl.Float64(),
    "taker_buy_quote_volume": pl.Float64(),
}
_LEVELS = pl.List(pl.Float64())
TABLES: dict[str, dict[str, pl.DataType]] = {
    "candles_1m": _CANDLE,
    "candles_5m_recorded": _CANDLE,
    "funding_rates": {
        **_KEY,
        "rate": pl.Float64(),
        "interval_hours": pl.Int16(),
        "mark_price": pl.Float64(),
    },
    "open_interest": {**_KEY, "contracts": pl.Float64(), "value_usd": pl.Float64()},
    "positioning": {
        **_KEY,
        "long_short_ratio": pl.Float64(),
        "top_account_long_short_ratio": pl.Float64(),
        "top_position_long_short_ratio": pl.Float64(),
        "taker_buy_sell_ratio": pl.Float64(),
    },
    "liquidations": {
        "instrument_id": pl.Int16(),
        "time": TIME,
        "side": pl.String(),
        "price": pl.Float64(),
        "quantity": pl.Float64(),
        "known_at": TIME,
        "value_usd": pl.Float64(),
    },
    "order_books": {
        **_KEY,
        "bid_prices": _LEVELS,
        "bid_quantities": _LEVELS,
        "ask_prices": _LEVELS,
        "ask_quantities": _LEVELS,
        "last_update_id": pl.Int64(),
    },
    "feed_heartbeats": {"feed": pl.String(), **_KEY},
    "gaps": {**_KEY, "source_table": pl.String(), "gap_start": TIME},
}


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant in UTC: utc(2025, 6, 10, 12)."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def make_rows(seed: int, start: datetime, end: datetime, pairs: tuple[int, ...], late_share: float) -> Rows:
    """Rows of all fact tables from `start` to `end`; books and heartbeats only in the last two hours."""
    random = Random(seed)

    def known(time: datetime, delay_seconds: float) -> datetime:
        late = random.expovariate(1 / 20_000) if random.random() < late_share else 0.0
        return time + timedelta(seconds=round(delay_seconds + late, 3))

    makers: dict[str, Callable[[Random, Known, int, datetime, datetime], Tuples]] = {
        "candles_1m": _candles,
        "candles_5m_recorded": _recorded,
        "funding_rates": _funding,
        "open_interest": _open_interest,
        "positioning": _positioning,
        "liquidations": _liquidations,
        "order_books": _books,
        "feed_heartbeats": _heartbeats,
        "gaps": _gaps,
    }
    return {
        table: pl.DataFrame(
            [row for pair in pairs for row in make(random, known, pair, start, end)],
            schema=TABLES[table],
            orient="row",
        )
        for table, make in makers.items()
    }


def steps(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """start, start + step, ... up to and without `end`."""
    return [start + index * step for index in range(-((start - end) // step))]


def _candles(random: Random, known: Known, pair: int, start: datetime, end: datetime) -> Tuples:
    price, rows = 100.0 * pair, []
    for time in steps(start, end, MINUTE):
        opened, price = price, price * (1 + random.gauss(0, 0.001))
        high, low = max(opened, price) * 1.0005, min(opened, price) * 0.9995
        volume = random.uniform(1, 50)
        quote = volume * price if random.random() < 0.5 else None
        taker = 0.4 * quote if quote and random.random() < 0.8 else None
        if random.random() > 0.02:
            known_at = known(time + MINUTE, 2)
            rows.append((pair, time, known_at, opened, high, low, price, volume, quote, None, None, taker))
    return rows


def _recorded(random: Random, known: Known, pair: int, start: datetime, end: datetime) -> Tuples:
    """A day before the minutes begin, and some that overlap them."""
    times = steps(start - timedelta(days=1), start + (end - start) / 4, FIVE_MINUTES)
    prices, unknown = (100.0, 102.0, 99.0, 101.0), (None, None, None, None)
    return [
        (pair, time, known(time + FIVE_MINUTES, 2), *prices, random.uniform(1, 9), *unknown) for time in times
    ]


def _funding(random: Random, known: Known, pair: int, start: datetime, end: datetime) -> Tuples:
    first = start.replace(hour=0, minute=0) - timedelta(days=40)
    times = steps(first, end, timedelta(hours=8))
    return [(pair, time, known(time, 5), random.gauss(1e-4, 1e-4), 8, None) for time in times]


def _open_interest(random: Random, known: Known, pair: int, start: datetime, end: datetime) -> Tuples:
    """On the five-minute grid at first, polled every 20 seconds (with holes) in the last two hours."""
    polls_from = end - timedelta(hours=2)
    history = [(time, 60.0) for time in steps(start, polls_from, FIVE_MINUTES)]
    polls = [
        (time + timedelta(milliseconds=137), 0.05) for time in steps(polls_from, end, timedelta(seconds=20))
    ]
    rows = []
    for time, delay in history + [poll for poll in polls if random.random() > 0.3]:
        contracts = random.choice([None, 0.0, *[random.uniform(900, 1100) for _ in range(8)]])
        rows.append((pair, time, known(time, delay), contracts, contracts and contracts * 100))
    return rows


def _positioning(random: Random, known: Known, pair: int, start: datetime, end: datetime) -> Tuples:
    times = steps(start, end, FIVE_MINUTES)
    return [
        (pair, time, known(time, 60), random.choice([None, 1.0, 1.5]), None, None, random.uniform(0.5, 2))
        for time in times
    ]


def _liquidations(random: Random, known: Known, pair: int, start: datetime, end: datetime) -> Tuples:
    rows = []
    for time in steps(start, end, timedelta(minutes=7)):
        instant = time + timedelta(milliseconds=random.randrange(300_000))
        for side in random.sample(["LONG", "SHORT"], random.randint(1, 2)):
            price, quantity = round(random.uniform(90, 110), 2), round(random.uniform(0.1, 5), 3)
            rows.append((pair, instant, side, price, quantity, known(instant, 0.2), price * quantity))
    return rows


def _books(random: Random, known: Known, pair: int, _start: datetime, end: datetime) -> Tuples:
    rows = []
    for number, time in enumerate(steps(end - timedelta(hours=2), end, timedelta(seconds=15))):
        levels = random.choice([0, 3, 20, 25])
        bids = [100.0 - 0.1 * level for level in range(levels)]
        asks = [100.1 + 0.1 * level for level in range(levels)]
        quantities = [random.uniform(0.1, 9) for _ in range(levels)]
        rows.append((pair, time, known(time, 0.1), bids, quantities, asks, quantities[::-1], number))
    return rows


def _heartbeats(random: Random, known: Known, pair: int, _start: datetime, end: datetime) -> Tuples:
    times = steps(end - timedelta(hours=2), end, timedelta(seconds=30))
    return [
        (feed, pair, time, known(time, 0.1))
        for feed, time in product(["liquidations", "order_book", "candles_1m"], times)
        if random.random() > 0.2
    ]


def _gaps(random: Random, _known: Known, pair: int, _start: datetime, end: datetime) -> Tuples:
    """Known when they end, their `time`; those of other feeds do not count."""
    times = steps(end - timedelta(hours=4), end, timedelta(minutes=40))
    return [
        (pair, time, time, table, time - timedelta(seconds=random.randrange(5, 400)))
        for table, time in product(["liquidations", "order_books"], times)
    ]


def facts_from_scratch(rows: Rows, start: datetime, as_of: datetime) -> MarketFacts:
    """What a reading of `rows` at `as_of` for decisions from `start` must give, row by row in Python."""
    starts = anchor(start)

    def known(table: str, name: str) -> list[Fact]:
        seen = (pl.col("known_at") <= as_of) & (pl.col("time") <= as_of) & (pl.col("time") >= starts[name])
        return rows[table].filter(seen).to_dicts()

    minutes = known("candles_1m", "candles_1m")
    frames = {
        "candles_1m": minutes,
        "candles_5m": _bars(minutes, known("candles_5m_recorded", "candles_5m"), as_of),
        "funding_rates": known("funding_rates", "funding_rates"),
        "open_interest_5m": _grid(rows["open_interest"], starts["open_interest_5m"], as_of),
        "positioning": known("positioning", "positioning"),
        "liquidations": known("liquidations", "liquidations"),
        "liquidation_gaps": [
            {**row, "missing_seconds": (row["time"] - row["gap_start"]).total_seconds()}
            for row in known("gaps", "liquidation_gaps")
            if row["source_table"] == "liquidations"
        ],
        "order_book_tops": [_top(book) for book in known("order_books", "order_book_tops")],
        "heartbeats": [row for row in known("feed_heartbeats", "heartbeats") if row["feed"] != "candles_1m"],
    }
    shown = {
        name: [{column: row[column] for column in SOURCES[name].columns} for row in found]
        for name, found in frames.items()
    }
    return MarketFacts(
        **{
            name: pl.DataFrame(found, schema=SOURCES[name].columns).sort("instrument_id", "time")
            for name, found in shown.items()
        }
    )


def _bars(minutes: list[Fact], recorded: list[Fact], as_of: datetime) -> list[Fact]:
    buckets = defaultdict(list)
    for row in minutes:
        bucket = row["time"] - timedelta(minutes=row["time"].minute % 5)
        buckets[row["instrument_id"], bucket].append(row)
    alone = {(row["instrument_id"], row["time"]): _recorded_bar(row) for row in recorded}
    whole = {
        key: _bar(*key, sorted(held, key=lambda row: row["time"]))
        for key, held in buckets.items()
        if key[1] + FIVE_MINUTES <= as_of
    }
    kept = {key: bar for key, bar in alone.items() if key not in buckets}
    return list({**kept, **whole}.values())


def _recorded_bar(row: Fact) -> Fact:
    return {**row, "quote_volume": _quote(row), "row_count": 5}


def _quote(row: Fact) -> Any:
    typical = (row["high"] + row["low"] + row["close"]) / 3
    return row["volume"] * typical if row["quote_volume"] is None else row["quote_volume"]


def _bar(pair: int, time: datetime, held: list[Fact]) -> Fact:
    takers = [row["taker_buy_quote_volume"] for row in held]
    return {
        "instrument_id": pair,
        "time": time,
        "known_at": max([time + FIVE_MINUTES, *(row["known_at"] for row in held)]),
        "open": held[0]["open"],
        "high": max(row["high"] for row in held),
        "low": min(row["low"] for row in held),
        "close": held[-1]["close"],
        "volume": sum(row["volume"] for row in held),
        "quote_volume": sum(_quote(row) for row in held),
        "taker_buy_quote_volume": None if None in takers else sum(takers),
        "row_count": len(held),
    }


def _grid(measured: pl.DataFrame, start: datetime, as_of: datetime) -> list[Fact]:
    """Of a bucket the last measurement that was known by its end, else the first that became known."""
    last = {}
    seen = measured.filter((pl.col("known_at") <= as_of) & (pl.col("time") <= as_of)).to_dicts()
    ends = [row["time"] + (utc(1970, 1, 1) - row["time"]) % FIVE_MINUTES for row in seen]
    known = sorted(zip(seen, ends, strict=True), key=lambda one: (one[0]["known_at"], one[0]["time"]))
    late = [one for one in reversed(known) if one[0]["known_at"] > one[1]]
    in_time = [one for one in known if one[0]["known_at"] <= one[1]]
    for row, grid in [*late, *sorted(in_time, key=lambda one: one[0]["time"])]:
        if start <= grid <= as_of:
            last[row["instrument_id"], grid] = {
                **row,
                "time": grid,
                "known_at": max(row["known_at"], grid),
            }
    return list(last.values())


def _top(book: Fact) -> Fact:
    def depth(side: str) -> float | None:
        levels = list(zip(book[f"{side}_prices"], book[f"{side}_quantities"], strict=True))[:20]
        return sum(price * quantity for price, quantity in levels) if levels else None

    return {
        **book,
        "best_bid": book["bid_prices"][0] if book["bid_prices"] else None,
        "best_ask": book["ask_prices"][0] if book["ask_prices"] else None,
        "bid_depth_usd": depth("bid"),
        "ask_depth_usd": depth("ask"),
    }


def assert_same_facts(found: MarketFacts, expected: MarketFacts) -> None:
    """Fail, naming the frame, unless both hold the same rows in the order of pair and time.

    Sums may differ in their last bits, because a database adds in any order.
    """
    for name in LAYER_SOURCES:
        frame: pl.DataFrame = getattr(found, name)
        assert frame.select("instrument_id", "time").equals(
            frame.select("instrument_id", "time").sort("instrument_id", "time")
        ), f"{name} is not in order"
        order = [
            column for column in ("instrument_id", "time", "side", "feed", "value_usd") if column in frame
        ]
        try:
            assert_frame_equal(
                frame.sort(order), getattr(expected, name).sort(order), rel_tol=1e-12, abs_tol=0
            )
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
