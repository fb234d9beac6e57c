"""When a minute of an exchange is decided, as of when, and when it is too late for it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.durations import MINUTE
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.runtime.exchange_minutes import ExchangeNow
from hydra.runtime.minute_opening import IngestProgress, as_of_minute, last_too_old

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


def test_ingest_that_falls_behind_does_not_hold_the_clock_of_the_exchange_back() -> None:
    wall = iter([100.0, 101.0, 160.0, 170.0])
    now = ExchangeNow(60.0, lambda: next(wall))
    assert now.at(CLOSE) == CLOSE
    assert now.at(CLOSE + 90 * SECOND) == after(90)
    assert now.at(CLOSE + 91 * SECOND) == after(90 + 59 * 60)
    assert now.at(after(90 + 69 * 60)) == after(90 + 69 * 60)


def test_the_clock_of_a_real_exchange_is_that_of_the_world() -> None:
    now = ExchangeNow(None, lambda: after(5).timestamp())
    assert now.at(CLOSE) == after(5)
    assert now.at(after(6)) == after(6)


def test_a_clock_in_lock_step_stands_while_nothing_is_heard() -> None:
    wall = iter([100.0, 5_000.0])
    now = ExchangeNow(0.0, lambda: next(wall))
    assert now.at(CLOSE) == now.at(CLOSE) == CLOSE
