"""When a minute of an exchange is decided, as of when, and when it is too late for it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.durations import MINUTE
from hydra.errors import RetryError
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.runtime.exchange_minutes import ExchangeNow
from hydra.runtime.minute_opening import (
    IngestProgress,
    Opening,
    as_of_minute,
    last_too_old,
    opening_of,
)

CLOSE = datetime(2026, 11, 28, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OLDEST = 30 * SECOND


def after(seconds: float) -> datetime:
    return CLOSE + seconds * SECOND


@pytest.mark.parametrize(
    ("stored", "candles", "as_of"),
    [
        pytest.param(0.3, 0, 0.3, id="every candle is stored: at once, with what is stored"),
        pytest.param(0.3, -60, None, id="a candle is missing: wait"),
        pytest.param(0.3, None, None, id="no candle came yet: wait"),
        pytest.param(2.0, -60, 2.0, id="a candle is missing still after two seconds: without it"),
        pytest.param(9.0, 0, 2.0, id="more is stored: facts after two seconds belong to the next minute"),
        pytest.param(-0.1, 0, None, id="not all that was known at the close is stored: wait"),
    ],
)
def test_a_minute_is_decided_once_its_candles_are_stored_or_after_two_seconds(
    stored: float, candles: float | None, as_of: float | None
) -> None:
    progress = IngestProgress(after(stored), None if candles is None else after(candles))
    assert as_of_minute(CLOSE, progress) == (None if as_of is None else after(as_of))


@given(stored=st.floats(-100, 100), candles=st.integers(-3, 3))
def test_no_decision_sees_what_is_not_stored_nor_lies_off_its_minute(stored: float, candles: int) -> None:
    progress = IngestProgress(after(stored), CLOSE + candles * MINUTE)
    as_of = as_of_minute(CLOSE, progress)
    assert as_of is None or CLOSE <= as_of <= min(progress.committed_through, CLOSE + DECISION_DELAY)


@pytest.mark.parametrize(
    ("now", "last"), [(0, None), (30, None), (30.5, 0), (89, 0), (90, 0), (90.5, 1), (3630.5, 60)]
)
def test_a_minute_is_too_old_once_it_closed_longer_ago_than_allowed(now: float, last: int | None) -> None:
    assert last_too_old(CLOSE, after(now), OLDEST) == (None if last is None else CLOSE + last * MINUTE)


@given(now=st.integers(-10_000, 10_000_000_000))
def test_the_minute_after_the_skipped_ones_is_young_enough(now: int) -> None:
    instant = CLOSE + timedelta(microseconds=now)
    last = last_too_old(CLOSE, instant, OLDEST)
    following = CLOSE if last is None else last + MINUTE
    assert instant - following <= OLDEST
    assert last is None or instant - last > OLDEST


def of(stored: float, candles: float | None = None) -> IngestProgress:
    return IngestProgress(after(stored), None if candles is None else after(candles))


@pytest.mark.parametrize(
    ("stored", "now", "opening"),
    [
        pytest.param(-20, 29, None, id="ingest may still come"),
        pytest.param(-20, 31, Opening(after(-20)), id="it did not: decided on what is stored"),
        pytest.param(-600, 31, Opening(after(-600)), id="however long it has stood still"),
        pytest.param(
            1.9, 31, Opening(after(1.9)), id="a candle is missing, and ingest has stopped just then"
        ),
        pytest.param(40, 41, Opening(after(41), CLOSE), id="it has gone on: the run was late, and skips"),
        pytest.param(-20, 215, Opening(after(215), after(120)), id="those before the newest are skipped"),
        pytest.param(200, 215, Opening(after(215), after(180)), id="of a late run the newest too"),
    ],
)
def test_the_newest_minute_to_which_ingest_does_not_come_is_decided_on_what_is_stored(
    stored: float, now: float, opening: Opening | None
) -> None:
    assert opening_of(CLOSE, of(stored), after(now), OLDEST) == opening


@given(stored=st.floats(-500, 500), now=st.floats(-10, 500), candles=st.integers(-9, 9))
def test_no_minute_is_decided_on_more_than_is_stored_or_after_its_instant(
    stored: float, now: float, candles: int
) -> None:
    progress = of(stored, 60.0 * candles)
    opening = opening_of(CLOSE, progress, after(max(now, stored)), OLDEST)
    if opening is None:
        return
    if opening.skip_to is None:
        assert opening.as_of <= min(progress.committed_through, CLOSE + DECISION_DELAY)
    else:
        assert opening.as_of - opening.skip_to > OLDEST


def test_ingest_that_falls_behind_does_not_hold_the_clock_of_the_exchange_back() -> None:
    """At speed 60; a second of delay here does not count. It is asked again each second."""
    wall = iter([100.0, 100.5, 102.0, 103.5])
    told = iter([CLOSE, after(150), after(210)])
    now = ExchangeNow(60.0, lambda: next(told), lambda: next(wall))
    assert now.at(after(-60)) == after(-60)
    assert now.at(after(-60)) == after(-30)
    assert now.at(after(-60)) == after(90)
    assert now.at(after(200)) == after(200)


def test_a_clock_that_was_ahead_for_a_while_leaves_no_trace() -> None:
    """What ingest had committed on a clock that was off is not taken for the time later on."""
    now = ExchangeNow(1.0, lambda: CLOSE, lambda: 100.0)
    assert now.at(after(180)) == after(180)
    assert now.at(after(1)) == after(1)


def test_an_exchange_that_does_not_answer_goes_on() -> None:
    wall = iter([100.0, 107.0])
    answers: list[datetime] = [CLOSE]

    def told() -> datetime:
        if not answers:
            raise RetryError("away")
        return answers.pop()

    now = ExchangeNow(1.0, told, lambda: next(wall))
    assert now.at(CLOSE) == CLOSE
    assert now.at(CLOSE) == after(7)


def test_the_clock_of_a_real_exchange_is_that_of_the_world() -> None:
    now = ExchangeNow(None, wall=lambda: after(5).timestamp())
    assert now.at(CLOSE) == after(5)
    assert now.at(after(6)) == after(6)


def test_a_clock_in_lock_step_stands_while_nothing_is_heard() -> None:
    wall = iter([100.0, 5_000.0])
    now = ExchangeNow(0.0, wall=lambda: next(wall))
    assert now.at(CLOSE) == now.at(CLOSE) == CLOSE
