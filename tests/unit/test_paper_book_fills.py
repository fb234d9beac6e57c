"""Simulated fills from recorded books and trades: worked examples, and properties over random trades."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hydra.domain import FillEvidence, OrderState, ReasonCode
from hydra.layers.layer5_book_fills import OrderFlow, PublicTrade, RecordedBook
from hydra.layers.layer5_execution import ExecutionParameters
from hydra.trading.bars import Bar
from hydra.trading.order_flow import is_recorded
from hydra.trading.pair_state import PairState
from tests.support.sol_orders import (
    EXCHANGE,
    QUIET,
    SOL,
    START,
    bar,
    entering,
    held,
    send_market_exit,
)


def recorded(*trades: tuple[float, float, float], every: int = 5) -> OrderFlow:
    """Bids of 3 at 97 and 50 at 96.9, asks of 5 at 97.1, from 5 s before the start on.

    trades: (second, price, quantity); the taker sold.
    """
    books = [
        RecordedBook(START + timedelta(seconds=second), (97.0, 96.9), (3.0, 50.0), (97.1,), (5.0,))
        for second in range(-5, 121, every)
    ]
    sold = [PublicTrade(START + timedelta(seconds=one[0]), one[1], one[2], True) for one in trades]
    return OrderFlow(books, sold)


def traded(minute: int, flow: OrderFlow) -> Bar:
    """The bar of a minute as its trades make it; without any, one that trades from 96.5 to 97.1."""
    start = START + timedelta(minutes=minute)
    prices = [one.price for one in flow.trades if start <= one.time < start + timedelta(minutes=1)]
    return bar(minute, (97.0, max(prices, default=97.1), min(prices, default=96.5), 97.0))


def collect_recorded(state: PairState, bars: Sequence[Bar], flow: OrderFlow, latency: float = 0.0) -> None:
    """Let `bars` happen with the part of `flow` that lies in each."""

    def part(bar: Bar) -> OrderFlow | None:
        near = OrderFlow(
            [one for one in flow.books if bar.time - timedelta(seconds=10) <= one.time <= bar.end],
            [one for one in flow.trades if bar.time <= one.time < bar.end],
        )
        return near if is_recorded(near, bar) else None

    parameters = ExecutionParameters(latency_seconds=latency)
    replace(EXCHANGE, bars={SOL: bars}, parameters=parameters, flow=part).collect(state, START)


def test_a_touch_fills_behind_the_queue_at_its_time_and_the_stop_follows_at_once() -> None:
    """3 ahead at 97; 4 are sold there at 10 s: 1 SOL. The bar alone (low 97) would fill nothing."""
    state = entering()
    entry = state.entry
    assert entry is not None
    flow = recorded((5, 97.1, 1.0), (10, 97.0, 4.0))
    collect_recorded(state, [bar(0, (97.05, 97.1, 97.0, 97.05))], flow)
    assert [(fill.time, fill.quantity, fill.evidence) for fill in entry.fills] == [
        (START + timedelta(seconds=10), Decimal(1), FillEvidence.BOOK)
    ]
    assert entry.queue_ahead == 0
    assert state.stop is not None
    assert (state.stop.quantity, state.stop.placed_time) == (Decimal(1), START + timedelta(seconds=10))


def test_an_order_that_comes_late_joins_the_queue_when_it_comes() -> None:
    """With a latency of 20 s the trade at 10 s is missed; 3 are ahead and 5 sold at 25 s: 2 SOL."""
    state = entering()
    entry = state.entry
    assert entry is not None
    trades = recorded((5, 97.1, 1.0), (10, 96.0, 40.0), (25, 97.0, 5.0))
    collect_recorded(state, [bar(0, (97.05, 97.1, 96.0, 97.05))], trades, latency=20.0)
    assert [fill.quantity for fill in entry.fills] == [Decimal(2)]


def test_a_post_only_order_that_would_trade_at_once_is_refused() -> None:
    state = entering(limit="97.1")
    flow = recorded((5, 97.1, 1.0), (10, 96.0, 40.0))
    collect_recorded(state, [bar(0, (97.05, 97.1, 96.0, 97.05))], flow)
    assert state.entry is None
    assert state.position is None
    assert [(one.state, one.reason_code) for one in state.ended] == [
        (OrderState.REJECTED, ReasonCode.EXCHANGE_REFUSED)
    ]


def test_a_market_exit_walks_the_book_as_it_arrives() -> None:
    """10 SOL sold a second after minute 1 begins: 3 at 97 and 7 at 96.9: 96.93."""
    state = held()
    send_market_exit(state, 1)
    collect_recorded(state, [bar(1, QUIET)], recorded((70, 97.1, 4.0), (80, 96.9, 1.0)), latency=1.0)
    assert state.position is not None
    assert state.position.quantity == 0
    assert state.position.exit_price == Decimal("96.93")
    assert state.position.closed_time == START + timedelta(seconds=61)


def test_a_stop_fills_from_the_book_no_better_than_the_trade_that_fired_it() -> None:
    """The mark reaches 96.05; at 70 s a trade at 96 is beyond it. The books still show 97: sold at 96."""
    state = held()
    bars = [bar(1, (97.0, 97.1, 96.0, 97.0))]
    trades = (61, 97.1, 1.0), (65, 96.5, 1.0), (70, 96.0, 1.0), (80, 95.0, 1.0)
    collect_recorded(state, bars, recorded(*trades))
    assert state.position is not None
    assert state.position.exit_price == Decimal(96)
    assert state.position.closed_time == START + timedelta(seconds=70)
    assert state.position.exit_reason_code is ReasonCode.STOP_HIT


def test_where_trades_are_missing_the_bar_says_what_a_stop_gets() -> None:
    """The last trade that was heard is 97 at 70 s; the bar went on to 95. By the bar: 96.05 less 2.5 bps."""
    state = held()
    collect_recorded(state, [bar(1, (97.0, 97.1, 95.0, 95.2))], recorded((61, 97.1, 1.0), (70, 97.0, 1.0)))
    assert state.position is not None
    assert state.position.exit_price == Decimal("96.02")
    assert state.position.closed_time == START + timedelta(minutes=2)
    (stop,) = (one for one in state.ended if one.fills and one.role == "STOP")
    assert [fill.evidence for fill in stop.fills] == [FillEvidence.BAR]


def test_a_minute_is_recorded_with_a_book_at_its_beginning_a_later_one_and_trades_at_its_extremes() -> None:
    whole, minute = recorded((10, 97.1, 4.0), (20, 96.9, 4.0)), bar(0, QUIET)
    assert is_recorded(whole, minute)
    assert not is_recorded(whole._replace(trades=whole.trades[:1]), minute)
    assert not is_recorded(whole._replace(trades=whole.trades[1:]), minute)
    assert not is_recorded(whole._replace(trades=[]), minute)
    assert not is_recorded(whole._replace(books=[]), minute)
    assert not is_recorded(whole._replace(books=whole.books[4:]), minute)
    assert not is_recorded(whole._replace(books=whole.books[:2]), minute)
    assert not is_recorded(whole, replace(minute, length=timedelta(minutes=5)))


SOLD = st.lists(
    st.tuples(st.integers(0, 119), st.sampled_from([95.5, 96.9, 97.0, 97.1]), st.integers(1, 80)), max_size=12
)


@example([(1, 95.5, 1)], 0.0, 5)
@given(SOLD, st.sampled_from([0.0, 20.0, 60.0]), st.integers(1, 40))
@settings(deadline=None)
def test_by_the_book_a_buy_pays_its_limit_and_gets_no_more_than_was_traded_there(
    trades: list[tuple[int, float, int]], latency: float, every: int
) -> None:
    """Prices, sums and times of every fill, whatever is recorded; the stop covers what is held."""
    state = entering()
    entry = state.entry
    assert entry is not None
    flow = recorded(*((one[0], one[1], one[2] / 10) for one in sorted(trades)), every=every)
    bars = [traded(number, flow) for number in range(2)]
    collect_recorded(state, bars, flow, latency)
    by_book = [fill for fill in entry.fills if fill.evidence is FillEvidence.BOOK]
    assert all(fill.price == 97 and fill.is_maker for fill in entry.fills)
    assert entry.filled_quantity <= 10
    met = sum(Decimal(str(one.quantity)) for one in flow.trades if one.price <= 97)
    assert sum(fill.quantity for fill in by_book) <= met
    assert all(START + timedelta(seconds=latency) <= fill.time for fill in by_book)
    times = [event.time for event in entry.events]
    assert times == sorted(times)
    if state.is_open:
        assert state.stop is not None
        assert state.position is not None
        assert state.stop.quantity == state.position.quantity
