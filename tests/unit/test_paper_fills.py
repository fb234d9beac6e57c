"""Every simulated fill from bars obeys one rule (C131): worked examples, and properties over random bars."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import ExitUrgency, OrderState, OrderType, ReasonCode
from hydra.layers.layer5_orders import exit_order
from hydra.trading.bars import Bar
from hydra.trading.market_rows import Price
from hydra.trading.pair_state import Fill, PairState, Position
from tests.support.sol_orders import (
    COSTS,
    EXCHANGE,
    KEY,
    QUIET,
    SOL,
    SPEC,
    START,
    Prices,
    bar,
    collect,
    entering,
    held,
    played,
    send_market_exit,
)


def test_an_entry_in_a_bar_that_opens_beyond_its_stop_leaves_at_the_open() -> None:
    """Bought at 97, stop 96.05; the bar trades between 89 and 90.5 only: sold at 90 less 2.5 bps, 89.97."""
    position, exits = played(entering(leverage=5), bar(0, (90.0, 90.5, 89.0, 90.2)))
    assert [fill.price for fill in exits] == [Decimal("89.97")]
    assert position.exit_reason_code is ReasonCode.STOP_HIT
    assert position.gross_pnl_usd == Decimal("-70.3")


def test_an_entry_in_a_bar_that_opens_beyond_its_liquidation_is_liquidated() -> None:
    """At 20 times leverage the margin of 48.50 is gone at 92.15; the mark opens at 90."""
    position, exits = played(entering(leverage=20), bar(0, (90.0, 90.5, 89.0, 90.2)))
    assert [(fill.price, fill.fee_usd) for fill in exits] == [(Decimal("92.15"), Decimal(0))]
    assert position.exit_reason_code is ReasonCode.LIQUIDATED
    assert position.gross_pnl_usd == Decimal("-48.5")


def test_a_short_entered_in_a_bar_that_opens_beyond_its_stop_leaves_at_the_open() -> None:
    """Sold at 97, stop 97.95; the bar trades between 103.5 and 105: bought back at 104 and 2.5 bps."""
    position, exits = played(entering(-1, 5, stop="97.95"), bar(0, (104.0, 105.0, 103.5, 104.0)))
    assert [fill.price for fill in exits] == [Decimal("104.03")]
    assert position.exit_reason_code is ReasonCode.STOP_HIT


def test_a_bar_from_before_a_position_that_comes_late_closes_nothing() -> None:
    """Bought at 97 in the first minute, stop 96.05; the minute before, known later, fell to 90."""
    position, exits = played(held(), bar(-1, (97.0, 97.0, 90.0, 97.0)))
    assert not exits
    assert position.quantity == 10
    _, exits = played(held(), bar(1, (97.0, 97.0, 90.0, 97.0)), bar(2, (97.0, 97.0, 96.9, 97.0)))
    assert [fill.time for fill in exits] == [START + timedelta(minutes=2)]


def test_a_target_that_only_the_mark_reaches_fills_at_a_traded_price() -> None:
    """The mark spikes to 99.5, the last price stays at 97: sold at 97 less 2.5 bps, 96.97, not at 99.39.

    Gross -0.30, fees 970 x 2 bps and 969.70 x 5 bps: -0.97885.
    """
    state = held()
    position, exits = played(state, bar(1, (97.0, 97.0, 97.0, 97.0), (97.0, 99.5, 97.0, 97.0)))
    assert [fill.price for fill in exits] == [Decimal("96.97")]
    assert position.exit_reason_code is ReasonCode.TARGET_HIT
    assert position.net_pnl_usd == Decimal("-0.97885")


def test_a_stop_that_only_the_mark_reaches_fills_at_a_traded_price() -> None:
    """The mark falls to 96, the last price to 96.8: sold there, not at 96.05."""
    _, exits = played(held(), bar(1, (97.0, 97.0, 96.8, 97.0), (97.0, 97.0, 96.0, 97.0)))
    assert [fill.price for fill in exits] == [Decimal("96.77")]


def test_a_market_exit_waits_for_a_minute_with_volume() -> None:
    """Nothing trades in two minutes; in the third it is sold at the open of 96.5, less 2.5 bps."""
    state = held()
    send_market_exit(state, 1)
    position, exits = played(state, bar(1, QUIET, volume=0.0), bar(2, QUIET, volume=0.0))
    assert position.quantity == 10
    assert not exits
    assert state.exit is not None
    assert state.exit.is_working
    _, exits = played(state, bar(3, (96.5, 96.6, 96.4, 96.5)))
    assert [(fill.price, fill.time) for fill in exits] == [(Decimal("96.47"), START + timedelta(minutes=4))]


def test_a_stop_that_fires_in_a_minute_without_volume_leaves_in_the_next_one() -> None:
    """The mark touches 96; when something trades again the price is back at 97, and the stop is still due."""
    state = held()
    position, exits = played(state, bar(1, QUIET, (97.0, 97.0, 96.0, 97.0), volume=0.0))
    assert position.quantity == 10
    assert not exits
    position, exits = played(state, bar(2, QUIET))
    assert [fill.price for fill in exits] == [Decimal("96.97")]
    assert position.exit_reason_code is ReasonCode.STOP_HIT
    assert {order.state for order in state.ended} <= {OrderState.FILLED, OrderState.CANCELED}


def test_a_passive_exit_whose_time_is_up_without_volume_goes_on_by_market() -> None:
    state = held()
    position = state.position
    assert position is not None
    touch = (Decimal("96.99"), Decimal("97.01"))
    plan = exit_order(KEY, 1, position.quantity, ExitUrgency.ORDINARY, touch, SPEC.filters)
    position.exits_sent += 1
    reason = ReasonCode.THESIS_BROKEN
    state.exit = EXCHANGE.submit(plan, KEY, Decimal(97), START + timedelta(minutes=1), reason)
    played(state, bar(1, QUIET, volume=0.0))
    assert state.exit is not None
    assert (state.exit.order_type, state.exit.reason_code) == (OrderType.MARKET, reason)
    position, exits = played(state, bar(2, (96.5, 96.6, 96.4, 96.5)))
    assert [fill.price for fill in exits] == [Decimal("96.47")]
    assert position.exit_reason_code is reason


def test_the_liquidation_comes_before_an_exit_that_waits() -> None:
    """A market exit is on its way; the bar opens at 85, beyond the liquidation: the margin of 97 is lost."""
    state = held()
    send_market_exit(state, 1)
    position, exits = played(state, bar(1, (85.0, 85.5, 84.0, 85.0)))
    assert position.exit_reason_code is ReasonCode.LIQUIDATED
    assert [fill.price for fill in exits] == [Decimal("87.3")]
    assert position.gross_pnl_usd == -97


def test_without_volume_the_liquidation_is_reached_though_a_stop_rests_before_it() -> None:
    """No stop fills in a bar in which nothing trades; the margin is gone when trading goes on at 97."""
    state = held()
    played(state, bar(1, QUIET, (97.0, 97.0, 80.0, 97.0), volume=0.0))
    position, exits = played(state, bar(2, QUIET))
    assert position.exit_reason_code is ReasonCode.LIQUIDATED
    # Sold at the low of 96.9, where the loss is 1.00; the exchange keeps the other 96.00 of the margin.
    assert [(fill.price, fill.fee_usd) for fill in exits] == [(Decimal("96.9"), Decimal(96))]


def test_a_liquidation_that_waits_for_volume_stands_when_the_data_end() -> None:
    """The margin is gone: a last mark back at 97, where nothing trades, does not return it."""
    state = held()
    played(state, bar(1, QUIET, (97.0, 97.0, 80.0, 97.0), volume=0.0))
    known = START + timedelta(minutes=2)
    EXCHANGE.close_at_last_mark(state, known + timedelta(hours=1), Price(Decimal(97), Decimal(97), known))
    position, exits = played(state)
    assert position.exit_reason_code is ReasonCode.LIQUIDATED
    assert [(fill.price, fill.fee_usd) for fill in exits] == [(Decimal(97), Decimal(97))]


def test_a_liquidation_that_only_the_mark_reaches_fills_at_a_traded_price_and_takes_the_margin() -> None:
    position, exits = played(held(), bar(1, QUIET, (85.0, 97.0, 85.0, 97.0)))
    assert [(fill.price, fill.fee_usd) for fill in exits] == [(Decimal("96.9"), Decimal(96))]
    assert position.gross_pnl_usd - exits[0].fee_usd == -97


def test_a_market_price_beyond_the_bankruptcy_is_a_takeover() -> None:
    """The last price falls to 80 while the mark stays: a market sale would lose 170 of a margin of 97."""
    state = held()
    send_market_exit(state, 1)
    position, exits = played(state, bar(1, (80.0, 80.0, 79.0, 80.0), QUIET))
    assert position.exit_reason_code is ReasonCode.LIQUIDATED
    assert [fill.price for fill in exits] == [Decimal("87.3")]


def entry_price_of(state: PairState) -> Decimal:
    return state.position.entry_price if state.position is not None else Decimal(0)


PRICE = st.floats(80.0, 120.0)


@st.composite
def bars(draw: st.DrawFn) -> list[Bar]:
    """Up to five bars of any shape, some without volume, some with a mark of its own."""
    found = []
    for minute in range(draw(st.integers(1, 5))):
        traded, mark = draw(shape()), draw(st.none() | shape())
        volume = draw(st.sampled_from([0.0, 5.0, 10_000.0]))
        found.append(bar(minute, traded, mark, volume))
    return found


@st.composite
def shape(draw: st.DrawFn) -> Prices:
    """Open, high, low, close."""
    low, first, last, high = sorted(round(draw(PRICE), 2) for _ in range(4))
    return (first, high, low, last) if draw(st.booleans()) else (last, high, low, first)


@settings(max_examples=400)
@given(
    bars(),
    st.sampled_from([1, -1]),
    st.sampled_from([2, 10, 20]),
    st.none() | st.integers(0, 3),
)
def test_no_fill_is_better_than_its_bar_and_no_loss_larger_than_the_margin(
    market: list[Bar], direction: int, leverage: int, exit_minute: int | None
) -> None:
    """A taker leaves within the traded range, less its costs; a resting order fills at its limit once a bar
    trades beyond it; nothing fills without volume; the margin and the costs of closing bound a loss."""
    state = entering(direction, leverage, stop="96.05" if direction > 0 else "97.95")
    for one in market:
        minute = int((one.time - START).total_seconds()) // 60
        if exit_minute == minute - 1 and state.is_open and state.exit is None:
            send_market_exit(state, minute)
        collect(state, [one])
        if state.position is not None and state.position.quantity == 0:
            break
    bankruptcy = entry_price_of(state) * (1 - Decimal(direction) / leverage)
    played_bars = {one.end: one for one in market}
    position = state.position
    for order in state.orders:
        for fill in order.fills:
            own, price = played_bars[fill.time], float(fill.price)
            assert own.volume > 0
            if fill.is_maker:
                assert own.low < price if order.is_buy else own.high > price
            elif order.reason_code is ReasonCode.LIQUIDATED:
                # Taken over: where all that traded was worse, at the bankruptcy price instead.
                assert own.low - 1e-9 <= price if direction > 0 else price <= own.high + 1e-9
                assert own.low <= price <= own.high or fill.price == bankruptcy
            else:
                assert own.low - COSTS <= price <= own.high + COSTS
    if position is not None and position.quantity == 0:
        exits = [fill for order in state.orders if order.role != "ENTRY" for fill in order.fills]
        closing_costs = Decimal(repr(COSTS)) * position.peak_quantity
        margin = position.peak_quantity * position.entry_price / position.leverage
        taken = sum((fill.fee_usd for fill in exits), Decimal(0))
        fees = sum((fill.price * fill.quantity * Decimal("0.0005") for fill in exits), Decimal(0))
        assert -position.gross_pnl_usd + taken <= margin + closing_costs + fees


@settings(max_examples=200)
@given(shape(), shape(), st.sampled_from([1, -1]))
def test_a_barrier_of_a_held_position_leaves_within_the_bar(
    traded: Prices, mark: Prices, direction: int
) -> None:
    state = held(direction, 2, stop="96.05" if direction > 0 else "97.95")
    _, exits = played(state, bar(1, traded, mark))
    for fill in exits:
        assert traded[2] - COSTS <= float(fill.price) <= traded[1] + COSTS


FILLS = st.lists(st.tuples(st.integers(1, 10**7), st.integers(1, 10**6)), min_size=1, max_size=6)


@settings(max_examples=200)
@given(FILLS, st.lists(st.integers(1, 10**6), min_size=1, max_size=4), st.sampled_from([1, -1]))
def test_what_a_position_earns_is_what_its_fills_paid_and_got(
    entries: list[tuple[int, int]], parts: list[int], direction: int
) -> None:
    """Its cost basis is the sum of price x quantity: no rounded average adds to it or takes from it.

    Prices have five decimals and quantities three, as the exchange's have at most.
    """
    position = Position(SOL, START, direction, START, Decimal(5), START, "last")
    for price, quantity in entries:
        position.increase(fill(price, quantity))
    paid = sum((fill(*one).price * fill(*one).quantity for one in entries), Decimal(0))
    assert position.cost_basis_usd == paid
    got, left = Decimal(0), position.quantity
    for number, part in enumerate(parts, start=1):
        is_last = number == len(parts)
        size = left if is_last else min(left, Decimal(part) / 1000)
        if size == 0:
            continue
        leaving = replace(fill(number * 1234567, 1), quantity=size)
        position.reduce(leaving, ReasonCode.STOP_HIT)
        got, left = got + leaving.price * size, left - size
    assert position.gross_pnl_usd == direction * (got - paid)
    assert position.quantity == position.cost_basis_usd == 0


def fill(price: int, quantity: int) -> Fill:
    return Fill(START, Decimal(price) / 100_000, Decimal(quantity) / 1000, Decimal(0), is_maker=True)


def test_three_fills_whose_average_does_not_end_lose_nothing() -> None:
    """10,000 DOGE at 0.17001, 20,000 at 0.17002 and 0.001 more: 5,100.50017 paid, all of it got back."""
    position = Position(8, START, 1, START, Decimal(5), START, "last")
    for price, quantity in ((17_001, 10_000_000), (17_002, 20_000_000), (17_000, 1)):
        position.increase(fill(price, quantity))
    assert position.cost_basis_usd == Decimal("5100.50017")
    leaving = replace(fill(17_001, 1), quantity=position.quantity)
    position.reduce(leaving, ReasonCode.TARGET_HIT)
    assert position.gross_pnl_usd == Decimal("0.17001") * Decimal("30000.001") - Decimal("5100.50017")
