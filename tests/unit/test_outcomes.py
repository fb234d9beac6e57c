"""Outcomes of single trades: worked out by hand, and equal to the walk's own trades."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from hydra.backtest.bars import bar_grid
from hydra.backtest.market import FUNDING_MARK_SCHEMA, BacktestMarket
from hydra.checks.decision_lookahead import simulate_by
from hydra.domain import ReasonCode
from hydra.features.facts import SOURCES
from hydra.research.outcomes import Outcome, OutcomePlayer, PlannedTrade, opposite_outcomes
from hydra.trading.pair_state import EntryPlan
from hydra.trading.parameters import Rules
from tests.support.checked_market import RULES, market, simulation
from tests.support.few_bars import BTC, DIPS, MINUTE, QUIET, RISES, START, Bar, market_of

pytestmark = pytest.mark.slow

FALLS = (99_900.0, 99_950.0, 98_900.0, 98_950.0)
SECONDS = timedelta(seconds=2)


def trade(direction: int, hours: float = 8.0) -> PlannedTrade:
    """0.1 BTC at 100,000, stop 1 % and target 2 % away."""
    reference = Decimal(100_000)
    plan = EntryPlan(
        instrument_id=BTC,
        direction=direction,
        quantity=Decimal("0.1"),
        reference_price=reference,
        stop_price=reference - direction * 1000,
        target_price=reference + direction * 2000,
        leverage=Decimal(3),
        max_holding_hours=hours,
    )
    return PlannedTrade(row=1, plan=plan)


def played(planned: PlannedTrade, bars: list[Bar], rate: float | None = None) -> Outcome | None:
    market = market_of([*bars, QUIET, QUIET], rate)
    assert market.time_of(1) == START
    return OutcomePlayer(market, bar_grid(market), Rules()).play(planned)


def outcome_on(market: BacktestMarket, planned: PlannedTrade) -> Outcome:
    found = OutcomePlayer(market, bar_grid(market), Rules()).play(planned)
    assert found is not None
    return found


def outcome_of(planned: PlannedTrade, bars: list[Bar], rate: float | None = None) -> Outcome:
    found = played(planned, bars, rate)
    assert found is not None
    return found


def test_a_long_is_stopped() -> None:
    """Bid 100,000 - 2.5; stop at 99,000 less half the spread (2.475) and slippage (9.9), down to the tick."""
    falls = (99_900.0, 99_950.0, 98_900.0, 98_950.0)
    found = outcome_of(trade(+1), [DIPS, QUIET, falls])
    assert (found.filled, found.barrier) == (True, ReasonCode.STOP_HIT)
    assert found.label_start == START + SECONDS
    assert found.label_end == START + 3 * MINUTE + SECONDS
    assert found.gross_usd == Decimal("-100.99")  # (98,987.6 - 99,997.5) x 0.1
    assert found.fees_usd == Decimal("6.94933")  # 9,999.75 x 2 bps + 9,898.76 x 5 bps
    assert found.funding_usd == 0
    assert found.net_usd == Decimal("-107.93933")
    assert found.net_fraction == Decimal("-107.93933") / Decimal("9999.75")


def test_a_short_reaches_its_target() -> None:
    """Ask 100,000 + 2.5; bought back at 98,000 plus 2.45 and 9.8, up to the tick: 98,012.3."""
    falls = (99_000.0, 99_010.0, 97_950.0, 98_000.0)
    found = outcome_of(trade(-1), [RISES, QUIET, falls])
    assert found.barrier is ReasonCode.TARGET_HIT
    assert found.gross_usd == Decimal("199.02")  # (100,002.5 - 98,012.3) x 0.1
    assert found.fees_usd == Decimal("6.900665")  # 10,000.25 x 2 bps + 9,801.23 x 5 bps
    assert found.net_usd == Decimal("192.119335")


def test_an_entry_that_is_not_traded_through_ends_after_120_seconds() -> None:
    """A bar that only touches 99,997.5 proves no fill; the second minute is the last."""
    touches = (100_000.0, 100_001.0, 99_997.5, 100_000.0)
    found = outcome_of(trade(+1), [touches, touches, DIPS])
    assert (found.filled, found.barrier) == (False, ReasonCode.ENTRY_TIMEOUT)
    assert found.label_end == START + 2 * MINUTE + SECONDS
    assert found.net_usd == 0
    assert found.net_fraction is None


def test_time_runs_out_and_the_exit_waits_at_the_ask() -> None:
    """Filled at 07:58, held until 08:03; in the minute after it the ask of 100,002.5 is traded through."""
    found = outcome_of(trade(+1, hours=5 / 60), [DIPS, QUIET, QUIET, QUIET, QUIET, QUIET, RISES])
    assert found.barrier is ReasonCode.MAX_HOLDING_TIME
    assert found.label_end == START + 7 * MINUTE + SECONDS
    assert found.gross_usd == Decimal("0.5")  # (100,002.5 - 99,997.5) x 0.1
    assert found.fees_usd == Decimal(4)  # (9,999.75 + 10,000.25) x 2 bps
    assert found.net_usd == Decimal("-3.5")


@pytest.mark.parametrize(("direction", "paid"), [(+1, Decimal("-1.0005")), (-1, Decimal("1.0005"))])
def test_who_is_open_at_the_settlement_pays_or_receives(direction: int, paid: Decimal) -> None:
    """0.1 x 100,050 x 0.01 % at 08:00, three minutes after the decision; known at the fourth."""
    enters = DIPS if direction > 0 else RISES
    leaves = (
        (102_100.0, 102_200.0, 102_000.0, 102_100.0)
        if direction > 0
        else (97_900.0, 98_000.0, 97_800.0, 97_900.0)
    )
    found = outcome_of(trade(direction), [enters, QUIET, QUIET, QUIET, leaves], rate=0.0001)
    assert found.barrier is ReasonCode.TARGET_HIT
    assert found.funding_usd == paid
    assert found.net_usd == found.gross_usd - found.fees_usd + paid


@pytest.mark.parametrize(("direction", "funding"), [(+1, Decimal("2.0001")), (-1, Decimal("-2.0001"))])
def test_across_two_settlements_funding_is_paid_and_received(direction: int, funding: Decimal) -> None:
    """A long pays 0.1 x 100,050 x 0.01 % at 08:00 and receives 0.1 x 100,020 x 0.03 % at 16:00."""
    entered = DIPS if direction > 0 else RISES
    gone = (
        (98_900.0, 98_950.0, 97_900.0, 98_000.0)
        if direction > 0
        else (101_100.0, 102_100.0, 101_000.0, 102_000.0)
    )
    market = market_of([entered, *[QUIET] * 490, gone, QUIET, QUIET])
    settled = [
        (datetime(2025, 6, 2, 8, tzinfo=UTC), 0.0001, 100_050.0),
        (datetime(2025, 6, 2, 16, tzinfo=UTC), -0.0003, 100_020.0),
    ]
    rates = pl.DataFrame(
        [
            {
                "instrument_id": BTC,
                "time": at,
                "known_at": at + timedelta(seconds=5),
                "rate": rate,
                "interval_hours": 8,
            }
            for at, rate, _ in settled
        ],
        schema=SOURCES["funding_rates"].columns,
    )
    marks = [{"instrument_id": BTC, "time": at, "mark_price": mark} for at, _, mark in settled]
    market = replace(
        market,
        facts=replace(market.facts, funding_rates=rates),
        funding_marks=pl.DataFrame(marks, schema=FUNDING_MARK_SCHEMA),
    )
    found = outcome_on(market, trade(direction, hours=24.0))
    assert found.barrier is ReasonCode.STOP_HIT
    assert found.funding_usd == funding
    assert found.net_usd == found.gross_usd - found.fees_usd + funding


def test_a_tenth_of_each_bar_fills_until_the_entry_is_given_up() -> None:
    """0.04 of 0.1 BTC in each of two bars of 0.4; the stop sells 0.08 at 98,987.6."""
    falls = (99_900.0, 99_950.0, 98_900.0, 98_950.0)
    market = market_of([DIPS, DIPS, DIPS, falls, QUIET, QUIET], volume=0.4)
    found = outcome_on(market, trade(+1))
    assert (found.filled, found.barrier) == (True, ReasonCode.STOP_HIT)
    assert found.gross_usd == Decimal("-80.792")  # (98,987.6 - 99,997.5) x 0.08
    assert found.fees_usd == Decimal("5.559464")  # 2 x 3,999.90 x 2 bps + 7,919.008 x 5 bps
    assert found.net_usd == Decimal("-86.351464")


def test_a_gap_through_the_stop_is_filled_at_the_open() -> None:
    """The open of 98,500 less half the spread (2.4625) and slippage (9.85), down to the tick: 98,487.6."""
    found = outcome_of(trade(+1), [DIPS, (98_500.0, 98_600.0, 98_400.0, 98_500.0)])
    assert found.barrier is ReasonCode.STOP_HIT
    assert found.gross_usd == Decimal("-150.99")  # (98,487.6 - 99,997.5) x 0.1
    assert found.fees_usd == Decimal("6.92433")  # 9,999.75 x 2 bps + 9,848.76 x 5 bps
    assert found.net_usd == Decimal("-157.91433")


def test_of_both_barriers_in_one_candle_the_stop_counts() -> None:
    both = (100_000.0, 102_500.0, 98_900.0, 102_000.0)
    found = outcome_of(trade(+1), [DIPS, QUIET, both])
    assert found.barrier is ReasonCode.STOP_HIT
    assert found.net_usd == Decimal("-107.93933")  # as if the target had never been reached


def test_a_liquidation_takes_the_margin_and_nothing_more() -> None:
    """The open lies beyond the liquidation price: the margin of 9,999.75 / 3 is gone, without a fee."""
    found = outcome_of(trade(+1), [DIPS, (60_000.0, 60_100.0, 59_900.0, 60_000.0)])
    assert found.barrier is ReasonCode.LIQUIDATED
    assert found.gross_usd == Decimal("-3333.25")
    assert found.fees_usd == Decimal("1.99995")  # the entry's 9,999.75 x 2 bps
    assert found.net_usd == Decimal("-3335.24995")


def test_before_the_entry_fills_no_funding_is_due() -> None:
    """The settlement of 08:00 comes before the bar that opens then, and the fill at the end of that bar."""
    found = outcome_of(replaced_row(trade(+1), 3), [QUIET, QUIET, QUIET, DIPS, QUIET, FALLS], rate=0.0001)
    assert found.filled
    assert found.funding_usd == 0


def replaced_row(planned: PlannedTrade, row: int) -> PlannedTrade:
    return replace(planned, row=row)


def test_the_end_of_the_market_leaves_the_outcome_unknown() -> None:
    assert played(trade(+1), [DIPS, QUIET, QUIET]) is None


def test_the_opposite_side_stands_as_far_away() -> None:
    other = trade(+1).opposite
    plan = other.plan
    assert (plan.direction, plan.stop_price, plan.target_price) == (-1, Decimal(101_000), Decimal(98_000))
    assert other.opposite == trade(+1)


def test_a_trade_of_the_walk_that_nothing_else_ended_is_the_outcome() -> None:
    own_ends = {ReasonCode.STOP_HIT, ReasonCode.TARGET_HIT, ReasonCode.MAX_HOLDING_TIME}
    compared = set()
    # A reversal that asks for no cascade behind it trades more often.
    rules = replace(RULES, signals=replace(RULES.signals, reversal_min_zscore=0.0))
    for both in opposite_outcomes(simulate_by(rules)(market())):
        position, own = both.position, both.own
        if position.exit_reason_code in own_ends:
            assert own is not None
            compared.add(position.exit_reason_code)
            assert own.barrier == position.exit_reason_code
            assert own.label_end == position.closed_time + SECONDS  # type: ignore[operator]
            money = (own.gross_usd, own.fees_usd, own.funding_usd, own.net_usd)
            assert money == (
                position.gross_pnl_usd,
                position.fees_usd,
                position.funding_usd,
                position.net_pnl_usd,
            )
    assert len(compared) >= 2


def test_a_trade_that_layer_2_or_the_thesis_ended_goes_on_alone() -> None:
    others = [
        both
        for both in opposite_outcomes(simulation())
        if both.position.exit_reason_code is ReasonCode.THESIS_BROKEN and both.own is not None
    ]
    assert others
    assert all(both.own.label_end > both.position.closed_time for both in others)  # type: ignore[union-attr,operator]
