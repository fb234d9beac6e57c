"""The queue of a resting order and the walk of a market order: worked examples and properties."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hydra.layers.layer5_book_fills import (
    OrderFlow,
    PublicTrade,
    QueueFill,
    RecordedBook,
    market_price,
    quantity_ahead,
    rest_in_queue,
    triggering_trade,
    walk_book,
    would_take,
)

START = datetime(2025, 6, 1, tzinfo=UTC)
STEP = Decimal("0.1")
TAKER_SOLD, TAKER_BOUGHT = True, False


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def book(second: float, bids: dict[float, float], asks: dict[float, float] | None = None) -> RecordedBook:
    """Price and quantity by level, best first."""
    above = asks or {101.0: 5.0}
    return RecordedBook(at(second), list(bids), list(bids.values()), list(above), list(above.values()))


def sold(second: float, price: float, quantity: float) -> PublicTrade:
    return PublicTrade(at(second), price, quantity, TAKER_SOLD)


def bought(second: float, price: float, quantity: float) -> PublicTrade:
    return PublicTrade(at(second), price, quantity, TAKER_BOUGHT)


def rested(
    flow: OrderFlow, ahead: str | None, quantity: str = "10", since: float = 0
) -> tuple[list[tuple[float, Decimal]], Decimal | None]:
    """A buy at 100: (second, quantity) of its fills, and what is ahead of it afterwards."""
    queue = None if ahead is None else Decimal(ahead)
    found = rest_in_queue(flow, 100.0, Decimal(quantity), queue, at(since), STEP, is_buy=True)
    return [((one.time - START).total_seconds(), one.quantity) for one in found.fills], found.ahead


def test_the_queue_ahead_is_what_the_book_shows_at_the_price() -> None:
    shown = book(0, {100.0: 7.0, 99.0: 4.0})
    assert quantity_ahead(shown, 100.0, is_buy=True) == 7
    assert quantity_ahead(shown, 99.0, is_buy=True) == 4
    assert quantity_ahead(shown, 100.5, is_buy=True) == 0, "it improves the book"
    assert quantity_ahead(shown, 99.5, is_buy=True) == 0, "an empty level between two others"
    assert quantity_ahead(shown, 98.0, is_buy=True) is None, "beyond the last recorded level"
    assert quantity_ahead(shown, 101.0, is_buy=False) == 5
    assert quantity_ahead(shown, 100.5, is_buy=False) == 0


def test_an_order_that_would_trade_at_once_is_seen_as_such() -> None:
    shown = book(0, {100.0: 7.0})
    assert would_take(shown, 101.0, is_buy=True)
    assert not would_take(shown, 100.9, is_buy=True)
    assert would_take(shown, 100.0, is_buy=False)
    assert not would_take(shown, 100.1, is_buy=False)


def test_trades_at_the_price_serve_the_queue_first_and_then_the_order() -> None:
    """7 ahead: 5 sold leave 2; of the next 6 the queue takes 2 and the order 4; then 3 of 3; then 3 of 9."""
    trades = [sold(1, 100.0, 5.0), sold(2, 100.0, 6.0), sold(3, 100.0, 3.0), sold(4, 100.0, 9.0)]
    fills, ahead = rested(OrderFlow([], trades), "7")
    assert fills == [(2.0, Decimal(4)), (3.0, Decimal(3)), (4.0, Decimal(3))]
    assert ahead == 0


def test_a_trade_through_the_price_fills_at_once_up_to_its_quantity() -> None:
    """50 ahead do not matter to a trade at 99.9; a buyer's trade at 100 never met the bids."""
    fills, ahead = rested(
        OrderFlow([], [bought(1, 100.0, 80.0), bought(2, 99.9, 1.5), sold(3, 100.0, 2.0)]), "50"
    )
    assert fills == [(2.0, Decimal("1.5")), (3.0, Decimal(2))]
    assert ahead == 0


