"""What the simulated exchange answers to requests that nobody should send, and to the rare ones."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from aiohttp import ClientSession

from hydra.errors import StopError
from hydra.sim.exchange.server import Exchange, Serving
from hydra.sim.exchange.sources import GeneratedMarket, GeneratedSource
from hydra.sim.market.frames import MarketSlice

START = datetime(2026, 11, 1, tzinfo=UTC)
START_MS = int(START.timestamp() * 1_000)
HOUR_MS = 3_600_000
MANY_DIGITS = "1" * 5_000
BTC = "symbol=BTCUSDT"
MARKET = GeneratedMarket(7, START, None, history_days=2, names=("BTC",))
KLINES = f"/fapi/v1/klines?{BTC}&interval=1m"


class Answer(NamedTuple):
    """Status and decoded body."""

    status: int
    body: Any


class Asked:
    """One exchange of two pairs, held at its start, and a loop to ask it in."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        source = GeneratedSource(GeneratedMarket(7, START, None, history_days=2, names=("BTC", "ETH")))
        self.exchange = Exchange(source, Serving(1.0, 7, port=0))
        self.exchange.clock.hold_until(START_MS)
        self._running = self.exchange.running()
        self.port = self._loop.run_until_complete(self._running.__aenter__())
        self._url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.run_until_complete(self._running.__aexit__(None, None, None))
        self._loop.close()

    def ask(self, path: str, body: Any = None) -> Answer:
        """GET, or POST of `body`."""

        async def asked() -> Answer:
            method, data = ("GET", None) if body is None else ("POST", orjson.dumps(body))
            async with (
                ClientSession() as session,
                session.request(method, f"{self._url}{path}", data=data) as got,
            ):
                content = await got.read()
            return Answer(got.status, orjson.loads(content) if got.content_type.endswith("json") else content)

        return self._loop.run_until_complete(asked())

    def set(self) -> tuple[Any, ...]:
        """What admin calls have set: speed, hold, faults."""
        clock = self.ask("/hydra/clock").body
        return clock["speed"], clock["hold_until"], self.ask("/hydra/faults").body

    def said(self, text: str) -> Any:
        """The answer to a message over a WebSocket."""

        async def asked() -> Any:
            async with (
                ClientSession() as session,
                session.ws_connect(f"{self._url}/market/ws") as socket,
            ):
                await socket.send_str(text)
                return orjson.loads(await socket.receive_str(timeout=60))

        return self._loop.run_until_complete(asked())


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with pytest.MonkeyPatch.context() as patch:
        folder: Path = tmp_path_factory.mktemp("state")
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder))
        one = Asked()
        try:
            yield one
        finally:
            one.close()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{KLINES}&limit=%C2%B2", -1102),
        (f"{KLINES}&limit={MANY_DIGITS}", -1102),
        (f"{KLINES}&limit=0", -1130),
        (f"{KLINES}&limit=1501", -1130),
        (f"{KLINES}&startTime=-1", -1102),
        (f"{KLINES}&startTime=2&endTime=1", -1023),
        (f"/fapi/v1/klines?{BTC}&interval=2m", -1120),
        ("/fapi/v1/klines?symbol=BTCUSD&interval=1m", -1121),
        ("/fapi/v1/klines?interval=1m", -1102),
        (f"/fapi/v1/depth?{BTC}&limit=7", -4021),
        (f"/fapi/v1/aggTrades?{BTC}&startTime=0&endTime={HOUR_MS + 1}", -1127),
        (f"/futures/data/openInterestHist?{BTC}&period=1m", -1130),
        (f"/futures/data/openInterestHist?{BTC}&period=5m&startTime=1", -1130),
    ],
)
def test_a_wrong_request_gets_the_code_of_the_exchange(asked: Asked, path: str, code: int) -> None:
    answer = asked.ask(path)
    assert (answer.status, answer.body["code"]) == (400, code)


def test_an_hour_of_trades_may_be_asked_for(asked: Asked) -> None:
    assert asked.ask(f"/fapi/v1/aggTrades?{BTC}&startTime=0&endTime={HOUR_MS}") == (200, [])


def test_the_newest_settlements_of_all_pairs_are_the_newest(asked: Asked) -> None:
    of_one = asked.ask(f"/fapi/v1/fundingRate?{BTC}&limit=2").body
    of_all = asked.ask("/fapi/v1/fundingRate?limit=2").body
    assert {row["fundingTime"] for row in of_all} == {of_one[-1]["fundingTime"]}


