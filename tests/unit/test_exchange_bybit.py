"""Bybit's REST behind the same interface, against answers as its documentation shows them."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiohttp import web

from hydra.errors import BadDataError, RetryError, StopError
from hydra.exchange.bybit.client import LIMITS, BybitClient
from hydra.exchange.bybit.rest import BybitMarketData
from hydra.exchange.capabilities import BYBIT
from hydra.exchange.hosts import hosts_at
from hydra.exchange.rate_budget import RateBudget
from tests.support.answering_exchange import AnsweringExchange, answering_exchange, refusing

NOW = datetime(2026, 7, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
V5 = "/v5/market/"


def ms(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1_000))


def done(**result: Any) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 1}


def market_at(exchange: AnsweringExchange, folder: Path) -> BybitMarketData:
    hosts, client = hosts_at(exchange.url), BybitClient()
    client.connect_to(hosts, RateBudget(folder / "budget.json", hosts.name, LIMITS))
    return BybitMarketData(client, BYBIT)


async def told(folder: Path, answers: dict[str, Any], call: str, *arguments: Any) -> Any:
    nanoseconds = f"{ms(NOW)}000000"
    async with answering_exchange() as exchange:
        exchange.answers |= {V5 + name: answer for name, answer in answers.items()}
        exchange.answers[V5 + "time"] = done(timeSecond=nanoseconds[:10], timeNano=nanoseconds)
        market = market_at(exchange, folder)
        try:
            return await getattr(market, call)(*arguments)
        finally:
            await market.close()


def history(folder: Path, table: str, start: datetime, end: datetime, **answers: Any) -> pl.DataFrame:
    named = {name.replace("_", "-"): answer for name, answer in answers.items()}
    found = asyncio.run(told(folder, named, "history", table, "BTCUSDT", start, end))
    assert isinstance(found, pl.DataFrame)
    return found


def test_candles_come_oldest_first_without_the_open_one_and_without_what_is_not_told(tmp_path: Path) -> None:
    times = [NOW, NOW - MINUTE, NOW - 2 * MINUTE]
    rows = [[ms(one), "100.5", "101", "99.5", "100", "12", "1205.5"] for one in times]
    found = history(tmp_path, "candles_1m", times[-1], NOW + MINUTE, kline=done(list=rows))
    assert found["time"].to_list() == [NOW - 2 * MINUTE]
    assert found.row(0)[1:] == (100.5, 101.0, 99.5, 100.0, 12.0, 1205.5, None, None, None)


def test_funding_tells_its_interval(tmp_path: Path) -> None:
    times = [NOW - timedelta(hours=hours) for hours in (4, 8, 12)]
    rows = [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": ms(one)} for one in times]
    answer = {"funding/history": done(list=rows)}
    found = asyncio.run(told(tmp_path, answer, "history", "funding_rates", "BTCUSDT", times[-1], NOW))
    assert found["time"].to_list() == times[::-1]
    assert found["interval_hours"].to_list() == [4, 4, 4]


def test_open_interest_is_paged_over_a_hole(tmp_path: Path) -> None:
    late = NOW - timedelta(hours=1)

    def answer(request: web.Request) -> web.Response:
        is_there = int(request.query["startTime"]) <= int(ms(late)) <= int(request.query["endTime"])
        return web.json_response(
            done(list=[{"openInterest": "5", "timestamp": ms(late)}] if is_there else [])
        )

    found = history(tmp_path, "open_interest", NOW - timedelta(days=2), NOW, open_interest=answer)
    assert found.rows() == [(late, 5.0, None)]


def test_the_ratio_of_accounts_is_long_to_short(tmp_path: Path) -> None:
    rows = [{"symbol": "BTCUSDT", "buyRatio": "0.6", "sellRatio": "0.4", "timestamp": ms(NOW - MINUTE)}]
    found = history(tmp_path, "positioning", NOW - timedelta(hours=1), NOW, account_ratio=done(list=rows))
    assert found["long_short_ratio"].to_list() == pytest.approx([1.5])
    assert found["taker_buy_sell_ratio"].to_list() == [None]


def test_terms_hold_filters_funding_and_brackets(tmp_path: Path) -> None:
    instrument = {
        "symbol": "BTCUSDT",
        "status": "Trading",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "priceFilter": {"tickSize": "0.10"},
        "lotSizeFilter": {
            "maxOrderQty": "1190",
            "minOrderQty": "0.001",
            "qtyStep": "0.001",
            "maxMktOrderQty": "500",
            "minNotionalValue": "5",
        },
        "fundingInterval": 480,
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
    }
    limits = [
        {"riskLimitValue": cap, "maintenanceMargin": rate, "maxLeverage": leverage, "mmDeduction": deducted}
        for cap, rate, leverage, deducted in (
            ("4000000", "0.01", "50.00", "10000"),
            ("2000000", "0.005", "100.00", ""),
        )
    ]
    answers = {"instruments-info": done(list=[instrument]), "risk-limit": done(list=limits)}
    (terms,) = asyncio.run(told(tmp_path, answers, "terms", ["BTCUSDT"]))
    assert (terms.filters.funding_interval_hours, terms.filters.funding_rate_cap) == (8, Decimal("0.005"))
    assert [(one.notional_floor_usd, one.initial_leverage) for one in terms.brackets] == [
        (0, 100),
        (2000000, 50),
    ]
    assert terms.brackets[1].cumulative_usd == 10000


def test_the_order_book_of_now(tmp_path: Path) -> None:
    book = done(s="BTCUSDT", b=[["100", "1"]], a=[["101", "2"]], ts=1672765737733, u=277055, seq=1)
    found = asyncio.run(told(tmp_path, {"orderbook": book}, "order_book", "BTCUSDT"))
    assert (found.last_id, found.bids, found.asks) == (277055, [(100.0, 1.0)], [(101.0, 2.0)])


def test_what_it_cannot_do_is_said(tmp_path: Path) -> None:
    with pytest.raises(StopError, match="bybit gives no history of trades"):
        asyncio.run(told(tmp_path, {}, "trades_from", "BTCUSDT", 1))
    with pytest.raises(StopError, match="bybit gives no history of liquidations"):
        history(tmp_path, "liquidations", NOW, NOW)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"retCode": 10006, "retMsg": "Too many visits!", "result": {}}, RetryError, "takes no more calls"),
        ({"retCode": 10016, "retMsg": "Server error.", "result": {}}, RetryError, "cannot answer now"),
        ({"retCode": 10001, "retMsg": "Wrong symbol", "result": {}}, StopError, r"\(10001: Wrong symbol\)"),
        (refusing(503), RetryError, "cannot answer now"),
        (done(nothing=1), BadDataError, "holds no list"),
        (refusing(200, "<html></html>"), StopError, "not as this exchange does"),
    ],
)
def test_refusals_have_the_same_types(tmp_path: Path, answer: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        history(tmp_path, "candles_1m", NOW - MINUTE, NOW, kline=answer)
