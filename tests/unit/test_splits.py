"""Splits of labelled rows: nothing of a test's time trains, and every row is tested where it should be."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import comb

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.arrays import TIME, Floats, Integers
from hydra.durations import DAY, HOUR, MINUTE, MINUTE_US
from hydra.errors import BadDataError, StopError
from hydra.training.splits.blocks import (
    along_paths,
    cpcv,
    cpcv_paths,
    path_count,
    purged_kfold,
    time_blocks,
)
from hydra.training.splits.label_spans import (
    Fold,
    LabelSpans,
    Purge,
    default_purge,
    may_train,
    microseconds,
)
from hydra.training.splits.vault import split_off_vault, vault_start
from hydra.training.splits.walk_forward import (
    DEEP_MODELS,
    EDGE_MODELS,
    WalkForward,
    purged_walk_forward,
)

START = datetime(2025, 1, 1, tzinfo=UTC)
NO_EMBARGO = Purge(timedelta(0))


def spans_of(minutes: list[tuple[int, int]]) -> LabelSpans:
    """Labels from minute a to minute b after START."""
    since = microseconds(START) + np.array(minutes, np.int64).reshape(-1, 2) * MINUTE_US
    return LabelSpans(since[:, 0], since[:, 1])


def every(step: int, length: int, count: int) -> LabelSpans:
    return spans_of([(step * number, step * number + length) for number in range(count)])


def starts(spans: LabelSpans, rows: Integers) -> list[int]:
    """Minutes after START."""
    return [int(one) for one in (spans.start[rows] - microseconds(START)) // MINUTE_US]


def test_labels_that_reach_into_the_test_or_begin_in_its_embargo_do_not_train() -> None:
    """The test lasts from minute 100 to 130; the embargo ends at 150."""
    spans = spans_of(
        [(0, 99), (50, 100), (90, 95), (100, 130), (110, 120), (130, 140), (150, 160), (151, 160)]
    )
    test = np.array([3, 4])
    allowed = may_train(spans, [test], Purge(20 * MINUTE))
    assert np.flatnonzero(allowed).tolist() == [0, 2, 7]


def test_the_lag_of_the_features_drops_labels_that_end_shortly_before_the_test() -> None:
    spans = spans_of([(0, 89), (0, 90), (0, 99), (100, 101)])
    allowed = may_train(spans, [np.array([3])], Purge(timedelta(0), feature_lag=10 * MINUTE))
    assert np.flatnonzero(allowed).tolist() == [0]


def test_a_label_of_another_pair_is_purged_by_time_and_not_by_its_place_among_the_rows() -> None:
    """Rows of the second pair stand far behind those of the first, at the same time."""
    first, second = every(1, 30, 200), every(1, 30, 200)
    both = LabelSpans(np.r_[first.start, second.start], np.r_[first.end, second.end])
    test = np.arange(100, 110)
    allowed = may_train(both, [test], NO_EMBARGO)
    assert np.array_equal(allowed[200:], np.r_[allowed[:100], np.zeros(10, bool), allowed[110:200]])
    assert not allowed[200 + 70 : 200 + 140].any()
    assert allowed[200 + 69]


def test_the_embargo_is_a_hundredth_of_the_sample_and_at_least_a_day() -> None:
    assert default_purge(every(1440, 60, 99)).embargo == DAY
    year = spans_of([(0, 60), (364 * 1440, 365 * 1440)])
    assert default_purge(year) == Purge(3.65 * DAY)


def days(count: int) -> tuple[datetime, datetime]:
    return START, START + count * DAY


def test_a_walk_forward_moves_on_by_its_test_and_keeps_the_last_full_fold() -> None:
    """30 days: train 20, test 5 make the folds of days 20 to 24 and 25 to 29 (C81: exactly fitting)."""
    spans = every(60, 30, 30 * 24)
    first, second = purged_walk_forward(spans, EDGE_MODELS, days(30))
    assert (starts(spans, first.train)[0], starts(spans, first.train)[-1]) == (0, 20 * 1440 - 60)
    assert (starts(spans, first.test)[0], starts(spans, first.test)[-1]) == (20 * 1440, 25 * 1440 - 60)
    assert (starts(spans, second.train)[0], starts(spans, second.test)[-1]) == (5 * 1440, 30 * 1440 - 60)
    assert [first.number, second.number] == [0, 1]


def test_an_exactly_fitting_period_has_one_fold_and_a_shorter_one_is_refused() -> None:
    spans = every(60, 30, 25 * 24)
    assert len(list(purged_walk_forward(spans, EDGE_MODELS, days(25)))) == 1
    with pytest.raises(StopError, match="too short to train on 20 and test on 5 days: it takes 25 days"):
        next(purged_walk_forward(spans, EDGE_MODELS, days(24)))
    with pytest.raises(StopError, match="it takes 282 days"):
        next(purged_walk_forward(spans, DEEP_MODELS, days(281)))


def test_a_walk_forward_drops_the_training_labels_that_end_in_the_test() -> None:
    """Labels of 90 minutes each hour: the one that starts an hour before the test ends within it."""
    spans = every(60, 90, 25 * 24)
    (fold,) = purged_walk_forward(spans, EDGE_MODELS, days(25))
    assert starts(spans, fold.train)[-1] == 20 * 1440 - 120


def test_an_anchored_walk_forward_trains_on_everything_before() -> None:
    spans = every(60, 30, 30 * 24)
    folds = list(purged_walk_forward(spans, WalkForward(20 * DAY, 5 * DAY, is_anchored=True), days(30)))
    assert [starts(spans, fold.train)[0] for fold in folds] == [0, 0]
    assert len(folds[1].train) == len(folds[0].train) + 5 * 24


def test_a_fold_without_rows_keeps_its_number_for_itself() -> None:
    """No data on days 20 to 24: fold 0 tests nothing; the others are there."""
    spans = every(60, 30, 40 * 24)
    kept = (spans.start < microseconds(START + 20 * DAY)) | (spans.start >= microseconds(START + 25 * DAY))
    holed = LabelSpans(spans.start[kept], spans.end[kept])
    assert [fold.number for fold in purged_walk_forward(holed, EDGE_MODELS, days(40))] == [1, 2, 3]


def test_blocks_follow_each_other_and_rows_that_start_together_stay_together() -> None:
    spans = spans_of([(0, 1), (5, 6), (5, 7), (5, 8), (9, 10), (3, 4)])
    assert [one.tolist() for one in time_blocks(spans, 2)] == [[0, 5], [1, 2, 3, 4]]
    with pytest.raises(StopError, match="6 labels begin at too few instants for 5 blocks of time"):
        time_blocks(spans, 5)


def test_forty_five_folds_make_nine_paths() -> None:
    assert path_count(10, 2) == 9
    paths = cpcv_paths(10, 2)
    assert paths.shape == (9, 10)
    numbers, uses = np.unique(paths, return_counts=True)
    assert numbers.tolist() == list(range(45))
    assert set(uses) == {2}


def test_six_blocks_of_which_two_are_tested_make_the_five_paths_of_the_book() -> None:
    """López de Prado 2018, figure 12.1: block 1 is tested by splits 1 to 5, block 6 by 5, 9, 12, 14, 15."""
    paths = cpcv_paths(6, 2) + 1
    assert paths[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert paths[:, 5].tolist() == [5, 9, 12, 14, 15]


def test_along_every_path_each_row_has_one_value_of_a_fold_that_tested_it() -> None:
    spans = every(60, 30, 600)
    folds = list(cpcv(spans, 5, 2, NO_EMBARGO))
    values: list[Floats] = [fold.number + fold.test / 1000 for fold in folds]
    along = along_paths(spans, 5, 2, values)
    assert along.shape == (path_count(5, 2), 600)
    assert np.allclose(along % 1, np.arange(600) / 1000)
    told = {(int(number), row) for path in along for row, number in enumerate(path)}
    assert told == {(fold.number, row) for fold in folds for row in fold.test}


def test_labels_too_long_for_their_blocks_are_refused() -> None:
    with pytest.raises(StopError, match=r"fold 0 has no row left to train on: labels and embargo"):
        list(purged_kfold(every(60, 30, 48), 2))


def test_rows_without_a_label_are_refused() -> None:
    row = {"label": [1, None], "label_start": [START, START], "label_end": [START + HOUR, None]}
    frame = pl.DataFrame(row, schema_overrides={"label_start": TIME, "label_end": TIME})
    with pytest.raises(BadDataError, match="leave them out before"):
        LabelSpans.of(frame)
    assert len(LabelSpans.of(frame.drop_nulls())) == 1


def test_the_vault_is_two_months_of_a_year_and_a_fifth_of_less() -> None:
    assert vault_start(days(365)) == START + (365 - 61) * DAY
    assert vault_start(days(100)) == START + 80 * DAY


def test_the_vault_takes_its_rows_and_whatever_reaches_into_it_is_nobodys() -> None:
    """100 days, labels of two days: the vault begins at day 80, labels of days 78 and 79 reach into it."""
    spans = every(1440, 2 * 1440, 100)
    split = split_off_vault(spans, days(100))
    assert split.starts == START + 80 * DAY
    assert (split.development[-1], split.purged.tolist(), split.vault[0]) == (77, [78, 79], 80)
    assert sorted([*split.development, *split.purged, *split.vault]) == list(range(100))


# Properties, for labels of any pair, length and time.

LABELS = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 400)), min_size=12, max_size=60, unique=True)
EMBARGOES = st.integers(0, 300).map(lambda minutes: Purge(minutes * MINUTE))


def drawn(labels: list[tuple[int, int]]) -> LabelSpans:
    return spans_of([(start, start + length) for start, length in labels])


def naive_train(spans: LabelSpans, tests: list[Integers], purge: Purge) -> list[int]:
    """Row by row and test by test: no overlap with a block's time, no start within the embargo after it."""
    embargo = purge.embargo // timedelta(microseconds=1)
    kept = []
    for row in range(len(spans)):
        is_fine = True
        for test in tests:
            first, last = min(spans.start[one] for one in test), max(spans.end[one] for one in test)
            overlaps = spans.start[row] <= last and spans.end[row] >= first
            is_embargoed = last < spans.start[row] <= last + embargo
            is_fine &= not (overlaps or is_embargoed)
        if is_fine:
            kept.append(row)
    return kept


