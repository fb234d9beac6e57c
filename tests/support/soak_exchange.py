"""A simulated exchange in a thread of the test: it outlives every process that is killed, and is watched."""

import asyncio
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hydra.sim.exchange.account.store import AccountStore
from hydra.sim.exchange.clock import MAXIMAL
from hydra.sim.exchange.faults import fault_of
from hydra.sim.exchange.private.account_file import own_account
from hydra.sim.exchange.server import Exchange, Serving
from hydra.sim.exchange.sources import GeneratedMarket, GeneratedSource
from tests.support.executed_run import CoverWatch
from tests.support.rehearsal import new_account
from tests.support.served_market import ServedMarket
from tests.support.waiting import PATIENCE_S

FIRST_WALLET_USD: Final = 1_000_000
"""Large enough that the costs of thousands of trades do not latch the kill switch."""


class SoakExchange:
    """The exchange, what struck there, and for how long something was held without a stop."""

    def __init__(self, exchange: Exchange, names: Sequence[str]) -> None:
        self._exchange, self._names = exchange, names
        symbols = [f"{name}USDT" for name in names]
        self.url = ""
        self.watch = CoverWatch(exchange, symbols)
        self.struck: Counter[str] = Counter()
        self._counted: list[int] = []

    @property
    def store(self) -> AccountStore:
        """What the account has, as the exchange itself keeps it."""
        assert self._exchange.account is not None
        return self._exchange.account.kept.account.store

    def store_history(self, environment: Mapping[str, str]) -> None:
        """Fetch its history, while its limits have no time."""
        words = ("backfill", "--days", "32", "--exchange", "simulated", "--pairs", ",".join(self._names))
        done = subprocess.run(
            [sys.executable, "-m", "hydra", *words],
            env={**os.environ, **environment},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def go_on(self, speed: float) -> None:
        """Let its time run, so many seconds a second."""
        ServedMarket(self.url).ask("/hydra/clock", {"speed": speed, "hold_until": None})

    def now(self) -> datetime:
        """The exchange's time."""
        return datetime.fromtimestamp(self._exchange.clock.now_ms() / 1_000, UTC)

    def ended(self) -> None:
        """Fails where the exchange or its watch has ended: then nothing was proven."""
        assert not self._watching.done()

    @property
    def orders(self) -> int:
        """How many orders have reached it; the order that a conditional one becomes is not a second one."""
        children = sum(one.child is not None for one in [*self.store.conditional.values()])
        return len(self.store.orders) - children + len(self.store.conditional)

    def set_faults(self, faults: Sequence[dict[str, Any]]) -> None:
        """Set these faults and no others; what the ones before did is counted."""
        self._loop.call_soon_threadsafe(self._set_faults, faults)

    def _set_faults(self, faults: Sequence[dict[str, Any]]) -> None:
        for one in self._exchange.faults.active:
            self.struck[one.fault.kind] += one.acted
        self._exchange.faults.set(tuple(fault_of(one) for one in faults))

    async def serve(self, started: threading.Event, stopping: asyncio.Event) -> None:
        """Serve and watch until `stopping`."""
        self._loop = asyncio.get_running_loop()
        async with self._exchange.running() as port:
            self.url = f"http://127.0.0.1:{port}"
            self._watching = asyncio.ensure_future(self.watch.watch())
            started.set()
            await stopping.wait()
            self._watching.cancel()


@contextmanager
def soak_exchange(account: Path, start: datetime, names: tuple[str, ...]) -> Iterator[SoakExchange]:
    """It serves and watches until the block ends. Its time stands at `start` until it goes on."""
    new_account(account, FIRST_WALLET_USD)
    market = GeneratedMarket(7, start, None, history_days=1, names=names)
    served = Exchange(GeneratedSource(market), Serving(MAXIMAL, 7, port=0, account=own_account(account)))
    made = SoakExchange(served, names)
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(made.serve(started, stopping),))
    thread.start()
    try:
        assert started.wait(PATIENCE_S)
        ServedMarket(made.url).hold_until(start)
        yield made
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()
