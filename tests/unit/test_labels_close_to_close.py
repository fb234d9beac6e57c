"""Labels from two closes, worked out by hand."""

import numpy as np
import polars as pl
import pytest

from hydra.errors import BadDataError
from hydra.ledger.costs import COST_MODEL_VERSION, CostParameters
from hydra.training.labels.close_to_close import (
    FiveClassParameters,
    direction_labels,
    five_class,
    five_class_labels,
    fixed_horizon_labels,
    is_higher,
    net_return,
)
from hydra.training.labels.label_rows import LABEL_COLUMNS, LabelCounts, Unlabelled, count_labels
from tests.support.few_bars import MINUTE, START, market_of
from tests.support.label_scene import SECONDS, closing_at, decisions, prices_of


def test_the_printed_formulas() -> None:
    entry, later = np.array([100.0, 100.0]), np.array([100.1, 100.2])
    assert net_return(np.array([1.0, -1.0]), entry, later, 0.001) == pytest.approx([0.0, -0.003])
    assert is_higher(entry, np.array([100.0, 100.1])).tolist() == [False, True]
    edges = np.array([0.016, 0.015, 0.006, 0.005, -0.004, -0.005, -0.014, -0.015, -0.5])
    assert five_class(edges).tolist() == [2, 1, 1, 0, 0, -1, -1, -2, -2]


def test_a_signal_pays_if_its_side_earns_more_than_the_fees_at_its_own_horizon() -> None:
    """From 100,000: 100,150 after two minutes, 99,850 after three; a fee of 5 bps at each end."""
    prices = closing_at(100_000.0, 100_150.0, 99_850.0)
    signals = decisions(
        *[0] * 4, side=["LONG", "SHORT", "LONG", "SHORT"], holding_period_minutes=[2, 2, 3, 3]
    )
    found = fixed_horizon_labels(prices, signals)
    assert found["label"].to_list() == [1, 0, 0, 1]
    assert found["gross_bps"].to_list() == pytest.approx([15, -15, -15, 15])
    assert found["fees_bps"].to_list() == [10.0] * 4
    assert found["net_bps"].to_list() == pytest.approx([5, -25, -25, 5])
    assert found["label_start"].to_list() == [START + SECONDS] * 4
    assert found["label_end"].to_list() == [START + n * MINUTE + SECONDS for n in (2, 2, 3, 3)]
    assert set(found["barrier"]) == {"MAX_HOLDING_TIME"}
    assert set(found["cost_version"]) == {COST_MODEL_VERSION}
    assert found["side"].to_list() == ["LONG", "SHORT", "LONG", "SHORT"]


def test_a_signal_without_a_holding_time_is_held_for_thirty_minutes() -> None:
    prices = closing_at(*[100_000.0] * 29, 100_200.0)
    signals = decisions(0, side=["LONG"], holding_period_minutes=pl.Series([None], dtype=pl.Int64))
    (row,) = fixed_horizon_labels(prices, signals).iter_rows(named=True)
    assert (row["label"], row["label_end"]) == (1, START + 30 * MINUTE + SECONDS)


def test_other_costs_have_another_version_and_may_turn_the_label() -> None:
    prices = closing_at(100_150.0)
    signals = decisions(0, side=["LONG"], holding_period_minutes=[1])
    dear = CostParameters(taker_fee_bps=CostParameters().taker_fee_bps * 2)
    (row,) = fixed_horizon_labels(prices, signals, dear).iter_rows(named=True)
    assert (row["label"], row["fees_bps"]) == (0, 20.0)
    assert row["cost_version"] != COST_MODEL_VERSION
    assert row["cost_version"].startswith(f"{COST_MODEL_VERSION}-")


def test_the_direction_is_up_only_if_the_price_is_strictly_higher() -> None:
    prices = closing_at(100_000.0, 100_000.1, 99_999.9)
    assert direction_labels(prices, decisions(0), 1)["label"].to_list() == [0]
    assert direction_labels(prices, decisions(0), 2)["label"].to_list() == [1]
    assert direction_labels(prices, decisions(0), 3)["label"].to_list() == [0]


def test_five_classes_count_from_the_bar_after_the_decision() -> None:
    """The jump of the first bar is not earned; from 101,000 to 102,600 are 1.58 %."""
    prices = closing_at(101_000.0, 101_000.0, 102_600.0)
    two_bars = FiveClassParameters(bar_minutes=1, horizon_bars=2)
    (row,) = five_class_labels(prices, decisions(0), two_bars).iter_rows(named=True)
    assert (row["label"], row["label_end"]) == (2, START + 3 * MINUTE + SECONDS)
    assert row["future_return"] == pytest.approx(1_600 / 101_000)


def test_what_the_data_do_not_show_has_no_label_and_is_counted() -> None:
    """The bar of minute 2 is missing; the last one closes at minute 4."""
    market = market_of([(price,) * 4 for price in (100_100.0, 1.0, 100_200.0, 100_300.0, 1.0, 1.0)])
    gone = market.facts.candles_1m.filter(pl.col("close") != 1.0)
    object.__setattr__(market.facts, "candles_1m", gone)
    found = direction_labels(prices_of(market), decisions(0, 1, 2, 3, 4), 1)
    assert found["label"].to_list() == [1, None, None, 1, None]
    missing, end = Unlabelled.MISSING_BAR, Unlabelled.END_OF_DATA
    assert found["unlabelled"].to_list() == [None, missing, missing, None, end]
    assert found["label_end"].null_count() == 3
    assert found["label_start"].null_count() == 0
    assert count_labels(found) == LabelCounts(5, 2, {end: 1, missing: 2})


def test_every_label_has_the_common_columns_after_those_of_its_decision() -> None:
    found = direction_labels(closing_at(100_001.0), decisions(0, fold=[7]), 1)
    assert found.columns == ["instrument_id", "time", "fold", *LABEL_COLUMNS, "label"]
    assert {name: found.schema[name] for name in LABEL_COLUMNS} == LABEL_COLUMNS


@pytest.mark.parametrize("minute", [-3, 500])
def test_a_decision_outside_of_the_market_is_refused(minute: int) -> None:
    with pytest.raises(BadDataError, match="label decisions of the market's own pairs and minutes"):
        direction_labels(closing_at(100_001.0), decisions(0, minute), 1)