@dataclass(frozen=True)
class JudgedFold:
    """A fold, the blocks that it tests, and the rows among which its scheme looks for training rows."""

    fold: Fold
    tests: list[Integers]
    candidates: Integers


LENGTHS = WalkForward(12 * HOUR, 6 * HOUR)


def any_folds(spans: LabelSpans, purge: Purge) -> Iterator[JudgedFold]:
    """Folds of every scheme; a scheme that refuses these rows has none."""
    with suppress(StopError):
        parts, chosen = time_blocks(spans, 4), list(combinations(range(4), 2))
        everything = np.arange(len(spans))
        for fold in purged_kfold(spans, 4, purge):
            yield JudgedFold(fold, [parts[fold.number]], everything)
        for fold in cpcv(spans, 4, 2, purge):
            yield JudgedFold(fold, [parts[block] for block in chosen[fold.number]], everything)
    for fold in purged_walk_forward(spans, LENGTHS, days(3), purge):
        begin = START + LENGTHS.train + fold.number * LENGTHS.test
        is_before = spans.start < microseconds(begin)
        is_near = spans.start >= microseconds(begin - LENGTHS.train)
        yield JudgedFold(fold, [fold.test], np.flatnonzero(is_before & is_near))


@given(LABELS, EMBARGOES)
@settings(max_examples=150, deadline=None)
def test_no_training_label_touches_a_test_or_begins_in_its_embargo(
    labels: list[tuple[int, int]], purge: Purge
) -> None:
    spans = drawn(labels)
    embargo = purge.embargo // timedelta(microseconds=1)
    for one in any_folds(spans, purge):
        fold = one.fold
        assert not set(fold.train) & set(fold.test)
        assert np.array_equal(np.sort(np.concatenate(one.tests)), fold.test)
        for test in one.tests:
            for start, end in zip(spans.start[fold.train], spans.end[fold.train], strict=True):
                apart = (end < spans.start[test]) | (start > spans.end[test])
                assert apart.all()
                last = spans.end[test].max()
                assert not last < start <= last + embargo


