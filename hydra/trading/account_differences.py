"""The pairs that may not be entered because the exchange's account is not what the tables say.

`hydra/reconciliation` finds the differences; here they are only read.
Source: docs/architecture.md, laws 4 and 5; docs/exchange.md, "Reconciliation".
"""

import psycopg

from hydra.db import queries


def read_differing(connection: psycopg.Connection, run_id: int) -> frozenset[int]:
    """The instruments of a run whose open differences block entries."""
    rows = connection.execute(queries.load("stages/differing_pairs"), {"run_id": run_id}).fetchall()
    return frozenset(row[0] for row in rows)
