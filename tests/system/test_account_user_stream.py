"""The user stream of an account under every fault: what is heard, what is not, and how it ends."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from hydra.domain import OrderState
from hydra.durations import MINUTE_MS
from hydra.errors import RetryError
from hydra.exchange import raw_socket
from hydra.exchange.account import AccountUpdate, OrderSeen, OrderUpdate, StreamBegan, StreamEnded
from hydra.exchange.binance.user_stream import RENEWED_EVERY_S
from hydra.sim.exchange.private.user_stream import LISTEN_KEY_MS
from tests.support.account_under_test import SPEED, AccountUnderTest, fills, orders, under_test
from tests.support.served_account import BTC
from tests.support.waiting import soon

FAR_AHEAD = 3_600.0
STEP_MS, STEPS = 25 * MINUTE_MS, 3


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountUnderTest]:
    with under_test("simulated", tmp_path_factory.mktemp("account")) as account:
        yield account


@pytest.mark.parametrize(
    ("fault", "terms"),
    [("double", {}), ("reorder", {"count": 1}), ("latency", {"value": 300})],
)
def test_events_twice_late_or_in_another_order_tell_the_same_fills(
    one: AccountUnderTest, fault: str, terms: dict[str, Any]
) -> None:
    async def act(one: AccountUnderTest) -> None:
        async with one.listening() as heard:
            await one.set_fault(fault, stream="user", **terms)
            plan = await one.buy()
            await soon(lambda: any(seen.state is OrderState.FILLED for seen in orders(heard, plan)))
            await soon(lambda: any(isinstance(event, AccountUpdate) for event in heard))
        by_id = {fill.trade_id: fill for fill in fills(heard)}
        assert sum(fill.quantity for fill in by_id.values()) == plan.quantity
        assert fault != "double" or len(fills(heard)) == 2 * len(by_id)

    one.run(act)


def test_the_fill_of_a_stop_that_is_heard_before_its_trigger_is_the_same(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        bought = await one.buy()
        await one.set_fault("child_first")
        async with one.listening() as heard:
            stop = await one.stop_near(bought.quantity)
            await one.reached(lambda: any(seen.state is OrderState.FILLED for seen in conditional(heard)))
        told = [(seen.is_conditional, seen.state, seen.child_order_id) for seen in orders(heard, stop)]
        child = (await one.seen(stop)).exchange_order_id
        fill, trigger = (False, OrderState.FILLED, None), (True, OrderState.OPEN, child)
        assert told.index(fill) < told.index(trigger)
        assert told[-1] == (True, OrderState.FILLED, child)
        assert sum(one.quantity for one in fills(heard)) == bought.quantity

    one.run(act)


def conditional(heard: list[Any]) -> list[OrderSeen]:
    return [seen for seen in orders(heard) if seen.is_conditional]


@pytest.mark.parametrize("fault", ["drop", "silence_with_pongs"])
def test_what_the_stream_does_not_tell_rest_does(one: AccountUnderTest, fault: str) -> None:
    async def act(one: AccountUnderTest) -> None:
        began = await one.market.server_time()
        async with one.listening() as heard:
            await one.set_fault(fault, stream="user")
            plan = await one.buy()
            seen = await one.seen(plan)
            await asyncio.sleep(0.2)
            assert heard == [StreamBegan()]
        (trade,) = await one.account.trades(BTC, began)
        assert (trade.exchange_order_id, trade.quantity) == (seen.exchange_order_id, plan.quantity)

    one.run(act)


def test_a_stream_that_answers_no_pings_is_given_up(
    one: AccountUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_socket, "SIGN_OF_LIFE_MS", 200)

    async def act(one: AccountUnderTest) -> None:
        heard: list[Any] = []
        listening = asyncio.ensure_future(one.account.listen(heard.append))
        await soon(lambda: heard)
        await one.set_fault("silence", stream="user")
        await one.buy()
        with pytest.raises(RetryError, match="does not answer in time"):
            await listening
        assert [type(event) for event in heard] == [StreamBegan, StreamEnded]

    one.run(act)


def test_a_stream_that_names_its_events_is_not_silent(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        await one.set_fault("silent_without_events")
        async with one.listening() as heard:
            plan = await one.buy()
            await soon(lambda: fills(heard))
        assert orders(heard, plan)

    one.run(act)


@pytest.mark.parametrize("value", [0, 1])
def test_a_stream_that_is_cut_says_so_and_begins_anew(one: AccountUnderTest, value: int) -> None:
    async def act(one: AccountUnderTest) -> None:
        heard: list[Any] = []
        listening = asyncio.ensure_future(one.account.listen(heard.append))
        await soon(lambda: heard)
        await one.set_fault("disconnect", stream="user", value=value, count=1)
        await one.buy()
        with pytest.raises(RetryError, match="broke off"):
            await listening
        assert isinstance(heard[-1], StreamEnded)
        await one.set_no_fault()
        async with one.listening() as again:
            await one.buy()
            await soon(lambda: fills(again))
        assert again[0] == StreamBegan()

    one.run(act)


def test_the_listen_key_is_renewed_and_the_stream_outlives_it(
    one: AccountUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange runs on by 25 minutes and stands until the key has been renewed."""
    renewed: list[Any] = []
    client: Any = one.account._client  # type: ignore[attr-defined]  # what it sends
    renew = client.fapiPrivatePutListenKey

    async def noted(parameters: dict[str, Any]) -> Any:
        renewed.append(await renew(parameters))
        return renewed[-1]

    async def renewed_times(number: int) -> None:
        await soon(lambda: len(renewed) >= number)

    monkeypatch.setattr(client, "fapiPrivatePutListenKey", noted)

    async def act(one: AccountUnderTest) -> None:
        assert one.exchange is not None
        clock = one.exchange.clock
        began = clock.now_ms()
        clock.hold_until(began)
        clock.set_speed(FAR_AHEAD)
        try:
            async with one.listening() as heard:
                for step in range(1, STEPS + 1):
                    clock.hold_until(began + step * STEP_MS)
                    await renewed_times(step)
                await one.buy()
                await soon(lambda: fills(heard))
            assert STEPS * STEP_MS > LISTEN_KEY_MS
            assert not any(isinstance(event, StreamEnded) for event in heard[:-1])
        finally:
            clock.hold_until(None)
            clock.set_speed(SPEED)

    one.run(act)


