"""The bars behind the report's plots and tables: worked out by hand, and what holds for all of them."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.answers.cost_steps import CostStep
from hydra.answers.html_report.equity_bars import hold_equity
from hydra.answers.html_report.plot_data import opening_pair, windows_of
from hydra.answers.html_report.row_bars import (
    HistogramBin,
    histogram,
    interval_bar,
    row_bars,
    signed_bars,
    waterfall,
)
from hydra.answers.html_report.time_grid import TimeGrid, carried, largest_values, last_values
from hydra.ledger.baselines import HeldPair, hold_net_usd
from hydra.ledger.calibration import calibration
from hydra.ledger.costs import PairCosts

DAY = 86_400.0
START = datetime(2025, 6, 1, tzinfo=UTC)
FOUR_DAYS = TimeGrid(START, 1440, 4)


def at(days: float) -> float:
    return START.timestamp() + days * DAY


def test_an_exposure_that_is_flat_for_two_days_is_drawn_flat() -> None:
    """A run books no quiet minute: 0 at the start, 900 on the third day, 0 a tenth of a day later."""
    times = np.array([at(0), at(2.5), at(2.6)])
    exposure = np.array([0.0, 900.0, 0.0])
    assert largest_values(times, exposure, FOUR_DAYS).tolist() == [0, 0, 900, 0]
    assert last_values(times, exposure, FOUR_DAYS).tolist() == [0, 0, 0, 0]


def test_a_bar_holds_what_was_true_at_its_start_and_nothing_before_the_first_row() -> None:
    times, values = np.array([at(1.5), at(2.9)]), np.array([7.0, 3.0])
    assert largest_values(times, values, FOUR_DAYS)[1:].tolist() == [7, 7, 3]
    assert last_values(times, values, FOUR_DAYS)[1:].tolist() == [7, 3, 3]
    assert math.isnan(largest_values(times, values, FOUR_DAYS)[0])
    assert np.isnan(last_values(np.array([]), np.array([]), FOUR_DAYS)).all()


def test_a_row_on_an_edge_belongs_to_the_bar_that_begins_there() -> None:
    times, values = np.array([at(0), at(1)]), np.array([1.0, 2.0])
    assert last_values(times, values, FOUR_DAYS).tolist() == [1, 2, 2, 2]


@given(
    st.lists(st.tuples(st.integers(0, 5_759), st.floats(-1e6, 1e6)), min_size=1, max_size=60),
    st.sampled_from([5, 30, 60, 1440]),
)
def test_no_bar_hides_the_largest_value_and_the_last_bar_ends_at_the_last_row(
    rows: list[tuple[int, float]], minutes: int
) -> None:
    ordered = dict(sorted(rows))
    times = np.array([START.timestamp() + 60 * minute for minute in ordered])
    values = np.array(list(ordered.values()))
    grid = TimeGrid(START, minutes, 5_760 // minutes)
    last, largest = last_values(times, values, grid), largest_values(times, values, grid)
    assert last[-1] == values[-1]
    assert np.nanmax(largest) == values.max()
    assert np.all((largest >= last) | np.isnan(last))


def test_a_grid_takes_the_finest_bars_that_fit_and_begins_on_a_whole_bar() -> None:
    start = datetime(2025, 6, 1, 10, 7, tzinfo=UTC)
    grid = TimeGrid.over(start, start + timedelta(days=14), 3_000)
    # 20,160 minutes in 10-minute bars are 2,016.
    assert (grid.minutes, grid.bars) == (10, 2_017)
    assert grid.start == datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
    assert grid.edges[0] <= start.timestamp()
    assert grid.edges[-1] > (start + timedelta(days=14)).timestamp()


@given(st.integers(1, 60 * 24 * 3_000), st.integers(0, 100_000), st.integers(50, 3_000))
def test_a_grid_covers_its_period_with_about_as_many_bars_as_it_may_have(
    minutes: int, offset: int, most: int
) -> None:
    start = START + timedelta(minutes=offset)
    end = start + timedelta(minutes=minutes)
    grid = TimeGrid.over(start, end, most)
    assert grid.start <= start < end < grid.start + grid.bars * timedelta(minutes=grid.minutes)
    assert grid.bars <= most + 2 or grid.minutes == 10_080


def test_a_gap_takes_the_value_before_it() -> None:
    assert carried([None, 0.1, None, None, 0.2, None]) == [None, 0.1, 0.1, 0.1, 0.2, 0.2]


COSTS = PairCosts(Decimal("0.5"), Decimal(1))
HELD = HeldPair("BTC", COSTS, 100.0, 110.0, np.array([104.0]), np.array([0.001]), np.array([at(1.5)]))


def test_buy_and_hold_follows_the_closes_and_ends_at_the_figure_of_the_baseline() -> None:
    closes = {"BTC": np.array([np.nan, 105.0, np.nan, 110.0])}
    path = hold_equity([HELD], 10_000.0, FOUR_DAYS, closes)
    # Bought at 100 x 1.000125 for 5 USDT of fee; the settlement of the second day costs 104 x 0.001 a unit.
    entry = 100 * 1.000125
    quantity = 10_000 / entry
    funding = quantity * 104 * 0.001
    assert path[0] == pytest.approx(10_000 - 5 + quantity * (100 - entry))
    assert path[1] == pytest.approx(10_000 - 5 + quantity * (105 - entry) - funding)
    assert path[2] == path[1]
    assert path[3] == pytest.approx(10_000 + hold_net_usd(HELD, 10_000.0))


def test_without_a_pair_nothing_is_held() -> None:
    assert np.isnan(hold_equity([], 10_000.0, FOUR_DAYS, {})).all()


def trade(number: int, net: float, hours: float = 2.0, base: str = "BTC") -> dict[str, object]:
    opened = START + timedelta(hours=5)
    closed = opened + timedelta(hours=hours)
    return {
        "number": number, "base": base, "opened_time": opened, "closed_time": closed,
        "net_pnl_usd": Decimal(net),
    }  # fmt: skip


def test_a_trade_gets_finer_bars_around_its_life_where_the_period_is_drawn_coarser() -> None:
    coarse = TimeGrid.over(START, START + timedelta(days=60), 1_500)
    ((_, window),) = windows_of([trade(1, 5)], (START, START + timedelta(days=60)), coarse, ["BTC"])
    # Two hours with 40 minutes on both sides: 200 minutes in 2-minute bars.
    assert (window.start, window.minutes) == (START + timedelta(hours=4, minutes=20), 2)
    assert list(windows_of([trade(1, 5)], (START, START), TimeGrid(START, 1, 1), ["BTC"])) == []
    assert list(windows_of([trade(1, 5, base="LTC")], (START, START), coarse, ["BTC"])) == []


def test_only_the_largest_results_get_finer_bars_when_there_are_too_many() -> None:
    coarse = TimeGrid(START, 1440, 60)
    trades = [trade(number, (-1) ** number * number) for number in range(1, 201)]
    found = [row["number"] for row, _ in windows_of(trades, (START, START), coarse, ["BTC"])]
    assert found == list(range(200, 120, -1))


def test_the_page_opens_on_the_pair_that_traded_most() -> None:
    trades = [trade(1, 1, base="ETH"), trade(2, 1, base="SOL"), trade(3, 1, base="SOL")]
    assert opening_pair(trades, ["BTC", "ETH", "SOL"]) == "SOL"
    assert opening_pair([], ["BTC", "ETH"]) == "BTC"
    assert opening_pair([], []) == ""


def test_a_histogram_has_round_bins_that_part_at_zero() -> None:
    assert histogram([-3.0, -0.5, 0.0, 0.5, 3.9], most=8) == [
        HistogramBin(-3.0, -2.0, 1),
        HistogramBin(-2.0, -1.0, 0),
        HistogramBin(-1.0, 0.0, 1),
        HistogramBin(0.0, 1.0, 2),
        HistogramBin(1.0, 2.0, 0),
        HistogramBin(2.0, 3.0, 0),
        HistogramBin(3.0, 4.0, 1),
    ]
    assert histogram([]) == []


@given(st.lists(st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6), min_size=1))
def test_a_histogram_holds_every_value_in_few_bins(values: list[float]) -> None:
    bins = histogram(values)
    assert sum(one.count for one in bins) == len(values)
    assert len(bins) <= 22


def test_a_waterfall_hangs_each_cost_where_the_step_before_ended() -> None:
    steps = [
        CostStep("gross", "gross", Decimal(80), is_sum=True, remark=""),
        CostStep("fees", "fees", Decimal(-100), is_sum=False, remark=""),
        CostStep("net", "net", Decimal(-20), is_sum=True, remark=""),
    ]
    # From -20 to 80: zero lies at 20 %.
    bars = waterfall(steps)
    assert [(bar.left, bar.width, bar.mark) for bar in bars] == [(20, 80, 20), (0, 100, 20), (0, 20, 20)]
    assert [bar.kind for bar in bars] == ["sum", "loss", "sum"]


def test_bars_of_rows_share_one_scale_and_nothing_is_no_bar() -> None:
    bars = signed_bars([Decimal(3), Decimal(-1), Decimal(0)])
    assert [(bar.left, bar.width) for bar in bars] == [(25, 75), (0, 25), (25, 0)]
    assert row_bars([(0.0, 1.0), (0.0, 1e-9)], ["gain", "gain"])[1].width > 0
    assert signed_bars([]) == []


def test_the_interval_of_a_share_is_a_bar_and_the_confidence_a_line() -> None:
    (group,) = calibration(np.full(10, 0.6), np.array([True] * 8 + [False] * 2)).bins
    bar = interval_bar(group)
    assert (bar.left, bar.left + bar.width, bar.mark) == pytest.approx((49.0, 94.3, 60.0), abs=0.05)
