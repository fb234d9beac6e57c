"""Long lists of an account come in pages, and nothing is left out or told twice; damaged answers are told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hydra.domain import OrderRole, OrderType
from hydra.errors import BadDataError, OutcomeUnknownError, StopError
from hydra.exchange.account import TradingAccount
from hydra.exchange.connect import trading_account
from hydra.execution.calls import ListStops
from hydra.execution.exchange_calls import ExchangeCalls
from hydra.execution.news import StopsListed
from hydra.layers.layer5_orders import OrderPlan
from hydra.settings import Settings
from tests.support.answering_exchange import AnsweringExchange, answering_exchange

NOW = datetime(2026, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)
PAGE = 1_000
ALL_ORDERS = 40
"""The weight of a list of all pairs' orders."""
WITHOUT_WAITING_S = 2.0
BTC = "BTCUSDT"
PLAN = OrderPlan("hy-1", OrderRole.ENTRY, OrderType.MARKET, True, Decimal(1), reduce_only=False)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000)


@asynccontextmanager
async def connected(exchange: AnsweringExchange) -> AsyncIterator[TradingAccount]:
    settings = Settings.model_validate(
        {"exchange_url": exchange.url, "binance_api_key": "k", "binance_api_secret": "s"}
    )
    account = await asyncio.to_thread(trading_account, settings, "binance")
    exchange.asked.clear()
    try:
        yield account
    finally:
        await account.close()


def weight_left(account: TradingAccount) -> float:
    (left,) = [one.left for one in account.limits() if one.what == "weight a minute"]
    return left


def trade(number: int, time: datetime) -> dict[str, Any]:
    return {
        "symbol": BTC, "id": number, "orderId": 7, "side": "BUY", "price": "100", "qty": "1",
        "realizedPnl": "0", "commission": "0.05", "commissionAsset": "USDT", "time": ms(time), "maker": True,
    }  # fmt: skip


def serving(trades: list[dict[str, Any]]) -> Any:
    """As the exchange serves them: a week at most, or from an id on; the oldest first."""

    def answer(request: web.Request) -> web.Response:
        query = request.query
        if "fromId" in query:
            assert "startTime" not in query
            found = [one for one in trades if one["id"] >= int(query["fromId"])]
        else:
            start, end = int(query["startTime"]), int(query["endTime"])
            assert end - start < ms(NOW) - ms(NOW - 7 * DAY)
            found = [one for one in trades if start <= one["time"] <= end]
        return web.json_response(found[: int(query["limit"])])

    return answer


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 1])
@pytest.mark.parametrize("first_day", [20, 3])
def test_every_trade_comes_once_over_weeks_and_pages(count: int, first_day: int) -> None:
    first = NOW - first_day * DAY
    made = [trade(number, first + (number % 900) * timedelta(seconds=1)) for number in range(1, count + 1)]
    made += [trade(9_000, NOW - timedelta(hours=1))]
    made.sort(key=lambda one: one["id"])

    async def run() -> list[int]:
        async with answering_exchange(time={"serverTime": ms(NOW)}) as exchange:
            exchange.answers["/fapi/v1/userTrades"] = serving(made)
            async with connected(exchange) as account:
                return [one.trade_id for one in await account.trades(BTC, NOW - 25 * DAY)]

    assert asyncio.run(run()) == [one["id"] for one in made]


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_every_change_of_the_wallet_comes_once(count: int) -> None:
    rows = [
        {"symbol": BTC, "incomeType": "COMMISSION", "income": "-1", "asset": "USDT", "time": ms(NOW - DAY),
         "tranId": number, "tradeId": "5"}
        for number in range(count)
    ]  # fmt: skip

    def answer(request: web.Request) -> web.Response:
        page = int(request.query["page"])
        return web.json_response(rows[(page - 1) * PAGE : page * PAGE])

    async def run() -> list[int]:
        async with answering_exchange(time={"serverTime": ms(NOW)}) as exchange:
            exchange.answers["/fapi/v1/income"] = answer
            async with connected(exchange) as account:
                return [one.transaction_id for one in await account.income(NOW - 2 * DAY)]

    assert asyncio.run(run()) == list(range(count))


def test_the_stops_of_a_pair_are_listed_every_few_seconds_for_a_weight_of_one() -> None:
    """Of all pairs the list weighs 40: eight pairs would use up the limit, and orders would wait."""

    async def run() -> tuple[float, list[Mapping[str, str]]]:
        async with answering_exchange(openAlgoOrders=[]) as exchange, connected(exchange) as account:
            before = weight_left(account)
            calls = ExchangeCalls(account, _no_prices, lambda: NOW, print)
            assert await calls.carry_out(BTC, ListStops()) == StopsListed(frozenset(), NOW)
            return before - weight_left(account), [query for _, _, query in exchange.asked]

    weight, (query,) = asyncio.run(run())
    assert (weight, query["symbol"]) == (1, BTC)


def test_orders_wait_for_no_query() -> None:
    """When queries have used up their share of the limit, a list of orders waits; a cancel does not."""

    async def run() -> None:
        async with answering_exchange(openOrders=[], order={}) as exchange, connected(exchange) as account:
            while weight_left(account) >= ALL_ORDERS:
                await account.open_orders()
            waiting = asyncio.ensure_future(account.open_orders())
            async with asyncio.timeout(WITHOUT_WAITING_S):
                await account.cancel(BTC, "hy-entry-1", is_conditional=False)
            assert not waiting.done()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(run())


async def _no_prices(_symbol: str) -> tuple[Decimal, Decimal]:
    raise AssertionError("no price is asked for")


@pytest.mark.parametrize("answer", [{}, [], {"orderId": 5}, {"code": "200", "msg": "success"}])
def test_an_answer_to_an_order_that_is_no_order_leaves_the_outcome_unknown(answer: Any) -> None:
    async def run() -> None:
        async with answering_exchange(order=answer) as exchange, connected(exchange) as account:
            with pytest.raises(OutcomeUnknownError, match="ask before anything else"):
                await account.place(BTC, PLAN)

    asyncio.run(run())


def test_margin_that_stays_cross_and_answers_without_the_symbol_are_told() -> None:
    async def run() -> None:
        config = {"symbol": BTC, "marginType": "CROSSED", "isAutoAddMargin": "false", "leverage": 3}
        async with (
            answering_exchange(marginType={"code": 200, "msg": "success"}, symbolConfig=[config]) as exchange,
            connected(exchange) as account,
        ):
            with pytest.raises(StopError, match="shows cross margin for BTCUSDT"):
                await account.set_isolated(BTC)
            with pytest.raises(BadDataError, match="lacks ETHUSDT"):
                await account.set_isolated("ETHUSDT")
            exchange.answers["/fapi/v3/balance"] = []
            with pytest.raises(BadDataError, match="lacks USDT"):
                await account.balance()

    asyncio.run(run())


def test_what_a_key_may_do_is_not_told_where_its_host_does_not_say() -> None:
    async def run() -> Any:
        config = {"canTrade": True, "dualSidePosition": True, "multiAssetsMargin": True}
        balances = [
            {"asset": asset, "balance": amount, "availableBalance": "0"}
            for asset, amount in (("USDT", "5"), ("BNB", "0.1"), ("BTC", "0"))
        ]
        async with answering_exchange(accountConfig=config) as exchange:
            exchange.answers["/fapi/v3/balance"] = balances
            async with connected(exchange) as account:
                return await account.terms()

    terms = asyncio.run(run())
    assert (terms.can_withdraw, terms.is_one_way, terms.is_single_asset) == (None, False, False)
    assert terms.other_assets == ("BNB",)
