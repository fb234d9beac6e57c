"""Overlapping labels: uniqueness by hand and against counting instant by instant; weights."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.arrays import TIME, Floats
from hydra.durations import MINUTE_US
from hydra.errors import BadDataError
from hydra.training.uniqueness import (
    average_uniqueness,
    effective_sample_size,
    sample_weights,
    with_uniqueness,
)

THREE = (np.array([0, 2, 3]), np.array([4, 6, 5]))
"""Alive: A alone for 2, A and B for 1, all three for 1, B and C for 1, B alone for 1."""


def test_three_overlapping_labels_by_hand() -> None:
    found = average_uniqueness(*THREE)
    assert found == pytest.approx(
        [(2 + 1 / 2 + 1 / 3) / 4, (1 / 2 + 1 / 3 + 1 / 2 + 1) / 4, (1 / 3 + 1 / 2) / 2]
    )
    assert effective_sample_size(pl.Series(found)) == pytest.approx(41 / 24)


def test_labels_of_four_hours_every_minute_are_worth_one_in_240() -> None:
    start = np.arange(50_000) * MINUTE_US
    found = average_uniqueness(start, start + 240 * MINUTE_US)
    assert np.median(found) == pytest.approx(1 / 240)
    assert found.sum() == pytest.approx(50_239 / 240, rel=0.02)


def test_a_label_that_ends_as_another_begins_is_unique() -> None:
    assert average_uniqueness(np.array([0, 5, 20]), np.array([5, 9, 21])).tolist() == [1.0, 1.0, 1.0]


def test_a_label_without_a_span_is_refused() -> None:
    with pytest.raises(BadDataError, match="every label needs a span"):
        average_uniqueness(np.array([3]), np.array([3]))


def labels(pairs: list[int], sides: list[str], spans: list[tuple[int, int] | None]) -> pl.DataFrame:
    ends = [None if one is None else one[1] * MINUTE_US for one in spans]
    return pl.DataFrame(
        {
            "instrument_id": pairs,
            "side": sides,
            "label": [None if one is None else 1 for one in spans],
            "label_start": pl.Series([0 if one is None else one[0] * MINUTE_US for one in spans]).cast(TIME),
            "label_end": pl.Series(ends, dtype=pl.Int64).cast(TIME),
        }
    )


def test_only_labels_of_one_group_overlap_and_a_row_without_a_label_counts_for_nothing() -> None:
    frame = labels([1, 2, 1, 1], ["LONG", "LONG", "SHORT", "LONG"], [(0, 4), (0, 4), (0, 4), None])
    assert with_uniqueness(frame)["uniqueness"].to_list() == [0.5, 1.0, 0.5, None]
    by_side = with_uniqueness(frame, ("instrument_id", "side"))
    assert by_side["uniqueness"].to_list() == [1.0, 1.0, 1.0, None]


def test_a_weight_is_uniqueness_times_the_size_of_the_return() -> None:
    unique = np.array([1.0, 0.5, 0.5])
    assert sample_weights(unique).tolist() == [1.5, 0.75, 0.75]
    assert sample_weights(unique, np.array([1.0, -2.0, 4.0])) == pytest.approx([0.75, 0.75, 1.5])


def test_the_oldest_row_weighs_what_was_asked_for_and_the_fall_is_in_uniqueness() -> None:
    """Starts 0, 1, 2, uniqueness 1, 0.5, 0.5: the middle row brings half of what came after the oldest."""
    unique, start = np.array([0.5, 1.0, 0.5]), np.array([2, 0, 1])
    decayed = sample_weights(unique, start=start, oldest=0.2) / sample_weights(unique)
    assert decayed / decayed[0] == pytest.approx([1.0, 0.2, 0.6])


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), min_size=1, max_size=40)


@given(SPANS)
@settings(max_examples=200, deadline=None)
def test_uniqueness_is_what_counting_every_instant_gives(spans: list[tuple[int, int]]) -> None:
    start = np.array([one for one, _ in spans])
    end = start + np.array([length for _, length in spans])
    alive = np.array([((start <= instant) & (instant < end)).sum() for instant in range(101)])
    naive: Floats = np.array(
        [(1 / alive[begin:finish]).mean() for begin, finish in zip(start, end, strict=True)]
    )
    found = average_uniqueness(start, end)
    assert found == pytest.approx(naive)
    assert ((found > 0) & (found <= 1 + 1e-12)).all()
    # Together, the labels are worth at most the time in which one was alive, in units of the shortest.
    assert (found * (end - start)).sum() == pytest.approx((alive > 0).sum())
