"""What every account does behind `TradingAccount`: the simulated exchange's, and demo trading's with keys."""

import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from hydra.domain import OrderRefusal, OrderState, OrderType
from hydra.errors import OrderRefusedError
from hydra.exchange.account import AccountUpdate, StreamBegan, StreamEnded
from tests.support.account_under_test import (
    ACCOUNTS,
    DEMO_KEY,
    DEMO_SECRET,
    NOT_RUN,
    AccountUnderTest,
    fills,
    orders,
    under_test,
)
from tests.support.served_account import BTC
from tests.support.waiting import soon

LEVERAGE = 3


@pytest.fixture(scope="module", params=list(ACCOUNTS))
def one(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AccountUnderTest]:
    if request.param == "demo" and not (os.environ.get(DEMO_KEY) and os.environ.get(DEMO_SECRET)):
        pytest.skip(f"{NOT_RUN}. Set {DEMO_KEY} and {DEMO_SECRET}")
    with under_test(request.param, tmp_path_factory.mktemp("account")) as account:
        yield account


def test_it_can_trade_and_is_one_way_with_one_asset(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        terms = await one.account.terms()
        assert (terms.can_trade, terms.is_one_way, terms.is_single_asset) == (True, True, True)
        assert not terms.can_withdraw
        balance = await one.account.balance()
        assert balance.available_usd is not None
        assert 0 < balance.available_usd <= balance.wallet_usd

    one.run(act)


def test_isolated_margin_and_leverage_are_set_and_read_back_and_may_be_set_again(
    one: AccountUnderTest,
) -> None:
    async def act(one: AccountUnderTest) -> None:
        for _ in range(2):
            await one.account.set_isolated(BTC)
            assert await one.account.set_leverage(BTC, LEVERAGE) == LEVERAGE
        await one.buy()
        (held,) = await one.account.positions()
        assert (held.symbol, held.is_isolated, held.leverage) == (BTC, True, LEVERAGE)
        assert held.liquidation_price is not None
        assert 0 < held.liquidation_price < held.entry_price

    one.run(act)


def test_an_order_rests_is_found_and_is_cancelled_once(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await one.resting()
        placed = await one.account.place(BTC, plan)
        assert (placed.client_order_id, placed.state) == (plan.client_order_id, OrderState.OPEN)
        (listed,) = await one.account.open_orders(BTC)
        found = await one.seen(plan)
        for seen in (placed, listed, found):
            assert (seen.exchange_order_id, seen.order_type) == (
                placed.exchange_order_id,
                OrderType.POST_ONLY,
            )
            assert (seen.quantity, seen.limit_price) == (plan.quantity, plan.limit_price)
            assert (seen.is_buy, seen.reduce_only, seen.filled_quantity) == (True, False, Decimal(0))
            assert (seen.is_conditional, seen.average_price, seen.trigger_price) == (False, None, None)
        assert await one.account.cancel(BTC, plan.client_order_id, is_conditional=False)
        assert not await one.account.cancel(BTC, plan.client_order_id, is_conditional=False)
        assert (await one.seen(plan)).state is OrderState.CANCELED
        assert await one.account.open_orders(BTC) == []

    one.run(act)


def test_an_id_that_was_never_used_is_found_nowhere(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await one.resting()
        assert await one.account.order(BTC, plan.client_order_id) is None
        assert await one.account.conditional_order(BTC, plan.client_order_id) is None
        for is_conditional in (False, True):
            assert not await one.account.cancel(BTC, plan.client_order_id, is_conditional=is_conditional)

    one.run(act)


def test_the_id_of_an_open_order_is_refused_and_that_of_a_closed_one_is_taken(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await one.resting()
        first = await one.account.place(BTC, plan)
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, plan)
        assert refused.value.refusal is OrderRefusal.DUPLICATE_ID
        await one.account.cancel(BTC, plan.client_order_id, is_conditional=False)
        assert (await one.account.place(BTC, plan)).exchange_order_id != first.exchange_order_id
        stop = await one.stop(plan.quantity)
        await one.account.place(BTC, stop)
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, stop)
        assert refused.value.refusal is OrderRefusal.DUPLICATE_ID

    one.run(act)


def test_a_post_only_order_that_would_take_is_refused_or_expires(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        price = await one.price(is_buy=False, away=Decimal("0.001"))
        plan = one.plan(OrderType.POST_ONLY, await one.quantity(), is_buy=True, price=price)
        try:
            state = (await one.account.place(BTC, plan)).state
        except OrderRefusedError as refused:
            assert refused.refusal is OrderRefusal.WOULD_TAKE  # noqa: PT017  # either will do
            state = OrderState.EXPIRED
        assert state is OrderState.EXPIRED
        assert await one.held() == 0

    one.run(act)


def test_a_fill_is_heard_listed_and_paid(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        before, began = await one.account.balance(), await one.market.server_time()
        async with one.listening() as heard:
            plan = await one.buy()
            await soon(lambda: any(seen.state is OrderState.FILLED for seen in orders(heard, plan)))
            await soon(lambda: any(isinstance(event, AccountUpdate) for event in heard))
        seen, told = await one.seen(plan), fills(heard)
        assert (seen.state, seen.filled_quantity) == (OrderState.FILLED, plan.quantity)
        assert sum(fill.quantity for fill in told) == plan.quantity
        listed = await one.account.trades(BTC, began - timedelta(seconds=1))
        listed = [trade for trade in listed if trade.exchange_order_id == seen.exchange_order_id]
        assert [(trade.trade_id, trade.price, trade.quantity, trade.fee) for trade in listed] == [
            (fill.trade_id, fill.price, fill.quantity, fill.fee) for fill in told
        ]
        assert {fill.client_order_id for fill in told} == {plan.client_order_id}
        fees = sum((trade.fee for trade in listed), Decimal(0))
        assert fees > 0
        assert (await one.account.balance()).wallet_usd == before.wallet_usd - fees
        paid = [income for income in await one.account.income(began) if income.kind == "COMMISSION"]
        ids = {trade.trade_id for trade in listed}
        assert sum((income.amount for income in paid if income.trade_id in ids), Decimal(0)) == -fees
        assert await one.held() == plan.quantity

    one.run(act)


def test_stop_and_target_rest_among_the_conditional_orders_alone(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        bought = await one.buy()
        stop = await one.stop(bought.quantity)
        above = await one.price(is_buy=False, away=Decimal("0.02"))
        target = one.plan(
            OrderType.TAKE_PROFIT_MARKET, bought.quantity, is_buy=False, reduce_only=True, trigger=above
        )
        for plan in (stop, target):
            placed = await one.account.place(BTC, plan)
            assert (placed.state, placed.is_conditional) == (OrderState.OPEN, True)
            found = await one.account.conditional_order(BTC, plan.client_order_id)
            assert found is not None
            for seen in (placed, found):
                assert (seen.order_type, seen.quantity) == (plan.order_type, plan.quantity)
                assert (seen.trigger_price, seen.reduce_only) == (plan.trigger_price, True)
                assert (seen.exchange_order_id, seen.child_order_id) == (placed.exchange_order_id, None)
            assert await one.account.order(BTC, plan.client_order_id) is None
        for symbol in (BTC, None):
            listed = await one.account.open_conditional_orders(symbol)
            assert {seen.client_order_id for seen in listed} == {stop.client_order_id, target.client_order_id}
        assert await one.account.open_conditional_orders("ETHUSDT") == []
        assert await one.account.open_orders(BTC) == []
        assert await one.account.cancel(BTC, stop.client_order_id, is_conditional=True)
        assert not await one.account.cancel(BTC, stop.client_order_id, is_conditional=True)
        gone = await one.account.conditional_order(BTC, stop.client_order_id)
        assert gone is not None
        assert gone.state is OrderState.CANCELED

    one.run(act)


def test_a_triggered_stop_closes_the_position_and_tells_what_became_of_its_order(
    one: AccountUnderTest,
) -> None:
    async def act(one: AccountUnderTest) -> None:
        bought = await one.buy()
        async with one.listening() as heard:
            stop = await one.stop_near(bought.quantity)
            await one.reached(
                lambda: any(ended(seen.state) for seen in orders(heard, stop) if seen.is_conditional)
            )
        seen = await one.account.conditional_order(BTC, stop.client_order_id)
        child = await one.seen(stop)
        assert seen is not None
        assert (seen.state, seen.filled_quantity) == (OrderState.FILLED, stop.quantity)
        assert (seen.child_order_id, seen.average_price) == (child.exchange_order_id, child.average_price)
        assert (child.order_type, child.state) == (OrderType.MARKET, OrderState.FILLED)
        assert {fill.exchange_order_id for fill in fills(heard)} == {child.exchange_order_id}
        assert await one.held() == 0

    one.run(act)


def ended(state: OrderState) -> bool:
    return state not in {OrderState.OPEN, OrderState.PARTIALLY_FILLED}


def test_a_stop_whose_trigger_is_passed_is_refused(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        bought = await one.buy()
        stop = await one.stop(bought.quantity, Decimal("-0.02"))
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, stop)
        assert refused.value.refusal is OrderRefusal.WOULD_TRIGGER
        assert await one.account.conditional_order(BTC, stop.client_order_id) is None

    one.run(act)


def test_an_order_that_reduces_nothing_is_refused(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = one.plan(OrderType.MARKET, await one.quantity(), is_buy=False, reduce_only=True)
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, plan)
        assert refused.value.refusal is OrderRefusal.NOTHING_TO_REDUCE

    one.run(act)


def test_a_close_beside_a_resting_full_size_close_is_refused(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        bought = await one.buy()
        away = await one.price(is_buy=False, away=Decimal("0.02"))
        first, second = (
            one.plan(OrderType.POST_ONLY, bought.quantity, is_buy=False, reduce_only=True, price=away)
            for _ in range(2)
        )
        await one.account.place(BTC, first)
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, second)
        assert refused.value.refusal is OrderRefusal.REDUCED_BY_OTHERS

    one.run(act)


@pytest.mark.parametrize("wrong", ["price", "quantity", "notional"])
def test_an_order_off_the_filters_is_refused_as_it_was_sent(one: AccountUnderTest, wrong: str) -> None:
    async def act(one: AccountUnderTest) -> None:
        filters, plan = await one.filters(), await one.resting()
        price, quantity = plan.limit_price or Decimal(0), plan.quantity
        price += filters.tick_size / 10 if wrong == "price" else 0
        quantity += filters.step_size / 10 if wrong == "quantity" else 0
        quantity = filters.min_quantity if wrong == "notional" else quantity
        if quantity * price > filters.min_notional_usd and wrong == "notional":
            return  # The smallest quantity is worth more than the smallest notional here.
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, one.plan(OrderType.LIMIT, quantity, is_buy=True, price=price))
        assert refused.value.refusal is OrderRefusal.OFF_FILTERS

    one.run(act)


def test_orders_are_cancelled_when_the_countdown_ends_and_not_when_it_is_called_off(
    one: AccountUnderTest,
) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await one.resting()
        async with one.listening() as heard:
            await one.account.place(BTC, plan)
            await one.account.cancel_entries_after(BTC, 1_000)
            await one.account.cancel_entries_after(BTC, 0)
            await one.account.cancel_entries_after(BTC, 0.5)
            await soon(lambda: any(seen.state is OrderState.CANCELED for seen in orders(heard, plan)))
        assert await one.account.open_orders(BTC) == []

    one.run(act)


def test_a_stream_begins_and_when_it_is_given_up_it_ends(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        async with one.listening() as heard:
            assert heard == [StreamBegan()]
        assert isinstance(heard[-1], StreamEnded)

    one.run(act)
