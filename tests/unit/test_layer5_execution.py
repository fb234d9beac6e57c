"""Layer 5: order plans, deterministic ids, prices at the touch, time-outs, paper fills."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import ExitUrgency, OrderRole, OrderType
from hydra.layers.layer4_filters import InstrumentFilters
from hydra.layers.layer5_execution import (
    ExecutionParameters,
    OrderStep,
    entry_step,
    exit_step,
)
from hydra.layers.layer5_orders import (
    DecisionKey,
    client_order_id,
    entry_order,
    entry_price,
    exit_order,
    exit_price,
    protective_orders,
)
from hydra.layers.layer5_paper_fills import (
    BarrierHit,
    barrier_hit,
    barrier_price,
    is_bankrupt,
    is_liquidated,
    liquidation_fill_price,
    passive_fill,
    trades_through,
)

KEY = DecisionKey("account", 7, 1, datetime(2026, 1, 1, 12, 0, 2, tzinfo=UTC))
FILTERS = InstrumentFilters(Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(10), Decimal(50))
BID, ASK = Decimal("99.97"), Decimal("100.03")
TOUCH = (BID, ASK)
TWO = Decimal(2)
PRINTED = ExecutionParameters()


def test_the_same_decision_makes_the_same_id_and_another_makes_another() -> None:
    one = client_order_id(KEY, OrderRole.ENTRY, 0)
    others = {
        client_order_id(KEY, OrderRole.ENTRY, 1),
        client_order_id(KEY, OrderRole.STOP, 0),
        client_order_id(replace(KEY, account="other"), OrderRole.ENTRY, 0),
        client_order_id(replace(KEY, run_id=8), OrderRole.ENTRY, 0),
        client_order_id(replace(KEY, instrument_id=2), OrderRole.ENTRY, 0),
        client_order_id(replace(KEY, decision_time=datetime(2026, 1, 1, tzinfo=UTC)), OrderRole.ENTRY, 0),
    }
    assert one == client_order_id(replace(KEY), OrderRole.ENTRY, 0) == "hy-entry-6348a51e523866446e4045d8"
    assert len(others | {one}) == 7
    assert all(re.fullmatch(r"[.A-Z:/a-z0-9_-]{1,36}", text) for text in others)


def test_entries_rest_at_their_own_side_of_the_touch() -> None:
    assert entry_price(1, BID, ASK) == BID
    assert entry_price(-1, BID, ASK) == ASK


def test_exits_as_printed_cross_and_passive_ones_do_not() -> None:
    """C42: a long is sold. At the bid a post-only sell would take liquidity; at the ask it rests."""
    assert exit_price(1, BID, ASK, is_passive=False) == BID
    assert exit_price(1, BID, ASK, is_passive=True) == ASK
    assert exit_price(-1, BID, ASK, is_passive=False) == ASK
    assert exit_price(-1, BID, ASK, is_passive=True) == BID


def test_an_entry_is_post_only_and_rounded_away_from_the_market() -> None:
    long = entry_order(KEY, 1, TWO, TOUCH, FILTERS)
    short = entry_order(KEY, -1, TWO, TOUCH, FILTERS, attempt=2)
    assert (long.is_buy, long.limit_price, long.order_type) == (True, Decimal("99.9"), OrderType.POST_ONLY)
    assert (short.is_buy, short.limit_price) == (False, Decimal("100.1"))
    assert (long.role, long.quantity, long.reduce_only) == (OrderRole.ENTRY, TWO, False)
    assert long.client_order_id == client_order_id(KEY, OrderRole.ENTRY, 0)
    assert short.client_order_id == client_order_id(KEY, OrderRole.ENTRY, 2)
    assert long.trigger_price is None


@pytest.mark.parametrize(("direction", "is_buy"), [(1, False), (-1, True)])
def test_protection_closes_what_is_filled_and_triggers_on_its_prices(direction: int, is_buy: bool) -> None:
    stop, target = protective_orders(KEY, direction, TWO, (Decimal(95), Decimal(110)), attempt=1)
    assert (stop.role, stop.order_type, stop.trigger_price) == (
        OrderRole.STOP,
        OrderType.STOP_MARKET,
        Decimal(95),
    )
    assert (target.role, target.order_type, target.trigger_price) == (
        OrderRole.TARGET,
        OrderType.TAKE_PROFIT_MARKET,
        Decimal(110),
    )
    for order in (stop, target):
        assert (order.is_buy, order.quantity, order.reduce_only) == (is_buy, TWO, True)
        assert order.client_order_id == client_order_id(KEY, order.role, 1)
        assert order.limit_price is None
    first, _ = protective_orders(KEY, direction, TWO, (Decimal(95), Decimal(110)))
    assert first.client_order_id == client_order_id(KEY, OrderRole.STOP, 0)


def test_an_ordinary_exit_rests_first_and_an_urgent_one_goes_to_market() -> None:
    ordinary = exit_order(KEY, 1, TWO, ExitUrgency.ORDINARY, TOUCH, FILTERS)
    assert (ordinary.order_type, ordinary.limit_price) == (OrderType.POST_ONLY, Decimal("100.1"))
    second = exit_order(KEY, 1, TWO, ExitUrgency.ORDINARY, TOUCH, FILTERS, attempt=1)
    urgent = exit_order(KEY, -1, TWO, ExitUrgency.URGENT, TOUCH, FILTERS)
    assert (second.order_type, second.limit_price) == (OrderType.MARKET, None)
    assert (urgent.order_type, urgent.limit_price, urgent.is_buy) == (OrderType.MARKET, None, True)
    short = exit_order(KEY, -1, TWO, ExitUrgency.ORDINARY, TOUCH, FILTERS)
    assert (short.is_buy, short.limit_price) == (True, Decimal("99.9"))
    for order in (ordinary, second, urgent, short):
        assert (order.role, order.quantity, order.reduce_only) == (OrderRole.EXIT, TWO, True)
    assert ordinary.is_buy is second.is_buy is False
    assert second.client_order_id == client_order_id(KEY, OrderRole.EXIT, 1)
    assert ordinary.client_order_id == client_order_id(KEY, OrderRole.EXIT, 0)


@pytest.mark.parametrize(
    ("elapsed", "remaining", "requotes", "refused", "step"),
    [
        (0.0, 1.0, 0, False, OrderStep.WAIT),
        (119.9, 1.0, 0, False, OrderStep.WAIT),
        (120.0, 1.0, 0, False, OrderStep.CANCEL),
        (130.0, 0.0, 0, False, OrderStep.DONE),
        (5.0, 1.0, 2, True, OrderStep.REQUOTE),
        (5.0, 1.0, 3, True, OrderStep.CANCEL),
        (120.0, 1.0, 0, True, OrderStep.CANCEL),
        (5.0, 0.5, 0, False, OrderStep.WAIT),
    ],
)
def test_an_entry_waits_two_minutes_and_quotes_again_three_times(
    elapsed: float, remaining: float, requotes: int, refused: bool, step: OrderStep
) -> None:
    assert entry_step(elapsed, remaining, requotes, PRINTED, is_refused=refused) is step


@pytest.mark.parametrize(
    ("elapsed", "remaining", "refused", "step"),
    [
        (59.9, 1.0, False, OrderStep.WAIT),
        (60.0, 1.0, False, OrderStep.SEND_MARKET),
        (1.0, 1.0, True, OrderStep.SEND_MARKET),
        (99.0, 0.0, True, OrderStep.DONE),
    ],
)
def test_an_ordinary_exit_waits_one_minute_then_goes_to_market(
    elapsed: float, remaining: float, refused: bool, step: OrderStep
) -> None:
    assert exit_step(elapsed, remaining, PRINTED, is_refused=refused) is step


def test_every_step_is_a_step_of_its_own() -> None:
    assert [step.value for step in OrderStep] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("is_buy", "high", "low", "through"),
    [
        (True, 101.0, 100.0, False),
        (True, 101.0, 99.9, True),
        (False, 100.0, 99.0, False),
        (False, 100.1, 99.0, True),
    ],
)
def test_a_touch_fills_nothing(is_buy: bool, high: float, low: float, through: bool) -> None:
    assert trades_through(100.0, high, low, is_buy=is_buy) is through
    filled = passive_fill(100.0, 0.5, high, low, 20.0, is_buy=is_buy)
    assert filled == (0.5 if through else 0.0)


def test_a_bar_fills_at_most_a_tenth_of_its_volume() -> None:
    assert passive_fill(100.0, 5.0, 101.0, 99.0, 20.0, is_buy=True) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("direction", "bar", "hit"),
    [
        (1, (100.0, 104.9, 95.1), BarrierHit.NONE),
        (1, (100.0, 104.0, 95.0), BarrierHit.STOP),
        (1, (100.0, 105.0, 96.0), BarrierHit.TARGET),
        (1, (100.0, 105.0, 95.0), BarrierHit.STOP),
        (1, (100.0, 101.0, 80.0), BarrierHit.STOP),
        (1, (80.0, 85.0, 79.0), BarrierHit.LIQUIDATION),
        (1, (80.1, 85.0, 79.0), BarrierHit.STOP),
        (-1, (100.0, 104.9, 95.1), BarrierHit.NONE),
        (-1, (100.0, 105.0, 96.0), BarrierHit.STOP),
        (-1, (100.0, 104.0, 95.0), BarrierHit.TARGET),
        (-1, (120.0, 121.0, 119.0), BarrierHit.LIQUIDATION),
        (-1, (119.9, 121.0, 119.0), BarrierHit.STOP),
    ],
)
def test_the_worst_barrier_of_a_bar_counts(
    direction: int, bar: tuple[float, float, float], hit: BarrierHit
) -> None:
    stop, target, liquidation = (95.0, 105.0, 80.0) if direction > 0 else (105.0, 95.0, 120.0)
    assert barrier_hit(direction, stop, target, liquidation, bar) is hit


def test_a_liquidation_price_out_of_reach_is_never_hit() -> None:
    assert barrier_hit(-1, 105.0, 95.0, 0.0, (100.0, 101.0, 99.0)) is BarrierHit.NONE


def test_a_cheap_coin_is_liquidated_like_any_other() -> None:
    assert barrier_hit(1, 0.19, 0.22, 0.16, (0.15, 0.155, 0.149)) is BarrierHit.LIQUIDATION
    assert barrier_hit(-1, 0.21, 0.18, 0.24, (0.25, 0.255, 0.249)) is BarrierHit.LIQUIDATION


WIDE = (120.0, 80.0)


@pytest.mark.parametrize(
    ("direction", "level", "hit", "traded", "price"),
    [
        (1, 95.0, BarrierHit.STOP, (97.0, *WIDE), 95.0),
        (1, 95.0, BarrierHit.STOP, (93.0, *WIDE), 93.0),
        (1, 105.0, BarrierHit.TARGET, (103.0, *WIDE), 105.0),
        (1, 105.0, BarrierHit.TARGET, (107.0, *WIDE), 107.0),
        (-1, 105.0, BarrierHit.STOP, (103.0, *WIDE), 105.0),
        (-1, 105.0, BarrierHit.STOP, (107.0, *WIDE), 107.0),
        (-1, 95.0, BarrierHit.TARGET, (97.0, *WIDE), 95.0),
        (-1, 95.0, BarrierHit.TARGET, (93.0, *WIDE), 93.0),
        # Only the mark went to the level: the traded price nearest to it.
        (1, 95.0, BarrierHit.STOP, (97.0, 98.0, 96.0), 96.0),
        (1, 105.0, BarrierHit.TARGET, (97.0, 98.0, 96.0), 98.0),
        (-1, 105.0, BarrierHit.STOP, (97.0, 98.0, 96.0), 98.0),
        (-1, 95.0, BarrierHit.TARGET, (97.0, 98.0, 96.0), 96.0),
    ],
)
def test_a_barrier_fills_at_its_level_at_a_gap_at_the_open_and_always_where_the_bar_traded(
    direction: int, level: float, hit: BarrierHit, traded: tuple[float, float, float], price: float
) -> None:
    assert barrier_price(direction, level, hit, traded) == price


@settings(max_examples=60)
@given(st.sampled_from([1, -1]), st.floats(50, 150), st.floats(0, 50), st.floats(0, 50))
def test_a_stop_on_the_last_price_never_fills_better_than_its_level(
    direction: int, bar_open: float, up: float, down: float
) -> None:
    stop, target = (95.0, 105.0) if direction > 0 else (105.0, 95.0)
    bar = (bar_open, bar_open + up, bar_open - down)
    hit = barrier_hit(direction, stop, target, 0.0, bar)
    if hit is BarrierHit.STOP:
        assert direction * (stop - barrier_price(direction, stop, hit, bar)) >= 0


def test_without_volume_a_bar_that_reaches_both_is_liquidated_not_stopped() -> None:
    bar = (100.0, 100.0, 79.0)
    assert barrier_hit(1, 95.0, 105.0, 80.0, bar) is BarrierHit.STOP
    assert barrier_hit(1, 95.0, 105.0, 80.0, bar, has_volume=False) is BarrierHit.LIQUIDATION


def test_a_liquidated_position_leaves_at_its_bankruptcy_price_or_at_a_better_traded_one() -> None:
    assert liquidation_fill_price(1, 87.3, 90.0, 80.0) == 87.3
    assert liquidation_fill_price(1, 87.3, 85.0, 80.0) == 87.3
    assert liquidation_fill_price(1, 87.3, 97.0, 96.0) == 96.0
    assert liquidation_fill_price(-1, 106.7, 110.0, 104.0) == 106.7
    assert liquidation_fill_price(-1, 106.7, 97.0, 96.0) == 97.0
    assert is_bankrupt(1, 87.2, 87.3)
    assert not is_bankrupt(1, 87.3, 87.3)
    assert is_bankrupt(-1, 106.8, 106.7)
    assert is_liquidated(1, 88.0, 88.0)
    assert not is_liquidated(1, 0.0, 88.0)
