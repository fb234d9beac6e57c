"""Scales, ticks and thinning of the report's plots."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.answers.html_report.scales import (
    Scale,
    TimeScale,
    nice_step,
    scale_over,
    tick_digits,
    ticks,
    tight_scale,
    time_ticks,
)
from hydra.answers.html_report.thinning import kept_rows

VALUES = st.lists(st.floats(-1e9, 1e9, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1e-6), min_size=1)


@pytest.mark.parametrize(
    ("span", "most", "step"),
    [(10, 5, 2), (74, 5, 20), (0.0038, 3, 0.002), (12, 5, 2.5), (5, 5, 1), (51, 5, 20)],
)
def test_steps_are_round(span: float, most: int, step: float) -> None:
    assert nice_step(span, most) == pytest.approx(step)


def test_a_scale_ends_at_ticks() -> None:
    scale = scale_over([10_003.0, 10_074.0])
    assert (scale.low, scale.high) == (10_000, 10_080)
    assert ticks(scale) == pytest.approx([10_000, 10_020, 10_040, 10_060, 10_080])


@given(VALUES)
def test_every_value_lies_on_its_scale(values: list[float]) -> None:
    for scale in (scale_over(values), tight_scale(values)):
        shares = [scale.share(value) for value in values]
        assert all(share is not None and -1e-6 <= share <= 1 + 1e-6 for share in shares)
        assert 2 <= len(ticks(scale_over(values))) <= 8


@pytest.mark.parametrize("make", [scale_over, tight_scale])
@pytest.mark.parametrize("values", [[], [None], [math.nan, math.inf]])
def test_without_numbers_there_is_a_scale_to_draw_on(make: type[Scale], values: list[float | None]) -> None:
    assert make(values) == Scale(0.0, 1.0)  # type: ignore[arg-type, call-arg]


def test_one_value_stands_in_the_middle() -> None:
    assert scale_over([50.0]).share(50.0) == pytest.approx(0.5)
    assert scale_over([0.0]).share(0.0) == pytest.approx(0.5)


def test_what_is_no_number_has_no_place() -> None:
    scale = Scale(0.0, 2.0)
    assert [scale.share(None), scale.share(math.nan), scale.from_top(None)] == [None, None, None]
    assert (scale.share(0.5), scale.from_top(0.5)) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("places", "digits"),
    [([0.0, 20.0], 0), ([0.0, 0.5], 1), ([0.0, 0.25], 2), ([0.0, 2.5], 1), ([0.0, 0.002], 3), ([1.0], 2)],
)
def test_ticks_are_written_with_the_digits_that_tell_them_apart(places: list[float], digits: int) -> None:
    assert tick_digits(places) == digits


def instant(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2025, 6, day, hour, minute, tzinfo=UTC)


def test_a_day_is_ticked_by_the_clock_and_midnight_by_its_date() -> None:
    found = time_ticks(TimeScale(instant(1, 23, 10), instant(2, 5)))
    assert [text for _, text in found] == ["02 Jun", "01:00", "02:00", "03:00", "04:00", "05:00"]
    assert found[0][0] == instant(2)


def test_a_month_is_ticked_by_days_on_midnights() -> None:
    found = time_ticks(TimeScale(instant(1, 3), instant(30)))
    assert all(time.hour == 0 for time, _ in found)
    assert all(" Jun" in text for _, text in found)


@given(st.integers(1, 60 * 24 * 800), st.integers(0, 60 * 24 * 400))
def test_there_are_never_more_ticks_than_wanted(minutes: int, offset: int) -> None:
    start = instant(1) + timedelta(minutes=offset)
    scale = TimeScale(start, start + timedelta(minutes=minutes))
    found = time_ticks(scale, most=8)
    assert len(found) <= 9
    assert all(0 <= scale.share(time) <= 1 for time, _ in found)


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=400), st.integers(1, 30))
def test_thinning_keeps_both_ends_and_every_extreme(values: list[float], buckets: int) -> None:
    path = np.array(values, dtype=np.float64)
    kept = kept_rows(path, buckets)
    assert list(kept) == sorted(set(kept.tolist()))
    assert len(kept) <= max(4 * buckets, 0) or len(kept) == len(path)
    if len(path):
        assert (kept[0], kept[-1]) == (0, len(path) - 1)
    if len(path) and not np.isnan(path).all():
        assert np.nanmin(path[kept]) == np.nanmin(path)
        assert np.nanmax(path[kept]) == np.nanmax(path)


def test_a_single_spike_of_a_month_survives() -> None:
    path = np.zeros(43_200)
    path[31_111] = -7.0
    kept = kept_rows(path, 320)
    assert 31_111 in kept
    assert len(kept) <= 4 * 320


def test_a_short_path_is_not_thinned() -> None:
    assert kept_rows(np.array([3.0, 1.0, 2.0]), 1).tolist() == [0, 1, 2]
