"""Layer 4: filters, kill conditions and limits, each on its own."""

import math
from decimal import Decimal

import pytest

from hydra.domain import KillCause, KillScope, ReasonCode, VolatilityRegime
from hydra.layers.layer4_filters import (
    InstrumentFilters,
    ceil_to,
    exact,
    floor_to,
    order_quantity,
    round_passive,
    round_towards_entry,
)
from hydra.layers.layer4_kill import (
    KillParameters,
    cascade_kills,
    check_kill_switch,
    daily_drawdown_kills,
    funding_kills,
    regime_break_kills,
)
from hydra.layers.layer4_limits import (
    LimitParameters,
    PortfolioState,
    binding_limit,
    in_cooldown,
    remaining_exposure,
    remaining_heat,
)

NORMAL, HIGH, EXTREME = (
    VolatilityRegime.NORMAL.value,
    VolatilityRegime.HIGH.value,
    VolatilityRegime.EXTREME.value,
)
FILTERS = InstrumentFilters(Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal("10"), Decimal("50"))


def test_prices_and_quantities_never_round_in_our_favour() -> None:
    tick = Decimal("0.1")
    assert exact(0.1 + 0.2) == Decimal("0.3")
    assert exact(2_999.9999999999995) == Decimal(3000)
    assert exact(0.123456789) == Decimal("0.12345679")
    assert exact(0.00001234) == Decimal("0.00001234")
    assert floor_to(Decimal("1.29"), tick) == Decimal("1.2")
    assert ceil_to(Decimal("1.21"), tick) == Decimal("1.3")
    assert floor_to(Decimal("1.2"), tick) == ceil_to(Decimal("1.2"), tick) == Decimal("1.2")
    assert round_passive(Decimal("100.05"), tick, is_buy=True) == Decimal("100.0")
    assert round_passive(Decimal("100.05"), tick, is_buy=False) == Decimal("100.1")
    assert round_towards_entry(Decimal("99.01"), tick, Decimal(100)) == Decimal("99.1")
    assert round_towards_entry(Decimal("101.09"), tick, Decimal(100)) == Decimal("101.0")


@pytest.mark.parametrize(
    ("notional", "price", "quantity"),
    [
        ("3000", "50000", "0.06"),
        ("3049", "50000", "0.06"),  # 0.06098 down to the step
        ("50", "50000", "0.001"),  # exactly the least notional and the least quantity
        ("99", "50000", "0.001"),
        ("49.9", "50000", "0"),  # 0.000998 -> no step at all
        ("49.9", "100", "0"),  # 0.499 x 100 = 49.90 < 50
        ("50", "100", "0.5"),
        ("2000000", "100", "10"),  # the largest order
    ],
)
def test_a_quantity_is_rounded_down_and_checked(notional: str, price: str, quantity: str) -> None:
    assert order_quantity(Decimal(notional), Decimal(price), FILTERS) == Decimal(quantity)


def test_the_least_quantity_is_kept_apart_from_the_step() -> None:
    coarse = FILTERS._replace(min_quantity=Decimal("0.01"), min_notional_usd=Decimal(1))
    assert order_quantity(Decimal("499"), Decimal("50000"), coarse) == 0
    assert order_quantity(Decimal("500"), Decimal("50000"), coarse) == Decimal("0.01")


def kill_cause(**changed: float | bool) -> KillCause | None:
    values = {
        "drawdown": 0.0,
        "funding": 0.0,
        "cascade": 0.0,
        "volatility": NORMAL,
        "alert": False,
        **changed,
    }
    found = check_kill_switch(
        float(values["drawdown"]),
        float(values["funding"]),
        float(values["cascade"]),
        int(values["volatility"]),
        KillParameters(),
        regime_break_alert=bool(values["alert"]),
    )
    return found.cause if found else None


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({}, None),
        ({"drawdown": 0.05}, None),
        ({"drawdown": 0.0501}, KillCause.DAILY_DRAWDOWN),
        ({"funding": 0.005}, None),
        ({"funding": 0.0051}, KillCause.FUNDING_SPIKE),
        ({"funding": -0.0051}, KillCause.FUNDING_SPIKE),
        ({"funding": math.nan}, None),
        ({"cascade": 0.7}, None),
        ({"cascade": 0.71}, KillCause.CASCADE),
        ({"alert": True}, None),
        ({"volatility": EXTREME}, None),
        ({"alert": True, "volatility": HIGH}, None),
        ({"alert": True, "volatility": EXTREME}, KillCause.REGIME_BREAK),
        ({"drawdown": 0.1, "funding": 0.1, "cascade": 0.9}, KillCause.DAILY_DRAWDOWN),
        ({"funding": 0.1, "cascade": 0.9}, KillCause.FUNDING_SPIKE),
        ({"cascade": 0.9, "alert": True, "volatility": EXTREME}, KillCause.CASCADE),
    ],
)
def test_check_kill_switch(changed: dict[str, float | bool], cause: KillCause | None) -> None:
    """C30: a healthy cycle passes; the printed loop would raise AttributeError on it."""
    assert kill_cause(**changed) is cause