def test_fear_and_greed_has_the_days_that_there_are_however_many_are_asked_for(asked: Asked) -> None:
    every = asked.ask("/fng/?limit=0").body["data"]
    assert len(every) == 2
    assert asked.ask("/fng/?limit=1000000000").body["data"] == every
    assert asked.ask("/fng/").body["data"] == every[:1]


def test_the_premium_is_that_of_its_own_minute(asked: Asked) -> None:
    range_ms = f"interval=1m&startTime={START_MS - HOUR_MS}&endTime={START_MS - 60_001}"
    premium = asked.ask(f"/fapi/v1/premiumIndexKlines?{BTC}&{range_ms}").body
    marks = asked.ask(f"/fapi/v1/markPriceKlines?{BTC}&{range_ms}").body
    index = asked.ask(f"/fapi/v1/indexPriceKlines?pair=BTCUSDT&{range_ms}").body
    assert [row[0] for row in premium] == [row[0] for row in marks] == [row[0] for row in index]
    assert len(premium) == 59
    expected = [float(mark[4]) / float(told[4]) - 1 for mark, told in zip(marks, index, strict=True)]
    assert [float(row[4]) for row in premium] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/hydra/clock", {"speed": -5}),
        ("/hydra/clock", {"speed": "nan"}),
        ("/hydra/clock", {"speed": "inf"}),
        ("/hydra/clock", {"speed": "fast"}),
        ("/hydra/clock", {"hold": "2026-11-01T00:05+00:00"}),
        ("/hydra/clock", {"hold_until": "2026-11-01T00:05"}),
        ("/hydra/clock", []),
        ("/hydra/faults", {"fault": []}),
        ("/hydra/faults", {"faults": ["drop"]}),
        ("/hydra/faults", {"faults": [{"kind": "http_5xx", "value": 99}]}),
    ],
)
def test_an_admin_call_that_means_nothing_is_refused_and_changes_nothing(
    asked: Asked, path: str, body: Any
) -> None:
    before = asked.set()
    answer = asked.ask(path, body)
    assert answer.status == 400
    assert answer.body["error"]
    assert asked.set() == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no JSON", 3),
        ("[]", 2),
        ('{"id": 1}', 2),
        ('{"method": "SUBSCRIBE", "params": [], "id": "one"}', 2),
        ('{"method": "LISTEN", "id": 1}', 2),
        ('{"method": "SUBSCRIBE", "params": "btcusdt@depth", "id": 1}', 2),
    ],
)
def test_a_wrong_message_gets_the_code_of_the_exchange(asked: Asked, text: str, code: int) -> None:
    assert asked.said(text)["error"]["code"] == code


def test_a_subscription_is_acknowledged_also_where_its_stream_never_comes(asked: Asked) -> None:
    said = asked.said('{"method": "SUBSCRIBE", "params": ["btcusdt@depth"], "id": 7}')
    assert said == {"result": None, "id": 7}


def test_an_exchange_that_is_started_again_stands_where_it_would_be_had_it_run_ever_since() -> None:
    """At 60 times real time it began 20 s ago: 20 minutes have passed, and are told."""

    async def run() -> tuple[int, int]:
        source = GeneratedSource(MARKET)
        began = datetime.now(UTC) - timedelta(seconds=20)
        exchange = Exchange(source, Serving(60.0, 7, port=0, began=began))
        async with exchange.running():
            passed_ms = (datetime.now(UTC) - began).total_seconds() * 60_000
            exchange.clock.hold_until(0)
            candles = exchange.market.past.table("candles_1m", 0).between(
                START_MS, None, exchange.market.sent_ms
            )
            assert abs(exchange.clock.now_ms() - START_MS - passed_ms) < 6_000
            return len(candles), (exchange.market.sent_ms - START_MS) // 60_000

    stored, minutes = asyncio.run(run())
    assert stored == minutes >= 20


@pytest.mark.parametrize(("speed", "ago_s"), [(0.0, 20), (60.0, -20)])
def test_when_it_began_is_past_and_its_clock_has_a_speed(speed: float, ago_s: int) -> None:
    source = GeneratedSource(MARKET)
    with pytest.raises(StopError, match="--began"):
        Exchange(source, Serving(speed, 7, began=datetime.now(UTC) - timedelta(seconds=ago_s)))


def test_a_port_that_is_taken_is_told_before_the_market_is_made(asked: Asked) -> None:
    class Unmade(GeneratedSource):
        def history(self) -> MarketSlice:
            raise AssertionError("it takes long")

    async def run() -> None:
        async with Exchange(Unmade(MARKET), Serving(1.0, 7, port=asked.port)).running():
            pass

    with pytest.raises(StopError, match="choose another --port"):
        asyncio.run(run())
