"""The exit label: leaving now against holding on, worked out by hand."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from hydra.training.labels.exit_now import ExitParameters, exit_labels, should_exit
from hydra.training.labels.label_rows import Unlabelled
from tests.support.few_bars import START
from tests.support.label_scene import SECONDS, closing_at, decisions

THREE = ExitParameters(lookahead_minutes=3)


def held(side: str, entry: float, *minutes: int) -> pl.DataFrame:
    return decisions(
        *minutes, side=[side] * len(minutes), entry_price=[entry] * len(minutes), position=[7] * len(minutes)
    )


@pytest.mark.parametrize(
    ("current", "future", "worst", "leaves"),
    [
        (0.010, 0.004, 0.0, True),
        (0.010, 0.005, 0.0, False),
        (-0.02, -0.02, -0.031, True),
        (-0.02, -0.02, -0.030, False),
        (0.0, 0.5, -0.031, True),
    ],
)
def test_the_printed_formula_at_its_borders(
    current: float, future: float, worst: float, leaves: bool
) -> None:
    found = should_exit(np.array([current]), np.array([future]), np.array([worst]), ExitParameters())
    assert found.tolist() == [leaves]


def test_a_long_that_will_be_half_a_percent_worse_leaves_and_a_short_holds() -> None:
    """Entered at 100,000, at the money now; in three minutes at 99,400."""
    prices = closing_at(99_900.0, 99_500.0, 99_400.0)
    (row,) = exit_labels(prices, held("LONG", 100_000.0, 0), THREE).iter_rows(named=True)
    assert (row["label"], row["position"]) == (1, 7)
    assert row["label_end"] - row["label_start"] == timedelta(minutes=3)
    assert row["label_start"] == START + SECONDS
    assert exit_labels(prices, held("SHORT", 100_000.0, 0), THREE)["label"].to_list() == [0]


def test_an_excursion_of_more_than_three_percent_from_the_entry_leaves_though_it_comes_back() -> None:
    """At 96,900 a long entered at 100,000 is 3.1 % down; a short entered at 100,000 is up."""
    prices = closing_at(100_000.0, 96_900.0, 100_000.0)
    assert exit_labels(prices, held("LONG", 100_000.0, 0), THREE)["label"].to_list() == [1]
    assert exit_labels(prices, held("SHORT", 100_000.0, 0), THREE)["label"].to_list() == [0]
    rises = closing_at(100_000.0, 103_100.0, 100_000.0)
    assert exit_labels(rises, held("SHORT", 100_000.0, 0), THREE)["label"].to_list() == [1]


def test_the_price_of_the_decision_itself_is_no_excursion() -> None:
    """It is 3.1 % down from 103,200 now; in the minutes to come it is not."""
    prices = closing_at(101_000.0, 101_000.0, 101_000.0)
    assert exit_labels(prices, held("LONG", 103_200.0, 0), THREE)["label"].to_list() == [0]


def test_without_its_whole_hour_or_its_entry_there_is_no_label() -> None:
    prices = closing_at(100_000.0, 100_000.0, 100_000.0, 100_000.0)
    found = exit_labels(prices, held("LONG", 100_000.0, 1, 2), THREE)
    assert found["unlabelled"].to_list() == [None, Unlabelled.END_OF_DATA]
    unknown = held("LONG", 100_000.0, 0).with_columns(entry_price=pl.lit(None, pl.Float64))
    assert exit_labels(prices, unknown, THREE)["unlabelled"].to_list() == [Unlabelled.MISSING_INPUT]
    closes = prices.closes
    closes[3] = np.nan
    assert exit_labels(prices, held("LONG", 1e5, 1), THREE)["unlabelled"].to_list() == [
        Unlabelled.MISSING_BAR
    ]