@given(LABELS, EMBARGOES)
@settings(max_examples=100, deadline=None)
def test_what_trains_is_what_the_naive_rule_leaves(labels: list[tuple[int, int]], purge: Purge) -> None:
    spans = drawn(labels)
    for one in any_folds(spans, purge):
        expected = set(naive_train(spans, one.tests, purge)) & set(one.candidates)
        assert set(one.fold.train) == expected


@given(LABELS)
@settings(max_examples=100, deadline=None)
def test_every_row_is_tested_as_often_as_its_scheme_promises(labels: list[tuple[int, int]]) -> None:
    spans = drawn(labels)
    for tested in (1, 2, 3):
        try:
            folds = list(cpcv(spans, 4, tested, NO_EMBARGO))
        except StopError:
            continue
        assert len(folds) == comb(4, tested)
        counts = np.bincount(np.concatenate([fold.test for fold in folds]), minlength=len(spans))
        assert set(counts) == {path_count(4, tested)}


@given(LABELS)
@settings(max_examples=100, deadline=None)
def test_a_walk_forward_tests_every_row_after_its_first_training_stretch_once(
    labels: list[tuple[int, int]],
) -> None:
    spans = drawn([(0, 1), *labels])
    lengths = WalkForward(12 * HOUR, 6 * HOUR, is_anchored=True)
    tested = [row for fold in purged_walk_forward(spans, lengths, days(3)) for row in fold.test]
    later = np.flatnonzero(spans.start >= microseconds(START + lengths.train))
    assert sorted(tested) == later.tolist()
