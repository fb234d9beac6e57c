"""What ingest makes of messages: rows, each once, stamped in an order that hand-overs never break."""

import json
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from hydra.exchange.binance import parsers
from hydra.exchange.exchange_clock import ExchangeClock
from hydra.exchange.interface import Feed
from hydra.exchange.messages import ClosedCandle, DepthSnapshot, DepthUpdate, PremiumIndex, Trade
from hydra.ingest.live.holes import Hole, missing_numbers
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.receipt_clock import CapturedClock, ReceiptClock
from tests.support.invented_frames import market_frames

MINUTE_US = 60_000_000
START_US = 1_793_491_200_000_000


class Heard:
    """An intake of two pairs, whose frames are messages already, and what it asked for."""

    def __init__(self, symbols: Iterable[str] = ("BTCUSDT", "ETHUSDT")) -> None:
        self.holes: list[Hole] = []
        self.snapshots: list[HeardPair] = []
        self.clock = CapturedClock()
        pairs = [HeardPair(symbol, number, symbol) for number, symbol in enumerate(symbols, start=1)]
        self.intake = Intake(pairs, self.clock, lambda one: one, self.holes.append, self.snapshots.append)  # type: ignore[arg-type, return-value]

    def hear(self, *messages: object) -> None:
        for message in messages:
            self.intake.hear(message)  # type: ignore[arg-type]


def trade(number: int, time_us: int = START_US, symbol: str = "BTCUSDT") -> Trade:
    return Trade(symbol, time_us, number, 100.0, 1.0, True)


def candle(minute: int, symbol: str = "BTCUSDT") -> ClosedCandle:
    return ClosedCandle(symbol, START_US + minute * MINUTE_US, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 2, 1.0, 1.0)


def premium(second: int, price: float = 100.0, settlement_us: int = 0) -> PremiumIndex:
    return PremiumIndex("BTCUSDT", START_US + second * 1_000_000, price, 99.0, 0.0001, settlement_us)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("heard"), st.integers(0, 50)),
            st.tuples(st.just("received"), st.integers(0, 50)),
            st.tuples(st.just("handed over"), st.just(0)),
        ),
        max_size=60,
    )
)
def test_nothing_is_known_by_an_instant_that_was_handed_over(steps: list[tuple[str, int]]) -> None:
    """Late events, equal instants, a clock that stands: every later row has a later known_at."""
    heard, through_us, number = Heard(), 0, 0
    for step, value in [*steps, ("handed over", 0)]:
        if step == "heard":
            number += 1
            heard.hear(trade(number, START_US + value))
        elif step == "received":
            heard.clock.heard(START_US + value)
        else:
            handed = heard.intake.hand_over()
            for _, known_us, time_us, *_ in handed.gathered.rows["trades"]:
                assert through_us < known_us <= handed.committed_through_us
                assert known_us >= time_us
            through_us = handed.committed_through_us


@given(st.integers(61, 10**9))
def test_a_message_from_the_future_moves_no_clock(seconds: int) -> None:
    """It is left out and counted; what comes after it is known when it comes."""
    exchange = ExchangeClock(lambda: 0, lambda: 0)
    exchange.heard(START_US)
    pair = HeardPair("BTCUSDT", 1, "BTCUSDT")
    intake = Intake([pair], ReceiptClock(exchange), lambda one: one, lambda _hole: None, lambda _pair: None)  # type: ignore[arg-type, return-value]
    for one in (trade(1), trade(2, START_US + seconds * 1_000_000), trade(3), trade(4, START_US - 10**12)):
        intake.hear(one)  # type: ignore[arg-type]
    handed = intake.hand_over()
    assert [row[1] for row in handed.gathered.rows["trades"]] == [START_US] * 2
    assert (intake.damaged, handed.committed_through_us) == (2, START_US)


