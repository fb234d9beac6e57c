"""The local order book: equal to the true one or none at all, whatever is lost, doubled, late or stale."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.exchange.messages import DepthSnapshot, DepthUpdate, Level
from hydra.exchange.order_book import BookFault, BookFaultKind, OrderBook

SYMBOL = "BTCUSDT"
BEST_BID, BEST_ASK, DEEPEST = 50, 51, 12


class Change(NamedTuple):
    """One level at one id; bids are below the asks, so that the true book never crosses."""

    is_bid: bool
    distance: int
    quantity: float

    @property
    def price(self) -> float:
        return float(BEST_BID - self.distance if self.is_bid else BEST_ASK + self.distance)


class TrueMarket:
    """The book after each id, from 1 on, and what the exchange sends of it."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes
        self.books: list[tuple[dict[float, float], dict[float, float]]] = [({}, {})]
        for change in changes:
            bids, asks = (dict(side) for side in self.books[-1])
            (bids if change.is_bid else asks)[change.price] = change.quantity
            self.books.append(tuple({p: q for p, q in side.items() if q} for side in (bids, asks)))  # type: ignore[arg-type]

    def update(self, after: int, last: int) -> DepthUpdate:
        """The changes after one id up to another, each level once, as the exchange sends them."""
        sides: dict[bool, dict[float, float]] = {True: {}, False: {}}
        for change in self.changes[after:last]:
            sides[change.is_bid][change.price] = change.quantity
        return DepthUpdate(
            SYMBOL, last, after + 1, last, after, list(sides[True].items()), list(sides[False].items())
        )

    def snapshot(self, last: int, levels: int = 1_000) -> DepthSnapshot:
        bids, asks = self.best(last, levels)
        return DepthSnapshot(SYMBOL, last, last, bids, asks)

    def best(self, last: int, levels: int) -> tuple[list[Level], list[Level]]:
        bids, asks = self.books[last]
        return sorted(bids.items(), reverse=True)[:levels], sorted(asks.items())[:levels]


