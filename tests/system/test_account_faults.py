"""Every fault of docs/exchange.md that concerns a call: which error the caller gets, and what was done."""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hydra.domain import OrderRefusal, OrderRole, OrderState, OrderType
from hydra.errors import OrderRefusedError, OutcomeUnknownError, RetryError
from hydra.exchange.account import AccountUpdate, OrderSeen
from hydra.exchange.connect import trading_account
from hydra.layers.layer5_orders import OrderPlan
from hydra.settings import Settings
from tests.support.account_under_test import AccountUnderTest, orders, under_test
from tests.support.served_account import BTC, served_account
from tests.support.waiting import soon

ENDPOINTS = {"order": OrderType.MARKET, "algoOrder": OrderType.STOP_MARKET}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountUnderTest]:
    with under_test("simulated", tmp_path_factory.mktemp("account")) as account:
        yield account


async def planned(one: AccountUnderTest, endpoint: str) -> OrderPlan:
    """A BUY at the market, or a stop: what goes to this endpoint."""
    if ENDPOINTS[endpoint] is OrderType.MARKET:
        return one.plan(OrderType.MARKET, await one.quantity(), is_buy=True)
    return await one.stop(await one.quantity())


async def found(one: AccountUnderTest, plan: OrderPlan) -> OrderSeen | None:
    if plan.order_type is OrderType.STOP_MARKET:
        return await one.account.conditional_order(BTC, plan.client_order_id)
    return await one.account.order(BTC, plan.client_order_id)


# Answers that do not tell what was done.


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("fault", "value", "was_done"),
    [
        ("timeout_after", 408, True),
        ("timeout_after", 503, True),
        ("timeout_before", 408, False),
        ("timeout_before", 503, False),
        ("unknown_after", 0, True),
        ("unknown_before", 0, False),
        ("lost_answer", 0, True),
        ("lost_request", 0, False),
        ("empty_answer", 0, True),
        ("http_5xx", 500, False),
        ("http_5xx", 502, False),
    ],
)
def test_the_outcome_is_unknown_until_it_is_asked_by_id(
    one: AccountUnderTest, endpoint: str, fault: str, value: int, was_done: bool
) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await planned(one, endpoint)
        terms = {"value": value} if value else {}
        await one.set_fault(fault, endpoint=endpoint, count=1, **terms)
        with pytest.raises(OutcomeUnknownError, match=plan.client_order_id):
            await one.account.place(BTC, plan)
        seen = await found(one, plan)
        assert (seen is not None) is was_done
        assert await one.held() == (plan.quantity if was_done and endpoint == "order" else 0)

    one.run(act)


@pytest.mark.parametrize("endpoint", ["order", "openOrders"])
def test_a_question_that_is_answered_with_nothing_may_be_asked_again(
    one: AccountUnderTest, endpoint: str
) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await one.resting()
        await one.account.place(BTC, plan)
        await one.set_fault("empty_answer", endpoint=endpoint, count=1)
        question = one.account.open_orders if endpoint == "openOrders" else None
        with pytest.raises(RetryError, match="answered with nothing"):
            await (question(BTC) if question else one.account.order(BTC, plan.client_order_id))
        assert await one.account.order(BTC, plan.client_order_id) is not None

    one.run(act)


def test_a_cancel_whose_answer_is_lost_is_repeated_on_the_way_and_then_finds_no_open_order(
    one: AccountUnderTest,
) -> None:
    """The client repeats a DELETE by itself when the connection breaks: False does not say who ended it."""

    async def act(one: AccountUnderTest) -> None:
        plan = await one.resting()
        await one.account.place(BTC, plan)
        await one.set_fault("lost_answer", endpoint="order", count=1)
        assert not await one.account.cancel(BTC, plan.client_order_id, is_conditional=False)
        assert (await one.seen(plan)).state is OrderState.CANCELED

    one.run(act)


@pytest.mark.parametrize(("fault", "was_done"), [("timeout_after", True), ("timeout_before", False)])
def test_a_cancel_that_times_out_is_unknown(one: AccountUnderTest, fault: str, was_done: bool) -> None:
    async def act(one: AccountUnderTest) -> None:
        stop = await one.stop(await one.quantity())
        await one.account.place(BTC, stop)
        await one.set_fault(fault, endpoint="algoOrder", count=1)
        with pytest.raises(OutcomeUnknownError, match="the cancel of the order"):
            await one.account.cancel(BTC, stop.client_order_id, is_conditional=True)
        seen = await found(one, stop)
        assert seen is not None
        assert (seen.state is OrderState.CANCELED) is was_done

    one.run(act)


