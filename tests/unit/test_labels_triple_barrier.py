"""The triple barrier minute by minute, worked out by hand, for a long and for a short.

Decided at 07:57 with sigma 0.0005: over four minutes the barriers are 0.1 % away from an entry at 100,000, at
99,900 and 100,100. BTC: spread 0.5 bps, slippage 1 bp, taker fee 5 bps. A market order pays 1.25 bps beside.
"""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from hydra.errors import BadDataError
from hydra.ledger.costs import CostParameters
from hydra.training.labels.label_rows import Unlabelled, count_labels
from hydra.training.labels.triple_barrier import (
    TripleBarrierParameters,
    barrier_distance,
    triple_barrier_labels,
)
from tests.support.few_bars import MINUTE, QUIET, START, Bar, market_of
from tests.support.label_scene import SECONDS, decisions, prices_of

FIRST = (100_000.0, 100_020.0, 99_980.0, 100_010.0)
SECOND = (100_010.0, 100_050.0, 99_990.0, 100_040.0)
RISES = (100_040.0, 100_110.0, 100_030.0, 100_090.0)
SIGMA = 0.0005


def labels(bars: list[Bar], rate: float | None = None, minute: int = 0, **changes: object) -> pl.DataFrame:
    market = market_of([*bars, *[QUIET] * 6], rate)
    decided = decisions(minute, sigma=[SIGMA])
    return triple_barrier_labels(prices_of(market), decided, parameters=TripleBarrierParameters(**changes))  # type: ignore[arg-type]


def test_the_distance_grows_with_the_root_of_the_horizon() -> None:
    assert barrier_distance(1.5, np.array([0.001]), 9).tolist() == pytest.approx([0.0045])


def test_a_rise_is_the_targets_of_the_long_and_the_stop_of_the_short() -> None:
    """Long: 100,012.5 to 100,087.4875, fees 100.04999375. Short: 99,987.5 to 100,112.5125, 100.05000625."""
    long, short = labels([FIRST, SECOND, RISES]).iter_rows(named=True)
    assert (long["side"], long["barrier"]) == ("LONG", "TARGET_HIT")
    assert (short["side"], short["barrier"]) == ("SHORT", "STOP_HIT")
    for row in (long, short):
        assert row["label_start"] == START + SECONDS
        assert row["label_end"] == START + 3 * MINUTE + SECONDS
    assert long["label"] == pytest.approx((74.9875 - 100.04999375) / 100_012.5 * 1e4)
    assert long["gross_bps"] == pytest.approx(100 / 100_012.5 * 1e4)
    assert long["fees_bps"] == pytest.approx(100.04999375 / 100_012.5 * 1e4)
    assert long["spread_bps"] == pytest.approx((2.5 + 2.5025) / 100_012.5 * 1e4)
    assert long["slippage_bps"] == pytest.approx((10 + 10.01) / 100_012.5 * 1e4)
    assert long["funding_bps"] == 0
    assert short["label"] == pytest.approx((-125.0125 - 100.05000625) / 99_987.5 * 1e4)


def test_of_both_barriers_in_one_bar_the_stop_counts_for_both_sides() -> None:
    both = (100_000.0, 100_150.0, 99_850.0, 100_000.0)
    assert labels([both])["barrier"].to_list() == ["STOP_HIT", "STOP_HIT"]


def test_a_gap_through_a_barrier_is_filled_at_the_open() -> None:
    """The long's target is 100,100, and the bar opens at 100,300."""
    gaps = (100_300.0, 100_320.0, 100_280.0, 100_300.0)
    long, short = labels([FIRST, gaps]).iter_rows(named=True)
    assert long["gross_bps"] == pytest.approx(300 / 100_012.5 * 1e4)
    assert short["gross_bps"] == pytest.approx(-300 / 99_987.5 * 1e4)


def test_after_four_minutes_the_last_close_counts() -> None:
    ends = (100_040.0, 100_050.0, 100_000.0, 100_030.0)
    long, short = labels([FIRST, SECOND, SECOND, ends, RISES]).iter_rows(named=True)
    assert {long["barrier"], short["barrier"]} == {"MAX_HOLDING_TIME"}
    assert long["label_end"] == START + 4 * MINUTE + SECONDS
    assert long["gross_bps"] == pytest.approx(30 / 100_012.5 * 1e4)


FUNDED = 100_050 * 0.0001