def test_a_book_shortens_the_queue_only_to_what_it_shows() -> None:
    """7 ahead; the book shows 9 (others came behind), then 3: 4 of the 7 are gone."""
    flow = OrderFlow([book(1, {100.0: 9.0}), book(2, {100.0: 3.0})], [sold(3, 100.0, 2.0)])
    assert rested(flow, "7") == ([], Decimal(1))
    empty = OrderFlow([book(1, {99.0: 9.0})], [])
    assert rested(empty, "7") == ([], Decimal(0))
    far = OrderFlow([book(1, {100.2: 9.0})], [])
    assert rested(far, "7") == ([], Decimal(7)), "the recorded levels end above the price"


def test_a_level_beyond_the_recorded_ones_is_not_known_until_a_book_shows_it() -> None:
    flow = OrderFlow(
        [book(2, {101.0: 1.0, 100.0: 4.0}, {102.0: 1.0})], [sold(1, 100.0, 9.0), sold(3, 100.0, 5.0)]
    )
    assert rested(flow, None) == ([(3.0, Decimal(1))], Decimal(0))


def test_what_came_before_the_order_does_not_fill_it() -> None:
    assert rested(OrderFlow([], [sold(1, 99.0, 5.0)]), "0", since=1) == ([], Decimal(0))


def test_quantities_are_rounded_down_to_the_step() -> None:
    assert rested(OrderFlow([], [sold(1, 99.0, 0.25)]), "0") == ([(1.0, Decimal("0.2"))], Decimal(0))


def test_a_market_order_pays_the_mean_over_the_levels_it_takes() -> None:
    """Buy 4: 1 at 101, 2 at 102 and 1 at 104: 409 / 4. Buy 10 of 6: 4 more at 104 and 10 bps: 104.104."""
    asks = {101.0: 1.0, 102.0: 2.0, 104.0: 3.0}
    shown = book(0, {100.0: 7.0}, asks)
    assert walk_book(shown, Decimal(4), Decimal(10), is_buy=True) == Decimal("102.25")
    beyond = (Decimal(101 + 204 + 312) + 4 * Decimal("104.104")) / 10
    assert walk_book(shown, Decimal(10), Decimal(10), is_buy=True) == beyond
    assert walk_book(shown, Decimal(7), Decimal(10), is_buy=False) == 100
    assert walk_book(RecordedBook(START, [], [], [], []), Decimal(7), Decimal(10), is_buy=False) is None


def test_a_market_order_gets_the_worse_of_the_books_around_its_arrival() -> None:
    flow = OrderFlow([book(0, {100.0: 7.0}), book(5, {98.0: 7.0}), book(10, {97.0: 7.0})], [])
    sell = {"quantity": Decimal(2), "slippage_bps": Decimal(1), "is_buy": False}
    assert market_price(flow, at(3), **sell) == 98  # type: ignore[arg-type]
    assert market_price(flow, at(12), **sell) == 97  # type: ignore[arg-type]
    assert market_price(flow, at(21), **sell) is None, "the last book is too old"  # type: ignore[arg-type]


def test_a_barrier_fires_at_the_first_trade_beyond_it_or_the_nearest() -> None:
    trades = [sold(1, 99.0, 1.0), sold(2, 97.0, 1.0), sold(3, 96.0, 1.0)]
    assert triggering_trade(trades, 97.5, START, is_above=False) == trades[1]
    assert triggering_trade(trades, 97.5, at(2.5), is_above=False) == trades[2]
    assert triggering_trade(trades, 95.0, START, is_above=False) == trades[2]
    assert triggering_trade(trades, 98.0, START, is_above=True) == trades[0]
    assert triggering_trade(trades, 90.0, at(9), is_above=False) == trades[2], "no trade later"


PRICES = st.sampled_from([98.0, 99.0, 100.0, 101.0])
QUANTITIES = st.integers(1, 60).map(lambda tenths: tenths / 10)
TRADES = st.lists(st.tuples(st.integers(1, 59), PRICES, QUANTITIES, st.booleans()), max_size=12)
BOOKS = st.lists(st.tuples(st.integers(1, 59), QUANTITIES), max_size=6)
QUEUES = st.none() | st.integers(0, 200).map(lambda tenths: Decimal(tenths) / 10)
ORDERED = st.integers(1, 100).map(lambda tenths: Decimal(tenths) / 10)


