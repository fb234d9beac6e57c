"""The exchange's own timer that cancels entries when this process no longer lives: a dead man's switch.

It is set only where nothing is held. No document says whether it takes conditional orders along: a position's
stop would go too.
Source: docs/live.md, "Dead man's switch".
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from hydra.durations import EPOCH
from hydra.errors import HydraError
from hydra.exchange.account import TradingAccount

CANCELLED_AFTER: Final = timedelta(seconds=120)
"""As long as an entry may wait anyway (C41)."""

RENEWED_EVERY: Final = timedelta(seconds=30)
_LOOK_EVERY_S: Final = 0.5
_NEVER: Final = 0.0


class EntryGuard:
    """Sets, renews and ends the timers. entries: the symbols in which an entry waits and nothing is held.

    symbols: those whose timers an earlier process may have left; they are ended first.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        account: TradingAccount,
        entries: Callable[[], Awaitable[set[str]]],
        now: Callable[[], datetime],
        tell: Callable[[str], None],
    ) -> None:
        self._account, self._entries, self._now, self._tell = account, entries, now, tell
        self._set_at: dict[str, datetime] = dict.fromkeys(symbols, EPOCH)

    async def run(self) -> None:
        """Until cancelled; then the timers run out by themselves."""
        while True:
            wanted = await self._entries()
            for symbol in sorted(self._set_at.keys() - wanted):
                if await self._set(symbol, _NEVER):
                    del self._set_at[symbol]
            for symbol in sorted(wanted):
                now = self._now()
                if now - self._set_at.get(symbol, now - RENEWED_EVERY) >= RENEWED_EVERY:
                    self._set_at[symbol] = now
                    await self._set(symbol, CANCELLED_AFTER.total_seconds())
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _set(self, symbol: str, seconds: float) -> bool:
        """A timer that could not be set is tried with the next renewal: entries end after 120 s anyway."""
        try:
            await self._account.cancel_entries_after(symbol, seconds)
        except HydraError as error:
            self._tell(f"{symbol}: the timer that cancels entries could not be set: {error}")
            return False
        return True
