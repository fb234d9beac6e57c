"""Sums over windows: each is added up on its own, in whatever order the windows come."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hydra.features.engine.event_windows import window_sums

SIZE = 30
WINDOWS = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(sorted), min_size=1)


@given(st.lists(st.floats(-1e6, 1e6), min_size=SIZE, max_size=SIZE), WINDOWS)
def test_a_window_has_the_sum_that_it_has_alone(values: list[float], windows: list[list[int]]) -> None:
    value = np.array(values)
    begin, end = np.array(windows).T
    together = window_sums(value, begin, end)
    alone = [window_sums(value, begin[[row]], end[[row]])[0] for row in range(len(windows))]
    assert together.tolist() == alone
    np.testing.assert_allclose(
        together, [value[one:other].sum() for one, other in windows], rtol=1e-9, atol=1e-6
    )


def test_without_events_every_window_is_empty() -> None:
    none = np.zeros(3, dtype=np.int64)
    assert window_sums(np.empty(0), none, none).tolist() == [0.0, 0.0, 0.0]
