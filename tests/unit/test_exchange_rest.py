"""Binance's REST through ccxt, against an exchange on loopback that answers as recorded or documented."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiohttp import web
from polars.testing import assert_frame_equal

from hydra.errors import BadDataError, StopError
from hydra.exchange.connect import market_data
from hydra.exchange.hosts import foreign_urls
from hydra.exchange.interface import MarketData
from hydra.settings import Settings
from tests.support.answering_exchange import AnsweringExchange, answering_exchange
from tests.support.recorded_market import ABSENT, RECORDED

NOW = datetime(2026, 7, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIXTURES = RECORDED / "fixtures"
recorded = pytest.mark.skipif(not FIXTURES.is_dir(), reason=ABSENT)


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000)


def settings(url: str, **values: Any) -> Settings:
    return Settings.model_validate({"exchange_url": url, "binance_testnet": False, **values})


@asynccontextmanager
async def connected(exchange: AnsweringExchange, **values: Any) -> AsyncIterator[MarketData]:
    """Binance at `exchange`. Its venue is asked for in a thread, because the exchange lives in this loop."""
    market = await asyncio.to_thread(market_data, settings(exchange.url, **values), "binance")
    exchange.asked.clear()
    try:
        yield market
    finally:
        await market.close()


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


def kline(open_time: datetime) -> list[Any]:
    start = ms(open_time)
    return [start, "100.5", "101", "99.5", "100", "12", start + 59_999, "1205.5", 7, "5", "502.25", "0"]


async def asked(table: str, start: datetime, end: datetime, **answers: Any) -> pl.DataFrame:
    async with answering_exchange(time={"serverTime": ms(NOW)}) as exchange:
        exchange.answers |= answers
        async with connected(exchange) as market:
            return await market.history(table, "BTCUSDT", start, end)


def test_candles_keep_quote_volume_counts_and_takers() -> None:
    rows = [kline(NOW - 2 * MINUTE)]
    found = asyncio.run(asked("candles_1m", NOW - 2 * MINUTE, NOW, **{"/fapi/v1/klines": rows}))
    assert found.row(0, named=True) == {
        "time": NOW - 2 * MINUTE,
        "open": 100.5,
        "high": 101.0,
        "low": 99.5,
        "close": 100.0,
        "volume": 12.0,
        "quote_volume": 1205.5,
        "trade_count": 7,
        "taker_buy_volume": 5.0,
        "taker_buy_quote_volume": 502.25,
    }


def test_the_candle_that_is_open_is_left_out() -> None:
    """At 12:00:00 the candle of 11:59 settles for a second more, and that of 12:00 is open."""
    opens = [NOW - 2 * MINUTE, NOW - MINUTE, NOW]
    found = asyncio.run(
        asked("candles_1m", opens[0], NOW + MINUTE, **{"/fapi/v1/klines": [kline(one) for one in opens]})
    )
    assert found["time"].to_list() == opens[:1]


def test_a_page_asks_for_the_range_without_its_end() -> None:
    async def run() -> Any:
        async with answering_exchange(klines=[]) as exchange, connected(exchange) as market:
            empty = await market.history("candles_1m", "BTCUSDT", NOW - MINUTE, NOW)
            return empty, exchange.asked_for("/fapi/v1/klines")

    empty, queries = asyncio.run(run())
    assert empty.height == 0
    assert dict(queries[0]) == {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "startTime": str(ms(NOW - MINUTE)),
        "endTime": str(ms(NOW) - 1),
        "limit": "499",
    }


def test_mark_bars_are_of_one_minute() -> None:
    rows = [kline(NOW - 2 * MINUTE)]
    found = asyncio.run(asked("mark_prices", NOW - 2 * MINUTE, NOW, **{"/fapi/v1/markPriceKlines": rows}))
    assert found.columns == ["timeframe_minutes", "time", "open", "high", "low", "close"]
    assert found.row(0) == (1, NOW - 2 * MINUTE, 100.5, 101.0, 99.5, 100.0)


def settlement(time: datetime, mark: str = "60000.5") -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "fundingTime": ms(time) + 3, "fundingRate": "0.0001", "markPrice": mark}


def test_a_settlement_tells_the_hours_since_the_one_before_the_range() -> None:
    """The interval falls from 8 to 4 hours: settlements at 20:00, 04:00, 08:00."""
    times = [NOW - timedelta(hours=16), NOW - timedelta(hours=8), NOW - timedelta(hours=4)]
    rows = [settlement(one) for one in times]
    found = asyncio.run(asked("funding_rates", times[1], NOW, **{"/fapi/v1/fundingRate": rows}))
    assert found["time"].to_list() == times[1:]
    assert found["interval_hours"].to_list() == [8, 4]
    assert found["mark_price"].to_list() == [60000.5, 60000.5]


def test_the_first_settlement_of_all_takes_the_interval_that_the_exchange_states() -> None:
    rows = [settlement(NOW - timedelta(hours=4), mark="")]
    answers = {
        "/fapi/v1/fundingRate": rows,
        "/fapi/v1/fundingInfo": [{"symbol": "BTCUSDT", "fundingIntervalHours": 4}],
    }
    found = asyncio.run(asked("funding_rates", NOW - timedelta(days=1), NOW, **answers))
    assert found["interval_hours"].to_list() == [4]
    assert found["mark_price"].to_list() == [None]


def ratio(time: datetime, value: str, name: str = "longShortRatio") -> dict[str, Any]:
    return {"symbol": "BTCUSDT", name: value, "timestamp": str(ms(time))}


def test_the_four_ratios_are_joined_by_period() -> None:
    early, late = NOW - 2 * timedelta(minutes=5), NOW - timedelta(minutes=5)
    answers = {
        "/futures/data/globalLongShortAccountRatio": [ratio(early, "1.5"), ratio(late, "1.6")],
        "/futures/data/topLongShortAccountRatio": [ratio(early, "2.5")],
        "/futures/data/topLongShortPositionRatio": [ratio(late, "3.5")],
        "/futures/data/takerlongshortRatio": [ratio(late, "0.9", "buySellRatio")],
    }
    found = asyncio.run(asked("positioning", early, NOW, **answers))
    assert found.rows() == [(early, 1.5, 2.5, None, None), (late, 1.6, None, 3.5, 0.9)]


def test_open_interest_is_paged_over_a_hole_and_not_asked_for_beyond_thirty_days() -> None:
    late = NOW - timedelta(days=3)

    def answer(request: web.Request) -> web.Response:
        start, end = int(request.query["startTime"]), int(request.query["endTime"])
        if start < ms(NOW - timedelta(days=30)):
            return web.json_response({"code": -1130, "msg": "parameter 'startTime' is invalid."}, status=400)
        rows = [{"sumOpenInterest": "5", "sumOpenInterestValue": "300000", "timestamp": ms(late)}]
        return web.json_response(rows if start <= ms(late) <= end else [])

    found = asyncio.run(
        asked("open_interest", NOW - timedelta(days=90), NOW, **{"/futures/data/openInterestHist": answer})
    )
    assert found.rows() == [(late, 5.0, 300000.0)]


def test_trades_are_asked_for_by_id() -> None:
    async def run() -> Any:
        rows = [
            {"a": 26129, "p": "0.016", "q": "4.7", "f": 1, "l": 1, "T": 1498793709153, "m": True, "nq": "4"}
        ]
        async with answering_exchange(aggTrades=rows) as exchange, connected(exchange) as market:
            return await market.trades_from("BTCUSDT", 26129), exchange.asked_for("/fapi/v1/aggTrades")

    trades, queries = asyncio.run(run())
    assert trades["trade_id"].to_list() == [26129]
    assert trades["buyer_is_maker"].to_list() == [True]
    assert dict(queries[0]) == {"symbol": "BTCUSDT", "fromId": "26129", "limit": "1000"}


def test_the_order_book_and_the_open_interest_of_now() -> None:
    book = {"lastUpdateId": 7, "E": 1000, "T": 999, "bids": [["4.00", "431"]], "asks": [["4.02", "12"]]}

    async def run() -> Any:
        interest = {"openInterest": "10659.509", "symbol": "BTCUSDT", "time": ms(NOW)}
        async with (
            answering_exchange(depth=book, openInterest=interest) as exchange,
            connected(exchange) as market,
        ):
            return await market.order_book("BTCUSDT"), await market.open_interest_now("BTCUSDT")

    found, interest = asyncio.run(run())
    assert (found.symbol, found.last_id, found.bids, found.asks) == (
        "BTCUSDT",
        7,
        [(4.0, 431.0)],
        [(4.02, 12.0)],
    )
    assert interest.rows() == [(NOW, 10659.509, None)]


def test_the_clock_tells_a_simulated_speed() -> None:
    async def run() -> Any:
        told = {"serverTime": ms(NOW), "simulatedSpeed": 60.0}
        async with answering_exchange(time=told) as exchange, connected(exchange) as market:
            return await market.server_clock(), await market.server_time()

    clock, time = asyncio.run(run())
    assert (clock.time_us, clock.speed, time) == (ms(NOW) * 1_000, 60.0, NOW)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["x"]], "time"),
        ([[1, "a", "1", "1", "1", "1", 2, "1", 1, "1", "1", "0"]], "open"),
        (
            [[1, "NaN", "1", "1", "1", "1", 2, "1", 1, "1", "1", "0"]],
            "open is missing or wrong .* not finite",
        ),
        ({"code": 0}, "klines"),
    ],
)
def test_an_answer_that_is_no_list_of_candles_is_bad_data(rows: Any, words: str) -> None:
    with pytest.raises((BadDataError, StopError), match=words):
        asyncio.run(asked("candles_1m", NOW - MINUTE, NOW, **{"/fapi/v1/klines": rows}))


def test_no_url_of_ccxt_leads_away_from_the_setting() -> None:
    async def run() -> Any:
        async with answering_exchange() as exchange, connected(exchange) as market:
            client = market._client  # type: ignore[attr-defined]  # what ccxt would call
            tables = [client.urls[name] for name in ("api", "test", "demo")]
            return [url for table in tables for url in foreign_urls(table, client.hosts)]

    assert asyncio.run(run()) == []


def fixture(name: str) -> Any:
    path = next(FIXTURES.glob(f"noahark_fapi_rest_2026-07/*/*/{name}"))
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def documented(name: str) -> Any:
    """The answer of a file with method, path, whether it is signed, and the answer."""
    path = FIXTURES / "binance_net_usdfutures" / "Endpoints" / "UsdFutures" / f"{name}.txt"
    return json.loads(path.read_text(encoding="utf-8-sig").split("\n", 3)[3])


@recorded
def test_recorded_funding_is_read_whole() -> None:
    rows = fixture("fapi-v1-fundingRate-BTCUSDT-limit1000.json")
    first, last = (datetime.fromtimestamp(rows[place]["fundingTime"] // 1000, UTC) for place in (0, -1))
    found = asyncio.run(
        asked("funding_rates", first - MINUTE, last + MINUTE, **{"/fapi/v1/fundingRate": rows})
    )
    assert found.height == len(rows) > 50
    assert found["interval_hours"].unique().to_list() == [8]
    assert found["rate"].to_list() == [float(row["fundingRate"]) for row in rows]


@recorded
def test_recorded_terms_are_read() -> None:
    """exchangeInfo as documented, fundingInfo as recorded on 2026-07-04: BLZUSDT settles every 8 hours."""

    async def run() -> Any:
        info, funding = documented("ExchangeData/GetExchangeInfo"), fixture("fapi-v1-fundingInfo.json.gz")
        async with answering_exchange(time={"serverTime": ms(NOW)}) as exchange:
            exchange.answers |= {"/fapi/v1/exchangeInfo": info, "/fapi/v1/fundingInfo": funding}
            async with connected(exchange) as market:
                return await market.terms(["NOTLISTEDUSDT", info["symbols"][0]["symbol"]])

    (terms,) = asyncio.run(run())
    assert terms.pair.exchange_symbol == "BLZUSDT"
    assert terms.filters.tick_size == Decimal("0.0001")
    assert terms.filters.max_market_quantity == Decimal(590119)
    assert (terms.filters.price_multiplier_up, terms.filters.price_multiplier_down) == (
        Decimal("1.1500"),
        Decimal("0.8500"),
    )
    assert terms.filters.is_trading
    assert (terms.brackets, terms.fees) == ((), None)


@recorded
def test_with_a_key_brackets_and_fees_are_read_too() -> None:
    async def run() -> Any:
        info = documented("ExchangeData/GetExchangeInfo")
        info["symbols"][0] |= {"symbol": "ETHUSDT", "baseAsset": "ETH"}
        async with answering_exchange(time={"serverTime": ms(NOW)}, fundingInfo=[]) as exchange:
            exchange.answers |= {
                "/fapi/v1/exchangeInfo": info,
                "/fapi/v1/leverageBracket": documented("Account/GetBrackets"),
                "/fapi/v1/commissionRate": documented("Account/GetUserCommissionRate"),
            }
            async with connected(exchange, binance_api_key="key", binance_api_secret="secret") as market:
                return await market.terms(["ETHUSDT"]), exchange.asked_for("/fapi/v1/commissionRate")

    (terms,), queries = asyncio.run(run())
    assert [one.maintenance_margin_rate for one in terms.brackets] == [Decimal("0.0065")]
    assert (terms.fees.maker_fee_bps, terms.fees.taker_fee_bps) == (2, 4)
    assert abs(int(queries[0]["timestamp"]) - ms(NOW)) < 5_000, "signed with the exchange's time"


@recorded
@pytest.mark.parametrize(
    ("table", "path", "name"),
    [
        ("candles_1m", "/fapi/v1/klines", "GetKlines"),
        ("mark_prices", "/fapi/v1/markPriceKlines", "GetMarkPriceKlines"),
        ("funding_rates", "/fapi/v1/fundingRate", "GetFundingRates"),
    ],
)
def test_documented_answers_are_read(table: str, path: str, name: str) -> None:
    rows = documented(f"ExchangeData/{name}")
    found = asyncio.run(asked(table, datetime(2015, 1, 1, tzinfo=UTC), NOW, **{path: rows}))
    assert found.height == len(rows)


def test_equal_answers_give_equal_frames() -> None:
    rows = [kline(NOW - 2 * MINUTE)]
    numbers = [[float(one) if isinstance(one, str) else one for one in row] for row in rows]
    first, second = (
        asyncio.run(asked("candles_1m", NOW - 2 * MINUTE, NOW, **{"/fapi/v1/klines": some}))
        for some in (rows, numbers)
    )
    assert_frame_equal(first, second)
