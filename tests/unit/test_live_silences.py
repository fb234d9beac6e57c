"""Interruptions: what is lost, frozen and heard again leaves its rows, and a frozen route is opened anew."""

import asyncio
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

from hydra.exchange.capabilities import BINANCE
from hydra.exchange.interface import Feed, MarketData
from hydra.exchange.messages import PremiumIndex, RunningCandle, Trade
from hydra.ingest.live.connections import Connections, Route
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.receipt_clock import CapturedClock
from hydra.ingest.live.silences import Silences
from hydra.ingest.live.store import instant

SECOND_US = 1_000_000
START_US = 1_793_491_200_000_000


class Scene:
    """One pair whose routes are opened and silenced by hand; `records`: (query, feed, cause, repair)."""

    def __init__(self) -> None:
        self.clock = CapturedClock()
        self.pair = HeardPair("BTCUSDT", 1, "BTC")
        self.intake = Intake(
            [self.pair], self.clock, lambda one: cast("Any", one), lambda _hole: None, lambda _pair: None
        )
        data = cast("MarketData", SimpleNamespace(capabilities=BINANCE))
        self.connections = Connections(data, ["BTCUSDT"], self._on_frame, self._on_open, self._on_lost)
        self.silences = Silences(self.intake, self.connections)
        self.books, self.market = self.connections.routes
        self._second = 0

    def play(self, seconds: int, *, without: frozenset[Feed] = frozenset()) -> None:
        """A second at a time, the feeds of the market route but some bring one message."""
        for _ in range(seconds):
            self._second += 1
            time_us = START_US + self._second * SECOND_US
            self.clock.heard(time_us)
            premium = PremiumIndex("BTCUSDT", time_us, 100.0, 99.0, 0.0001, 0)
            trade = Trade("BTCUSDT", time_us, self._second, 1.0, 1.0, True)
            candle = RunningCandle("BTCUSDT", time_us)
            came = {Feed.PREMIUM_INDEX: premium, Feed.TRADES: trade, Feed.CANDLES: candle}
            for feed, message in came.items():
                if feed not in without:
                    self.connections._hear(self.market, "market-1", cast("Any", message))
            self.silences.look()

    def records(self) -> list[tuple[str, str, str, str | None]]:
        found = self.intake.hand_over().gathered.records
        return [
            (
                one.query.rpartition("/")[2],
                one.values.get("feed", one.values.get("source_table", "")),
                one.values["cause"],
                one.values.get("repair"),
            )
            for one in found
        ]

    def _on_frame(self, route: Route, frame: bytes) -> None:
        self.intake.hear(frame)
        route.heard(self.intake.stamp())

    def _on_open(self, route: Route) -> None:
        self.silences.opened(route)

    def _on_lost(self, route: Route) -> None:
        self.silences.lost(route)


def in_loop(body: Callable[[Scene], None]) -> None:
    async def run() -> None:
        body(Scene())

    asyncio.run(run())


def test_a_first_start_loses_nothing_and_a_restart_loses_what_has_no_past() -> None:
    def body(scene: Scene) -> None:
        scene.silences.begin(START_US - 60 * SECOND_US, "RESTART")
        scene.play(1)
        assert scene.records() == [
            ("add_interruption", "liquidations", "RESTART", "LOST"),
            ("add_gap", "liquidations", "SILENT", None),
            ("add_interruption", "premium_index", "RESTART", "LOST"),
            ("add_gap", "premium_index", "SILENT", None),
        ]
        first = Scene()
        first.silences.begin(None, "START")
        first.play(1)
        assert {(query, cause) for query, _, cause, _ in first.records()} == {("add_interruption", "START")}

    in_loop(body)


def test_a_feed_that_was_silent_when_the_process_before_ended_leaves_a_gap_from_then() -> None:
    """The premium index had been silent for a minute, forced orders and books were heard to the end."""

    def body(scene: Scene) -> None:
        ended_us = START_US - 60 * SECOND_US
        heard = {
            ("premium_index", 1): instant(ended_us - 60 * SECOND_US),
            ("liquidations", 1): instant(ended_us - 5 * SECOND_US),
            ("order_books", 1): instant(ended_us - 4 * SECOND_US),
        }
        scene.silences.begin(ended_us, "RESTART", cast("Any", heard))
        records = scene.intake.hand_over().gathered.records
        spans = [
            (one.values["gap_start"], one.values["gap_end"]) for one in records if "gap_end" in one.values
        ]
        assert spans == [(heard["premium_index", 1], instant(ended_us))]
        assert [one.values.get("feed", "premium_index") for one in records] == ["premium_index"] * 2

    in_loop(body)


def test_one_frozen_feed_opens_its_route_anew_and_leaves_a_gap() -> None:
    """Trades and candles go on, the connection answers; the premium index is frozen for 40 s."""

    def body(scene: Scene) -> None:
        scene.play(120)
        scene.records()
        scene.play(10, without=frozenset({Feed.PREMIUM_INDEX}))
        assert not scene.market.replace.is_set()
        scene.play(30, without=frozenset({Feed.PREMIUM_INDEX}))
        assert scene.market.replace.is_set()
        assert not scene.books.replace.is_set()
        scene.play(1)
        assert [one for one in scene.records() if one[1] == "premium_index"] == [
            ("add_interruption", "premium_index", "SILENT", "LOST"),
            ("add_gap", "premium_index", "SILENT", None),
        ]

    in_loop(body)


def test_a_feed_that_stays_frozen_on_its_new_connection_gets_another_one() -> None:
    """Frozen for eight minutes: opened anew at once, and 1, 3 and 7 minutes later."""

    def body(scene: Scene) -> None:
        loop, opened = asyncio.get_running_loop(), 0
        now = count(loop.time(), 60)
        loop.time = lambda: next(now)  # type: ignore[method-assign]
        scene.play(120)
        for _ in range(480):
            scene.play(1, without=frozenset({Feed.PREMIUM_INDEX}))
            opened += scene.market.replace.is_set()
            scene.market.replace.clear()
        assert opened == 4
        scene.connections.lose(scene.market)
        scene.clock.heard(START_US + 3_600 * SECOND_US)
        scene.intake.stamp()
        scene.silences.look()
        assert not scene.market.replace.is_set(), "it is being dialled already"

    in_loop(body)


def test_a_route_that_brings_nothing_is_lost_though_it_is_connected() -> None:
    """No frame for ten seconds of the exchange and three of this machine: forced orders may be missed."""

    def body(scene: Scene) -> None:
        scene.play(60)
        scene.records()
        scene.play(12, without=frozenset(Feed))
        assert scene.market.is_open
        scene.market.heard_at -= 4.0
        scene.play(1, without=frozenset(Feed))
        assert not scene.market.is_open
        assert scene.market.replace.is_set()
        scene.play(1)
        assert scene.market.is_open
        assert ("add_gap", "liquidations", "SILENT", None) in scene.records()

    in_loop(body)


def test_a_lost_route_explains_what_is_missing_after_it() -> None:
    def body(scene: Scene) -> None:
        scene.play(5)
        scene.connections.lose(scene.market)
        scene.play(1)
        now_us = scene.intake.newest_us
        assert scene.intake.cause_of(Feed.TRADES, now_us) == "DISCONNECTED"
        assert scene.intake.cause_of(Feed.TRADES, now_us + 61 * SECOND_US) == "SEQUENCE"

    in_loop(body)