def test_each_kill_condition_reads_only_its_own_argument() -> None:
    parameters = KillParameters()
    assert daily_drawdown_kills(0.06, parameters)
    assert funding_kills(0.006, parameters)
    assert cascade_kills(0.9, parameters)
    assert regime_break_kills(EXTREME, regime_break_alert=True)


def test_a_kill_says_what_it_stops_with_which_number() -> None:
    pair = KillParameters(scope=KillScope.PAIR)
    drawdown = check_kill_switch(0.06, 0, 0, NORMAL, pair, regime_break_alert=False)
    funding = check_kill_switch(0, -0.006, 0, NORMAL, pair, regime_break_alert=False)
    cascade = check_kill_switch(0, 0, 0.9, NORMAL, pair, regime_break_alert=False)
    broken = check_kill_switch(0, 0, 0, EXTREME, pair, regime_break_alert=True)
    assert drawdown is not None
    assert funding is not None
    assert cascade is not None
    assert broken is not None
    assert (drawdown.scope, drawdown.value, drawdown.limit) == (KillScope.PORTFOLIO, 0.06, 0.05)
    assert (funding.scope, funding.value, funding.limit) == (KillScope.PAIR, -0.006, 0.005)
    assert (cascade.scope, cascade.value, cascade.limit) == (KillScope.PAIR, 0.9, 0.7)
    assert (broken.scope, broken.value, broken.limit) == (KillScope.PAIR, EXTREME, EXTREME)
    assert [kill.reason for kill in (drawdown, funding, cascade, broken)] == [
        "Daily drawdown 6.00% > 5%",
        "Funding spike 0.600% > 0.5%",
        "Cascade probability 90% > 70%",
        "Regime break + extreme vol",
    ]
    tight = KillParameters(daily_drawdown=0.001, funding_rate_8h=0.0007, cascade_probability=0.55)
    for drawdown_now, funding_now, cascade_now, words in (
        (0.0015, 0.0, 0.0, "Daily drawdown 0.15% > 0.1%"),
        (0.0, 0.0008, 0.0, "Funding spike 0.080% > 0.07%"),
        (0.0, 0.0, 0.6, "Cascade probability 60% > 55%"),
    ):
        found = check_kill_switch(
            drawdown_now, funding_now, cascade_now, NORMAL, tight, regime_break_alert=False
        )
        assert found is not None
        assert found.reason == words
    default = check_kill_switch(0, 0, 0.9, NORMAL, KillParameters(), regime_break_alert=False)
    assert default is not None
    assert default.scope is KillScope.PORTFOLIO


@pytest.mark.parametrize(
    ("minutes", "stopped", "waits"),
    [
        (59.9, False, True),
        (60.0, False, False),
        (60.0, True, True),
        (239.9, True, True),
        (240.0, True, False),
        (math.nan, True, False),
    ],
)
def test_re_entry_waits_longer_after_a_stop(minutes: float, stopped: bool, waits: bool) -> None:
    assert in_cooldown(minutes, LimitParameters(), stopped_out=stopped) is waits


def test_what_is_left_of_the_limits() -> None:
    assert remaining_exposure(45_000, 50_000) == 5_000
    assert remaining_exposure(60_000, 50_000) == 0
    assert remaining_heat(450, 10_000, 0.06) == pytest.approx(150)
    assert remaining_heat(700, 10_000, 0.06) == 0


def test_a_reservation_adds_to_everything() -> None:
    book = PortfolioState(10_000, 1_000, 11, 300, 1, 0.02, 0.01).reserve(500, 5, 100)
    assert book == PortfolioState(10_000, 1_500, 16, 400, 2, 0.02, 0.01)


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ((10, 20, 20, 20), ReasonCode.SIZE_BELOW_MINIMUM),
        ((10, 10, 20, 20), ReasonCode.MAX_EXPOSURE),
        ((10, 20, 5, 20), ReasonCode.PORTFOLIO_HEAT),
        ((10, 20, 20, 5), ReasonCode.INSUFFICIENT_MARGIN),
    ],
)
def test_a_size_too_small_names_the_limit_that_made_it_so(
    sizes: tuple[float, float, float, float], reason: ReasonCode
) -> None:
    assert binding_limit(*sizes) is reason
