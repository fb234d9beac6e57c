"""Minutes of a run that are worth showing: a trade, a veto, a quiet minute."""

from collections.abc import Iterator

import psycopg

from hydra.answers.run_choice import rows_of
from hydra.answers.why import Explanation, explain


def examples(connection: psycopg.Connection, run_id: int) -> Iterator[tuple[str, Explanation]]:
    """(what it is an example of, its chain); a kind that the run has not had is left out."""
    for row in rows_of(connection, "why/examples", run_id=run_id):
        explanation = explain(connection, row["base"], row["time"].isoformat(), run_id)
        if isinstance(explanation, Explanation):
            yield row["kind"], explanation
