"""Numbers without holes: what is missing, what came twice, what came late."""

from hypothesis import given
from hypothesis import strategies as st

from hydra.exchange.sequences import Missing, NumberSequence


def test_numbers_in_order_say_nothing() -> None:
    sequence = NumberSequence()
    assert [sequence.arrive(number, number * 10) for number in (7, 8, 9)] == [(True, None)] * 3
    assert (sequence.newest, sequence.newest_us, sequence.missing) == (9, 90, [])


def test_skipped_numbers_are_said_once_with_the_times_around_them() -> None:
    sequence = NumberSequence(newest=4, newest_us=40)
    gap = Missing(5, 7, 40, 80)
    assert sequence.arrive(8, 80) == (True, gap)
    assert sequence.arrive(9, 90) == (True, None)
    assert sequence.missing == [gap]


def test_a_late_number_is_new_and_leaves_the_rest_missing() -> None:
    sequence = NumberSequence(newest=4, newest_us=40)
    sequence.arrive(8, 80)
    assert sequence.arrive(6, 60) == (True, None)
    assert sequence.arrive(6, 60) == (False, None)
    assert sequence.missing == [Missing(5, 5, 40, 80), Missing(7, 7, 40, 80)]
    assert (sequence.late, sequence.repeated, sequence.newest) == (1, 1, 8)


def test_what_is_settled_is_missing_no_longer() -> None:
    sequence = NumberSequence(newest=0)
    sequence.arrive(10, 1)
    sequence.arrive(20, 2)
    sequence.settle(5, 15)
    assert [(gap.first, gap.last) for gap in sequence.missing] == [(1, 4), (16, 19)]
    sequence.settle(0, 99)
    assert sequence.missing == []


@given(st.lists(st.integers(0, 30), max_size=60))
def test_every_number_is_new_once_and_missing_is_what_never_came(numbers: list[int]) -> None:
    sequence = NumberSequence()
    came: set[int] = set()
    first = numbers[0] if numbers else 0
    for number in numbers:
        is_expected = number > first or not came
        assert sequence.arrive(number, number).is_new == (is_expected and number not in came)
        came.add(number)
        missing = {one for gap in sequence.missing for one in range(gap.first, gap.last + 1)}
        assert missing == set(range(first, max(came))) - came
        assert sequence.missing == sorted(sequence.missing)