@pytest.mark.parametrize(
    ("bars", "minute", "paid"),
    [
        ([FIRST, SECOND, SECOND, SECOND, QUIET], 0, FUNDED),
        ([FIRST, SECOND, RISES, SECOND, QUIET], 0, 0.0),
        ([QUIET, QUIET, QUIET, FIRST, SECOND, SECOND, SECOND, QUIET], 3, 0.0),
        ([QUIET, QUIET, FIRST, SECOND, SECOND, SECOND, QUIET], 2, FUNDED),
    ],
    ids=["open at 08:00", "left before", "entered after it", "entered at 07:59"],
)
def test_who_is_open_at_the_settlement_of_eight_pays_or_receives(
    bars: list[Bar], minute: int, paid: float
) -> None:
    long, short = labels(bars, rate=0.0001, minute=minute).iter_rows(named=True)
    assert long["funding_bps"] == pytest.approx(-paid / 100_012.5 * 1e4)
    assert short["funding_bps"] == pytest.approx(paid / 99_987.5 * 1e4)


def test_a_position_that_ends_at_a_settlements_own_minute_is_known_once_its_rate_is() -> None:
    """It is stopped in the bar of 08:00; the rate is known five seconds after 08:00, so by 08:01."""
    falls = (100_000.0, 100_010.0, 99_850.0, 99_900.0)
    long, _ = labels([FIRST, SECOND, SECOND, falls, QUIET], rate=0.0001).iter_rows(named=True)
    assert (long["barrier"], long["label_end"]) == ("STOP_HIT", START + 4 * MINUTE + SECONDS)
    assert long["funding_bps"] < 0


def test_wider_and_later_barriers_are_parameters() -> None:
    changed = labels([FIRST, SECOND, RISES], horizon_minutes=2, target_deviations=0.5)
    # sqrt(2) x 0.5 x 0.0005 is 100,035.36, which the second bar's high of 100,050 reaches.
    assert changed["barrier"].to_list() == ["TARGET_HIT", "MAX_HOLDING_TIME"]
    assert changed["label_end"].to_list() == [START + 2 * MINUTE + SECONDS] * 2


def test_without_sigma_bars_or_data_there_is_no_label() -> None:
    market = market_of([FIRST, SECOND, SECOND, SECOND, QUIET, QUIET, QUIET])
    prices = prices_of(market)
    decided = decisions(0, 1, 2, sigma=pl.Series([None, SIGMA, SIGMA], dtype=pl.Float64))
    played = prices.is_played.copy()
    played[4] = False
    found = triple_barrier_labels(replace(prices, is_played=played), decided)
    input_, bar, end = Unlabelled.MISSING_INPUT, Unlabelled.MISSING_BAR, Unlabelled.END_OF_DATA
    assert found["unlabelled"].to_list() == [input_, input_, bar, bar, end, end]
    assert found["side"].to_list() == ["LONG", "SHORT"] * 3
    assert found["label"].null_count() == 6
    assert count_labels(found).labelled == 0


def test_a_barrier_that_was_touched_before_the_data_ended_is_no_label_either() -> None:
    """Else only the quick ones would remain among the last decisions."""
    market = market_of([FIRST, SECOND, RISES, QUIET, QUIET])
    found = triple_barrier_labels(prices_of(market), decisions(0, sigma=[SIGMA]))
    assert found["unlabelled"].to_list() == [Unlabelled.END_OF_DATA] * 2


def test_a_pair_without_terms_has_no_costs_and_is_refused() -> None:
    prices = replace(prices_of(market_of([QUIET] * 6)), bases=(None,))
    with pytest.raises(BadDataError, match="pair 1 has no stored terms"):
        triple_barrier_labels(prices, decisions(0, sigma=[SIGMA]))


def test_the_label_is_the_gross_result_less_every_cost() -> None:
    found = labels([FIRST, SECOND, SECOND, RISES], rate=0.0001)
    net = pl.col("gross_bps") - pl.col("fees_bps") - pl.col("spread_bps") - pl.col("slippage_bps")
    rest = found.select(net + pl.col("funding_bps") - pl.col("label")).to_series()
    assert rest.to_list() == pytest.approx([0.0, 0.0], abs=1e-9)
    nothing = Decimal(0)
    free = CostParameters(taker_fee_bps=nothing, spread_bps={"BTC": nothing}, slippage_bps={"BTC": nothing})
    market = market_of([FIRST, SECOND, RISES, QUIET, QUIET, QUIET])
    without = triple_barrier_labels(prices_of(market), decisions(0, sigma=[SIGMA]), free)
    assert without["label"].to_list() == pytest.approx([10.0, -10.0])
