"""Layer 4: sizes, correlation, leverage and exits, each on its own."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import Regime, VolatilityRegime
from hydra.layers.layer4_correlation import (
    average_correlation,
    correlation_penalty,
    hourly_log_returns,
    pair_correlation,
    penalty_beside,
    signed_correlation,
)
from hydra.layers.layer4_exits import (
    calculate_exits,
    entry_is_beyond_stop,
    max_holding_hours,
    stop_distance,
    stop_fires_before_liquidation,
)
from hydra.layers.layer4_leverage import bracket_leverage, calculate_leverage, leverage_cap
from hydra.layers.layer4_sizing import (
    SizeAdjustments,
    SizeLimits,
    apply_heat_cap,
    apply_margin_cap,
    apply_risk_cap,
    calculate_size,
    kelly_size,
    loss_at_stop,
)

NORMAL, HIGH, EXTREME = (
    VolatilityRegime.NORMAL.value,
    VolatilityRegime.HIGH.value,
    VolatilityRegime.EXTREME.value,
)
RANGING, CASCADE_RISK = Regime.RANGING.value, Regime.CASCADE_RISK.value
PLAIN, WIDE = SizeAdjustments(1.0, 1.0, 1.0), SizeLimits(1e9, 1e9)


@pytest.mark.parametrize(
    ("win_prob", "ratio", "size"),
    [
        (0.6, 2.0, 0.4),  # (0.6 x 2 - 0.4) / 2
        (0.5, 2.0, 0.25),  # (1.0 - 0.5) / 2
        (0.8, 1.0, 0.6),  # 0.8 - 0.2
        (1 / 3, 2.0, 0.0),  # break-even
        (0.2, 2.0, 0.0),  # (0.4 - 0.8) / 2 = -0.2, no edge
    ],
)
def test_kelly_size_as_printed(win_prob: float, ratio: float, size: float) -> None:
    assert kelly_size(win_prob, ratio) == pytest.approx(size, abs=1e-12)


def test_calculate_size_where_kelly_is_the_smaller() -> None:
    """Kelly 0.4 x 0.25 x 10,000 = 1,000 < risk 100 / 0.01 = 10,000; x 3 / 1.5 x 0.8 x 0.6 = 960."""
    size = calculate_size(0.6, 0.02, 0.01, 10_000, 3.0, SizeAdjustments(1.5, 0.8, 0.6), WIDE)
    assert size == pytest.approx(960.0)


def test_calculate_size_where_risk_is_the_smaller() -> None:
    """C33: EAE 5 %, p 0.9. Kelly 0.85 x 0.25 = 21.25 %, risk 1 % / 5 % = 20 %: 2,000 x 4.5 = 9,000."""
    size = calculate_size(0.9, 0.10, 0.05, 10_000, 4.5, PLAIN, WIDE)
    assert size == pytest.approx(9_000.0)
    # As printed a stop at 5 % loses 450 USDT, 4.5 % of equity; the cap makes it the promised 1 %.
    assert size * 0.05 == pytest.approx(450.0)
    assert apply_risk_cap(size, 10_000, 0.01, 0.05) * 0.05 == pytest.approx(100.0)


@pytest.mark.parametrize(("limits", "size"), [(SizeLimits(800, 1e9), 800), (SizeLimits(1e9, 700), 700)])
def test_calculate_size_stays_within_its_limits(limits: SizeLimits, size: float) -> None:
    assert calculate_size(0.6, 0.02, 0.01, 10_000, 3.0, PLAIN, limits) == size


def test_the_caps_on_a_size() -> None:
    loss = loss_at_stop(0.01, 0.001)
    assert loss == pytest.approx(0.011)
    # 10,000 x 1 % / 0.011 = 9,090.909...
    assert apply_risk_cap(20_000, 10_000, 0.01, loss) == pytest.approx(9_090.909090909)
    assert apply_risk_cap(5_000, 10_000, 0.01, loss) == 5_000
    assert apply_heat_cap(20_000, 55, loss) == pytest.approx(5_000)
    assert apply_heat_cap(1_000, 55, loss) == 1_000
    assert apply_heat_cap(20_000, -5, loss) == 0
    assert apply_margin_cap(20_000, 1_000, 4.0, 0.0) == 4_000
    assert apply_margin_cap(2_000, 1_000, 3.0, 0.0) == 2_000
    assert apply_margin_cap(2_000, -1, 3.0, 0.0) == 0


def test_the_margin_cap_leaves_room_for_what_the_trade_costs() -> None:
    """1,000 USDT at 4 times: 3,984.06 x (1 / 4 + 0.1 %) = 1,000. Without room for the fee: 4,000."""
    size = apply_margin_cap(20_000, 1_000, 4.0, 0.001)
    assert size == pytest.approx(3_984.06, abs=0.005)
    assert size / 4 + size * 0.001 == pytest.approx(1_000)


@settings(max_examples=60)
@given(
    st.floats(0.4, 0.9), st.floats(100, 1e6), st.floats(1, 10), st.floats(1, 2), st.floats(0.3, 1), st.data()
)
def test_size_is_monotone_in_confidence_equity_leverage_and_penalties(
    prob: float, equity: float, leverage: float, volatility: float, penalty: float, data: st.DataObject
) -> None:
    up = data.draw(st.floats(1.0, 1.1))

    def size(prob: float, equity: float, leverage: float, volatility: float, penalty: float) -> float:
        return calculate_size(
            prob, 0.02, 0.01, equity, leverage, SizeAdjustments(volatility, 1.0, penalty), WIDE
        )

    base = size(prob, equity, leverage, volatility, penalty)
    assert size(prob * up, equity, leverage, volatility, penalty) >= base
    assert size(prob, equity * up, leverage, volatility, penalty) >= base
    assert size(prob, equity, leverage * up, volatility, penalty) >= base
    assert size(prob, equity, leverage, volatility * up, penalty) <= base
    assert size(prob, equity, leverage, volatility, penalty / up) <= base


@pytest.mark.parametrize(
    ("average", "penalty"),
    [(0.81, 0.3), (0.8, 0.6), (0.61, 0.6), (0.6, 0.8), (0.41, 0.8), (0.4, 1.0), (-0.9, 1.0)],
)
def test_correlation_penalty_at_its_borders(average: float, penalty: float) -> None:
    assert correlation_penalty(average) == penalty


def test_hourly_log_returns_of_three_closes() -> None:
    closes = np.array([100.0, 110.0, 99.0, np.nan])
    expected = [math.log(1.1), math.log(0.9), math.nan]
    assert hourly_log_returns(closes).tolist() == pytest.approx(expected, nan_ok=True)


def test_pearson_of_known_returns() -> None:
    """Forty-eight returns in blocks of (1, 2, 3, 4) against (2, 1, 4, 3): correlation 3 / 5."""
    first, second = np.tile([1.0, 2, 3, 4], 12), np.tile([2.0, 1, 4, 3], 12)
    assert pair_correlation(first, second) == pytest.approx(0.6)
    assert pair_correlation(first, -second) == pytest.approx(-0.6)
    assert pair_correlation(first / 1_000, second / 1_000) == pytest.approx(0.6)
    assert math.isnan(pair_correlation(first[1:], second[1:]))
    assert math.isnan(pair_correlation(first, np.ones(48)))


def test_missing_returns_are_dropped_in_pairs_and_only_a_week_counts() -> None:
    first, second = np.tile([1.0, 2, 3, 4], 12), np.tile([2.0, 1, 4, 3], 12)
    with_hole = np.concatenate([[np.nan, 7.0], first]), np.concatenate([[7.0, np.nan], second])
    assert pair_correlation(*with_hole) == pytest.approx(0.6)
    old = np.concatenate([np.arange(100.0), np.tile(first, 4)[:168]])
    assert pair_correlation(
        old, np.concatenate([-np.arange(100.0), np.tile(second, 4)[:168]])
    ) == pytest.approx(0.6)


def test_average_and_signed_correlation() -> None:
    first, second = np.tile([1.0, 2, 3, 4], 12), np.tile([2.0, 1, 4, 3], 12)
    assert average_correlation(
        [pair_correlation(first, other) for other in (first, second)]
    ) == pytest.approx(0.8)
    assert math.isnan(average_correlation([]))
    assert math.isnan(average_correlation([1.0, math.nan]))
    assert signed_correlation(1, [0.9, 0.5], [-1, 1]) == pytest.approx(-0.2)
    assert signed_correlation(-1, [0.9], [-1]) == pytest.approx(0.9)
    assert signed_correlation(1, [], []) == 0.0
    with pytest.raises(ValueError, match="shorter"):
        signed_correlation(1, [0.9, 0.5], [1])


@pytest.mark.parametrize(
    ("average", "positions", "penalty"),
    [(math.nan, 0, 1.0), (0.9, 0, 1.0), (math.nan, 1, 0.3), (0.9, 1, 0.3), (0.5, 1, 0.8), (0.1, 3, 1.0)],
)
def test_the_penalty_beside_open_positions(average: float, positions: int, penalty: float) -> None:
    assert penalty_beside(average, positions) == penalty


@pytest.mark.parametrize(
    ("volatility", "regime", "funding", "drawdown", "leverage"),
    [
        (NORMAL, RANGING, 0.0, 0.0, 4.0),  # 5 x 0.8
        (HIGH, RANGING, 0.0, 0.0, 2.0),
        (EXTREME, RANGING, 0.0, 0.0, 1.2),
        (NORMAL, RANGING, 0.0005, 0.0, 4.0),
        (NORMAL, RANGING, -0.00051, 0.0, 2.8),
        (NORMAL, RANGING, 0.001, 0.0, 2.8),
        (NORMAL, RANGING, -0.0011, 0.0, 2.0),
        (NORMAL, CASCADE_RISK, 0.0, 0.0, 1.2),
        (NORMAL, RANGING, 0.0, 0.05, 4.0),
        (NORMAL, RANGING, 0.0, 0.06, 2.4),  # x (1 - 0.06 / 0.15) = 0.6
        (NORMAL, RANGING, 0.0, 0.09, 1.6),
        (EXTREME, CASCADE_RISK, 0.002, 0.2, 1.0),  # never below 1
    ],
)
def test_calculate_leverage_as_printed(
    volatility: int, regime: int, funding: float, drawdown: float, leverage: float
) -> None:
    assert calculate_leverage(0.8, volatility, regime, funding, drawdown, 10.0) == pytest.approx(leverage)


def test_the_drawdown_penalty_stops_at_a_fifth() -> None:
    """5 x 1.5 x 0.2 = 1.5; a confidence above 1 shows the floor, which 1.0 would hide."""
    assert calculate_leverage(1.5, NORMAL, RANGING, 0.0, 0.14, 10.0) == pytest.approx(1.5)


@settings(max_examples=60)
@given(
    st.floats(0, 1),
    st.integers(-1, 4),
    st.integers(-1, 6),
    st.floats(-0.01, 0.01),
    st.floats(0, 1),
    st.floats(1, 20),
)
def test_leverage_lies_between_one_and_its_cap(
    confidence: float, volatility: int, regime: int, funding: float, drawdown: float, cap: float
) -> None:
    assert 1.0 <= calculate_leverage(confidence, volatility, regime, funding, drawdown, cap) <= cap


def test_the_lowest_leverage_cap_holds() -> None:
    assert leverage_cap(10, 20, 50) == 10
    assert leverage_cap(10, 8, 50) == 8
    assert leverage_cap(10, 20, 5) == 5
    brackets = ((50_000.0, 125.0), (600_000.0, 100.0), (3_000_000.0, 75.0))
    assert bracket_leverage(50_000, brackets) == 125
    assert bracket_leverage(50_001, brackets) == 100
    assert bracket_leverage(9e9, brackets) == 75


@pytest.mark.parametrize(
    ("excursion", "volatility", "distance"),
    [
        (0.02, NORMAL, 0.02),
        (0.02, HIGH, 0.026),
        (0.02, EXTREME, 0.03),
        (0.005, NORMAL, 0.01),
        (0.09, EXTREME, 0.10),
        (0.2, NORMAL, 0.10),
    ],
)
def test_the_stop_stands_between_one_and_ten_percent(
    excursion: float, volatility: int, distance: float
) -> None:
    assert stop_distance(excursion, volatility) == pytest.approx(distance)


def test_calculate_exits_is_two_to_one_and_mirrored() -> None:
    assert calculate_exits(1, 50_000.0, 0.02, NORMAL) == pytest.approx((49_000.0, 52_000.0))
    assert calculate_exits(-1, 50_000.0, 0.02, NORMAL) == pytest.approx((51_000.0, 48_000.0))
    assert calculate_exits(-1, 100.0, 0.02, HIGH) == pytest.approx((102.6, 94.8))


@settings(max_examples=60)
@given(
    st.sampled_from([1, -1]), st.floats(1e-4, 1e6), st.floats(0, 1), st.sampled_from([NORMAL, HIGH, EXTREME])
)
def test_the_stop_stands_on_the_losing_side(
    direction: int, price: float, excursion: float, volatility: int
) -> None:
    exits = calculate_exits(direction, price, excursion, volatility)
    assert direction * (price - exits.stop_loss) > 0
    assert direction * (exits.take_profit - price) > 0


def test_a_ten_percent_stop_does_not_fire_before_a_tenfold_liquidation() -> None:
    """C40: at 10x and a maintenance rate of 0.5 % the liquidation is 1 - 0.9 / 0.995 = 9.55 % away."""
    liquidation = 100 * 0.9 / 0.995
    assert 1 - liquidation / 100 == pytest.approx(0.0955, abs=1e-4)
    assert not stop_fires_before_liquidation(100, 90, liquidation, 0.2)
    assert stop_fires_before_liquidation(100, 93, liquidation, 0.2)


@pytest.mark.parametrize(("stop", "safe"), [(92.0, True), (91.99, False), (108.0, True), (108.01, False)])
def test_a_fifth_of_the_way_to_liquidation_stays_free(stop: float, safe: bool) -> None:
    liquidation = 90.0 if stop < 100 else 110.0
    assert stop_fires_before_liquidation(100.0, stop, liquidation, 0.2) is safe


@pytest.mark.parametrize("liquidation", [0.0, -5.0])
def test_a_liquidation_out_of_reach_vetoes_no_stop(liquidation: float) -> None:
    assert stop_fires_before_liquidation(100.0, 1e6, liquidation, 0.2)
    assert not stop_fires_before_liquidation(100.0, 0.1, 0.5, 0.2)


def test_a_stop_lies_on_the_losing_side_of_the_entry() -> None:
    assert not entry_is_beyond_stop(1, 99.5, 99.0)
    assert not entry_is_beyond_stop(-1, 100.5, 101.0)
    assert all(entry_is_beyond_stop(side, 99.0, 99.0) for side in (1, -1))
    assert entry_is_beyond_stop(1, 98.0, 99.0)
    assert entry_is_beyond_stop(-1, 102.0, 101.0)


def test_holding_time_is_halved_in_high_volatility() -> None:
    assert max_holding_hours(4.0, Regime.HIGH_VOLATILITY.value) == 2.0
    assert max_holding_hours(4.0, RANGING) == 4.0
