"""When the tables are compared with the account: at the start, on every reconnect, each minute, and when asked.

Source: docs/exchange.md, "Reconciliation"; docs/live.md, "When tables and account are compared".
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from hydra.domain import ReconciliationCause
from hydra.durations import MINUTE
from hydra.errors import RetryError
from hydra.reconciliation.reconcile import Reconciliation

_LOOK_EVERY_S: Final = 0.5
_SHORTEST_PAUSE_S: Final = 2.0
"""At a simulated exchange whose minutes are short."""

_FAILED_PAUSE_S: Final = 5.0


class AccountWatch:
    """Compares one run with its account again and again. now: the exchange's time; tell: gets a sentence."""

    def __init__(
        self, reconciliation: Reconciliation, now: Callable[[], datetime], tell: Callable[[str], None]
    ) -> None:
        self._reconciliation, self._now, self._tell = reconciliation, now, tell
        self._asked: ReconciliationCause | None = None
        self._compared = now()

    def ask(self, cause: ReconciliationCause) -> None:
        """Compare soon: the user stream was connected again, or an operator asks for something."""
        self._asked = cause

    async def begin(self) -> None:
        """Compare at the start, before anything is sent; again until the exchange can be asked.

        Raises:
            StopError, BadDataError, psycopg.Error: see `Reconciliation.reconcile`.
        """
        while not await self._compare(ReconciliationCause.START):
            await asyncio.sleep(_FAILED_PAUSE_S)

    async def run(self) -> None:
        """Compare until cancelled. Raises: as `begin`."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            cause, self._asked = self._asked, None
            if cause is None and self._now() - self._compared >= MINUTE:
                cause = ReconciliationCause.MINUTE
            if cause is not None:
                done = await self._compare(cause)
                await asyncio.sleep(_SHORTEST_PAUSE_S if done else _FAILED_PAUSE_S)

    async def _compare(self, cause: ReconciliationCause) -> bool:
        self._compared = self._now()
        try:
            reconciled = await self._reconciliation.reconcile(cause)
        except RetryError as error:
            self._tell(f"tables and account could not be compared: {error}")
            self._asked = self._asked or cause
            return False
        if reconciled.found:
            self._tell(f"tables and account differed: {reconciled.found} found, {reconciled.left_open} left")
        return True
