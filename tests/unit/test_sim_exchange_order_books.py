"""Depth updates of the simulated exchange: exactly to the next book, never crossed, ids without a break."""

from hypothesis import given
from hypothesis import strategies as st

from hydra.sim.exchange import books
from hydra.sim.exchange.books import Book

DIGITS = (1, 3)
_LEVELS = st.integers(1, 5)
_QUANTITY = st.integers(1, 10**6).map(lambda steps: steps / 1_000)


@st.composite
def _books(draw: st.DrawFn) -> Book:
    """An uncrossed book on a grid of 0.1, with 1 to 5 levels a side, anywhere between 1 and 30."""
    best_bid = draw(st.integers(20, 200))
    best_ask = best_bid + draw(st.integers(1, 30))
    sides = []
    for best, sign in ((best_bid, -1), (best_ask, 1)):
        gaps = draw(st.lists(st.integers(1, 3), min_size=0, max_size=4))
        ticks = [best]
        for gap in gaps:
            ticks.append(ticks[-1] + sign * gap)
        prices = [tick / 10 for tick in ticks if tick > 0]
        sizes = draw(st.lists(_QUANTITY, min_size=len(prices), max_size=len(prices)))
        sides.append(books.side_of(prices, sizes, sign, DIGITS))
    return Book(draw(_LEVELS) * 5_000, *sides)


@given(_books(), _books())
def test_the_updates_lead_exactly_to_the_next_book(before: Book, after: Book) -> None:
    led = books.changed(before, books.updates_between(before, after), after.time_ms)
    assert led.bids.levels == after.bids.levels
    assert led.asks.levels == after.asks.levels


@given(_books(), _books())
def test_no_update_leaves_a_crossed_or_an_empty_book(before: Book, after: Book) -> None:
    updates = books.updates_between(before, after)
    for count in range(1, len(updates) + 1):
        book = books.changed(before, updates[:count], after.time_ms)
        assert book.bids.levels
        assert book.asks.levels
        # Keys of bids are negative prices.
        assert -book.bids.keys[0] < book.asks.keys[0]


@given(st.integers(1_000, 3_000_000_000))
def test_the_ids_of_updates_form_a_chain(second: int) -> None:
    now_ms = second * 1_000
    assert books.previous_id(now_ms) == books.last_id(now_ms - 1_000)
    assert books.previous_id(now_ms) < books.first_id(now_ms) <= books.last_id(now_ms)
