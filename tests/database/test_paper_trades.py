"""Golden paper trades: worked out by hand, played through the real tables, equal to the cent.

BTC: tick 0.1, step 0.001, spread 0.5 bps, slippage 1 bps. ETH: tick 0.01, step 0.001, the same costs.
Maker 2 bps, taker 5 bps (docs/formulas.md). Start: 10,000 USDT.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import Side
from tests.support.paper_market import ETH, PaperMarket, instant
from tests.support.rows import add, candle
from tests.support.servers.logins import as_role

QUIET = (50_000.0, 50_010.0, 49_999.0, 50_000.0)
LONG_TERMS = ("50000", "49500", "51000")
SHORT_TERMS = ("2500", "2525", "2450")


@pytest.fixture
def market(database_url: str) -> Iterator[PaperMarket]:
    """A market whose minutes are played with the worker's login, as `hydra run` does."""
    with (
        connect(as_role(database_url, Role.OWNER), autocommit=True) as owner,
        connect(as_role(database_url, Role.WORKER), autocommit=True) as worker,
    ):
        yield PaperMarket(worker, owner=owner)


def enter_long(market: PaperMarket, leverage: str = "2") -> None:
    """0.2 BTC at the model's bid: 50,000 - 1.25, down to the tick: 49,998.7; fee 9,999.74 x 0.0002."""
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", LONG_TERMS, leverage=leverage)
    market.candle(1, (50_000.0, 50_010.0, 49_990.0, 50_000.0))
    market.settle(1)


def test_a_long_is_filled_as_maker_and_leaves_at_its_target(market: PaperMarket) -> None:
    enter_long(market)
    market.candle(2, (50_000.0, 51_010.0, 50_000.0, 50_900.0))
    market.settle(2)
    # 51,000 less half the spread and the slippage (1.25 bps = 6.375): 50,993.625, down to the tick.
    assert market.fills() == [
        (Decimal("49998.7"), Decimal("0.2"), Decimal("1.999948"), True),
        (Decimal("50993.6"), Decimal("0.2"), Decimal("5.09936"), False),
    ]
    position = market.position()
    assert position["gross_pnl_usd"] == Decimal("198.98")
    assert position["net_pnl_usd"] == Decimal("191.880692")
    assert position["exit_reason_code"] == "TARGET_HIT"
    assert market.cash() == Decimal("10191.880692")


def test_a_short_pays_its_stop(market: PaperMarket) -> None:
    market.candle(0, (2_500.0, 2_501.0, 2_499.0, 2_500.0), pair=ETH)
    market.approve(0, Side.SHORT, "5000.14", SHORT_TERMS, pair=ETH)
    # The ask: 2,500 + 0.0625, up to the tick: 2,500.07. The bar trades beyond it.
    market.candle(1, (2_500.0, 2_501.0, 2_499.0, 2_500.0), pair=ETH)
    market.settle(1)
    market.candle(2, (2_510.0, 2_530.0, 2_505.0, 2_520.0), pair=ETH)
    market.settle(2)
    # 2,525 and 1.25 bps (0.315625) more: 2,525.315625, up to the tick.
    assert market.fills() == [
        (Decimal("2500.07"), Decimal("2"), Decimal("1.000028"), True),
        (Decimal("2525.32"), Decimal("2"), Decimal("2.52532"), False),
    ]
    assert market.position()["net_pnl_usd"] == Decimal("-54.025348")  # -50.50 - 1.000028 - 2.52532
    assert market.cash() == Decimal("9945.974652")


def test_funding_is_paid_and_received_at_the_settlements(market: PaperMarket) -> None:
    enter_long(market)
    market.funding(480, 0.0001, 50_100.0)
    market.funding(960, -0.0003, None)
    market.mark(960, (50_190.0, 50_210.0, 50_180.0, 50_200.0))
    for minute in (480, 481, 960, 961):
        market.settle(minute)
    # 0.2 x 50,100 x 0.0001 paid, then 0.2 x 50,200 x 0.0003 received: the mark as it came, and as recorded.
    assert market.position()["funding_usd"] == Decimal("-1.002") + Decimal("3.012")
    assert market.cash() == Decimal("10000") - Decimal("1.999948") - Decimal("1.002") + Decimal("3.012")