CHANGES = st.lists(
    st.builds(
        Change,
        st.booleans(),
        st.integers(0, DEEPEST),
        st.sampled_from([0.0, 1.0, 2.0, 3.0]),
    ),
    min_size=2,
    max_size=60,
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[TrueMarket, list[DepthUpdate | tuple[int, int]]]:
    """A market, and its updates with some lost, doubled and displaced; between them snapshots of any age."""
    market = TrueMarket(draw(CHANGES))
    last = len(market.changes)
    cuts = sorted(draw(st.sets(st.integers(1, last), max_size=last)) | {0, last})
    sent: list[DepthUpdate | tuple[int, int]] = []
    for after, until in itertools.pairwise(cuts):
        sent += [market.update(after, until)] * draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
        if draw(st.booleans()):
            sent.append((draw(st.integers(0, last)), 1_000))
    for _ in range(draw(st.integers(0, 4))):
        if sent:
            moved = sent.pop(draw(st.integers(0, len(sent) - 1)))
            sent.insert(draw(st.integers(0, len(sent))), moved)
    return market, sent


@settings(max_examples=400, deadline=None)
@given(deliveries())
def test_whatever_comes_the_book_is_the_true_one_or_there_is_none(
    delivered: tuple[TrueMarket, list[DepthUpdate | tuple[int, int]]],
) -> None:
    market, sent = delivered
    book = OrderBook(SYMBOL)
    for one in sent:
        before = book.last_id
        if isinstance(one, DepthUpdate):
            fault = book.update(one)
            is_gap = before is not None and one.previous_id > before
            assert (fault is not None) == is_gap
        else:
            book.restart(market.snapshot(*one))
        if book.last_id is None:
            assert book.top() is None
            assert book.needs_snapshot
            assert (book.bids(), book.asks()) == ({}, {})
        else:
            assert (book.bids(), book.asks()) == market.books[book.last_id]
    newest = len(market.changes)
    book.stop()
    assert book.restart(market.snapshot(newest)) is None
    assert (book.last_id, book.bids(), book.asks()) == (newest, *market.books[newest])


@settings(max_examples=200, deadline=None)
@given(CHANGES, st.integers(1, 6), st.integers(1, 5), st.data())
def test_levels_beyond_the_range_of_a_snapshot_are_not_given(
    changes: list[Change], snapshot_levels: int, wanted: int, data: st.DataObject
) -> None:
    """Every top is a beginning of the true one, though the snapshot has only the best levels."""
    market = TrueMarket(changes)
    begin = data.draw(st.integers(0, len(changes)))
    book = OrderBook(SYMBOL, snapshot_levels)
    book.restart(market.snapshot(begin, snapshot_levels))
    for last in range(begin, len(changes) + 1):
        if last > begin:
            assert book.update(market.update(last - 1, last)) is None
        top = book.top(wanted)
        assert top is not None
        bids, asks = market.best(last, wanted)
        for prices, quantities, true in (
            (top.bid_prices, top.bid_quantities, bids),
            (top.ask_prices, top.ask_quantities, asks),
        ):
            assert list(zip(prices, quantities, strict=True)) == true[: len(prices)]
            assert len(prices) == len(true) or book.needs_snapshot


def update(previous: int, last: int, **sides: Any) -> DepthUpdate:
    """An update of the ids after `previous` up to `last`, at the microsecond of its last id."""
    return DepthUpdate(
        SYMBOL, last, previous + 1, last, previous, sides.get("bids", []), sides.get("asks", [])
    )


def book_at(last_id: int, snapshot_levels: int = 1_000) -> OrderBook:
    """Bids 99 and 98, asks 101 and 102."""
    book = OrderBook(SYMBOL, snapshot_levels)
    bids, asks = [(99.0, 1.0), (98.0, 2.0)], [(101.0, 3.0), (102.0, 4.0)]
    assert book.restart(DepthSnapshot(SYMBOL, last_id, last_id, bids, asks)) is None
    return book


def test_a_new_book_asks_for_a_snapshot_and_gives_nothing() -> None:
    book = OrderBook(SYMBOL)
    assert (book.needs_snapshot, book.last_id, book.top()) == (True, None, None)
    assert book.update(update(5, 9)) is None


def test_the_top_is_best_first_as_parallel_lists() -> None:
    top = book_at(10).top(1)
    assert top == (10, 10, [99.0], [1.0], [101.0], [3.0])
    assert book_at(10).top() == (10, 10, [99.0, 98.0], [1.0, 2.0], [101.0, 102.0], [3.0, 4.0])


def test_updates_before_the_snapshot_are_applied_after_it_whatever_their_order() -> None:
    book = OrderBook(SYMBOL)
    held = [
        update(2, 8, bids=[(97.0, 9.0)]),
        update(8, 12, bids=[(99.5, 5.0)]),
        update(12, 15, asks=[(101.0, 0.0)]),
    ]
    for change in (held[2], held[0], held[1], held[1]):
        assert book.update(change) is None
    bids, asks = [(99.0, 1.0)], [(101.0, 3.0), (102.0, 4.0)]
    assert book.restart(DepthSnapshot(SYMBOL, 10, 10, bids, asks)) is None
    assert book.top() == (15, 15, [99.5, 99.0], [5.0, 1.0], [102.0], [4.0])
    assert book.repeated_updates == 1


def test_a_lost_update_is_a_gap_with_its_ids_and_the_book_is_gone() -> None:
    book = OrderBook(SYMBOL)
    book.update(update(8, 10))
    book.restart(DepthSnapshot(SYMBOL, 9, 9, [(99.0, 1.0)], [(101.0, 1.0)]))
    fault = book.update(update(12, 14))
    assert fault == BookFault(SYMBOL, BookFaultKind.GAP, 10, 10, 12, 14)
    assert (book.top(), book.needs_snapshot) == (None, True)
    assert book.restart(DepthSnapshot(SYMBOL, 13, 13, [(99.0, 1.0)], [(101.0, 1.0)])) is None
    assert (book.last_id, book.needs_snapshot) == (14, False)


def test_a_gap_among_the_held_updates_is_said_and_the_rest_waits_for_the_next_snapshot() -> None:
    book = OrderBook(SYMBOL)
    for change in (update(2, 9), update(12, 14), update(14, 15)):
        book.update(change)
    sides = [(99.0, 1.0)], [(101.0, 1.0)]
    assert book.restart(DepthSnapshot(SYMBOL, 5, 5, *sides)) == BookFault(
        SYMBOL, BookFaultKind.GAP, 9, 9, 12, 14
    )
    assert (book.top(), book.needs_snapshot) == (None, True)
    assert book.restart(DepthSnapshot(SYMBOL, 13, 13, *sides)) is None
    assert book.last_id == 15


def test_a_level_without_quantity_in_a_snapshot_is_none() -> None:
    book = OrderBook(SYMBOL)
    book.restart(DepthSnapshot(SYMBOL, 5, 5, [(99.0, 0.0), (98.0, 1.0)], [(101.0, 1.0)]))
    assert book.bids() == {98.0: 1.0}


def test_an_update_that_came_twice_or_late_changes_nothing() -> None:
    book = book_at(10)
    book.update(update(10, 12, bids=[(99.0, 7.0)]))
    assert book.update(update(10, 12, bids=[(99.0, 1.0)])) is None
    assert book.update(update(8, 10, bids=[(99.0, 2.0)])) is None
    assert (book.bids()[99.0], book.repeated_updates) == (7.0, 2)


def test_an_update_of_an_overlapping_connection_continues_the_book() -> None:
    book = book_at(10)
    assert book.update(update(7, 12, bids=[(98.5, 1.0)])) is None
    assert (book.last_id, book.bids()[98.5]) == (12, 1.0)


def test_a_stale_snapshot_is_named_and_a_newer_one_still_wanted() -> None:
    book = OrderBook(SYMBOL)
    book.update(update(20, 25))
    fault = book.restart(DepthSnapshot(SYMBOL, 15, 15, [(99.0, 1.0)], [(101.0, 1.0)]))
    assert fault == BookFault(SYMBOL, BookFaultKind.STALE_SNAPSHOT, 15, 15, 20, 25)
    assert (book.top(), book.needs_snapshot) == (None, True)
    assert book.restart(DepthSnapshot(SYMBOL, 20, 20, [(99.0, 1.0)], [(101.0, 1.0)])) is None
    assert book.last_id == 25


@pytest.mark.parametrize(
    "sides", [{"bids": [(101.0, 1.0)]}, {"asks": [(98.5, 1.0)]}, {"bids": [(200.0, 1.0)]}]
)
def test_an_update_that_crosses_the_book_ends_it(sides: dict[str, list[Level]]) -> None:
    book = book_at(10)
    fault = book.update(update(10, 11, **sides))
    assert fault == BookFault(SYMBOL, BookFaultKind.CROSSED, 10, 10, 11, 11)
    assert (book.top(), book.needs_snapshot) == (None, True)


def test_a_crossed_snapshot_is_no_book() -> None:
    book = OrderBook(SYMBOL)
    fault = book.restart(DepthSnapshot(SYMBOL, 10, 10, [(101.0, 1.0)], [(101.0, 1.0)]))
    assert fault is not None
    assert fault.kind is BookFaultKind.CROSSED
    assert (book.top(), book.needs_snapshot) == (None, True)


def test_an_update_may_move_the_whole_book_through_its_old_prices() -> None:
    book = book_at(10)
    moved = update(10, 11, bids=[(103.0, 1.0)], asks=[(101.0, 0.0), (102.0, 0.0), (104.0, 1.0)])
    assert book.update(moved) is None
    assert book.top(1) == (11, 11, [103.0], [1.0], [104.0], [1.0])


def test_a_book_near_the_end_of_its_range_asks_for_a_snapshot_and_goes_on_meanwhile() -> None:
    book = book_at(10, snapshot_levels=2)
    assert not book.needs_snapshot
    assert book.top() == (10, 10, [99.0, 98.0], [1.0, 2.0], [101.0, 102.0], [3.0, 4.0])
    assert book.needs_snapshot
    book.update(update(10, 11, bids=[(98.0, 0.0), (97.0, 5.0)]))
    top = book.top()
    assert top is not None
    assert top.bid_prices == [99.0]
    book.update(update(11, 12, bids=[(99.0, 3.0)]))
    older = DepthSnapshot(SYMBOL, 10, 10, [(99.0, 1.0), (98.0, 2.0), (96.0, 1.0)], [(101.0, 3.0)])
    assert book.restart(older) is None
    assert book.top() == (12, 12, [99.0, 97.0, 96.0], [3.0, 5.0, 1.0], [101.0], [3.0])


def test_a_snapshot_older_than_a_book_that_wanted_a_newer_one_leaves_it_as_it_is() -> None:
    book = book_at(10, snapshot_levels=2)
    book.top()
    fault = book.restart(DepthSnapshot(SYMBOL, 9, 9, [(90.0, 1.0)], [(110.0, 1.0)]))
    assert fault is not None
    assert fault.kind is BookFaultKind.STALE_SNAPSHOT
    assert (book.last_id, book.bids()) == (10, {99.0: 1.0, 98.0: 2.0})


def test_a_snapshot_in_the_stream_begins_the_book_again_even_with_a_lower_id() -> None:
    book = book_at(10)
    assert book.restart(DepthSnapshot(SYMBOL, 11, 1, [(90.0, 1.0)], [(110.0, 1.0)])) is None
    assert book.top() == (11, 1, [90.0], [1.0], [110.0], [1.0])


def test_a_lost_connection_ends_the_book() -> None:
    book = book_at(10)
    book.stop()
    assert (book.top(), book.last_id, book.needs_snapshot) == (None, None, True)


def test_ids_that_begin_anew_are_a_gap_and_no_repetition() -> None:
    """After a restart of the exchange's engine its ids are lower: the book would stand still for ever."""
    book, second = book_at(1_000_000), 1_000_000
    fault = None
    for number in range(1, 12):
        fault = fault or book.update(update(number, number + 1)._replace(time_us=number * second + 1_000_000))
    assert fault is not None
    assert (fault.kind, book.top(), book.needs_snapshot) == (BookFaultKind.GAP, None, True)
    assert book.restart(DepthSnapshot(SYMBOL, 12 * second, 11, [(99.0, 1.0)], [(101.0, 1.0)])) is None
    assert book.last_id == 12


def test_updates_from_before_a_lost_connection_do_not_hinder_the_next_book() -> None:
    book = OrderBook(SYMBOL)
    for number in range(5_000, 5_100):
        book.update(update(number, number + 1))
    book.stop()
    book.update(update(3, 4))
    assert book.restart(DepthSnapshot(SYMBOL, 3, 3, [(99.0, 1.0)], [(101.0, 1.0)])) is None
    assert book.last_id == 4
