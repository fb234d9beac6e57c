"""Waits for what a process, a thread or a server brings about."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 400.0
"""So long nothing takes that works: a busy machine has time."""


def wait_until(
    holds: Callable[[], object], what: str = "what is waited for", patience_s: float = PATIENCE_S
) -> None:
    """Look again and again until it holds; fails once `patience_s` is over."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come about within {patience_s:g} s"
        time.sleep(0.02)


async def soon(holds: Callable[[], object]) -> None:
    """The same, while other tasks of the loop go on."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)
