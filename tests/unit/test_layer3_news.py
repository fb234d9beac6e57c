"""When the news analyst's views close a position (C25), and what a backtest's minutes see of stored views."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from hydra.backtest.news import NEWS_SCHEMA, news_columns
from hydra.domain import ExitUrgency, NewsAction, NewsConfidence, ReasonCode
from hydra.durations import EPOCH, MICROSECOND, MINUTE
from hydra.layers.layer3_news import NO_NEWS, NewsView, PairNews, exit_is_confirmed, pair_news
from hydra.layers.positions import PositionParameters, PositionSnapshot, check_position

START = datetime(2025, 6, 1, tzinfo=UTC)
EXIT, HOLD, BULLISH = NewsAction.EXIT, NewsAction.HOLD, NewsAction.BULLISH
HIGH, LOW = NewsConfidence.HIGH, NewsConfidence.LOW
PAIR = 4


def view(
    minute: float, action: NewsAction, confidence: NewsConfidence = LOW, answered_s: float = 5
) -> NewsView:
    time = START + minute * MINUTE
    return NewsView(time, time + timedelta(seconds=answered_s), action, confidence)


@pytest.mark.parametrize(
    ("newest_first", "confirmed"),
    [
        ([], False),
        ([(EXIT, LOW)], False),
        ([(EXIT, NewsConfidence.MEDIUM)], False),
        ([(EXIT, HIGH)], True),
        ([(EXIT, LOW), (EXIT, LOW)], True),
        ([(EXIT, LOW), (HOLD, HIGH)], False),
        ([(EXIT, LOW), (HOLD, HIGH), (EXIT, HIGH)], False),
        ([(BULLISH, LOW), (EXIT, HIGH)], False),
        ([(HOLD, HIGH), (HOLD, HIGH)], False),
        ([(NewsAction.BEARISH, HIGH), (NewsAction.BEARISH, HIGH)], False),
    ],
)
def test_an_exit_needs_two_scans_in_a_row_or_a_high_confidence(
    newest_first: list[tuple[NewsAction, NewsConfidence]], confirmed: bool
) -> None:
    views = [view(-number, *one) for number, one in enumerate(newest_first)]
    assert exit_is_confirmed(views) is confirmed
    assert pair_news(views).exit_known_at == (views[0].known_at if confirmed else None)


@pytest.mark.parametrize(("scan_before", "confirmed"), [(None, True), (-30, True), (-10, False)])
def test_a_scan_between_two_exits_breaks_the_row(scan_before: float | None, confirmed: bool) -> None:
    """It said nothing of the pair, or failed: the two exits are not of two scans in a row."""
    before = None if scan_before is None else START + scan_before * MINUTE
    assert exit_is_confirmed([replace(view(0, EXIT), scan_before=before), view(-30, EXIT)]) is confirmed
    assert exit_is_confirmed([replace(view(0, EXIT, HIGH), scan_before=before), view(-30, EXIT)])


def test_only_what_was_open_before_the_exit_was_known_is_closed() -> None:
    news = pair_news([view(0, EXIT, HIGH)])
    known_at = START + timedelta(seconds=5)
    assert news.closes(known_at - MICROSECOND)
    assert not news.closes(known_at), "a position opened afterwards is not of this view: no loop of exits"
    assert not NO_NEWS.closes(START - timedelta(days=1))
    assert not PairNews(EXIT, None).closes(START - timedelta(days=1)), "an exit that is not confirmed"


CALM = PositionSnapshot(1, 100.0, 100.0, 80.0, 1.0, 4.0, 1.0)


def test_a_news_exit_is_an_ordinary_exit_after_the_urgent_ones() -> None:
    told = replace(CALM, news_exit_age_seconds=0.0, thesis_health=0.0)
    verdict = check_position(told, PositionParameters())
    assert verdict is not None
    assert (verdict.reason_code, verdict.urgency) == (ReasonCode.NEWS_EXIT, ExitUrgency.ORDINARY)
    near = check_position(replace(told, mark_price=80.1), PositionParameters())
    assert near is not None
    assert near.reason_code is ReasonCode.LIQUIDATION_NEAR
    assert check_position(CALM, PositionParameters()) is None
    assert math.isnan(CALM.news_exit_age_seconds)


# A backtest's minutes


def market(views: list[NewsView], minutes: int, decided_after_s: float = 2) -> Any:
    """The parts of a market that the news read."""
    rows = [
        (PAIR, one.time, one.known_at, one.action.value, one.confidence.value, one.scan_before)
        for one in views
    ]
    as_of = [START + number * MINUTE + timedelta(seconds=decided_after_s) for number in range(minutes)]
    return SimpleNamespace(
        minutes=np.arange(minutes),
        instrument_ids=(3, PAIR),
        news=pl.DataFrame(rows, schema=NEWS_SCHEMA, orient="row"),
        as_of_us=np.array([(one - EPOCH) // MICROSECOND for one in as_of]),
    )


def seen_one_by_one(views: list[NewsView], as_of: datetime, counts_for: timedelta) -> PairNews:
    """The definition: of those known, the newest two that are young enough."""
    known = [one for one in views if one.known_at <= as_of and one.time > as_of - counts_for]
    return pair_news(sorted(known, key=lambda one: one.time, reverse=True)[:2])


def test_a_minute_sees_what_was_known_and_is_not_older_than_two_scans() -> None:
    columns = news_columns(market([view(10, HOLD, answered_s=150)], 90), timedelta(minutes=60))
    assert columns is not None
    seen = [columns.of(row, 1).action for row in range(90)]
    # Answered at 12:30, so the minute 13 is the first; at 70:02 its scan is older than 60 minutes.
    assert [row for row, action in enumerate(seen) if action is HOLD] == list(range(13, 70))
    assert {columns.of(row, 0) for row in range(90)} == {NO_NEWS}
    assert not columns.demands_exit.any()
    assert columns.action_words().to_list()[: 2 * 14] == [None] * (2 * 13 + 1) + ["hold"]


@pytest.mark.parametrize("seed", range(8))
def test_the_columns_say_what_the_rule_says_minute_by_minute(seed: int) -> None:
    """Scans at any time, answers late and out of order."""
    chance = np.random.default_rng(seed)
    views = [
        view(
            float(minute),
            NewsAction(str(chance.choice(["exit", "exit", "hold", "bullish"]))),
            NewsConfidence(str(chance.choice(["high", "low", "low"]))),
            answered_s=float(chance.integers(0, 1200)),
        )
        for minute in sorted(chance.choice(300, 24, replace=False))
    ]
    views = [replace(one, scan_before=one.time - float(chance.integers(1, 30)) * MINUTE) for one in views]
    played, counts_for = market(views, 360), timedelta(minutes=40)
    columns = news_columns(played, counts_for)
    assert columns is not None
    found = [columns.of(row, 1) for row in range(360)]
    instants = [EPOCH + int(us) * MICROSECOND for us in played.as_of_us]
    assert found == [seen_one_by_one(views, as_of, counts_for) for as_of in instants]
    assert any(one.exit_known_at for one in found)
    assert any(one == NO_NEWS for one in found)


def test_a_market_without_views_has_no_columns() -> None:
    assert news_columns(market([], 5), timedelta(minutes=60)) is None
    assert news_columns(SimpleNamespace(news=None), timedelta(minutes=60)) is None  # type: ignore[arg-type]