@pytest.mark.parametrize("fault", ["lost_answer", "timeout_before"])
def test_leverage_whose_outcome_is_unknown_is_set_again_without_harm(
    one: AccountUnderTest, fault: str
) -> None:
    async def act(one: AccountUnderTest) -> None:
        await one.set_fault(fault, endpoint="leverage", count=1)
        with pytest.raises(OutcomeUnknownError, match="the leverage of BTCUSDT"):
            await one.account.set_leverage(BTC, 7)
        assert await one.account.set_leverage(BTC, 7) == 7

    one.run(act)


def test_an_exchange_that_is_gone_has_done_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    path = tmp_path / "account.toml"
    plan = OrderPlan("gone", OrderRole.ENTRY, OrderType.MARKET, True, Decimal(1), reduce_only=False)

    async def act() -> None:
        async with served_account(path) as (_, client):
            settings = Settings.model_validate(
                {"exchange_url": client.url, "simulated_account_file": str(path)}
            )
            account = await asyncio.to_thread(trading_account, settings, "simulated")
        try:
            with pytest.raises(RetryError, match="cannot be reached"):
                await account.place(BTC, plan)
        finally:
            await account.close()

    asyncio.run(act())


# Refusals: nothing was done.


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (-2019, OrderRefusal.NO_MARGIN),
        (-2021, OrderRefusal.WOULD_TRIGGER),
        (-4116, OrderRefusal.DUPLICATE_ID),
        (-2027, OrderRefusal.POSITION_TOO_LARGE),
        (-1111, OrderRefusal.OFF_FILTERS),
        (-7777, OrderRefusal.OTHER),
    ],
)
def test_a_refused_order_says_which_refusal_it_is(
    one: AccountUnderTest, code: int, refusal: OrderRefusal
) -> None:
    async def act(one: AccountUnderTest) -> None:
        for endpoint in ENDPOINTS:
            plan = await planned(one, endpoint)
            await one.set_fault("refused", value=code, endpoint=endpoint, count=1)
            with pytest.raises(OrderRefusedError) as refused:
                await one.account.place(BTC, plan)
            assert (refused.value.refusal, refused.value.code) == (refusal, code)
            assert await found(one, plan) is None

    one.run(act)


@pytest.mark.parametrize(
    ("code", "refusal"), [(-2022, OrderRefusal.NOTHING_TO_REDUCE), (-4118, OrderRefusal.REDUCED_BY_OTHERS)]
)
def test_a_refused_close_leaves_the_position(one: AccountUnderTest, code: int, refusal: OrderRefusal) -> None:
    async def act(one: AccountUnderTest) -> None:
        bought = await one.buy()
        await one.set_fault("refused", value=code)
        close = one.plan(OrderType.MARKET, bought.quantity, is_buy=False, reduce_only=True)
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, close)
        assert refused.value.refusal is refusal
        assert await one.held() == bought.quantity

    one.run(act)


