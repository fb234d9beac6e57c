"""A frozen feed is found by its own usual rate."""

import pytest

from hydra.exchange.interface import Feed
from hydra.ingest.live.feed_watch import FeedWatch

SECOND_US = 1_000_000


def _watched(feed: Feed, every_s: float, messages: int = 200) -> FeedWatch:
    watch = FeedWatch(feed)
    for number in range(messages):
        time_us = int((number + 1) * every_s * SECOND_US)
        watch.came(time_us, time_us)
    return watch


@pytest.mark.parametrize(
    ("feed", "every_s", "silent_after_s"),
    [
        (Feed.ORDER_BOOKS, 0.1, 5),
        (Feed.ORDER_BOOKS, 2.0, 40),
        (Feed.PREMIUM_INDEX, 1.0, 20),
        (Feed.TRADES, 0.05, 45),
        (Feed.TRADES, 20.0, 400),
    ],
)
def test_a_feed_is_silent_after_twenty_times_its_usual_pause(
    feed: Feed, every_s: float, silent_after_s: int
) -> None:
    """But not before a shortest time that belongs to the feed."""
    watch = _watched(feed, every_s)
    assert not watch.is_silent(watch.received_us + int((silent_after_s - 0.5) * SECOND_US))
    assert watch.is_silent(watch.received_us + int((silent_after_s + 0.5) * SECOND_US))


def test_forced_orders_may_be_rare() -> None:
    watch = _watched(Feed.LIQUIDATIONS, 1.0)
    assert not watch.is_silent(watch.received_us + 10_000 * SECOND_US)


def test_a_feed_that_never_came_is_silent_after_a_minute() -> None:
    """As on the wrong route of the exchange, which refuses nothing."""
    watch = FeedWatch(Feed.TRADES)
    watch.restarted(1_000 * SECOND_US)
    assert not watch.is_silent(1_059 * SECOND_US)
    assert watch.is_silent(1_061 * SECOND_US)


def test_one_long_pause_does_not_become_the_usual_one() -> None:
    watch = _watched(Feed.ORDER_BOOKS, 0.1)
    after = watch.received_us + 3_600 * SECOND_US
    watch.came(after, after)
    assert watch.is_silent(after + 6 * SECOND_US)
