"""Fear & Greed and CoinGlass, against their answers as documented."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hydra.errors import BadDataError, HydraError, RetryError, StopError
from hydra.exchange.sentiment import aggregated_liquidations, fear_and_greed
from tests.support.answering_exchange import answering_exchange, refusing

DAY = datetime(2026, 7, 4, tzinfo=UTC)
FNG = "/fng/"
HISTORY = "/api/futures/liquidation/aggregated-history"


def index(day: datetime, value: str) -> dict[str, str]:
    seconds = str(int(day.timestamp()))
    return {"value": value, "value_classification": "Fear", "timestamp": seconds, "time_until_update": "9"}


async def read_index(answer: Any) -> Any:
    async with answering_exchange() as source:
        source.answers[FNG] = answer
        return await fear_and_greed(2, source.url)


async def read_liquidations(answer: Any) -> Any:
    async with answering_exchange() as source:
        source.answers[HISTORY] = answer
        hours = timedelta(hours=4)
        found = await aggregated_liquidations(
            key="secret", base="BTC", start=DAY, end=DAY + 2 * hours, base_url=source.url
        )
        return found, source.asked_for(HISTORY)


def test_the_index_comes_oldest_first() -> None:
    rows = [index(DAY, "25"), index(DAY - timedelta(days=1), "31")]
    found = asyncio.run(read_index({"name": "Fear and Greed Index", "data": rows}))
    assert found.rows() == [("fear_and_greed", DAY - timedelta(days=1), 31.0), ("fear_and_greed", DAY, 25.0)]


def test_liquidations_are_those_of_the_range() -> None:
    hours = timedelta(hours=4)
    data = [
        {
            "time": int((DAY + number * hours).timestamp() * 1000),
            "aggregated_long_liquidation_usd": 1000.5 + number,
            "aggregated_short_liquidation_usd": "7",
        }
        for number in (2, 1, 0, -1)
    ]
    found, (query,) = asyncio.run(read_liquidations({"code": "0", "data": data}))
    assert found.rows() == [
        ("coinglass", "BTC", DAY, 240, 1000.5, 7.0),
        ("coinglass", "BTC", DAY + hours, 240, 1001.5, 7.0),
    ]
    assert (query["symbol"], query["interval"], query["exchange_list"]) == ("BTC", "4h", "Binance,OKX,Bybit")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"code": "401", "msg": "Upgrade plan"}, StopError, r"\(Upgrade plan\): check COINGLASS_API_KEY"),
        (refusing(429), RetryError, "takes no more calls for now"),
        (refusing(500), RetryError, "overload or maintenance"),
        (refusing(200, "<html></html>"), BadDataError, "the answer is no object"),
        ({"code": "0"}, BadDataError, "CoinGlass: the answer is no list"),
        ({"code": "0", "data": [{"time": "x"}]}, BadDataError, "CoinGlass: time is missing or wrong"),
    ],
)
def test_a_refusal_says_what_to_do_and_hides_the_key(answer: Any, kind: type[HydraError], words: str) -> None:
    with pytest.raises(kind, match=words) as refusal:
        asyncio.run(read_liquidations(answer))
    assert "secret" not in str(refusal.value)


def test_a_source_that_cannot_be_reached_is_tried_again() -> None:
    with pytest.raises(RetryError, match="cannot be reached"):
        asyncio.run(fear_and_greed(1, "http://127.0.0.1:9"))