def flow_of(
    trades: Sequence[tuple[int, float, float, bool]], books: Sequence[tuple[int, float]]
) -> OrderFlow:
    return OrderFlow(
        sorted(
            (book(second, {100.0: shown, 99.0: 5.0}) for second, shown in books), key=lambda one: one.time
        ),
        sorted((PublicTrade(at(one[0]), *one[1:]) for one in trades), key=lambda one: one.time),
    )


def fills_of(flow: OrderFlow, ordered: Decimal, ahead: Decimal | None, *, is_buy: bool) -> list[QueueFill]:
    return rest_in_queue(flow, 100.0, ordered, ahead, START, STEP, is_buy=is_buy).fills


@given(TRADES, BOOKS, ORDERED, QUEUES, st.booleans())
def test_an_order_gets_no_more_than_was_ordered_and_traded_at_its_price_or_through_it(
    trades: list[tuple[int, float, float, bool]],
    books: list[tuple[int, float]],
    ordered: Decimal,
    ahead: Decimal | None,
    is_buy: bool,
) -> None:
    flow = flow_of(trades, books)
    fills = fills_of(flow, ordered, ahead, is_buy=is_buy)
    assert sum(one.quantity for one in fills) <= ordered
    for time in {one.time for one in fills}:
        traded = sum(
            Decimal(str(one.quantity))
            for one in flow.trades
            if one.time == time and (one.price <= 100 if is_buy else one.price >= 100)
        )
        assert 0 < sum(one.quantity for one in fills if one.time == time) <= traded


@given(TRADES, BOOKS, ORDERED, QUEUES, st.integers(0, 100), st.booleans())
def test_a_longer_queue_never_fills_more_nor_earlier(
    trades: list[tuple[int, float, float, bool]],
    books: list[tuple[int, float]],
    ordered: Decimal,
    ahead: Decimal | None,
    longer: int,
    is_buy: bool,
) -> None:
    flow = flow_of(trades, books)
    short = fills_of(flow, ordered, ahead, is_buy=is_buy)
    long = fills_of(flow, ordered, None if ahead is None else ahead + longer, is_buy=is_buy)
    for trade in flow.trades:
        by_then = [sum(one.quantity for one in fills if one.time <= trade.time) for fills in (short, long)]
        assert by_then[0] >= by_then[1]


@given(TRADES, BOOKS, ORDERED, QUEUES, st.integers(1, 59))
def test_a_queue_goes_on_in_the_next_minute_where_it_stood(
    trades: list[tuple[int, float, float, bool]],
    books: list[tuple[int, float]],
    ordered: Decimal,
    ahead: Decimal | None,
    cut: int,
) -> None:
    """Played in two parts it is what it is in one: live a minute is played at a time."""
    flow = flow_of(trades, books)
    whole = rest_in_queue(flow, 100.0, ordered, ahead, START, STEP, is_buy=True)
    first = OrderFlow(
        [one for one in flow.books if one.time <= at(cut)],
        [one for one in flow.trades if one.time <= at(cut)],
    )
    before = rest_in_queue(first, 100.0, ordered, ahead, START, STEP, is_buy=True)
    left = ordered - sum(one.quantity for one in before.fills)
    after = rest_in_queue(flow, 100.0, left, before.ahead, at(cut), STEP, is_buy=True) if left else None
    assert [*before.fills, *(after.fills if after else [])] == whole.fills


@given(st.lists(st.tuples(st.integers(1, 20), QUANTITIES), min_size=1, max_size=8), ORDERED, st.booleans())
def test_a_walk_is_never_better_than_the_best_level_and_grows_with_the_size(
    levels: list[tuple[int, float]], ordered: Decimal, is_buy: bool
) -> None:
    sign = 1 if is_buy else -1
    side = dict(sorted(((100.0 + sign * away, quantity) for away, quantity in levels), reverse=not is_buy))
    shown = book(0, {} if is_buy else side, side if is_buy else {200.0: 1.0})
    small, large = (walk_book(shown, size, Decimal(2), is_buy=is_buy) for size in (ordered, ordered + 1))
    assert small is not None
    assert large is not None
    best = Decimal(str(next(iter(side))))
    assert sign * (small - best) >= -Decimal("1e-20")
    assert sign * (large - small) >= -Decimal("1e-20")
