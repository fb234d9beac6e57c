"""The budget of a day: a call of a language model counts before it is sent, with the most that it can cost.

So a call that timed out, or whose process was killed in the middle, is not forgotten, and no loop of crashes
spends without end. Source: docs/news.md, "The analyst".
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import psycopg

from hydra.db import queries
from hydra.domain import ScanOutcome
from hydra.news.language_model import NoAnswerError


class Purpose(StrEnum):
    """What a language model is called for."""

    SCAN = "scan"
    EXPLANATION = "explanation"


@dataclass(frozen=True)
class PaidCall:
    """A row of hydra.model_calls. most_usd: the most that it can cost."""

    connection: psycopg.Connection
    call_id: int
    most_usd: Decimal

    def ended(self, cost_usd: Decimal | None) -> None:
        """Its answer is there; cost_usd None: it does not tell what it cost."""
        self._set(self.most_usd if cost_usd is None else cost_usd)

    def failed(self, error: NoAnswerError) -> None:
        """There is no answer; each attempt that may be billed counts as the most."""
        self._set(self.most_usd * error.billed_attempts)

    def _set(self, cost_usd: Decimal) -> None:
        values = {"call_id": self.call_id, "cost_usd": cost_usd}
        self.connection.execute(queries.load("news/end_call"), values)


def begin_call(
    connection: psycopg.Connection, purpose: Purpose, most_usd: Decimal, budget_usd: Decimal
) -> PaidCall:
    """Count a call before it is sent. `connection` commits by itself.

    Raises:
        NoAnswerError: NO_BUDGET: it might cost more than is left of the day.
    """
    row = connection.execute(queries.load("news/spent_today")).fetchone()
    spent_usd = Decimal(row[0]) if row is not None else Decimal(0)
    if spent_usd + most_usd > budget_usd:
        words = (
            f"language models have cost {spent_usd:.4f} USD today, another call may cost {most_usd:.4f} USD, "
            f"and LLM_BUDGET_USD_PER_DAY is {budget_usd:f}: the next day of UTC begins anew"
        )
        raise NoAnswerError(ScanOutcome.NO_BUDGET, words)
    values = {"purpose": purpose.value, "cost_usd": most_usd}
    row = connection.execute(queries.load("news/add_call"), values).fetchone()
    if row is None:
        raise AssertionError("INSERT ... RETURNING gives the row that it made")
    return PaidCall(connection, row[0], most_usd)
