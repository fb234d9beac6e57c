"""A frozen feed, a book gap, a clock that is off, a 418, ingest that stands still: set into a run that goes on.

From a minute of the exchange's time on nothing is entered on what is stale; rows, `hydra why` and `hydra status`
say why. When the fault is over the run decides on fresh data again: nothing is restarted.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.command_line import hydra
from tests.support.own_processes import descendants
from tests.support.served_market import ServedMarket, served_market
from tests.support.servers.databases import TestServer

SPEED: Final = 60
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
WITHIN: Final = timedelta(seconds=60)
DECIDED_AFTER: Final = timedelta(seconds=2)
"""A minute is decided as of this long after its close."""
LASTS: Final = timedelta(minutes=4)
PAIRS: Final = ("BTC", "ETH")
LONGEST_S: Final = 120.0
VERDICTS: Final = """
    SELECT a.time, i.base, a.tradability, a.reason_code, a.reason FROM hydra.assessments AS a
    JOIN market.instruments AS i USING (instrument_id)
    JOIN hydra.cycles AS c ON c.run_id = a.run_id AND c.time = a.time
    WHERE c.state = 'CLOSED' ORDER BY a.time, i.base
"""
ENTRIES: Final = """
    SELECT o.decision_time, i.base FROM hydra.orders AS o JOIN market.instruments AS i USING (instrument_id)
    WHERE o.role = 'ENTRY'
"""


@dataclass(frozen=True)
class Trouble:
    """A fault, which pairs it makes stale, and by which words of the reason."""

    name: str
    faults: tuple[dict[str, Any], ...]
    pairs: tuple[str, ...]
    words: str


TROUBLES: Final = (
    Trouble("frozen feed", ({"kind": "frozen_feed", "symbol": "BTCUSDT"},), ("BTC",), "stale: "),
    Trouble(
        "book gap",
        (
            {"kind": "book_gap", "symbol": "ETHUSDT", "count": 1},
            {"kind": "http_5xx", "endpoint": "depth", "symbol": "ETHUSDT"},
        ),
        ("ETH",),
        "order_book",
    ),
    # A fault counts in seconds of the exchange: three of this machine.
    Trouble("clock behind", ({"kind": "clock_off", "value": -3 * SPEED},), PAIRS, "the clocks"),
    Trouble("clock ahead", ({"kind": "clock_off", "value": 3 * SPEED},), PAIRS, "the clocks"),
    Trouble("banned", ({"kind": "http_418", "value": 8, "count": 1},), PAIRS, "the clocks"),
)


@dataclass
class Struck:
    """What a trouble did. began, ended: exchange time. blocked, recovered: the first minutes that were so."""

    trouble: Trouble
    began: datetime
    ended: datetime
    recovered: datetime
    status: str
    why: str


@dataclass
class Scene:
    """A run on a served market, which goes on."""

    market: ServedMarket
    url: str
    process: "subprocess.Popen[str]"
    struck: dict[str, Struck] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.fromisoformat(self.market.ask("/hydra/clock")["now"])

    def verdicts(self) -> list[tuple[datetime, str, str, str, str]]:
        with closing(connect(self.url, autocommit=True)) as connection:
            return connection.execute(VERDICTS).fetchall()

    def wait_for(self, found: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + LONGEST_S
        while not (result := found()):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, f"{what}: {self.verdicts()[-6:]}"
            time.sleep(0.05)
        return result

    def healthy_after(self, instant: datetime) -> datetime | None:
        """The first minute that closed after `instant` in which no pair lacks anything."""
        blocked: dict[datetime, set[str]] = {}
        for minute, base, tradability, _, _ in self.verdicts():
            if minute > instant and tradability != "BLOCK":
                blocked.setdefault(minute, set()).add(base)
        return min((minute for minute, bases in blocked.items() if bases == set(PAIRS)), default=None)

    def decided(self, minute: datetime) -> bool:
        return any(row[0] >= minute for row in self.verdicts())

    def strike(self, trouble: Trouble) -> None:
        began = self.now()
        self.market.ask("/hydra/faults", {"faults": list(trouble.faults)})
        self.wait_for(lambda: self.decided(began + LASTS), trouble.name)
        status = hydra("status").out
        why = hydra("why", trouble.pairs[0]).out
        ended = self.now()
        self.market.ask("/hydra/faults", {"faults": []})
        recovered = self.wait_for(lambda: self.healthy_after(ended), f"{trouble.name}, recovery")
        self.struck[trouble.name] = Struck(trouble, began, ended, recovered, status, why)


@pytest.fixture(scope="module")
def scene(servers: dict[Edition, TestServer]) -> Iterator[Scene]:
    options = ("--seed", "5", "--from", "2025-06-01T00:00", "--speed", str(SPEED), "--pairs", ",".join(PAIRS))
    with servers[Edition.APACHE].migrated() as url, served_market(*options) as market:
        environment = {**os.environ, "HYDRA_DATABASE_URL": url, "EXCHANGE_URL": market.url}
        process = subprocess.Popen(
            [sys.executable, "-m", "hydra", "run", "--exchange", "simulated", "--pairs", ",".join(PAIRS)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HYDRA_DATABASE_URL", url)
            one = Scene(market, url, process)
            t=time.monotonic()
            try:
                one.wait_for(lambda: one.healthy_after(one.now() - 10 * MINUTE), "start")
                for trouble in TROUBLES:
                    print(trouble.name, time.monotonic()-t)
                    one.strike(trouble)
                print("end", time.monotonic()-t)
            finally:
                process.send_signal(signal.SIGINT)
                output, _ = process.communicate(timeout=60)
                print(output)
            yield one


def test_x(scene: Scene) -> None:
    for one in scene.struck.values():
        print("=====", one.trouble.name, one.began, one.ended, one.recovered)
        for row in scene.verdicts():
            if one.began - 2 * MINUTE <= row[0] <= one.recovered + MINUTE:
                print("   ", *row)
        print(one.status[-1500:])
        print(one.why[:600])
    with closing(connect(scene.url, autocommit=True)) as connection:
        for row in connection.execute("SELECT time, state, as_of, reason_code FROM hydra.cycles order by time"):
            print(row[0].strftime("%H:%M"), row[1], (row[2]-row[0]).total_seconds(), row[3])
        for row in connection.execute("SELECT * FROM market.gaps"): print(row)
        for row in connection.execute("SELECT * FROM market.clock_offsets"): print(row)
