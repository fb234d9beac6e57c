"""The exchange's timer that cancels entries: what an earlier process left of it is ended first."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hydra.execution.entry_guard import EntryGuard

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Account:
    """Notes each timer that is set."""

    def __init__(self) -> None:
        self.set: list[tuple[str, float]] = []

    async def cancel_entries_after(self, symbol: str, seconds: float) -> None:
        self.set.append((symbol, seconds))


async def _timers(account: Any, waiting: set[str]) -> None:
    async def entries() -> set[str]:
        return waiting

    guard = EntryGuard(["BTCUSDT", "ETHUSDT"], account, entries, lambda: NOW, print)
    with suppress(TimeoutError):
        await asyncio.wait_for(guard.run(), 0.05)


def test_the_timers_of_a_dead_process_are_ended_and_a_waiting_entry_gets_a_new_one() -> None:
    account = Account()
    asyncio.run(_timers(account, {"ETHUSDT"}))
    assert account.set == [("BTCUSDT", 0.0), ("ETHUSDT", 120.0)]
