"""Frames of Bybit's public streams: the samples of the docstrings, several messages, deltas, damage."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.domain import Side
from hydra.errors import BadDataError
from hydra.exchange.bybit import parsers
from hydra.exchange.interface import Feed
from hydra.exchange.messages import (
    ClosedCandle,
    DepthSnapshot,
    DepthUpdate,
    ForcedOrder,
    PremiumIndex,
    RunningCandle,
    Several,
    SubscriptionAnswer,
    Trade,
)
from hydra.exchange.order_book import OrderBook
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.receipt_clock import CapturedClock
from tests.support.exchange_frames import samples

TRADE_ID = 0x20F43950D8DD5B319112A178EB6023AF & (2**63 - 1)
MARK = PremiumIndex("BTCUSDT", 1673272861686000, 17217.33, 17227.36, -0.000212, 1673280000000000)
EXPECTED: dict[Callable[..., Any], list[object]] = {
    parsers.trades: [Trade("BTCUSDT", 1672304486865000, TRADE_ID, 16578.5, 0.001, False)],
    parsers.candles: [
        ClosedCandle(
            "BTCUSDT",
            1672324800000000,
            16649.5,
            16677.0,
            16608.0,
            16677.0,
            2.081,
            34666.4005,
            None,
            None,
            None,
        )
    ],
    parsers.liquidations: [ForcedOrder("ROSEUSDT", 1739502302929000, Side.SHORT, 0.04499, 20000.0)],
    parsers.premium_index: [MARK],
    parsers.order_book: [
        DepthUpdate(
            "BTCUSDT",
            1687940967464000,
            177400507,
            177400507,
            177400506,
            [(30247.2, 30.028), (30245.4, 0.0)],
            [(30248.7, 0.0), (30249.3, 0.892)],
        )
    ],
    parsers.subscription_answer: [
        SubscriptionAnswer(1, None),
        SubscriptionAnswer(0, "Invalid topic: invalid.topic.BTCUSDT"),
    ],
}


@pytest.mark.parametrize("parser", EXPECTED, ids=lambda parser: parser.__name__)
def test_the_sample_of_each_parser_is_the_message_that_it_says(parser: Callable[..., Any]) -> None:
    assert [parsers.parse(sample) for sample in samples(parser)] == EXPECTED[parser]


def test_every_parser_has_a_sample() -> None:
    assert set(parsers._PARSERS.values()) <= EXPECTED.keys()


def changed(parser: Callable[..., Any], **data: object) -> bytes:
    """The sample with other values in its data, or in the first row of it."""
    frame = json.loads(samples(parser)[0])
    row = frame["data"][0] if isinstance(frame["data"], list) else frame["data"]
    row.update(data)
    return json.dumps(frame).encode()


def test_several_trades_of_one_frame_are_several_messages_in_their_order() -> None:
    frame = json.loads(samples(parsers.trades)[0])
    frame["data"] = [frame["data"][0] | {"v": str(size), "S": "Sell"} for size in (1, 2, 3)]
    several = parsers.parse(json.dumps(frame).encode())
    assert isinstance(several, Several)
    trades = [one for one in several.messages if isinstance(one, Trade)]
    assert [trade.quantity for trade in trades] == [1.0, 2.0, 3.0]
    assert all(trade.buyer_is_maker for trade in trades)


def test_ingest_takes_in_every_trade_of_a_frame() -> None:
    frame = json.loads(samples(parsers.trades)[0])
    frame["data"] = [frame["data"][0] | {"i": f"{number:032x}"} for number in (1, 2, 2, 3)]
    pair = HeardPair("BTCUSDT", 1, "BTC", trades=None)
    intake = Intake([pair], CapturedClock(), parsers.parse, lambda _hole: None, lambda _pair: None)
    assert intake.hear(json.dumps(frame).encode())
    assert len(intake.hand_over().gathered.rows["trades"]) == 3
    assert intake.messages == 4


def test_a_ticker_delta_changes_what_it_names_and_is_silent_about_other_news() -> None:
    parsers.parse(samples(parsers.premium_index)[0])
    head = {"topic": "tickers.BTCUSDT", "type": "delta", "cs": 1, "ts": 1673272862000}
    news = json.dumps(head | {"data": {"symbol": "BTCUSDT", "markPrice": "17218.00"}}).encode()
    assert parsers.parse(news) == MARK._replace(time_us=1673272862000000, mark_price=17218.0)
    other = json.dumps(head | {"data": {"symbol": "BTCUSDT", "lastPrice": "17219.00"}}).encode()
    assert parsers.parse(other) is None
    unknown = json.dumps(head | {"data": {"symbol": "NEWUSDT", "markPrice": "1"}}).encode()
    assert parsers.parse(unknown) is None


def test_the_book_begins_with_the_snapshot_of_the_stream_and_follows_its_ids() -> None:
    delta = json.loads(samples(parsers.order_book)[0])
    sides = {"b": [["30247.20", "1"]], "a": [["30248.70", "2"]], "u": 177400506}
    begin = delta | {"type": "snapshot", "data": delta["data"] | sides}
    snapshot, update = (parsers.parse(json.dumps(frame).encode()) for frame in (begin, delta))
    assert isinstance(snapshot, DepthSnapshot)
    assert isinstance(update, DepthUpdate)
    book = OrderBook("BTCUSDT")
    assert book.restart(snapshot) is None
    assert book.update(update) is None
    assert book.bids() == {30247.2: 30.028}
    assert book.asks() == {30249.3: 0.892}


def test_other_candles_and_topics_say_nothing_and_an_open_candle_only_that_it_lives() -> None:
    assert parsers.parse(changed(parsers.candles, interval="5")) is None
    assert parsers.parse(changed(parsers.candles, confirm=False)) == RunningCandle(
        "BTCUSDT", 1672324860012000
    )
    assert parsers.parse(b'{"topic":"insurance.USDT","type":"delta","data":[]}') is None
    assert parsers.parse(b'{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}') is None


@pytest.mark.parametrize(
    ("parser", "values"),
    [
        (parsers.trades, {"p": "NaN"}),
        (parsers.trades, {"v": "0"}),
        (parsers.trades, {"S": "None"}),
        (parsers.trades, {"i": "no id"}),
        (parsers.trades, {"T": None}),
        (parsers.candles, {"high": "16608"}),
        (parsers.candles, {"volume": "-1"}),
        (parsers.liquidations, {"S": ""}),
        (parsers.liquidations, {"p": "inf"}),
        (parsers.premium_index, {"markPrice": "0"}),
        (parsers.premium_index, {"fundingRate": "2"}),
        (parsers.order_book, {"b": [["1", "-1"]]}),
        (parsers.order_book, {"u": -1}),
    ],
)
def test_an_impossible_value_is_refused(parser: Callable[..., Any], values: dict[str, object]) -> None:
    with pytest.raises(BadDataError, match="a frame of Bybit cannot be used and is left out"):
        parsers.parse(changed(parser, **values))


@given(
    st.sampled_from([b'{"topic":"tickers.B","data":', b"", b'{"op":"subscribe","req_id":']),
    st.binary(max_size=99),
)
def test_bytes_are_a_message_or_bad_data(start: bytes, rest: bytes) -> None:
    try:
        parsers.parse(start + rest)
    except BadDataError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert refusal.isprintable()


def test_unknown_fields_are_counted_by_feed() -> None:
    before = parsers.UNKNOWN_FIELDS.counts().get((Feed.TRADES, "new7"), 0)
    parsers.parse(changed(parsers.trades, **{f"new{number}": 1 for number in range(20)}))
    assert parsers.UNKNOWN_FIELDS.counts()[Feed.TRADES, "new7"] == before + 1
