"""Paper trades worked out by hand to the cent. BTC and ETH: model spread 0.5 bps, slippage 1 bps.

Every trade runs through the functions that paper, backtest and reports call; the comments are the sums.
"""

import math
from decimal import Decimal

import pytest

from hydra.layers.layer5_execution import ExecutionParameters, OrderStep, entry_step
from hydra.layers.layer5_paper_fills import (
    BarrierHit,
    barrier_hit,
    barrier_price,
    passive_fill,
)
from hydra.ledger.costs import PAIR_COSTS, fee_usd, funding_payment, taker_price
from hydra.ledger.liquidation import MaintenanceBracket, isolated_liquidation_price, liquidation_price
from hydra.ledger.positions import average_price, net_profit, price_profit

COSTS = PAIR_COSTS["BTC"]
CENT = Decimal("0.01")
NO_LIQUIDATION = 0.0


def closed(
    direction: int, quantity: Decimal, entry: Decimal, level: Decimal, funding: Decimal
) -> tuple[Decimal, Decimal, Decimal]:
    """Fill price, fees and net profit of a maker entry closed by market at `level`."""
    fill = taker_price(level, -direction, COSTS.spread_bps, COSTS.slippage_bps)
    fees = fee_usd(quantity * entry, COSTS.maker_fee_bps) + fee_usd(quantity * fill, COSTS.taker_fee_bps)
    gross = price_profit(direction, quantity, quantity * entry, fill)
    return fill, fees, net_profit(gross, fees, funding)


def test_a_long_reaches_its_target_after_paying_and_receiving_funding() -> None:
    """LONG 0.06 BTC at 50,000 (maker), target 51,000.

    Funding: -0.06 x 50,100 x 0.0001 = -0.3006 paid, +0.06 x 50,400 x 0.0002 = +0.6048 received: +0.3042.
    Exit: 51,000 x (1 - 1.25 / 10,000) = 50,993.625; gross 0.06 x 993.625 = 59.6175.
    Fees: 3,000 x 2 bps = 0.60 and 3,059.6175 x 5 bps = 1.52980875: 2.12980875.
    Net 59.6175 - 2.12980875 + 0.3042 = 57.79189125.
    """
    quantity, entry = Decimal("0.06"), Decimal(50_000)
    first = funding_payment(1, quantity, Decimal(50_100), Decimal("0.0001"))
    second = funding_payment(1, quantity, Decimal(50_400), Decimal("-0.0002"))
    assert (first, second) == (Decimal("-0.3006"), Decimal("0.6048"))
    hit = barrier_hit(1, 49_500.0, 51_000.0, NO_LIQUIDATION, (50_800.0, 51_010.0, 50_700.0))
    assert hit is BarrierHit.TARGET
    level = Decimal(str(barrier_price(1, 51_000.0, hit, (50_800.0, 51_010.0, 50_700.0))))
    fill, fees, net = closed(1, quantity, entry, level, first + second)
    assert (fill, fees) == (Decimal("50993.625"), Decimal("2.12980875"))
    assert net == Decimal("57.79189125")
    assert net.quantize(CENT) == Decimal("57.79")


def test_a_short_is_gapped_through_its_stop_after_two_settlements() -> None:
    """SHORT 2 ETH at 2,000 (maker), stop 2,020; the next bar opens at 2,035.

    Funding: +2 x 2,010 x 0.0003 = +1.206 received, -2 x 2,015 x 0.0001 = -0.403 paid: +0.803.
    Exit at the open: 2,035 x (1 + 1.25 / 10,000) = 2,035.254375; gross -2 x 35.254375 = -70.50875.
    Fees: 4,000 x 2 bps = 0.80 and 4,070.50875 x 5 bps = 2.035254375: 2.835254375.
    Net -70.50875 - 2.835254375 + 0.803 = -72.541004375; filled at the stop itself it would have lost 30 less.
    """
    quantity, entry = Decimal(2), Decimal(2_000)
    received = funding_payment(-1, quantity, Decimal(2_010), Decimal("0.0003"))
    paid = funding_payment(-1, quantity, Decimal(2_015), Decimal("-0.0001"))
    assert (received, paid) == (Decimal("1.206"), Decimal("-0.403"))
    hit = barrier_hit(-1, 2_020.0, 1_960.0, NO_LIQUIDATION, (2_035.0, 2_040.0, 2_030.0))
    assert hit is BarrierHit.STOP
    level = Decimal(str(barrier_price(-1, 2_020.0, hit, (2_035.0, 2_040.0, 2_030.0))))
    assert level == 2_035
    fill, fees, net = closed(-1, quantity, entry, level, received + paid)
    assert (fill, fees) == (Decimal("2035.254375"), Decimal("2.835254375"))
    assert net == Decimal("-72.541004375")
    assert net.quantize(CENT) == Decimal("-72.54")


def test_a_long_is_gapped_through_its_stop() -> None:
    """LONG 0.06 BTC at 50,000, stop 49,500, open 49,200.

    49,200 x (1 - 1.25 / 10,000) = 49,193.85; gross -0.06 x 806.15 = -48.369; fees 0.60 + 2,951.631 x 5 bps.
    """
    hit = barrier_hit(1, 49_500.0, 51_000.0, 33_467.2, (49_200.0, 49_300.0, 49_100.0))
    level = Decimal(str(barrier_price(1, 49_500.0, hit, (49_200.0, 49_300.0, 49_100.0))))
    fill, fees, net = closed(1, Decimal("0.06"), Decimal(50_000), level, Decimal(0))
    assert (hit, fill) == (BarrierHit.STOP, Decimal("49193.85"))
    assert fees == Decimal("2.0758155")
    assert net == Decimal("-50.4448155")


