"""The rank of the volatility among its month: ties do not hang on the last bits of a rolling deviation."""

import numpy as np
import polars as pl

from hydra.features.engine.trailing_rank import previous_ranks


def ranks(values: list[float], rows: list[int]) -> list[tuple[int | None, int | None]]:
    found = previous_ranks(pl.Series(values, dtype=pl.Float64), np.array([0]), 4, np.array(rows, np.int64))
    return found.select("month_not_above", "month_samples").rows()


def test_values_that_differ_in_the_last_bits_are_equal_however_they_are_counted() -> None:
    tie = 0.2067108671778251
    noisy = [tie, np.nextafter(tie, 1.0), 0.3, np.nextafter(tie, 0.0), tie, np.nextafter(tie, 0.0)]
    exact = [tie, tie, 0.3, tie, tie, tie]
    every = list(range(len(noisy)))
    assert ranks(noisy, every) == ranks(exact, every)
    long = noisy + [0.5] * 60
    assert ranks(long, [5]) == [(3, 4)], "few rows are scanned one by one"


def test_a_value_that_is_above_by_more_is_above() -> None:
    assert ranks([0.2, 0.2 * (1 + 1e-8), 0.2], [2]) == [(1, 2)]
