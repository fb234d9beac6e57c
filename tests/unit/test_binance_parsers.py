"""Frames of Binance: the samples of the docstrings, damaged ones, unknown fields, and what is not heard."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.domain import Side
from hydra.errors import BadDataError
from hydra.exchange.binance import parsers
from hydra.exchange.interface import Feed
from hydra.exchange.messages import (
    ClosedCandle,
    DepthSnapshot,
    DepthUpdate,
    ForcedOrder,
    PremiumIndex,
    RunningCandle,
    SubscriptionAnswer,
    Trade,
)
from hydra.exchange.unknown_fields import LOOKED_THROUGH_EVERY, UnknownFields
from tests.support.exchange_frames import samples

EXPECTED: dict[Callable[..., Any], list[object]] = {
    parsers.trade: [Trade("CTKUSDT", 1626992742715000, 16599293, 1.011, 10.0, False)],
    parsers.candle: [
        ClosedCandle(
            "SUSHIUSDT",
            1626992700000000,
            7.608,
            7.618,
            7.607,
            7.617,
            3005.0,
            22875.859,
            113,
            1900.0,
            14464.696,
        )
    ],
    parsers.forced_order: [ForcedOrder("BTCUSDT", 1568014460893000, Side.LONG, 9910.12345678, 0.014)],
    parsers.premium_index: [
        PremiumIndex("BTCUSDT", 1562305380000000, 11794.15, 11784.62659091, 0.00038167, 1562306400000000)
    ],
    parsers.depth_update: [
        DepthUpdate(
            "SUSHIUSDT",
            1626992741024000,
            600859599090,
            600859600917,
            600859598061,
            [(7.504, 813.0), (7.609, 0.0), (7.611, 2.0)],
            [(7.615, 1563.0), (7.622, 3284.0)],
        )
    ],
    parsers.subscription_answer: [
        SubscriptionAnswer(1, None),
        SubscriptionAnswer(3, "Invalid request: invalid stream (2)"),
    ],
}


@pytest.mark.parametrize("parser", EXPECTED, ids=lambda parser: parser.__name__)
def test_the_sample_of_each_parser_is_the_message_that_it_says(parser: Callable[..., Any]) -> None:
    assert [parsers.parse(sample) for sample in samples(parser)] == EXPECTED[parser]


def test_every_public_parser_has_a_sample() -> None:
    heard = {parser for _, parser in parsers._HEARD.values()}
    assert heard <= EXPECTED.keys()
    assert all(samples(parser) for parser in [*EXPECTED, parsers.depth_snapshot])


def test_the_sample_of_the_order_book_is_parsed_from_text_and_decoded() -> None:
    [sample] = samples(parsers.depth_snapshot)
    expected = DepthSnapshot("BTCUSDT", 1589436922959000, 1027024, [(4.0, 431.0)], [(4.000002, 12.0)])
    assert parsers.depth_snapshot(sample, "BTCUSDT") == expected
    assert parsers.depth_snapshot(json.loads(sample), "BTCUSDT") == expected


def event(parser: Callable[..., Any]) -> dict[str, Any]:
    body = json.loads(samples(parser)[0])
    return dict(body.get("data", body))


def with_value(body: dict[str, Any], path: tuple[str, ...], value: object) -> bytes:
    changed = json.loads(json.dumps(body))
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    if value is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(changed).encode()


MISSING = object()
NO_POSITIVE_NUMBER = [
    "NaN",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "-1",
    "",
    "abc",
    "1e400",
    "1e16",
    None,
    True,
    MISSING,
]
MAY_BE_UNKNOWN = [("k", name) for name in "qVQ"]
NUMBERS: dict[Callable[..., Any], list[tuple[str, ...]]] = {
    parsers.trade: [("p",), ("q",)],
    parsers.candle: [("k", name) for name in "ohlcvqVQ"],
    parsers.forced_order: [("o", "ap"), ("o", "z")],
    parsers.premium_index: [("p",), ("i",)],
}


@pytest.mark.parametrize("value", NO_POSITIVE_NUMBER, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize(
    ("parser", "path"), [(parser, path) for parser, paths in NUMBERS.items() for path in paths]
)
def test_an_impossible_number_is_refused_with_its_place(
    parser: Callable[..., Any], path: tuple[str, ...], value: object
) -> None:
    damaged = with_value(event(parser), path, value)
    if value is None and path in MAY_BE_UNKNOWN:
        assert parsers.parse(damaged) is not None
        return
    with pytest.raises(BadDataError, match=rf"(?s)left out: .*{path[-1]}"):
        parsers.parse(damaged)


OTHERS = [
    (parsers.trade, ("T",), -1),
    (parsers.trade, ("T",), 10**30),
    (parsers.trade, ("T",), "soon"),
    (parsers.trade, ("a",), -5),
    (parsers.trade, ("a",), 2**63),
    (parsers.trade, ("a",), 1.5),
    (parsers.trade, ("m",), "yes"),
    (parsers.trade, ("s",), ""),
    (parsers.trade, ("s",), 7),
    (parsers.trade, ("s",), MISSING),
    (parsers.trade, ("p",), "0"),
    (parsers.premium_index, ("r",), "1.5"),
    (parsers.premium_index, ("r",), ""),
    (parsers.premium_index, ("T",), MISSING),
    (parsers.forced_order, ("o", "S"), "HOLD"),
    (parsers.forced_order, ("o", "ap"), "0"),
    (parsers.forced_order, ("o",), []),
    (parsers.candle, ("k", "n"), -1),
    (parsers.candle, ("k", "x"), "maybe"),
    (parsers.candle, ("k", "h"), "7.61"),
    (parsers.candle, ("k", "l"), "7.6081"),
    (parsers.candle, ("k", "V"), "3006"),
    (parsers.candle, ("k", "Q"), "99999"),
    (parsers.candle, ("k", "t"), 1626992700001),
    (parsers.depth_update, ("b",), [["7.5", "-1"]]),
    (parsers.depth_update, ("b",), [["0", "1"]]),
    (parsers.depth_update, ("b",), [["7.5"]]),
    (parsers.depth_update, ("b",), [["7.5", "nan"]]),
    (parsers.depth_update, ("a",), {}),
    (parsers.depth_update, ("pu",), MISSING),
    (parsers.depth_update, ("pu",), 600859600917),
    (parsers.depth_update, ("U",), 600859600918),
]


@pytest.mark.parametrize(("parser", "path", "value"), OTHERS)
def test_what_no_exchange_would_send_is_refused(
    parser: Callable[..., Any], path: tuple[str, ...], value: object
) -> None:
    with pytest.raises(BadDataError, match="left out"):
        parsers.parse(with_value(event(parser), path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("lastUpdateId",), MISSING),
        (("bids",), [["4.0", "1"], ["4.1", "1"]]),
        (("asks",), [["4.2", "1"], ["4.2", "2"]]),
        (("bids",), [["4.000002", "1"]]),
        (("asks",), [["nan", "1"]]),
        (("T",), None),
    ],
)
def test_an_order_book_that_cannot_be_is_refused(path: tuple[str, ...], value: object) -> None:
    body = json.loads(samples(parsers.depth_snapshot)[0])
    with pytest.raises(BadDataError, match="the order book of BTCUSDT of Binance cannot be used"):
        parsers.depth_snapshot(with_value(body, path, value), "BTCUSDT")


def refusal(frame: bytes) -> str:
    """Why the frame is refused; empty: it is a message."""
    try:
        parsers.parse(frame)
    except BadDataError as error:
        return str(error)
    return ""


@given(st.binary(max_size=200))
def test_bytes_are_a_message_or_bad_data(frame: bytes) -> None:
    assert refusal(frame).isprintable()


@given(st.sampled_from(list(NUMBERS)), st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_a_damaged_message_is_a_message_or_bad_data(
    parser: Callable[..., Any], place: int, damage: bytes
) -> None:
    sample = samples(parser)[0]
    place %= len(sample)
    assert refusal(sample[:place] + damage + sample[place + 1 :]).isprintable()


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_endless_nesting_is_bad_data(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    for frame in (
        deep,
        b'{"e":"aggTrade","zz":' + deep + b"}",
        b'{"stream":"x","data":{"zz":' + deep + b"}}",
    ):
        with pytest.raises(BadDataError, match="left out"):
            parsers.parse(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"e":"bookTicker","u":1}',
        b'{"stream":"btcusdt@trade","data":{"e":"trade","p":"NaN"}}',
        b'{"e":"ORDER_TRADE_UPDATE","o":{}}',
        b'{"e":"an event of next year"}',
        b'{"stream":"!markPrice@arr@1s","data":[{"e":"markPriceUpdate"}]}',
    ],
)
def test_what_hydra_does_not_hear_says_nothing(frame: bytes) -> None:
    assert parsers.parse(frame) is None


def test_a_candle_of_another_length_says_nothing_and_an_open_one_only_that_it_lives() -> None:
    body = event(parsers.candle)
    assert parsers.parse(with_value(body, ("k", "i"), "5m")) is None
    running = parsers.parse(with_value(body, ("k", "x"), False))
    assert running == RunningCandle("SUSHIUSDT", 1626992760203000)


def test_a_forced_order_counts_once_something_is_filled() -> None:
    body = event(parsers.forced_order)
    assert parsers.parse(with_value(body, ("o", "z"), "0")) is None
    bought = parsers.parse(with_value(body, ("o", "S"), "BUY"))
    assert isinstance(bought, ForcedOrder)
    assert bought.side is Side.SHORT


def test_raw_wrapped_spaced_and_reordered_frames_are_the_same_message() -> None:
    body = event(parsers.trade)
    expected = EXPECTED[parsers.trade][0]
    wrapped = {"stream": "ctkusdt@aggTrade", "data": body}
    compact, backwards = (",", ":"), dict(reversed(body.items()))
    for frame in (
        json.dumps(body),
        json.dumps(body, indent=2),
        json.dumps(wrapped, separators=compact),
        "  " + json.dumps(wrapped, indent=1),
        json.dumps(dict(reversed(wrapped.items())), separators=compact),
        json.dumps(backwards, separators=compact),
    ):
        assert parsers.parse(frame.encode()) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'{"result":["btcusdt@aggTrade"],"id":7}', SubscriptionAnswer(7, None)),
        (b'{"error":{"code":3,"msg":"Invalid JSON"}}', SubscriptionAnswer(0, "Invalid JSON (3)")),
        (b'{"error":"maintenance","id":2}', SubscriptionAnswer(2, "maintenance")),
    ],
)
def test_answers_of_other_forms_are_heard(frame: bytes, expected: SubscriptionAnswer) -> None:
    assert parsers.parse(frame) == expected


@pytest.mark.parametrize(
    "frame", [b"", b"null", b"1", b'"x"', b'{"hello":1}', b'{"result":null,"id":"x"}', b"\xff"]
)
def test_what_is_neither_event_nor_answer_is_bad_data(frame: bytes) -> None:
    with pytest.raises(BadDataError, match="left out"):
        parsers.parse(frame)


KNOWN = {"trade": (Feed.TRADES, frozenset("esp"))}
FIELDS = st.sets(st.sampled_from(["n1", "n2", "n3"]))


@given(st.lists(FIELDS, max_size=40), st.booleans())
def test_unknown_fields_are_counted_exactly_while_fields_are_added(
    sets: list[set[str]], wrapped: bool
) -> None:
    """Each number of fields stands for one set here: fields are added in the order n1, n2, n3."""
    counter, exact = UnknownFields(KNOWN), dict.fromkeys(["n1", "n2", "n3"], 0)
    for names in sets:
        added = ["n1", "n2", "n3"][: len(names)]
        body: dict[str, Any] = {"e": "trade", "s": "A", "p": "1"} | dict.fromkeys(added, 1)
        counter.note("trade", json.dumps({"stream": "x", "data": body} if wrapped else body).encode())
        for name in added:
            exact[name] += 1
    assert counter.counts() == {(Feed.TRADES, name): count for name, count in exact.items() if count}


def test_a_field_that_takes_the_place_of_another_is_found_after_a_thousand_messages() -> None:
    counter = UnknownFields(KNOWN)
    for name in ("old", "new"):
        for _ in range(LOOKED_THROUGH_EVERY):
            counter.note("trade", json.dumps({"e": "trade", name: 1}).encode())
    assert counter.counts() == {(Feed.TRADES, "old"): 1_000, (Feed.TRADES, "new"): 1_000}
    assert counter.by_feed() == {Feed.TRADES: 2_000}


def test_parsing_counts_unknown_fields_by_feed_also_inside_of_objects() -> None:
    """Twenty new fields: no other test has parsed messages with as many."""
    before = parsers.UNKNOWN_FIELDS.counts()
    new = {f"new{number}": 1 for number in range(20)}
    trade, candle = event(parsers.trade), event(parsers.candle)
    parsers.parse(json.dumps(trade | new).encode())
    parsers.parse(json.dumps(candle | {"k": candle["k"] | new}).encode())
    now = parsers.UNKNOWN_FIELDS.counts()
    for name in new:
        for key in ((Feed.TRADES, name), (Feed.CANDLES, f"k.{name}")):
            assert now[key] == before.get(key, 0) + 1
