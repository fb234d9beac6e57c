"""Everything that was recorded of Binance goes through the parsers and equals another reading of its JSON."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from hydra.domain import Side
from hydra.errors import BadDataError
from hydra.exchange.binance import parsers
from hydra.exchange.capture import SNAPSHOT_OF, CapturedFrame
from hydra.exchange.interface import Feed
from hydra.exchange.messages import (
    ClosedCandle,
    DepthUpdate,
    ForcedOrder,
    Message,
    PremiumIndex,
    RunningCandle,
    SubscriptionAnswer,
    Trade,
)
from hydra.exchange.order_book import OrderBook
from hydra.exchange.recorded_frames import recorded_frames
from hydra.exchange.sequences import NumberSequence
from hydra.exchange.unknown_fields import UnknownFields
from tests.support.exchange_frames import (
    FIXTURES,
    RAW_BOOK,
    RAW_SYMBOL,
    RecordedBody,
    cryptofeed_bodies,
    one_json_body,
    subscription_bodies,
)
from tests.support.plain_order_book import PlainOrderBook
from tests.support.recorded_market import ABSENT, is_recorded

pytestmark = pytest.mark.skipif(not is_recorded(), reason=ABSENT)

CRYPTOFEED = "cryptofeed_binance_futures_capture/*"
SUBSCRIPTIONS = "binance_net_usdfutures/Subscriptions/UsdFutures/*.txt"
SHORTENED = "binance_net_usdfutures/Subscriptions/UsdFutures/Concurrent.txt"
ORDER_BOOKS = (
    "binance_net_usdfutures/Endpoints/UsdFutures/ExchangeData/GetOrderBook.txt",
    "nautilus_trader_binance_futures/http_responses/http_futures_market_depth.json",
)
MARKET_FRAMES = (
    "nautilus_trader_binance_futures/market_data_json/*.json",
    "nautilus_trader_binance_futures/ws_messages/*.json",
    "nautilus_trader_binance_futures/user_data_json/*.json",
)
LEFT_OUT = {
    SHORTENED: "its candles hold nothing but their opening, which no exchange sends",
    "cryptofeed_binance_futures_capture/*exchangeInfo*": "terms of trading, by REST",
    "binance_net_usdfutures/Endpoints/UsdFutures/Account/*": "the account, by REST: with the orders",
    "binance_net_usdfutures/Endpoints/UsdFutures/Trading/*": "orders, by REST",
    "binance_net_usdfutures/Endpoints/UsdFutures/ExchangeData/*": "history and terms, by REST",
    "binance_net_usdfutures/Socket/UsdFutures/*/*": "requests over a socket, which HYDRA does not use",
    "nautilus_trader_binance_futures/http_json/*": "the account, by REST: with the orders",
    "nautilus_trader_binance_futures/http_responses/*": "history, terms and the account, by REST",
    "noahark_fapi_rest_2026-07/**/*": "history and terms, by REST",
}
"""What does not go through the parsers of frames and order books, and why."""


def files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in FIXTURES.glob(pattern) if path.is_file())


def test_every_file_goes_through_the_parsers_or_is_named_with_a_reason() -> None:
    parsed = {*files(CRYPTOFEED, SUBSCRIPTIONS, *ORDER_BOOKS, *MARKET_FRAMES)}
    assert {*files("**/*")} == parsed | {*files(*LEFT_OUT)}


def expected(event: Any) -> Message | None:
    """The message of an event, read field by field."""
    if not isinstance(event, dict):
        return None
    if "result" in event:
        return SubscriptionAnswer(event["id"], None)
    reading = READINGS.get(event["e"])
    return None if reading is None else reading(event)


def expected_trade(event: dict[str, Any]) -> Trade:
    price, quantity = float(event["p"]), float(event["q"])
    return Trade(event["s"], event["T"] * 1000, event["a"], price, quantity, event["m"])


def expected_order(event: dict[str, Any]) -> ForcedOrder:
    order = event["o"]
    side = {"SELL": Side.LONG, "BUY": Side.SHORT}[order["S"]]
    return ForcedOrder(order["s"], order["T"] * 1000, side, float(order["ap"]), float(order["z"]))


def expected_index(event: dict[str, Any]) -> PremiumIndex:
    mark, index, rate = (float(event[name]) for name in "pir")
    return PremiumIndex(event["s"], event["E"] * 1000, mark, index, rate, event["T"] * 1000)


def expected_depth(event: dict[str, Any]) -> DepthUpdate:
    bids, asks = ([(float(price), float(size)) for price, size in event[side]] for side in "ba")
    return DepthUpdate(event["s"], event["T"] * 1000, event["U"], event["u"], event["pu"], bids, asks)


def expected_candle(event: dict[str, Any]) -> Message | None:
    bar = event["k"]
    if bar["i"] != "1m":
        return None
    if not bar["x"]:
        return RunningCandle(event["s"], event["E"] * 1000)
    open_, high, low, close, volume, quote, taker, taker_quote = (float(bar[name]) for name in "ohlcvqVQ")
    prices = open_, high, low, close
    return ClosedCandle(event["s"], bar["t"] * 1000, *prices, volume, quote, bar["n"], taker, taker_quote)


READINGS: dict[str, Callable[[dict[str, Any]], Message | None]] = {
    "aggTrade": expected_trade,
    "kline": expected_candle,
    "forceOrder": expected_order,
    "markPriceUpdate": expected_index,
    "depthUpdate": expected_depth,
}


def counts_of(bodies: Iterable[RecordedBody]) -> Counter[str]:
    """How many messages of which kind the bodies give; each is what another reading says, of known fields."""
    counts: Counter[str] = Counter()
    unknown_before = parsers.UNKNOWN_FIELDS.counts()
    for body, depth_of in bodies:
        content = json.loads(body)
        if depth_of is None:
            message = parsers.parse(body)
            assert message == expected(content.get("data", content))
            counts[type(message).__name__] += 1
            continue
        book = parsers.depth_snapshot(body, depth_of)
        assert (book.symbol, book.last_id) == (depth_of, content["lastUpdateId"])
        for side, levels in (("bids", book.bids), ("asks", book.asks)):
            assert levels == [(float(price), float(size)) for price, size in content[side]]
        counts["DepthSnapshot"] += 1
    assert parsers.UNKNOWN_FIELDS.counts() == unknown_before
    return counts


def test_every_frame_that_cryptofeed_recorded_is_the_message_that_it_says() -> None:
    counts = counts_of(one for path in files(CRYPTOFEED) for one in cryptofeed_bodies(path))
    assert counts == {
        "NoneType": 6_609,
        "DepthUpdate": 6_967,
        "Trade": 941,
        "RunningCandle": 225,
        "ClosedCandle": 8,
        "DepthSnapshot": 17,
    }


def test_the_fields_of_recorded_frames_are_counted_exactly() -> None:
    """Nothing is known here, so that every field of every frame counts."""
    counter = UnknownFields({kind: (Feed.TRADES, frozenset()) for kind in READINGS})
    exact: Counter[tuple[Feed, str]] = Counter()
    for path in files(CRYPTOFEED):
        for body, depth_of in cryptofeed_bodies(path):
            event = {} if depth_of else json.loads(body)["data"]
            if event.get("e") in READINGS:
                counter.note(event["e"], body)
                exact.update((Feed.TRADES, name) for name in event)
                exact.update((Feed.TRADES, f"k.{name}") for name in event.get("k", ()))
    assert exact.total() > 60_000
    assert counter.counts() == exact


def test_answers_and_events_of_subscriptions_are_the_messages_that_they_say() -> None:
    whole = [path for path in files(SUBSCRIPTIONS) if path not in files(SHORTENED)]
    counts = counts_of(one for path in whole for one in subscription_bodies(path))
    assert counts == {
        "SubscriptionAnswer": 23,
        "NoneType": 17,
        "Trade": 1,
        "RunningCandle": 1,
        "ForcedOrder": 1,
        "PremiumIndex": 1,
        "DepthUpdate": 2,
    }


def test_documented_market_frames_are_messages_and_those_of_the_account_say_nothing() -> None:
    counts = counts_of(RecordedBody(path.read_bytes()) for path in files(*MARKET_FRAMES))
    assert counts == {
        "NoneType": 34,
        "Trade": 1,
        "RunningCandle": 1,
        "ClosedCandle": 1,
        "ForcedOrder": 1,
        "PremiumIndex": 1,
        "DepthUpdate": 3,
    }


def test_documented_order_books_are_order_books() -> None:
    books = [RecordedBody(one_json_body(path), "BTCUSDT") for path in files(*ORDER_BOOKS)]
    assert counts_of(books) == {"DepthSnapshot": 2}


def test_the_raw_recording_is_parsed_and_its_book_equals_an_independent_replay_without_a_gap() -> None:
    book, plain = OrderBook(RAW_SYMBOL), PlainOrderBook()
    counts: Counter[str] = Counter()
    compared = 0
    for _, connection, frame in recorded_frames(RAW_BOOK, RAW_SYMBOL):
        content = json.loads(frame)
        if connection == SNAPSHOT_OF + RAW_SYMBOL:
            assert book.restart(parsers.depth_snapshot(frame, RAW_SYMBOL)) is None
            plain.snapshot(content)
            continue
        message = parsers.parse(frame)
        counts[content["data"]["e"]] += 1
        assert message == expected(content["data"])
        if isinstance(message, DepthUpdate):
            assert book.update(message) is None
            plain.update(content["data"])
            assert book.last_id == plain.last_id
            if not plain.applied % 100:
                assert (book.bids(), book.asks()) == plain.sides()
                compared += 1
    assert (book.bids(), book.asks()) == plain.sides()
    assert counts == {"bookTicker": 66_089, "trade": 21_313, "depthUpdate": 6_551}
    assert compared > 60


def test_the_price_leaves_the_range_of_a_snapshot_within_minutes() -> None:
    """Why a book may need a snapshot though nothing was missed: levels beyond its first 1,000 are unknown."""
    book = OrderBook(RAW_SYMBOL)
    for _, connection, frame in recorded_frames(RAW_BOOK, RAW_SYMBOL):
        if connection.startswith(SNAPSHOT_OF):
            book.restart(parsers.depth_snapshot(frame, RAW_SYMBOL))
        elif b'"depthUpdate"' in frame:
            message = parsers.parse(frame)
            assert isinstance(message, DepthUpdate)
            book.update(message)
    top = book.top()
    assert top is not None
    assert book.needs_snapshot
    assert len(top.bid_prices) == 15
    assert len(top.ask_prices) == 20


def test_the_books_that_cryptofeed_recorded_have_no_gap_and_equal_an_independent_replay() -> None:
    for path in files(CRYPTOFEED):
        books: dict[str, OrderBook] = {}
        plain: dict[str, PlainOrderBook] = {}
        for body, depth_of in cryptofeed_bodies(path):
            content = json.loads(body)
            event = content.get("data", content)
            symbol = depth_of or event["s"]
            book = books.setdefault(symbol, OrderBook(symbol))
            independent = plain.setdefault(symbol, PlainOrderBook())
            if depth_of is not None:
                assert book.restart(parsers.depth_snapshot(body, depth_of)) is None
                independent.snapshot(content)
            elif event["e"] == "depthUpdate":
                message = parsers.parse(body)
                assert isinstance(message, DepthUpdate)
                assert book.update(message) is None
                independent.update(event)
        for symbol, book in books.items():
            if book.last_id is not None:
                assert (book.last_id, book.bids(), book.asks()) == (
                    plain[symbol].last_id,
                    *plain[symbol].sides(),
                )


def test_the_ids_of_recorded_aggregate_trades_have_no_holes() -> None:
    for path in files(CRYPTOFEED):
        sequences: dict[str, NumberSequence] = {}
        for body, _ in cryptofeed_bodies(path):
            if b'"aggTrade"' in body:
                trade = parsers.parse(body)
                assert isinstance(trade, Trade)
                arrival = sequences.setdefault(trade.symbol, NumberSequence()).arrive(
                    trade.trade_id, trade.time_us
                )
                assert arrival == (True, None)


def test_a_recorded_file_that_is_cut_off_says_after_which_line(tmp_path: Path) -> None:
    lines = gzip.decompress(RAW_BOOK.read_bytes()).splitlines(keepends=True)[:50]
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"".join(lines))[:-2_000])
    read: list[CapturedFrame] = []
    with pytest.raises(BadDataError, match=r"cut\.gz cannot be read beyond line \d+"):
        read.extend(recorded_frames(cut, RAW_SYMBOL))
