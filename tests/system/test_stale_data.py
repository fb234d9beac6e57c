"""A frozen feed, a book gap, a clock that is off, a 418, ingest that stands still, in a run that goes on.

From 60 s of the exchange's time on nothing is entered on what is stale; rows, `hydra why` and `hydra status`
say why. When it is over the run decides on fresh data again, and nothing was restarted.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.command_line import hydra
from tests.support.own_processes import descendants
from tests.support.served_market import ServedMarket, served_market
from tests.support.servers.databases import TestServer
from tests.support.waiting import PATIENCE_S

SPEED: Final = 30
WITHIN: Final = timedelta(seconds=60)
LASTS: Final = timedelta(minutes=2)
MINUTE: Final = timedelta(minutes=1)
PAIRS: Final = ("BTC", "ETH")
LOOKS_EVERY_S: Final = 0.25
VERDICTS: Final = """
    SELECT a.time, i.base, a.tradability = 'BLOCK', a.reason FROM hydra.assessments AS a
    JOIN market.instruments AS i USING (instrument_id) JOIN hydra.cycles AS c USING (run_id, time)
    WHERE c.state = 'CLOSED' ORDER BY a.time, i.base
"""
ENTRIES: Final = """
    SELECT o.decision_time, i.base FROM hydra.orders AS o JOIN market.instruments AS i USING (instrument_id)
    WHERE o.role = 'ENTRY'
"""
GAPS: Final = """
    SELECT g.source_table, i.base, g.gap_start, g.gap_end FROM market.gaps AS g
    JOIN market.instruments AS i USING (instrument_id) WHERE g.filled_at IS NULL
"""


class Verdict(NamedTuple):
    """Layer 2's answer to a minute and pair."""

    minute: datetime
    pair: str
    is_blocked: bool
    reason: str


@dataclass(frozen=True)
class Trouble:
    """What is done to a run: faults of the exchange, or ingest is stopped (SIGSTOP).

    pairs: those that it makes stale. words: of their reason. lost: tables of these pairs that get a gap.
    """

    name: str
    pairs: tuple[str, ...]
    words: str
    faults: tuple[dict[str, Any], ...] = ()
    stops_ingest: bool = False
    lost: tuple[str, ...] = ()


TROUBLES: Final = (
    Trouble(
        "a frozen feed",
        ("BTC",),
        "order_book (",
        ({"kind": "frozen_feed", "symbol": "BTCUSDT"},),
        lost=("order_books", "premium_index"),
    ),
    Trouble(
        "a book gap",
        ("ETH",),
        "order_book (",
        (
            {"kind": "book_gap", "symbol": "ETHUSDT", "count": 1},
            {"kind": "http_5xx", "symbol": "ETHUSDT", "endpoint": "depth"},
        ),
        lost=("order_books",),
    ),
    # The fault is told in seconds of the exchange: three of this machine.
    Trouble("a clock 3 s back", PAIRS, "the clocks", ({"kind": "clock_off", "value": -3 * SPEED},)),
    Trouble("a clock 3 s ahead", PAIRS, "the clocks", ({"kind": "clock_off", "value": 3 * SPEED},)),
    # Retry-After is told in seconds of this machine.
    Trouble("a 418", PAIRS, "the clocks", ({"kind": "http_418", "count": 1, "value": 14},)),
    Trouble("ingest that stands still", PAIRS, "candles (", stops_ingest=True),
)


@dataclass(frozen=True)
class Suffered:
    """began, ended: exchange time. recovered: the first minute after it in which no pair was blocked."""

    began: datetime
    ended: datetime
    recovered: datetime
    status: str
    why: str


@dataclass
class Scene:
    """A run on a served market. before, after: its processes before the troubles and after them."""

    market: ServedMarket
    url: str
    connection: psycopg.Connection
    process: "subprocess.Popen[str]"
    suffered: dict[str, Suffered] = field(default_factory=dict)
    before: set[int] = field(default_factory=set)
    after: set[int] = field(default_factory=set)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def verdicts(self) -> list[Verdict]:
        return [Verdict(*row) for row in self.rows(VERDICTS)]

    def now(self) -> datetime:
        return datetime.fromisoformat(self.market.ask("/hydra/clock")["now"])

    def processes(self) -> set[int]:
        return {process_id for process_id, _ in descendants(self.process.pid)}

    def first_minute(self, after: datetime, *, is_fit: Callable[[Verdict], bool]) -> datetime | None:
        """The first decided one after an instant whose verdicts are all fit."""
        of: dict[datetime, list[bool]] = {}
        for verdict in self.verdicts():
            if verdict.minute > after:
                of.setdefault(verdict.minute, []).append(is_fit(verdict))
        return min((minute for minute, fits in of.items() if all(fits)), default=None)

    def wait_for_minute(
        self, after: datetime, is_fit: Callable[[Verdict], bool], longest_s: float = PATIENCE_S
    ) -> datetime:
        deadline = time.monotonic() + longest_s
        while (found := self.first_minute(after, is_fit=is_fit)) is None:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, self.verdicts()[-4:]
            time.sleep(LOOKS_EVERY_S)
        return found

    def suffer(self, trouble: Trouble) -> None:
        began = self.now()
        self._set(trouble.faults)
        if trouble.stops_ingest:
            self._signal_ingest(signal.SIGSTOP)
        try:
            self.wait_for_minute(began + LASTS, lambda _verdict: True)
            status, why = hydra("status").out, hydra("why", trouble.pairs[0]).out
        finally:
            if trouble.stops_ingest:
                self._signal_ingest(signal.SIGCONT)
        ended = self.now()
        self._set(())
        recovered = self.wait_for_minute(ended, lambda verdict: not verdict.is_blocked)
        self.suffered[trouble.name] = Suffered(began, ended, recovered, status, why)

    def _set(self, faults: tuple[dict[str, Any], ...]) -> None:
        self.market.ask("/hydra/faults", {"faults": list(faults)})

    def _signal_ingest(self, number: signal.Signals) -> None:
        ((process_id,),) = self.rows("SELECT process_id FROM market.ingest_sessions")
        os.kill(process_id, number)