def test_a_post_only_order_is_refused_with_5022(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await one.resting()
        await one.set_fault("refused", value=-5022)
        with pytest.raises(OrderRefusedError) as refused:
            await one.account.place(BTC, plan)
        assert refused.value.refusal is OrderRefusal.WOULD_TAKE
        assert await found(one, plan) is None

    one.run(act)


def test_an_overloaded_exchange_takes_no_entry_and_every_exit(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        bought = await one.buy()
        await one.set_fault("refused", value=-1008)
        entry = await one.resting()
        with pytest.raises(RetryError, match="-1008"):
            await one.account.place(BTC, entry)
        assert await found(one, entry) is None
        close = one.plan(OrderType.MARKET, bought.quantity, is_buy=False, reduce_only=True)
        assert (await one.account.place(BTC, close)).state is OrderState.FILLED

    one.run(act)


@pytest.mark.parametrize(
    ("fault", "terms", "words"),
    [
        ("maintenance", {}, "-1016"),
        ("maintenance", {"value": -1109}, "-1109"),
        ("maintenance_bare", {}, "239999"),
    ],
)
def test_nothing_was_done_and_the_same_order_goes_through_later(
    one: AccountUnderTest, fault: str, terms: dict[str, Any], words: str
) -> None:
    async def act(one: AccountUnderTest) -> None:
        for endpoint in ENDPOINTS:
            plan = await planned(one, endpoint)
            await one.set_fault(fault, endpoint=endpoint, count=1, **terms)
            with pytest.raises(RetryError, match=words):
                await one.account.place(BTC, plan)
            assert await found(one, plan) is None
            await one.account.place(BTC, plan)
            assert await found(one, plan) is not None

    one.run(act)


@pytest.mark.parametrize("status", [429, 418])
def test_after_429_and_418_nothing_was_done_and_no_call_leaves_before_the_time_that_was_named(
    one: AccountUnderTest, status: int
) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await planned(one, "order")
        await one.set_fault(f"http_{status}", endpoint="order", count=1, value=1)
        refused = time.monotonic()
        with pytest.raises(RetryError, match=f"HTTP {status}"):
            await one.account.place(BTC, plan)
        assert await found(one, plan) is None
        assert time.monotonic() - refused > 0.95

    one.run(act)


def test_maintenance_between_entry_and_stop_leaves_the_position_and_says_that_no_stop_was_placed(
    one: AccountUnderTest,
) -> None:
    async def act(one: AccountUnderTest) -> None:
        await one.set_fault("maintenance", endpoint="algoOrder")
        bought = await one.buy()
        stop = await one.stop(bought.quantity)
        with pytest.raises(RetryError, match="-1016"):
            await one.account.place(BTC, stop)
        assert await one.account.open_conditional_orders(BTC) == []
        assert await one.held() == bought.quantity

    one.run(act)


def test_a_time_that_is_off_is_measured_again_and_the_order_sent_once_more(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        plan = await planned(one, "order")
        await one.set_fault("bad_timestamp", endpoint="order", count=1)
        assert (await one.account.place(BTC, plan)).state is OrderState.FILLED
        assert await one.held() == plan.quantity
        late = await planned(one, "order")
        await one.set_fault("bad_timestamp", endpoint="order")
        with pytest.raises(RetryError, match="-1021"):
            await one.account.place(BTC, late)
        await one.set_no_fault()
        assert await found(one, late) is None

    one.run(act)


# Orders that end otherwise than was hoped.


def test_an_order_that_expires_is_told_as_expired(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        await one.set_fault("expired", endpoint="order")
        async with one.listening() as heard:
            for plan in (await planned(one, "order"), await one.resting()):
                assert (await one.account.place(BTC, plan)).state is OrderState.EXPIRED
                assert (await one.seen(plan)).state is OrderState.EXPIRED
            await soon(lambda: len([seen for seen in orders(heard) if seen.state is OrderState.EXPIRED]) == 2)
        assert await one.held() == 0

    one.run(act)


def test_a_half_that_filled_is_told_and_held(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        quantity = await one.quantity() * 2
        plan = one.plan(OrderType.MARKET, quantity, is_buy=True)
        await one.set_fault("half_filled", endpoint="order", count=1)
        placed = await one.account.place(BTC, plan)
        seen = await one.seen(plan)
        for order in (placed, seen):
            assert (order.state, order.filled_quantity) == (OrderState.EXPIRED, quantity / 2)
        assert await one.held() == quantity / 2

    one.run(act)


def test_a_living_stop_is_found_although_its_own_query_says_that_there_is_none(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        stop = await one.stop(await one.quantity())
        await one.account.place(BTC, stop)
        assert one.client is not None
        asked = await one.client.ask("GET", "algoOrder", clientAlgoId=stop.client_order_id)
        assert asked.code == -2013
        seen = await found(one, stop)
        assert seen is not None
        assert seen.state is OrderState.OPEN

    one.run(act)


@pytest.mark.parametrize(
    ("fault", "identity"), [("auto_deleverage", "adl_autoclose"), ("liquidation", "autoclose-")]
)
def test_a_position_that_the_exchange_closes_is_heard_and_its_fill_listed(
    one: AccountUnderTest, fault: str, identity: str
) -> None:
    async def act(one: AccountUnderTest) -> None:
        await one.account.set_isolated(BTC)
        began = await one.market.server_time()
        async with one.listening() as heard:
            await one.buy()
            await one.set_fault(fault, count=1)
            await soon(lambda: any(seen.client_order_id.startswith(identity) for seen in orders(heard)))
            await soon(lambda: heard_flat(heard))
        closing = [seen for seen in orders(heard) if seen.client_order_id.startswith(identity)]
        listed = await one.account.trades(BTC, began)
        assert listed[-1].exchange_order_id == closing[-1].exchange_order_id
        assert await one.account.positions() == []

    one.run(act)


def heard_flat(heard: list[Any]) -> bool:
    """The newest news of BTC is that it is flat."""
    positions = [held for event in heard if isinstance(event, AccountUpdate) for held in event.positions]
    return bool(positions) and positions[-1].quantity == 0
