"""Every fault of the simulated exchange's private half over sockets: what the wire shows, what was done."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from hydra.sim.exchange.private.user_stream import LISTEN_KEY_MS
from tests.support.account_stage import Heard, Stage, in_state, of_kind
from tests.support.served_account import BTC, served_account
from tests.support.waiting import soon


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("account")
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder))
        opened = AsyncExitStack()

        async def start() -> Stage:
            exchange, client = await opened.enter_async_context(served_account(folder / "account.toml"))
            return Stage(runner, exchange, client)

        yield runner.run(start())
        runner.run(opened.aclose())


# Answers that do not tell what was done.


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("timeout_after", 408, -1007), ("timeout_after", 503, -1007), ("unknown_after", 503, -1)],
)
def test_after_such_an_answer_the_order_is_there(stage: Stage, kind: str, status: int, code: int) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": kind, "endpoint": "order", "count": 1, "value": status})
        answer = await one.market("BUY", newClientOrderId=f"{kind}-{status}")
        assert (answer.status, answer.code) == (status, code)
        assert (await one.found(f"{kind}-{status}")).body["status"] == "FILLED"

    stage.run(act)


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("timeout_before", 408, -1007), ("unknown_before", 503, -1)]
)
def test_before_the_order_was_accepted_the_answer_is_the_same_and_there_is_none(
    stage: Stage, kind: str, status: int, code: int
) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": kind, "endpoint": "order", "count": 1})
        answer = await one.market("BUY", newClientOrderId=kind)
        assert (answer.status, answer.code) == (status, code)
        assert (await one.found(kind)).code == -2013

    stage.run(act)


@pytest.mark.parametrize(("kind", "was_done"), [("lost_answer", True), ("lost_request", False)])
def test_the_connection_is_closed_without_an_answer(stage: Stage, kind: str, was_done: bool) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": kind, "endpoint": "order", "count": 1})
        with pytest.raises(aiohttp.ClientConnectionError):
            await one.market("BUY", newClientOrderId=kind)
        assert ((await one.found(kind)).status == 200) is was_done

    stage.run(act)


def test_an_empty_200_hides_an_order_that_is_there(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": "empty_answer", "endpoint": "order", "count": 1})
        answer = await one.market("BUY", newClientOrderId="empty")
        assert (answer.status, answer.body) == (200, "")
        assert (await one.found("empty")).body["executedQty"] == "0.010"

    stage.run(act)


# Refusals.


def test_an_order_is_refused_with_the_code_that_is_named(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        for code in (-2019, -2021, -4116):
            await one.client.set_faults({"kind": "refused", "value": code, "endpoint": "order", "count": 1})
            assert (await one.market("BUY", newClientOrderId="no")).code == code
        assert (await one.found("no")).code == -2013

    stage.run(act)


def test_only_an_order_that_reduces_is_refused_with_2022_and_only_others_with_1008(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": "refused", "value": -2022})
        assert (await one.market("BUY")).status == 200
        assert (await one.market("SELL", reduceOnly=True)).code == -2022
        await one.client.set_faults({"kind": "refused", "value": -1008})
        overloaded = await one.market("BUY")
        assert (overloaded.status, overloaded.code) == (503, -1008)
        assert (await one.market("SELL", reduceOnly=True)).status == 200

    stage.run(act)


def test_a_post_only_order_is_refused_with_5022_or_expires(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        heard = await one.listening()
        price = await one.best("bids") - 100
        await one.client.set_faults({"kind": "refused", "value": -5022})
        assert (await one.limit("BUY", price)).status == 200
        assert (await one.limit("BUY", price, timeInForce="GTX")).code == -5022
        await one.client.set_faults({"kind": "expired"})
        answer = await one.limit("BUY", price, timeInForce="GTX", newOrderRespType="RESULT")
        assert (answer.status, answer.body["status"]) == (200, "EXPIRED")
        assert (await one.market("BUY")).body["status"] == "EXPIRED"
        await soon(lambda: len(in_state(heard, "EXPIRED")) == 2)
        assert in_state(heard, "EXPIRED")[1]["o"]["er"] == "9"

    stage.run(act)


def test_a_market_order_is_filled_by_half_and_its_rest_expires(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": "half_filled", "count": 1})
        answer = await one.market("BUY", "0.02")
        assert (answer.body["status"], answer.body["executedQty"]) == ("EXPIRED", "0.010")
        assert await one.amount() == Decimal("0.010")

    stage.run(act)


def test_a_time_outside_the_window_is_refused_by_fault_and_by_nature(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": "bad_timestamp", "endpoint": "order", "count": 1})
        assert (await one.market("BUY")).code == -1021
        one.client.offset_ms = -6_000
        assert (await one.market("BUY")).code == -1021
        assert (await one.market("BUY", recvWindow=10_000)).status == 200

    stage.run(act)


@pytest.mark.parametrize(("kind", "status"), [("http_429", 429), ("http_418", 418)])
def test_an_order_is_refused_by_the_limits_with_the_time_to_wait(
    stage: Stage, kind: str, status: int
) -> None:
    async def act(one: Stage) -> None:
        await one.client.set_faults({"kind": kind, "endpoint": "order", "count": 1, "value": 2})
        answer = await one.market("BUY")
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (status, -1003, "2")

    stage.run(act)


def test_maintenance_comes_between_the_entry_and_its_stop(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        stop = await one.best("bids") * Decimal("0.9")
        for fault, told in (
            ({"kind": "maintenance"}, {"code": -1016, "msg": "This service is no longer available."}),
            ({"kind": "maintenance", "value": -1109}, {"code": -1109, "msg": "Invalid account."}),
            ({"kind": "maintenance_bare"}, {"239999": "System maintenance."}),
        ):
            await one.client.set_faults(fault | {"endpoint": "algoOrder", "count": 1})
            assert (await one.market("BUY")).status == 200
            refused = await one.stop(stop)
            assert (refused.status, refused.body) == (503, told)
            assert (await one.stop(stop)).status == 200
            await one.client.ask("DELETE", "algoOpenOrders", symbol=BTC)

    stage.run(act)


# The account.


def test_the_query_of_a_living_stop_says_that_it_does_not_exist(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        await one.market("BUY")
        placed = (await one.stop(await one.best("bids") * Decimal("0.9"))).body
        assert (await one.client.ask("GET", "algoOrder", algoId=placed["algoId"])).code == -2013
        (listed,) = (await one.client.ask("GET", "openAlgoOrders", symbol=BTC)).body
        assert (listed["algoId"], listed["algoStatus"]) == (placed["algoId"], "NEW")
        cancelled = await one.client.ask("DELETE", "algoOrder", algoId=placed["algoId"], symbol=BTC)
        assert cancelled.body["code"] == "200"
        assert (await one.client.ask("DELETE", "algoOrder", algoId=placed["algoId"])).code == -2011

    stage.run(act)


def test_adl_closes_the_position(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        heard = await one.listening()
        await one.market("BUY")
        await one.client.set_faults({"kind": "auto_deleverage", "count": 1})
        await soon(lambda: any(e["o"]["c"] == "adl_autoclose" for e in of_kind(heard, "ORDER_TRADE_UPDATE")))
        assert await one.amount() == 0

    stage.run(act)


def test_a_position_is_liquidated_although_a_stop_stands(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        heard = await one.listening()
        await one.client.ask("POST", "marginType", symbol=BTC, marginType="ISOLATED")
        await one.market("BUY")
        await one.stop(await one.best("bids") * Decimal("0.99"), workingType="MARK_PRICE")
        await one.client.set_faults({"kind": "liquidation", "count": 1})
        await soon(
            lambda: any(e["o"]["c"].startswith("autoclose-") for e in of_kind(heard, "ORDER_TRADE_UPDATE"))
        )
        assert await one.amount() == 0
        stops = [e["o"]["X"] for e in of_kind(heard, "ALGO_UPDATE")]
        assert "TRIGGERED" not in stops

    stage.run(act)


# The user stream.


def test_user_events_come_twice_and_in_another_order(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        heard = await one.listening("ORDER_TRADE_UPDATE")
        await one.client.set_faults({"kind": "double", "stream": "user"})
        await one.market("BUY")
        await soon(lambda: len(heard) == 4)
        assert [event["o"]["x"] for event in heard] == ["NEW", "NEW", "TRADE", "TRADE"]
        heard.clear()
        await one.client.set_faults({"kind": "reorder", "stream": "user", "count": 1})
        await one.market("SELL", reduceOnly=True)
        await soon(lambda: len(heard) == 2)

    stage.run(act)


def test_the_fill_of_a_triggered_stop_comes_before_its_trigger(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        heard = await one.listening()
        await one.market("BUY")
        heard.clear()
        await one.client.set_faults({"kind": "child_first"})
        # -2021: the price has gone there meanwhile.
        while (placed := await one.stop(await one.best("bids") - Decimal("0.5"))).code == -2021:
            await asyncio.sleep(0.1)
        assert placed.status == 200
        one.exchange.clock.set_speed(300)
        try:
            await soon(lambda: any(e["o"]["X"] == "FINISHED" for e in of_kind(heard, "ALGO_UPDATE")))
        finally:
            one.exchange.clock.set_speed(1)
        told = [
            (event["e"], event["o"]["X"])
            for event in heard
            if event["e"] in {"ALGO_UPDATE", "ORDER_TRADE_UPDATE"}
        ]
        assert told.index(("ORDER_TRADE_UPDATE", "FILLED")) < told.index(("ALGO_UPDATE", "TRIGGERED"))
        assert told[-1] == ("ALGO_UPDATE", "FINISHED")

    stage.run(act)


def test_a_user_stream_is_silent_and_answers_pings(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        heard = await one.listening()
        await one.client.set_faults({"kind": "silence_with_pongs", "stream": "user"})
        await one.market("BUY")
        await asyncio.sleep(0.2)
        assert heard == []
        await one.client.set_faults()
        await one.market("SELL", reduceOnly=True)
        await soon(lambda: len(of_kind(heard, "ORDER_TRADE_UPDATE")) == 2)

    stage.run(act)


def test_who_names_no_events_or_a_wrong_key_or_unknown_events_is_connected_and_hears_nothing(
    stage: Stage,
) -> None:
    async def act(one: Stage) -> None:
        whole = await one.listening()
        await one.client.set_faults({"kind": "silent_without_events"})
        silent = [await one.listening(), await one.listening("NO_SUCH_EVENT")]
        wrong: Heard = []
        socket = await one.client.listen(wrong, "listenKey=wrong&events=ORDER_TRADE_UPDATE")
        named = await one.listening("ORDER_TRADE_UPDATE/ACCOUNT_UPDATE")
        await one.market("BUY")
        await soon(lambda: len(named) == 3 and len(whole) == 3)
        await socket.send_str('{"method":"LIST_SUBSCRIPTIONS","id":3}')
        await soon(lambda: bool(wrong))
        assert (silent, wrong) == ([[], []], [{"result": ["wrong"], "id": 3}])

    stage.run(act)


def test_a_listen_key_lives_sixty_minutes_and_says_when_it_ends(stage: Stage) -> None:
    async def act(one: Stage) -> None:
        clock = one.exchange.clock
        key = (await one.client.unsigned("POST", "listenKey")).body["listenKey"]
        assert (await one.client.unsigned("POST", "listenKey")).body["listenKey"] == key
        assert (await one.client.unsigned("PUT", "listenKey")).body["listenKey"] == key
        heard = await one.listening("listenKeyExpired")
        ends_ms = clock.now_ms() + LISTEN_KEY_MS
        clock.set_speed(20_000)
        await soon(lambda: clock.now_ms() >= ends_ms + 5_000)
        clock.set_speed(1)
        await soon(lambda: bool(heard))
        assert (heard[0]["e"], heard[0]["listenKey"]) == ("listenKeyExpired", key)
        assert (await one.client.unsigned("PUT", "listenKey")).code == -1125
        assert (await one.client.unsigned("POST", "listenKey")).body["listenKey"] != key
        assert (await one.client.unsigned("DELETE", "listenKey")).status == 200

    stage.run(act)
