"""What the simulated exchange sends is the generated market's own: the same facts, and nothing else."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, cast

import polars as pl
import pytest

from hydra.durations import MINUTE_US, SECOND_MS
from hydra.exchange.binance.parsers import parse
from hydra.exchange.messages import ClosedCandle, DepthUpdate, ForcedOrder, Message, PremiumIndex, Trade
from hydra.sim.exchange.books import Book, empty_book
from hydra.sim.exchange.channels import KINDS, MARKET, PUBLIC, Channels, Connection
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.message_faults import Faults
from hydra.sim.exchange.sources import GeneratedMarket, GeneratedSource
from hydra.sim.market.frames import MarketSlice
from hydra.sim.market.market import Market
from hydra.sim.market.settings import MarketSettings, Scenario

START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTES = 135
PAIRS = 2
SILENT_MINUTES = 10
SCENARIOS = (Scenario.OUTAGE,)
"""The second pair is silent from minute 120 to 129."""
HEADER_BYTES = {126: 4, 127: 10}

Levels = dict[float, float]


class Listener(Connection):
    """Keeps the messages of frames."""

    def __init__(self, route: str) -> None:
        super().__init__(cast(asyncio.Transport, None), route, is_combined=False)
        self.messages: list[Message] = []

    def put(self, frame: bytes) -> None:
        message = parse(frame[HEADER_BYTES.get(frame[1], 2) :])
        self.messages.extend([] if message is None else [message])


class Heard:
    """Every message of a stretch by kind, and the books that follow from the updates."""

    def __init__(self) -> None:
        self.by_kind: dict[type[Any], list[Any]] = defaultdict(list)
        self.books: dict[tuple[str, int], tuple[Levels, Levels]] = {}
        self.breaks: list[tuple[str, int]] = []
        self._sides: dict[str, tuple[Levels, Levels]] = {}
        self._last_ids: dict[str, int] = {}

    def take(self, message: Message, snapshot: Book | None) -> None:
        """Keep a message; where the chain of updates breaks, begin with the snapshot that REST gives then."""
        self.by_kind[type(message)].append(message)
        if not isinstance(message, DepthUpdate):
            return
        symbol = message.symbol
        if self._last_ids.get(symbol) == message.previous_id:
            apply(self._sides[symbol], message)
        else:
            assert snapshot is not None
            self.breaks.append((symbol, message.time_us))
            self._sides[symbol] = (_numbers(snapshot.bids.levels), _numbers(snapshot.asks.levels))
        self._last_ids[symbol] = message.last_id
        bids, asks = self._sides[symbol]
        self.books[symbol, message.time_us] = (dict(bids), dict(asks))


def apply(sides: tuple[Levels, Levels], message: DepthUpdate) -> None:
    """Change a book as an update says."""
    for side, changes in zip(sides, (message.bids, message.asks), strict=True):
        for price, quantity in changes:
            side[price] = quantity
            if not quantity:
                del side[price]


def _numbers(levels: dict[str, str]) -> Levels:
    return {float(price): float(quantity) for price, quantity in levels.items()}


@pytest.fixture(scope="module")
def heard() -> Heard:
    """135 minutes of two pairs, sent second by second to one listener of each route."""

    async def play() -> Heard:
        source = GeneratedSource(GeneratedMarket(5, START, None, SCENARIOS, PAIRS, history_days=1))
        channels = Channels(tuple(pair.symbol for pair in source.pairs), Faults((), lambda: 0))
        market = PlayedMarket(source, channels)
        listeners = [Listener(PUBLIC), Listener(MARKET)]
        for listener in listeners:
            for symbol in market.place:
                for kind in KINDS:
                    if kind not in {"depth", "markPrice"}:
                        channels.subscribe(listener, f"{symbol.lower()}@{kind}")
        await market.open()
        found = Heard()
        for second in range(MINUTES * 60 + 1):
            now_ms = market.start_ms + second * SECOND_MS
            await market.send_second(now_ms)
            for listener in listeners:
                for message in listener.messages:
                    place = market.place[message.symbol] if isinstance(message, DepthUpdate) else 0
                    found.take(message, market.senders[place].book_at(now_ms))
                listener.messages.clear()
        return found

    return asyncio.run(play())


@pytest.fixture(scope="module")
def facts() -> MarketSlice:
    """The same minutes of the market itself, without what its silent feed would have told."""
    market = Market(
        MarketSettings(
            seed=5,
            start=START,
            pairs=PAIRS,
            scenarios=SCENARIOS,
            warm_up_days=1,
            with_trades=True,
            with_open_interest_polls=True,
            heartbeat_interval_seconds=0,
        )
    )
    market.advance(1_440)
    return market.advance(MINUTES)


def told(messages: list[Any], facts: pl.DataFrame, columns: list[str]) -> None:
    """Assert that messages and facts are the same rows, in any order."""
    names = {1: "BTCUSDT", 2: "ETHUSDT"}
    own = facts.with_columns(
        pl.col("instrument_id").replace_strict(names, return_dtype=pl.String).alias("symbol"),
        pl.col("time").to_physical().alias("time_us"),
    ).select("symbol", "time_us", *columns)
    sent = [tuple(getattr(one, name) for name in ("symbol", "time_us", *columns)) for one in messages]
    assert len(sent) > 0
    assert sorted(sent) == sorted(own.rows())


def test_trades_candles_and_liquidations_are_those_of_the_market(heard: Heard, facts: MarketSlice) -> None:
    told(heard.by_kind[Trade], facts.trades, ["trade_id", "price", "quantity", "buyer_is_maker"])
    told(
        heard.by_kind[ClosedCandle],
        facts.candles_1m,
        [
            "open",
            "high",
            "low",
            "close",
            "volume",
            "quote_volume",
            "trade_count",
            "taker_buy_volume",
            "taker_buy_quote_volume",
        ],
    )
    told(heard.by_kind[ForcedOrder], facts.liquidations, ["side", "price", "quantity"])


def test_candles_are_the_sums_of_the_trades_sent(heard: Heard) -> None:
    trades: dict[tuple[str, int], list[Trade]] = defaultdict(list)
    for trade in heard.by_kind[Trade]:
        trades[trade.symbol, trade.time_us - trade.time_us % MINUTE_US].append(trade)
    for candle in heard.by_kind[ClosedCandle]:
        prices = [trade.price for trade in trades[candle.symbol, candle.time_us]]
        assert candle[2:6] == (prices[0], max(prices), min(prices), prices[-1])
        own = trades[candle.symbol, candle.time_us]
        bought = [trade for trade in own if not trade.buyer_is_maker]
        assert candle.trade_count == len(own)
        assert candle.volume == pytest.approx(sum(trade.quantity for trade in own), rel=1e-12)
        assert candle.quote_volume == pytest.approx(sum(t.price * t.quantity for t in own), rel=1e-12)
        assert candle.taker_buy_volume == pytest.approx(sum(trade.quantity for trade in bought), rel=1e-12)


def test_the_updates_give_every_book_of_the_market(heard: Heard, facts: MarketSlice) -> None:
    rows = facts.order_books.with_columns(pl.col("time").to_physical()).iter_rows(named=True)
    for row in rows:
        bids, asks = heard.books["BTCUSDT" if row["instrument_id"] == 1 else "ETHUSDT", row["time"]]
        assert sorted(bids.items(), reverse=True) == list(
            zip(row["bid_prices"], row["bid_quantities"], strict=True)
        )
        assert sorted(asks.items()) == list(zip(row["ask_prices"], row["ask_quantities"], strict=True))


def test_the_chain_of_updates_breaks_at_the_start_and_after_the_silence_only(heard: Heard) -> None:
    start_us = int(START.timestamp() * 1_000_000)
    assert heard.breaks == [
        ("BTCUSDT", start_us + 1_000_000),
        ("ETHUSDT", start_us + 1_000_000),
        ("ETHUSDT", start_us + 130 * MINUTE_US + 1_000_000),
    ]
    assert all(max(bids) < min(asks) for bids, asks in heard.books.values())


def test_mark_prices_of_a_minute_make_its_bar_and_predictions_are_those_of_the_market(
    heard: Heard, facts: MarketSlice
) -> None:
    marks: dict[tuple[str, int], list[PremiumIndex]] = defaultdict(list)
    for one in heard.by_kind[PremiumIndex]:
        marks[one.symbol, one.time_us - one.time_us % MINUTE_US].append(one)
    bars = facts.mark_prices.with_columns(pl.col("time").to_physical())
    assert bars.height == MINUTES * PAIRS - SILENT_MINUTES
    for number, time_us, opened, high, low, close in bars.select(
        "instrument_id", "time", "open", "high", "low", "close"
    ).iter_rows():
        prices = [one.mark_price for one in marks["BTCUSDT" if number == 1 else "ETHUSDT", time_us]]
        assert (prices[0], max(prices), min(prices), prices[-1]) == (opened, high, low, close)
        assert len(prices) == 60
    told_at = {(one.symbol, one.time_us): one for one in heard.by_kind[PremiumIndex]}
    rows = facts.premium_index.with_columns(pl.col("time").to_physical()).iter_rows(named=True)
    compared = 0
    for row in rows:
        one = told_at.get(("BTCUSDT" if row["instrument_id"] == 1 else "ETHUSDT", row["time"]))
        if one is not None:
            compared += 1
            assert (one.index_price, one.predicted_rate) == (row["index_price"], row["predicted_rate"])
    assert compared > MINUTES


def test_a_book_begun_at_any_second_is_that_of_the_market_some_seconds_later() -> None:
    """Also where it was begun before the first book of the market: it is empty until that comes."""

    async def play() -> tuple[dict[int, tuple[Levels, Levels]], tuple[Levels, Levels]]:
        source = GeneratedSource(GeneratedMarket(5, START, None, SCENARIOS, 1, history_days=1))
        channels = Channels(tuple(pair.symbol for pair in source.pairs), Faults((), lambda: 0))
        market = PlayedMarket(source, channels)
        listener = Listener(PUBLIC)
        channels.subscribe(listener, f"{source.pairs[0].symbol.lower()}@depth@100ms")
        await market.open()
        begun: dict[int, tuple[Levels, Levels]] = {}
        for second in range(21):
            now_ms = market.start_ms + second * SECOND_MS
            await market.send_second(now_ms)
            for message in listener.messages:
                assert isinstance(message, DepthUpdate)
                for sides in begun.values():
                    apply(sides, message)
            listener.messages.clear()
            snapshot = market.senders[0].book_at(now_ms) or empty_book(now_ms)
            begun[second] = (_numbers(snapshot.bids.levels), _numbers(snapshot.asks.levels))
        return begun, begun.pop(20)

    begun, whole = asyncio.run(play())
    assert len(whole[0]) == len(whole[1]) == 20
    assert [second for second, sides in begun.items() if sides != whole] == []