def test_a_partial_fill_is_a_position_at_its_own_price() -> None:
    """Bid for 0.06 BTC at 50,000. A touch fills nothing; 10 % of 0.2 BTC fills 0.02; then the time is up.

    Closed at 50,500: 50,500 x (1 - 1.25 / 10,000) = 50,493.6875; gross 0.02 x 493.6875 = 9.87375.
    Fees: 1,000 x 2 bps = 0.20 and 1,009.87375 x 5 bps = 0.504936875. Net 9.168813125.
    """
    touched = passive_fill(50_000.0, 0.06, 50_050.0, 50_000.0, 10.0, is_buy=True)
    filled = passive_fill(50_000.0, 0.06, 50_020.0, 49_990.0, 0.2, is_buy=True)
    assert touched == 0.0
    assert filled == pytest.approx(0.02)
    step = entry_step(120.0, 0.06 - filled, 0, ExecutionParameters(), is_refused=False)
    assert step is OrderStep.CANCEL
    _, fees, net = closed(1, Decimal("0.02"), Decimal(50_000), Decimal(50_500), Decimal(0))
    assert fees == Decimal("0.704936875")
    assert net == Decimal("9.168813125")


def test_two_partial_fills_average_their_prices() -> None:
    """0.02 at 50,000 and, quoted again, 0.04 at 50,030: (1,000 + 2,001.2) / 0.06 = 50,020."""
    average = average_price(Decimal("0.02"), Decimal(50_000), Decimal("0.04"), Decimal(50_030))
    assert average == Decimal(50_020)


def test_both_barriers_in_one_candle_is_the_stop() -> None:
    """SHORT 1 ETH at 2,000, stop 2,020, target 1,960; the bar spans 1,950 to 2,030 (C114).

    2,020 x (1 + 1.25 / 10,000) = 2,020.2525; gross -20.2525; fees 0.40 + 1.01012625. Net -21.66262625.
    """
    hit = barrier_hit(-1, 2_020.0, 1_960.0, NO_LIQUIDATION, (2_000.0, 2_030.0, 1_950.0))
    assert hit is BarrierHit.STOP
    level = Decimal(str(barrier_price(-1, 2_020.0, hit, (2_000.0, 2_030.0, 1_950.0))))
    _, _, net = closed(-1, Decimal(1), Decimal(2_000), level, Decimal(0))
    assert net == Decimal("-21.66262625")


def test_the_bar_of_the_entry_can_stop_but_not_pay() -> None:
    """The bid at 50,000 filled in a bar from 51,500 down to 49,400: the high came before the fill."""

    def hit(direction: int, stop: float, high: float, low: float) -> BarrierHit:
        return barrier_hit(direction, stop, math.nan, NO_LIQUIDATION, (50_000.0, high, low))

    assert hit(1, 49_500.0, 51_500.0, 49_400.0) is BarrierHit.STOP
    assert hit(1, 49_500.0, 51_500.0, 49_600.0) is BarrierHit.NONE
    assert hit(-1, 50_500.0, 50_500.0, 49_000.0) is BarrierHit.STOP
    assert hit(-1, 50_500.0, 50_499.0, 49_000.0) is BarrierHit.NONE


def test_a_liquidation_takes_the_margin() -> None:
    """LONG 0.1 BTC at 50,000 with 500 USDT isolated, rate 0.4 %: (500 - 5,000) / (0.1 x -0.996) = 45,180.72.

    There 500 - 0.1 x 4,819.28 = 18.07 USDT are left, the maintenance margin 4,518.07 x 0.4 %, which the
    exchange keeps: 500 are lost, and the entry fee of 5,000 x 2 bps = 1.00. A bar that opens at 45,000
    skips the stop at 47,500.
    """
    price = isolated_liquidation_price(
        1, Decimal(50_000), Decimal("0.1"), Decimal(500), Decimal("0.004"), Decimal(0)
    )
    assert price.quantize(CENT) == Decimal("45180.72")
    left = Decimal(500) + price_profit(1, Decimal("0.1"), Decimal(5_000), price)
    assert left.quantize(CENT) == Decimal("18.07")
    hit = barrier_hit(1, 47_500.0, 55_000.0, float(price), (45_000.0, 45_100.0, 44_000.0))
    assert hit is BarrierHit.LIQUIDATION
    fees = fee_usd(Decimal(5_000), COSTS.maker_fee_bps)
    assert net_profit(Decimal(-500), fees, Decimal(0)) == Decimal(-501)


def test_a_short_is_liquidated_above() -> None:
    """(500 + 5,000) / (0.1 x 1.004) = 54,780.88."""
    price = liquidation_price(-1, 50_000.0, 0.1, 500.0, [MaintenanceBracket(50_000.0, 0.004, 0.0)])
    assert price == pytest.approx(54_780.88, abs=0.005)
    assert (
        barrier_hit(-1, 52_000.0, 45_000.0, price, (54_781.0, 54_790.0, 54_000.0)) is BarrierHit.LIQUIDATION
    )
    assert barrier_hit(-1, 52_000.0, 45_000.0, price, (54_780.0, 60_000.0, 54_000.0)) is BarrierHit.STOP
