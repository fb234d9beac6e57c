"""Keeps comparing a run with its account: at the start, on every reconnect, each minute, and when asked.

Source: docs/exchange.md, "Reconciliation".
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from hydra.domain import ReconciliationCause
from hydra.errors import BadDataError, RetryError
from hydra.reconciliation.reconcile import Reconciliation

REST_S: Final = 10.0
"""At least so long between two: each takes a sixteenth of what may be asked in a minute."""


@dataclass
class Reconciling:
    """Compares again and again. every_s, rest_s: seconds of this machine. tell: gets what failed."""

    reconciliation: Reconciliation
    every_s: float
    tell: Callable[[str], None]
    rest_s: float = REST_S
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _cause: ReconciliationCause = ReconciliationCause.START

    def ask(self, cause: ReconciliationCause) -> None:
        """Compare as soon as the rest since the last comparison is over."""
        self._cause = cause
        self._asked.set()

    async def compare(self) -> bool:
        """Compare once; False: the exchange could not be asked.

        Raises:
            StopError: it refuses for good.
            psycopg.Error: the database went away.
        """
        self._asked.clear()
        cause, self._cause = self._cause, ReconciliationCause.MINUTE
        try:
            await self.reconciliation.reconcile(cause)
        except (RetryError, BadDataError) as error:
            self.tell(f"tables and exchange could not be compared: {error}")
            return False
        return True

    async def run(self) -> None:
        """Compare again and again, from `every_s` from now on. Raises: see `compare`."""
        while True:
            await asyncio.sleep(self.rest_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), max(self.every_s - self.rest_s, 0))
            if not await self.compare():
                self._asked.set()