def test_the_price_of_a_pair_is_its_newest_mark_and_without_marks_its_last_close() -> None:
    heard = Heard()
    pair = heard.intake.pairs["BTCUSDT"]
    assert pair.price is None
    heard.hear(candle(0))
    assert pair.price == 1.0
    heard.hear(premium(61, 102.0), premium(60, 101.0), candle(1))
    assert pair.price == 102.0


def test_candles_through_waits_for_every_pair_and_for_holes() -> None:
    """Minute 0 is there when both pairs have it; a hole holds it until it is filled or given up."""
    heard = Heard()
    heard.hear(candle(0))
    assert heard.intake.candles_through_us is None
    heard.hear(candle(0, "ETHUSDT"))
    assert heard.intake.candles_through_us == START_US + MINUTE_US
    heard.hear(candle(1, "ETHUSDT"), candle(2, "ETHUSDT"), candle(2))
    assert heard.intake.candles_through_us == START_US + MINUTE_US
    assert [(hole.table, hole.first, hole.last) for hole in heard.holes] == [
        ("candles_1m", START_US // MINUTE_US + 1, START_US // MINUTE_US + 1)
    ]
    heard.intake.give_up(heard.holes[0], missing_numbers(heard.holes[0], set()))
    assert heard.intake.candles_through_us == START_US + 3 * MINUTE_US


def test_a_candle_that_does_not_come_is_asked_for_and_still_taken_when_it_comes() -> None:
    """Five seconds after its close it is late; candles_through waits."""
    heard = Heard(["BTCUSDT"])
    heard.hear(candle(0))
    heard.clock.heard(START_US + 2 * MINUTE_US + 6_000_000)
    heard.intake.look_for_late_bars()
    heard.intake.look_for_late_bars()
    assert [(hole.table, hole.cause) for hole in heard.holes] == [("candles_1m", "LATE")]
    assert heard.intake.candles_through_us == START_US + MINUTE_US
    heard.hear(candle(1))
    assert heard.intake.candles_through_us == START_US + 2 * MINUTE_US
    assert len(heard.intake.hand_over().gathered.rows["candles_1m"]) == 2


def test_a_candle_that_comes_after_it_was_given_up_or_once_more_is_offered_to_the_table() -> None:
    """Its exchange was minutes late; or it told the candle otherwise the second time (C125)."""
    heard = Heard(["BTCUSDT"])
    heard.hear(candle(0), candle(2))
    heard.intake.give_up(heard.holes[0], missing_numbers(heard.holes[0], set()))
    heard.hear(candle(1), candle(2)._replace(volume=9.0))
    rows = heard.intake.hand_over().gathered.rows["candles_1m"]
    assert [(row[2] - START_US) // MINUTE_US for row in rows] == [0, 2, 1, 2]


def test_missing_trades_are_asked_for_with_what_explains_it() -> None:
    """Ids 3 and 4 are missing; the connection had been lost just before."""
    heard = Heard()
    heard.hear(trade(1), trade(2))
    heard.intake.causes[Feed.TRADES] = "DISCONNECTED", START_US + MINUTE_US
    heard.hear(trade(5), trade(5), trade(3))
    (hole,) = heard.holes
    assert (hole.first, hole.last, hole.cause) == (3, 4, "DISCONNECTED")
    assert [row[3] for row in heard.intake.hand_over().gathered.rows["trades"]] == [1, 2, 5, 3]


def test_a_mark_bar_is_stored_if_no_seconds_are_missing_and_else_asked_for() -> None:
    """Minute 0 is whole, minute 1 lacks ten seconds, minute 2 did not come at all."""
    heard = Heard()
    for second in [*range(60), *range(60, 100), *range(110, 120), *range(180, 241)]:
        heard.hear(premium(second, price=100.0 + second % 60))
    rows = heard.intake.hand_over().gathered.rows["mark_prices"]
    assert [row[2:] for row in rows] == [
        (START_US, 1, 100.0, 159.0, 100.0, 159.0),
        (START_US + 3 * MINUTE_US, 1, 100.0, 159.0, 100.0, 159.0),
    ]
    first = START_US // MINUTE_US
    assert [(hole.first - first, hole.last - first) for hole in heard.holes] == [(1, 1), (2, 2)]


def test_a_settlement_is_fetched_once_it_has_passed() -> None:
    """The announced instant moves from one to the next."""
    heard = Heard()
    heard.hear(premium(0, settlement_us=START_US + 5), premium(1, settlement_us=START_US + 10))
    assert [(hole.table, hole.first) for hole in heard.holes] == [("funding_rates", START_US + 5)]


def test_frames_of_an_invented_market_lack_nothing() -> None:
    """No hole is asked for, and every event becomes its row."""
    holes: list[Hole] = []
    clock = CapturedClock()
    intake = Intake([HeardPair("BTCUSDT", 1, "BTC")], clock, parsers.parse, holes.append, lambda _pair: None)
    kinds: list[str] = []
    for frame in market_frames(70, ("BTCUSDT",)):
        clock.heard(frame.received_ns // 1_000)
        if frame.connection.startswith("depth:"):
            intake.snapshot(intake.pairs["BTCUSDT"], parsers.depth_snapshot(frame.frame, "BTCUSDT"))
        else:
            intake.hear(frame.frame)
            kinds.append(json.loads(frame.frame)["e"])
    rows = intake.hand_over().gathered.rows
    assert not holes
    assert len(rows["trades"]) == kinds.count("aggTrade")
    assert len(rows["premium_index"]) == kinds.count("markPriceUpdate")
    assert (len(rows["candles_1m"]), len(rows["mark_prices"]), len(rows["order_books"])) == (1, 1, 14)


def test_the_clock_of_receipt_never_goes_back_when_the_machine_s_clock_jumps() -> None:
    """The wall clock jumps by an hour both ways; time since the start of the machine counts."""
    elapsed, wall = [0], [0]
    exchange = ExchangeClock(lambda: elapsed[0], lambda: wall[0])
    exchange._speed, exchange._anchor_us = 1.0, START_US  # as after a measurement
    clock, seen = ReceiptClock(exchange), []
    for jump in (0, 3_600_000_000, -3_600_000_000, 0):
        elapsed[0] += 1_000
        wall[0] += jump
        seen.append(clock.now_us())
    assert seen == [START_US + 1_000 * number for number in range(1, 5)]


def test_the_missing_numbers_of_a_hole_are_ranges() -> None:
    """Of 1 to 9 came 2, 3 and 7; a hole that is closed already lacks nothing."""
    hole = Hole("trades", HeardPair("BTCUSDT", 1, "BTC"), 1, 9, 0, 10, "SEQUENCE")
    assert [one[:2] for one in missing_numbers(hole, {2, 3, 7})] == [(1, 1), (4, 6), (8, 9)]
    assert [one[:2] for one in missing_numbers(hole, set())] == [(1, 9)]
    assert missing_numbers(hole._replace(first=1, last=0), set()) == []


def test_a_book_may_be_begun_before_its_first_update_and_is_asked_for_once() -> None:
    heard = Heard()
    heard.intake.ask_snapshots()
    heard.intake.ask_snapshots()
    assert [pair.symbol for pair in heard.snapshots] == ["BTCUSDT", "ETHUSDT"]
    btc = heard.snapshots[0]
    heard.hear(
        DepthSnapshot("BTCUSDT", START_US, 1_000, [(99.0, 1.0)], [(101.0, 1.0)]),
        DepthUpdate("BTCUSDT", START_US + 5_000_000, 1_500, 2_000, 1_000, [(99.5, 1.0)], []),
    )
    rows = heard.intake.hand_over().gathered.rows["order_books"]
    assert [(row[0], row[4]) for row in rows] == [(btc.instrument_id, [99.5, 99.0])]
