"""Correlations as a backtest keeps them: those of the live stage, and none from before it was known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hydra.backtest.hourly_closes import Correlations, HourlyCloses
from hydra.layers.layer4_correlation import WINDOW_HOURS, pair_correlation
from hydra.trading.correlation_rows import returns_of

START = datetime(2025, 6, 1, tzinfo=UTC)
FIRST_HOUR = int(START.timestamp()) // 3600
HOUR = timedelta(hours=1)
HOURS = 200


@pytest.fixture
def hourly() -> HourlyCloses:
    """Three pairs, the last without a candle in two of the hours; every hour is known a minute after it."""
    steps = np.random.default_rng(3).normal(0, 0.01, (3, HOURS))
    closes = 100 * np.exp(np.cumsum(steps, axis=1))
    closes[2, [40, 150]] = np.nan
    known = np.array([_microseconds(_end_of(hour) + timedelta(minutes=1)) for hour in range(HOURS)])
    return HourlyCloses(FIRST_HOUR, closes, np.where(np.isnan(closes), 0, known))


def _end_of(hour: int) -> datetime:
    return START + (hour + 1) * HOUR


def _microseconds(time: datetime) -> int:
    return int(time.timestamp() * 1e6)


def live(hourly: HourlyCloses, time: datetime, as_of: datetime, column: int, other: int) -> float:
    """The same from rows, as the live stage reads them."""
    last = time.replace(minute=0) - HOUR
    start = last - WINDOW_HOURS * HOUR
    rows = [
        (pair, START + hour * HOUR, float(hourly.closes[pair, hour]))
        for pair in (column, other)
        for hour in range(HOURS)
        if start <= START + hour * HOUR <= last
        and not np.isnan(hourly.closes[pair, hour])
        and hourly.known_us[pair, hour] <= _microseconds(as_of)
    ]
    returns = returns_of(rows, (column, other), start)
    return pair_correlation(returns[column], returns[other])


def test_correlations_are_those_of_the_live_stage_in_every_hour(hourly: HourlyCloses) -> None:
    kept = Correlations(hourly)
    for hour in (10, 48, 49, 100, 168, 169, 180, HOURS):
        for minute in (0, 1, 30):
            time = START + hour * HOUR + timedelta(minutes=minute)
            for column, other in ((0, 1), (1, 0), (2, 0)):
                found = kept.at(time, time, column, other)
                assert found == pytest.approx(live(hourly, time, time, column, other), rel=0, nan_ok=True)


def test_a_close_counts_from_the_instant_at_which_it_is_known(hourly: HourlyCloses) -> None:
    kept, full = Correlations(hourly), START + 180 * HOUR
    before = kept.at(full, full, 0, 1)
    after = kept.at(full + timedelta(minutes=1), full + timedelta(minutes=1), 0, 1)
    assert before != after
    assert kept.at(full + timedelta(minutes=2), full + timedelta(minutes=2), 1, 0) == after


def test_too_short_a_history_gives_none(hourly: HourlyCloses) -> None:
    time = START + 48 * HOUR + timedelta(minutes=5)
    assert np.isnan(Correlations(hourly).at(time, time, 0, 1))
    assert not np.isnan(Correlations(hourly).at(time + HOUR, time + HOUR, 0, 1))
