"""The ledger: costs, liquidation by bracket, positions, portfolio; Decimal and float say the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.ledger.costs import (
    COST_MODEL_VERSION,
    PAIR_COSTS,
    PairCosts,
    fee_usd,
    funding_payment,
    half_spread,
    round_trip_cost,
    taker_price,
)
from hydra.ledger.liquidation import (
    MaintenanceBracket,
    bracket_index,
    isolated_liquidation_price,
    liquidation_price,
)
from hydra.ledger.portfolio import OpenPosition, Portfolio, drawdown
from hydra.ledger.positions import average_price, margin_usd, net_profit, price_profit, stop_loss_usd
from hydra.universe import UNIVERSE

BRACKETS = (
    MaintenanceBracket(50_000.0, 0.004, 0.0),
    MaintenanceBracket(600_000.0, 0.005, 50.0),
    MaintenanceBracket(3_000_000.0, 0.0065, 950.0),
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_fees_are_two_basis_points_made_and_five_taken() -> None:
    costs = PAIR_COSTS["BTC"]
    assert fee_usd(Decimal(10_000), costs.maker_fee_bps) == Decimal(2)
    assert fee_usd(Decimal(10_000), costs.taker_fee_bps) == Decimal(5)
    assert fee_usd(10_000.0, 5.0) == 5.0


def test_the_cost_model_of_version_three() -> None:
    """A change here is a change of the model: raise COST_MODEL_VERSION with it."""
    table = {base: (str(costs.spread_bps), str(costs.slippage_bps)) for base, costs in PAIR_COSTS.items()}
    assert COST_MODEL_VERSION == "3"
    assert table == {
        "BTC": ("0.5", "1"),
        "ETH": ("0.5", "1"),
        "SOL": ("1", "2"),
        "BNB": ("1", "2"),
        "ADA": ("2", "3"),
        "XRP": ("1", "2"),
        "LTC": ("2", "3"),
        "DOGE": ("2", "3"),
    }
    assert set(PAIR_COSTS) == {pair.base for pair in UNIVERSE}


def test_spread_and_slippage_are_paid_on_the_wrong_side() -> None:
    """Spread 4 bps, slippage 3 bps on 10,000: half spread 2, slippage 3."""
    four, three, price = Decimal(4), Decimal(3), Decimal(10_000)
    assert half_spread(price, four) == Decimal(2)
    assert taker_price(price, 1, four, three) == Decimal(10_005)
    assert taker_price(price, -1, four, three) == Decimal(9_995)
    assert taker_price(10_000.0, 1, 4.0, 3.0) == pytest.approx(10_005.0)


def test_a_round_trip_costs_both_fees_half_the_spread_and_the_slippage() -> None:
    """2 + 5 + 4 / 2 + 3 = 12 bps."""
    assert round_trip_cost(PairCosts(Decimal(4), Decimal(3))) == Decimal("0.0012")
    assert round_trip_cost(PAIR_COSTS["BTC"]) == Decimal("0.000825")


@pytest.mark.parametrize(("direction", "rate", "cash"), [(1, 1, -1), (1, -1, 1), (-1, 1, 1), (-1, -1, -1)])
def test_longs_pay_positive_funding_and_shorts_receive_it(direction: int, rate: int, cash: int) -> None:
    """2 x 100 x 0.0001 = 0.02."""
    payment = funding_payment(direction, Decimal(2), Decimal(100), rate * Decimal("0.0001"))
    assert payment == cash * Decimal("0.02")
    assert funding_payment(direction, 2.0, 100.0, rate * 0.0001) == pytest.approx(cash * 0.02)


@settings(max_examples=60)
@given(
    st.sampled_from([1, -1]),
    st.floats(0.001, 100),
    st.floats(0.01, 1e5),
    st.floats(0.01, 1e5),
    st.floats(-0.01, 0.01),
)
def test_float_and_decimal_agree(
    direction: int, quantity: float, entry: float, price: float, rate: float
) -> None:
    q, e, p, r = (Decimal(repr(number)) for number in (quantity, entry, price, rate))
    scale = quantity * (entry + price)
    assert price_profit(direction, quantity, quantity * entry, price) == pytest.approx(
        float(price_profit(direction, q, q * e, p)), abs=1e-12 * scale
    )
    assert funding_payment(direction, quantity, price, rate) == pytest.approx(
        float(funding_payment(direction, q, p, r)), abs=1e-12 * scale
    )


def test_a_bracket_holds_up_to_its_cap_inclusive() -> None:
    assert bracket_index(50_000.0, BRACKETS) == 0
    assert bracket_index(50_000.01, BRACKETS) == 1
    assert bracket_index(9e9, BRACKETS) == 2


def test_the_liquidation_price_takes_the_bracket_of_its_own_notional() -> None:
    """LONG 1.05 BTC at 50,000 with 10,500: entry notional 52,500 (bracket 2), at liquidation below 50,000.

    Bracket 2 gives (10,500 + 50 - 52,500) / (1.05 x -0.995) = 40,153.15, notional 42,161 -> bracket 1:
    (10,500 - 52,500) / (1.05 x -0.996) = 40,160.64.
    """
    assert liquidation_price(1, 50_000.0, 1.05, 10_500.0, BRACKETS) == pytest.approx(40_160.64, abs=0.005)


def test_a_short_climbs_into_the_next_bracket() -> None:
    """SHORT 0.95 BTC at 50,000 with 9,500: bracket 1 gives 57,000 / (0.95 x 1.004) = 59,760.96.

    Its notional of 56,773 lies in bracket 2: (9,500 + 50 + 47,500) / (0.95 x 1.005) = 59,753.86.
    """
    assert liquidation_price(-1, 50_000.0, 0.95, 9_500.0, BRACKETS) == pytest.approx(59_753.86, abs=0.005)


def test_a_fully_paid_long_is_never_liquidated() -> None:
    assert liquidation_price(1, 50_000.0, 0.1, 5_000.0, BRACKETS) == 0.0


@pytest.mark.parametrize(("direction", "earlier"), [(1, max), (-1, min)])
def test_brackets_that_point_at_each_other_liquidate_earlier(
    direction: int, earlier: Callable[[list[float]], float]
) -> None:
    """Maintenance amounts that jump at the border leave no consistent bracket; the worse price stands."""
    jumping = (MaintenanceBracket(1_000.0, 0.10, 0.0), MaintenanceBracket(1e9, 0.01, 0.0))
    if direction < 0:
        jumping = (MaintenanceBracket(1_000.0, 0.01, 0.0), MaintenanceBracket(1e9, 0.10, 0.0))
    entry, quantity, margin = (1_050.0, 1.0, 100.0) if direction > 0 else (950.0, 1.0, 100.0)
    prices = [
        isolated_liquidation_price(direction, entry, quantity, margin, one.rate, one.cumulative_usd)
        for one in jumping
    ]
    inconsistent = [bracket_index(price, jumping) for price in prices]
    assert inconsistent == [1, 0]
    assert liquidation_price(direction, entry, quantity, margin, jumping) == earlier(prices)


@settings(max_examples=60)
@given(
    st.sampled_from([1, -1]), st.floats(0.001, 50), st.floats(1.0, 20.0), st.floats(100, 1e5), st.floats(1, 2)
)
def test_liquidation_lies_on_the_losing_side_and_more_margin_moves_it_away(
    direction: int, quantity: float, leverage: float, entry: float, more: float
) -> None:
    margin = quantity * entry / leverage
    price = liquidation_price(direction, entry, quantity, margin, BRACKETS)
    further = liquidation_price(direction, entry, quantity, margin * more, BRACKETS)
    assert direction * (entry - price) > 0
    assert direction * (price - further) >= -1e-6 * entry


def test_profit_margin_and_heat_of_a_position() -> None:
    two, hundred, stop = Decimal(2), Decimal(100), Decimal(95)
    assert price_profit(1, two, two * hundred, Decimal(110)) == 20
    assert price_profit(-1, two, two * hundred, Decimal(110)) == -20
    assert net_profit(Decimal(20), Decimal(3), Decimal(-1)) == 16
    assert margin_usd(Decimal(300), Decimal(3)) == 100
    assert average_price(two, hundred, Decimal(6), Decimal(104)) == 103
    assert stop_loss_usd(1, two, hundred, stop) == 10
    assert stop_loss_usd(-1, two, hundred, Decimal(105)) == 10
    assert stop_loss_usd(1, two, hundred, Decimal(101)) == 0
    assert stop_loss_usd(-1, 2.0, 100.0, 99.0) == 0.0


def position(direction: int, mark: int, stop: int = 95) -> OpenPosition:
    return OpenPosition(1, direction, Decimal(2), Decimal(200), Decimal(mark), Decimal(stop), Decimal(40))


def test_equity_is_cash_and_unrealised_at_mark() -> None:
    """Long 2 from 100 at 110: +20, notional 220, heat 2 x 15 = 30. Short 2 at 104, stop 107: -8, 208, 6."""
    portfolio = Portfolio.start(Decimal(1_000), NOON).booked(Decimal("-0.5"))
    marked, equity = portfolio.marked([position(1, 110), position(-1, 104, 107)], NOON)
    assert (equity.cash_usd, equity.unrealised_usd) == (Decimal("999.5"), Decimal(12))
    assert equity.equity_usd == Decimal("1011.5")
    assert (equity.exposure_usd, equity.heat_usd, equity.margin_usd) == tuple(map(Decimal, (428, 36, 80)))
    assert equity.heat == pytest.approx(36 / 1011.5)
    assert (marked.peak_usd, marked.day_peak_usd) == (Decimal("1011.5"), Decimal("1011.5"))
    assert marked.cash_usd == Decimal("999.5")


def test_the_days_peak_resets_at_midnight_utc_and_the_runs_peak_does_not() -> None:
    portfolio, _ = Portfolio.start(Decimal(1_000), NOON).marked([position(1, 200)], NOON)
    later, evening = portfolio.marked([], NOON + timedelta(hours=11, minutes=59))
    assert evening.drawdown == evening.daily_drawdown == pytest.approx(1 - 1_000 / 1_200)
    next_day, midnight = later.marked([], NOON + timedelta(hours=12))
    assert midnight.daily_drawdown == 0
    assert midnight.drawdown == pytest.approx(1 - 1_000 / 1_200)
    _, morning = next_day.booked(Decimal(-100)).marked([], NOON + timedelta(hours=13))
    assert morning.daily_drawdown == pytest.approx(0.1)
    assert morning.day_peak_usd == 1_000


def test_the_day_is_the_utc_day_whatever_the_zone_of_the_clock() -> None:
    """01:00 at +02:00 is still 23:00 UTC of the day before."""
    zone = timezone(timedelta(hours=2))
    start = Portfolio.start(Decimal(1_000), datetime(2026, 1, 2, 1, tzinfo=zone))
    assert start.day == NOON.date()
    _, equity = start.booked(Decimal(-50)).marked([], datetime(2026, 1, 2, 1, 30, tzinfo=zone))
    assert equity.daily_drawdown == pytest.approx(0.05)


def test_drawdown_and_heat_without_equity() -> None:
    assert drawdown(90.0, 100.0) == pytest.approx(0.1)
    assert drawdown(0.0, 0.0) == 1.0
    _, ruined = Portfolio.start(Decimal(100), NOON).booked(Decimal(-100)).marked([], NOON)
    assert ruined.heat == float("inf")
    assert ruined.drawdown == 1.0


def test_half_a_dollar_of_equity_has_its_drawdown_and_heat() -> None:
    assert drawdown(0.25, 0.5) == 0.5
    position = OpenPosition(1, 1, Decimal(1), Decimal(10), Decimal(10), Decimal("9.9"), Decimal(10))
    _, small = Portfolio.start(Decimal("0.5"), NOON).marked([position], NOON)
    assert small.heat == 0.2
