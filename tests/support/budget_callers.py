"""Processes that call under one budget, for tests that kill some of them."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from hydra.errors import RetryError
from hydra.exchange.rate_budget import Limit, RateBudget
from hydra.paths import PROJECT_ROOT

POOL = "weight"
LIMIT = Limit(100, 1)


def started(function: str, *arguments: object) -> subprocess.Popen[bytes]:
    """A process that runs a function of this file with texts as arguments."""
    texts = [str(one) for one in arguments]
    call = f"from tests.support import budget_callers; budget_callers.{function}(*{texts})"
    return subprocess.Popen([sys.executable, "-c", call], cwd=PROJECT_ROOT)


def take_many(folder: str, count: str, name: str) -> None:
    """Take 1 again and again, and note in the file `name` at what time the budget gave it."""
    read: list[float] = []

    def clock() -> float:
        read.append(time.time())
        return read[-1]

    budget = RateBudget(Path(folder, "budget.json"), "host", {POOL: LIMIT}, share=1.0, clock=clock)

    async def run() -> None:
        with Path(folder, name).open("a", encoding="utf-8", buffering=1) as times:
            for _ in range(int(count)):
                await budget.take(POOL)
                times.write(f"{read[-1]}\n")

    asyncio.run(run())


def ask_until_killed(url: str, folder: str) -> None:
    """Ask the exchange at `url` for its time again and again."""
    from hydra.exchange.binance.client import LIMITS, BinanceClient  # noqa: PLC0415  # ccxt is slow to import
    from hydra.exchange.binance.rest import BinanceMarketData  # noqa: PLC0415
    from hydra.exchange.capabilities import BINANCE  # noqa: PLC0415
    from hydra.exchange.hosts import hosts_at  # noqa: PLC0415

    async def run() -> None:
        hosts = hosts_at(url)
        client = BinanceClient()
        client.connect_to(hosts, RateBudget(Path(folder, "budget.json"), hosts.name, LIMITS))
        market = BinanceMarketData(client, BINANCE, "production")
        while True:
            try:
                await market.server_time()
            except RetryError:
                await asyncio.sleep(0.001)

    asyncio.run(run())