def test_a_listen_key_that_could_not_be_renewed_ends_the_stream(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        assert one.exchange is not None
        assert LISTEN_KEY_MS > RENEWED_EVERY_S * 1_000
        heard: list[Any] = []
        one.exchange.clock.set_speed(FAR_AHEAD)
        try:
            listening = asyncio.ensure_future(one.account.listen(heard.append))
            await soon(lambda: heard)
            await one.set_fault("http_5xx", endpoint="listenKey")
            with pytest.raises(RetryError, match="key has expired"):
                await listening
        finally:
            one.exchange.clock.set_speed(SPEED)
        assert isinstance(heard[-1], StreamEnded)
        assert not any(isinstance(event, OrderUpdate) for event in heard)

    one.run(act)


def test_a_listen_key_that_was_ended_elsewhere_is_found_at_the_next_renewal(one: AccountUnderTest) -> None:
    async def act(one: AccountUnderTest) -> None:
        assert one.exchange is not None
        assert one.client is not None
        heard: list[Any] = []
        one.exchange.clock.set_speed(FAR_AHEAD)
        try:
            listening = asyncio.ensure_future(one.account.listen(heard.append))
            await soon(lambda: heard)
            await one.client.unsigned("DELETE", "listenKey")
            with pytest.raises(RetryError, match="-1125"):
                await listening
        finally:
            one.exchange.clock.set_speed(SPEED)

    one.run(act)