def test_who_enters_after_a_settlement_is_not_part_of_it(market: PaperMarket) -> None:
    market.funding(0, 0.001, 50_000.0)
    enter_long(market)
    assert market.position()["funding_usd"] == 0


def test_a_settlement_belongs_to_who_is_open_at_its_instant_and_no_second_later(market: PaperMarket) -> None:
    """Filled in the bar that ends at the settlement, gone in the bar that begins with it: it pays."""
    market.funding(1, 0.001, 50_000.0)
    enter_long(market)
    market.candle(2, (50_000.0, 51_010.0, 50_000.0, 50_900.0))
    market.settle(2)
    position = market.position()
    assert position["exit_reason_code"] == "TARGET_HIT"
    assert position["funding_usd"] == Decimal("-10")


def test_a_tenth_of_a_bar_fills_and_the_rest_is_cancelled_after_two_minutes(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    market.candle(1, (50_000.0, 50_010.0, 49_990.0, 50_000.0), volume=0.5)
    market.settle(1)
    assert market.position()["quantity"] == Decimal("0.05")
    assert stops(market) == [Decimal("0.05")]
    market.candle(2, (50_000.0, 50_010.0, 49_990.0, 50_000.0), volume=0.8)
    market.settle(2)
    assert market.position()["quantity"] == Decimal("0.13")
    assert stops(market) == [Decimal("0.13")]
    assert market.orders()[0] == ("ENTRY", "CANCELED", Decimal("0.2"), Decimal("0.13"), "ENTRY_TIMEOUT")


def test_an_entry_that_no_bar_trades_through_is_cancelled_unfilled(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    for minute in (1, 2):
        market.candle(minute, (50_000.0, 50_010.0, 49_998.7, 50_000.0))
        market.settle(minute)
    assert market.orders() == [("ENTRY", "CANCELED", Decimal("0.2"), Decimal(0), "ENTRY_TIMEOUT")]


def test_a_gap_through_the_stop_is_filled_at_the_open(market: PaperMarket) -> None:
    enter_long(market)
    market.candle(2, (49_200.0, 49_300.0, 49_100.0, 49_250.0))
    market.settle(2)
    # 49,200 less 6.15: 49,193.85, down to the tick; 0.2 x (49,193.8 - 49,998.7) - 1.999948 - 4.91938
    assert market.fills()[1][0] == Decimal("49193.8")
    assert market.position()["net_pnl_usd"] == Decimal("-167.899328")


def test_of_two_barriers_in_one_bar_the_stop_counts(market: PaperMarket) -> None:
    enter_long(market)
    market.candle(2, (50_000.0, 51_500.0, 49_400.0, 51_400.0))
    market.settle(2)
    # 49,500 less 6.1875: 49,493.8125, down to the tick; 0.2 x (49,493.8 - 49,998.7) - 1.999948 - 4.94938
    assert market.position()["exit_reason_code"] == "STOP_HIT"
    assert market.position()["net_pnl_usd"] == Decimal("-107.929328")


def test_the_bar_of_the_entry_can_stop_it_out_but_not_pay_its_target(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    market.candle(1, (50_000.0, 51_500.0, 49_400.0, 51_400.0))
    market.settle(1)
    assert market.position()["exit_reason_code"] == "STOP_HIT"
    assert market.position()["opened_time"] == market.position()["closed_time"] == instant(1)


def test_the_stop_is_triggered_by_the_mark_where_it_is_recorded(market: PaperMarket) -> None:
    market.mark(1, QUIET)
    enter_long(market)
    market.candle(2, (50_000.0, 50_010.0, 49_400.0, 50_000.0))
    market.mark(2, QUIET)
    market.settle(2)
    assert market.position()["state"] == "OPEN"
    assert market.position()["mark_source"] == "mark"


def test_a_liquidation_takes_the_margin_and_nothing_more(market: PaperMarket) -> None:
    enter_long(market, leverage="10")
    # (999.974 - 9,999.74) / (0.2 x (0.004 - 1)) = 45,179.548...; the open lies beyond it.
    assert round(market.position()["liquidation_price"], 3) == Decimal("45179.548")
    market.candle(2, (45_000.0, 45_100.0, 44_900.0, 45_050.0))
    market.settle(2)
    # The price at which the margin is gone: 49,998.7 x (1 - 1 / 10).
    assert market.fills()[1][:3] == (Decimal("44998.83"), Decimal("0.2"), Decimal(0))
    assert market.position()["exit_reason_code"] == "LIQUIDATED"
    assert market.cash() == Decimal("10000") - Decimal("1.999948") - Decimal("999.974")


def test_equity_is_cash_and_the_open_position_at_mark(market: PaperMarket) -> None:
    enter_long(market)
    market.candle(2, (50_000.0, 50_200.0, 50_000.0, 50_100.0))
    market.settle(2)
    row = market.equity()
    assert row["unrealised_usd"] == Decimal("20.26")  # 0.2 x (50,100 - 49,998.7)
    assert row["equity_usd"] == Decimal("10018.260052")
    assert row["exposure_usd"] == Decimal("10020")
    assert row["portfolio_heat"] == pytest.approx(0.2 * 600 / 10_018.260052)


def test_a_working_entry_counts_as_exposure_and_heat(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    market.settle(1)
    row = market.equity()
    assert row["exposure_usd"] == Decimal("9999.74")
    assert row["portfolio_heat"] == pytest.approx(0.2 * 498.7 / 10_000)


def test_a_bar_that_comes_late_is_played_when_it_is_known(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    market.settle(1)
    assert market.fills() == []
    late = candle(1, instant(0), instant(2), (50_000, 50_010, 49_990, 50_000), 1000)
    add(market.connection, "market.candles_1m", late)
    market.settle(2)
    assert [fill[1] for fill in market.fills()] == [Decimal("0.2")]


def stops(market: PaperMarket) -> list[Decimal]:
    """Quantities of the stops that rest."""
    return [order[2] for order in market.orders() if order[:2] == ("STOP", "OPEN")]


def test_a_position_in_a_hole_keeps_its_last_price_and_its_settlements(market: PaperMarket) -> None:
    """Three days without a candle: -20 stays -20, and 0.2 x 49,900 x 0.01 % is paid at each settlement."""
    enter_long(market)
    market.candle(2, (49_990.0, 49_990.0, 49_890.0, 49_900.0))
    market.settle(2)
    for minute in (480, 960, 4320):
        market.funding(minute, 0.0001, None)
    for minute in (7, 8, 481, 4321):
        market.settle(minute)
        row = market.equity()
        assert row["unrealised_usd"] == Decimal("-19.74")  # 0.2 x (49,900 - 49,998.7)
        assert row["stale_positions"] == (0 if minute == 7 else 1)
    assert market.position()["funding_usd"] == 3 * Decimal("-0.998")
    events = market.connection.execute(
        "SELECT numbers->>'mark_source' FROM hydra.position_events"
        " WHERE kind = 'FUNDING' AND position_id = %s",
        (market.position()["position_id"],),
    ).fetchall()
    assert events == [("last",)] * 3


def test_an_entry_stands_in_the_recorded_queue_over_two_minutes_and_leaves_through_the_book(
    market: PaperMarket,
) -> None:
    """0.2 BTC at 49,998.7 behind 3: 2.95 and 0.1 are sold there, then 0.04, then 5 below it.

    The target fires at the trade at 51,000.2 (130 s): 0.1 at 50,990 and 0.1 at 50,980 make 50,985, worse than
    the next book's 50,999.
    """
    market.candle(0, QUIET)
    for second in (0, 5, 60, 65):
        market.book(second, {50_000.0: 1.0, 49_998.7: 3.0}, {50_000.5: 2.0})
    for second, price, quantity in ((10, 49_998.7, 2.95), (20, 49_998.7, 0.1), (65, 49_998.7, 0.04)):
        market.sold(second, price, quantity)
    market.sold(70, 49_998.6, 5.0)
    for second in (5, 66):
        market.sold(second, 50_010.0, 1.0)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    market.candle(1, (50_000.0, 50_010.0, 49_998.7, 50_000.0))
    market.settle(1)
    assert market.position()["opened_time"] == instant(0) + timedelta(seconds=20)
    assert stops(market) == [Decimal("0.05")]
    market.candle(2, (50_000.0, 50_010.0, 49_998.6, 50_000.0))
    market.settle(2)
    assert stops(market) == [Decimal("0.2")]
    for second in (115, 125):
        market.book(second, {50_990.0: 0.1, 50_980.0: 1.0}, {51_001.0: 2.0})
    market.book(135, {50_999.0: 1.0}, {51_001.0: 2.0})
    market.sold(125, 50_999.9, 1.0)
    market.sold(130, 51_000.2, 1.0)
    market.candle(3, (50_999.9, 51_000.2, 50_999.9, 51_000.2))
    market.settle(3)
    assert market.fills() == [
        (Decimal("49998.7"), Decimal("0.05"), Decimal("0.499987"), True),
        (Decimal("49998.7"), Decimal("0.04"), Decimal("0.3999896"), True),
        (Decimal("49998.7"), Decimal("0.11"), Decimal("1.0999714"), True),
        (Decimal("50985"), Decimal("0.2"), Decimal("5.0985"), False),
    ]
    assert evidence(market) == [(second, "BOOK") for second in (20, 65, 70, 130)]
    assert market.position()["net_pnl_usd"] == Decimal("190.161552")
    assert market.cash() == Decimal("10190.161552")
    audit = market.connection.execute(queries.load("audits/fill_outside_the_bar")).fetchall()
    assert [row for row in audit if row[0] == market.run.run_id] == []


def evidence(market: PaperMarket) -> list[tuple[float, str]]:
    """Second and evidence of every fill of the run."""
    rows = market.connection.execute(
        "SELECT f.time, f.evidence FROM hydra.fills AS f JOIN hydra.orders AS o USING (order_id)"
        " WHERE o.run_id = %s ORDER BY f.fill_id",
        (market.run.run_id,),
    ).fetchall()
    return [((time - instant(0)).total_seconds(), said) for time, said in rows]


def test_a_part_fills_from_the_queue_and_the_rest_is_cancelled(market: PaperMarket) -> None:
    """0.2 BTC at 49,998.7 behind 3. In two minutes 3.05 and 0.02 are sold there: 0.05 and 0.02 are bought.

    Fees 49,998.7 x 0.05 x 0.0002 = 0.499987 and x 0.02: 0.1999948.
    """
    market.candle(0, QUIET)
    for second in (0, 5, 60, 65):
        market.book(second, {50_000.0: 1.0, 49_998.7: 3.0}, {50_000.5: 2.0})
    for second, price, quantity in (
        (1, 50_010.0, 1.0),
        (10, 49_998.7, 3.05),
        (61, 50_010.0, 1.0),
        (70, 49_998.7, 0.02),
    ):
        market.sold(second, price, quantity)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    for minute in (1, 2):
        market.candle(minute, (50_000.0, 50_010.0, 49_998.7, 50_000.0))
        market.settle(minute)
    assert market.fills() == [
        (Decimal("49998.7"), Decimal("0.05"), Decimal("0.499987"), True),
        (Decimal("49998.7"), Decimal("0.02"), Decimal("0.1999948"), True),
    ]
    assert evidence(market) == [(10, "BOOK"), (70, "BOOK")]
    assert market.orders()[0] == ("ENTRY", "CANCELED", Decimal("0.2"), Decimal("0.07"), "ENTRY_TIMEOUT")
    assert stops(market) == [Decimal("0.07")]
    assert market.cash() == Decimal("10000") - Decimal("0.499987") - Decimal("0.1999948")


def test_a_short_is_sold_through_its_price_and_bought_back_over_two_levels(market: PaperMarket) -> None:
    """2 ETH at 2,500.07: a trade of 3 at 2,500.10 goes through it: all are sold, whatever was ahead.

    The stop at 2,525 fires at the trade at 2,526 (95 s): 1 at 2,525.5 and 1 at 2,526.5 make 2,526.
    Fees 5,000.14 x 0.0002 = 1.000028 and 5,052 x 0.0005 = 2.526; profit 2 x (2,500.07 - 2,526) = -51.86.
    """
    quiet = (2_500.0, 2_500.1, 2_499.0, 2_500.0)
    market.candle(0, quiet, pair=ETH)
    for second in (0, 5):
        market.book(second, {2_500.0: 5.0}, {2_500.07: 40.0, 2_500.2: 9.0}, pair=ETH)
    for second in (60, 90, 100):
        market.book(second, {2_524.0: 5.0}, {2_525.5: 1.0, 2_526.5: 9.0}, pair=ETH)
    for second, price in ((1, 2_499.0), (20, 2_500.1), (61, 2_510.0), (95, 2_526.0)):
        market.sold(second, price, 3.0, pair=ETH)
    market.approve(0, Side.SHORT, "5000.14", SHORT_TERMS, pair=ETH)
    market.candle(1, quiet, pair=ETH)
    market.settle(1)
    market.candle(2, (2_510.0, 2_526.0, 2_510.0, 2_526.0), pair=ETH)
    market.settle(2)
    assert market.fills() == [
        (Decimal("2500.07"), Decimal("2"), Decimal("1.000028"), True),
        (Decimal("2526"), Decimal("2"), Decimal("2.526"), False),
    ]
    assert evidence(market) == [(20, "BOOK"), (95, "BOOK")]
    assert market.position()["net_pnl_usd"] == Decimal("-55.386028")
    assert market.cash() == Decimal("9944.613972")


def test_where_trades_have_a_hole_the_bar_says_what_fills(market: PaperMarket) -> None:
    """Minute 1: the trades end at 20 s, the bar goes on to 49,990: a tenth of 0.5 BTC, at the minute's end.

    Minute 2: trades end again, the bar falls to 49,400, and the stop at 49,500 is paid as by the bar:
    49,500 less 1.25 bps (6.1875), down to the tick: 49,493.8, not the 50,000 of the last book.
    """
    market.candle(0, QUIET)
    for second in range(0, 125, 5):
        market.book(second, {50_000.0: 1.0, 49_998.7: 3.0}, {50_000.5: 2.0})
    for second in (5, 20, 65, 80):
        market.sold(second, 50_000.0, 9.0)
    market.approve(0, Side.LONG, "10000", LONG_TERMS)
    market.candle(1, (50_000.0, 50_000.0, 49_990.0, 50_000.0), volume=0.5)
    market.settle(1)
    assert evidence(market) == [(60, "BAR")]
    market.candle(2, (50_000.0, 50_000.0, 49_400.0, 49_450.0), volume=0.5)
    market.settle(2)
    assert evidence(market) == [(60, "BAR"), (120, "BAR"), (120, "BAR")]
    assert market.fills() == [
        (Decimal("49998.7"), Decimal("0.05"), Decimal("0.499987"), True),
        (Decimal("49998.7"), Decimal("0.05"), Decimal("0.499987"), True),
        (Decimal("49493.8"), Decimal("0.1"), Decimal("2.47469"), False),
    ]