@pytest.fixture(scope="module")
def scene(servers: dict[Edition, TestServer]) -> Iterator[Scene]:
    pairs = ("--pairs", ",".join(PAIRS))
    options = ("--seed", "5", "--from", "2025-06-01T00:00", "--speed", str(SPEED), *pairs)
    with (
        servers[Edition.APACHE].migrated() as url,
        served_market(*options) as market,
        pytest.MonkeyPatch.context() as patch,
        connect(url, autocommit=True) as connection,
    ):
        patch.setenv("HYDRA_DATABASE_URL", url)
        patch.setenv("EXCHANGE_URL", market.url)
        command = [sys.executable, "-m", "hydra", "run", "--exchange", "simulated", *pairs]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        scene = Scene(market, url, connection, process)
        try:
            scene.wait_for_minute(scene.now(), lambda verdict: not verdict.is_blocked, PATIENCE_S)
            scene.before = scene.processes()
            for trouble in TROUBLES:
                scene.suffer(trouble)
            scene.after = scene.processes()
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_S)
        yield scene


@pytest.fixture(params=TROUBLES, ids=lambda trouble: trouble.name)
def trouble(request: pytest.FixtureRequest) -> Trouble:
    found: Trouble = request.param
    return found


def test_every_decision_after_60_s_is_blocked_and_says_why(scene: Scene, trouble: Trouble) -> None:
    suffered = scene.suffered[trouble.name]
    late = [
        verdict
        for verdict in scene.verdicts()
        if suffered.began + WITHIN <= verdict.minute <= suffered.ended and verdict.pair in trouble.pairs
    ]
    assert late
    assert [
        verdict for verdict in late if not verdict.is_blocked or trouble.words not in verdict.reason
    ] == []


def test_nothing_is_entered_until_the_data_are_fresh_again(scene: Scene, trouble: Trouble) -> None:
    suffered = scene.suffered[trouble.name]
    entries = [
        (minute, pair)
        for minute, pair in scene.rows(ENTRIES)
        if suffered.began + WITHIN <= minute < suffered.recovered and pair in trouble.pairs
    ]
    assert entries == []


def test_why_and_status_say_it_while_it_lasts(scene: Scene, trouble: Trouble) -> None:
    suffered = scene.suffered[trouble.name]
    assert "1. Data health: stopped" in suffered.why
    assert trouble.words in suffered.why
    (line,) = [line for line in suffered.status.splitlines() if "no entries in" in line]
    assert f"no entries in {', '.join(trouble.pairs)}: " in line
    assert trouble.words in line
    if trouble.name == "a 418":
        assert "HTTP 418" in suffered.status


def test_what_the_exchange_does_not_give_back_is_a_gap(scene: Scene, trouble: Trouble) -> None:
    suffered = scene.suffered[trouble.name]
    for lost in ((table, pair) for table in trouble.lost for pair in trouble.pairs):
        # A connection that is opened again in between begins another gap.
        gaps = sorted((start, end) for table, pair, start, end in scene.rows(GAPS) if (table, pair) == lost)
        reached = suffered.began + WITHIN
        for start, end in gaps:
            reached = max(reached, end) if start <= reached else reached
        assert reached >= suffered.ended, gaps


def test_a_pair_whose_data_come_is_decided_meanwhile(scene: Scene) -> None:
    suffered = scene.suffered["a frozen feed"]
    of_others = [
        verdict.is_blocked
        for verdict in scene.verdicts()
        if suffered.began + WITHIN <= verdict.minute <= suffered.ended and verdict.pair == "ETH"
    ]
    assert False in of_others


def test_nothing_was_restarted(scene: Scene) -> None:
    assert scene.before
    assert scene.before <= scene.after
    assert scene.rows("SELECT count(*) FROM market.ingest_sessions") == [(1,)]


def test_decided_again_from_what_is_stored_the_run_is_the_same(scene: Scene) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYDRA_DATABASE_URL", scene.url)
        answer = hydra("check", "parity", "--run", "1")
    assert (answer.status, "0 mismatches" in answer.out) == (0, True), answer.out + answer.err
