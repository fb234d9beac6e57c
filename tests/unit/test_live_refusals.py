"""A refusal that comes while ingest listens does not end it: firewalls and maintenance pages answer so."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import polars as pl
import pytest

from hydra.errors import RetryError, StopError
from hydra.exchange.capabilities import BINANCE
from hydra.exchange.interface import Feed, MarketData, OnFrame
from hydra.ingest.live import connections, repairs
from hydra.ingest.live.connections import Connections, Route
from hydra.ingest.live.holes import Hole
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.process import Process
from hydra.ingest.live.receipt_clock import CapturedClock
from hydra.ingest.live.repairs import Repairs

FIREWALL = "fapi.example refuses this address (HTTP 403)"


class Refusing:
    """An exchange whose connections follow a script: a frame then a loss, or a refusal."""

    capabilities = BINANCE

    def __init__(self, *script: Exception) -> None:
        self.script = list(script)
        self.ended = asyncio.Event()

    async def listen(self, name: str, _feeds: Any, _symbols: Any, on_frame: OnFrame) -> None:
        if not name.startswith("books"):
            await asyncio.Event().wait()
        if not self.script:
            self.ended.set()
            await asyncio.Event().wait()
        error = self.script.pop(0)
        if isinstance(error, RetryError):
            on_frame(name, b"{}")
        raise error


async def held(*script: Exception) -> None:
    """Hold the connections until the script has been played."""
    data = Refusing(*script)

    def note(route: Route, _frame: bytes) -> None:
        route.heard(1)

    held = Connections(cast("MarketData", data), ["BTCUSDT"], note, lambda _route: None, lambda _route: None)
    holding = asyncio.ensure_future(held.hold())
    ended = asyncio.ensure_future(data.ended.wait())
    await asyncio.wait({holding, ended}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    for task in (holding, ended):
        task.cancel()
    await asyncio.gather(holding, return_exceptions=not holding.done())


def test_a_connection_that_was_heard_before_is_dialled_again_after_a_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "_FIRST_WAIT_S", 0.001)
    asyncio.run(held(RetryError("lost"), StopError(FIREWALL), StopError(FIREWALL)))


class Renewed:
    """An exchange whose first connection of books goes on, whose next two are refused; the fourth opens."""

    capabilities = BINANCE

    def __init__(self) -> None:
        self.opened = 0
        self.brought: list[int] = []
        self.ended: list[int] = []

    async def listen(self, name: str, _feeds: Any, _symbols: Any, on_frame: OnFrame) -> None:
        if not name.startswith("books"):
            await asyncio.Event().wait()
        self.opened += 1
        number = self.opened
        if number in {2, 3}:
            raise RetryError("no more connections for now")
        try:
            while True:
                self.brought.append(number)
                on_frame(name, b"{}")
                await asyncio.sleep(0.01)
        finally:
            self.ended.append(number)


def test_a_connection_is_read_on_until_its_successor_brings_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dialling fails twice meanwhile: nothing is lost, so no interruption is told."""
    monkeypatch.setattr(connections, "_FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(connections, "_READ_ON_S", 0.1)
    lost: list[str] = []

    async def run() -> Renewed:
        data = Renewed()

        def note(route: Route, _frame: bytes) -> None:
            route.heard(1)

        all_of = Connections(
            cast("MarketData", data),
            ["BTCUSDT"],
            note,
            lambda _route: None,
            lambda route: lost.append(route.name),
        )
        holding = asyncio.ensure_future(all_of.hold())
        async with asyncio.timeout(60):
            while not data.brought:
                await asyncio.sleep(0.01)
            all_of.replace(Feed.ORDER_BOOKS)
            while not data.ended:
                await asyncio.sleep(0.01)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        return data

    data = asyncio.run(run())
    assert (data.ended[0], lost) == (1, [])
    assert 1 in data.brought[data.brought.index(4) :], "both are read for some time"


def test_a_first_connection_that_is_refused_ends_ingest() -> None:
    with pytest.raises(ExceptionGroup) as refused:
        asyncio.run(held(StopError(FIREWALL)))
    assert str(refused.value.exceptions[0]) == FIREWALL


OPENED = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
MINUTE = int(OPENED.timestamp()) // 60
SPAN_US = MINUTE * 60_000_000, (MINUTE + 1) * 60_000_000
History = Callable[[str, str, datetime, datetime], Awaitable[pl.DataFrame]]


def repairs_of_a_candle(history: History, *tables: str) -> list[Any]:
    """What is noted of the candles' hole among holes of `tables` once it is closed, or after some seconds."""

    async def run() -> list[Any]:
        data = cast("MarketData", SimpleNamespace(capabilities=BINANCE, history=history))
        mending, pair = Repairs(data), HeardPair("BTCUSDT", 1, "BTC")
        intake = intake_of(pair, mending.ask)
        pair.minutes.arrive(MINUTE - 1, 0)
        pair.minutes.arrive(MINUTE + 1, 0)
        for table in tables:
            intake.ask(Hole(table, pair, MINUTE, MINUTE, *SPAN_US, "LATE"))
        running = asyncio.ensure_future(mending.run(intake))
        deadline = time.monotonic() + 60
        while pair.minutes.missing and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        running.cancel()
        records = intake.hand_over().gathered.records
        return [one.values["repair"] for one in records if one.values["feed"] == "candles_1m"]

    return asyncio.run(run())


def one_candle(start: datetime) -> pl.DataFrame:
    return pl.DataFrame({"time": [start]}, schema={"time": pl.Datetime("us", "UTC")})


def test_a_repair_that_is_refused_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is a refusal, the second has the candle: nothing is lost."""
    monkeypatch.setattr(repairs, "_REFUSED_WAIT_S", 0.01)
    asked: list[str] = []

    async def history(table: str, _symbol: str, start: datetime, _end: datetime) -> pl.DataFrame:
        asked.append(table)
        if len(asked) == 1:
            raise StopError(FIREWALL)
        return one_candle(start)

    assert repairs_of_a_candle(history, "candles_1m") == [None, "REPAIRED"]
    assert len(asked) == 2


def test_an_endpoint_that_does_not_answer_holds_up_no_candle() -> None:
    """Decisions wait for candles; mark prices cannot be had for hours."""

    async def history(table: str, _symbol: str, start: datetime, _end: datetime) -> pl.DataFrame:
        if table == "mark_prices":
            raise RetryError("overload")
        return one_candle(start)

    holes = ["mark_prices"] * 3
    assert repairs_of_a_candle(history, *holes, "candles_1m") == [None, "REPAIRED"]


def intake_of(pair: HeardPair, on_hole: Callable[[Hole], None]) -> Intake:
    return Intake([pair], CapturedClock(), lambda _frame: None, on_hole, lambda _pair: None)


def test_a_database_that_is_away_when_terms_are_renewed_is_tried_again() -> None:
    async def terms(_symbols: list[str]) -> list[Any]:
        return []

    data = SimpleNamespace(terms=terms, capabilities=BINANCE)
    nobody = "postgresql://nobody@127.0.0.1:9/none"
    process = SimpleNamespace(orders=SimpleNamespace(data=data, symbols=[], url=nobody))
    with pytest.raises(RetryError, match="does not take the terms of trading"):
        asyncio.run(Process._renew_terms(cast("Process", process)))
