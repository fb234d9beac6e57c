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

AGAIN_S: Final = 5.0
"""Where the exchange could not be asked, it is asked again after so long."""


@dataclass
class Reconciling:
    """Compares again and again. every_s: seconds of this machine. tell: gets a sentence where it failed."""

    reconciliation: Reconciliation
    every_s: float
    tell: Callable[[str], None]
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _cause: ReconciliationCause = ReconciliationCause.START

    def ask(self, cause: ReconciliationCause) -> None:
        """Compare now, or once more if it does just now."""
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
        was_compared = True
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), self.every_s if was_compared else AGAIN_S)
            was_compared = await self.compare()
