"""What scored the signals of a run, in sentences: where a model was asked for and the rule scored, why."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import psycopg

from hydra.answers.formatting import counted, minute_text
from hydra.answers.run_choice import Row, rows_of
from hydra.trading.runs import IN_SAMPLE

_MOST_CHANGES: Final = 5
"""Most changes of the scorer that the report tells, the newest."""


def in_sample_sentence(facts: Row) -> Iterator[str]:
    """A sentence to read before the first figure. facts: the row of `sql/report/run.sql`."""
    if facts["label"].endswith(IN_SAMPLE):
        model = facts["config"]["model"]
        until = minute_text(datetime.fromisoformat(model["labels_to"]))
        yield (
            f"IN SAMPLE: {model['title']} was trained on data to {until} UTC, labels included, which reach "
            "into these minutes. No figure here says what it would earn."
        )


def scorer_sentences(connection: psycopg.Connection, run_id: int) -> list[str]:
    """How many signals each scorer scored, and the newest changes; nothing where the run asks for a rule."""
    changes = rows_of(connection, "report/scorers", run_id=run_id)
    if not changes:
        return []
    scored = rows_of(connection, "report/scored_signals", run_id=run_id)
    parts = [f"{counted(row['signals'], 'signal')} by {row['score_kind']}" for row in scored]
    sentences = [f"Scored: {', '.join(parts) or 'no signal'}; asked for was {changes[-1]['wanted']}."]
    told = _told(changes)
    if len(told) > _MOST_CHANGES:
        sentences.append(f"What scores changed {len(told):,} times; the newest {_MOST_CHANGES} follow.")
    return sentences + told[-_MOST_CHANGES:]


def _told(changes: Sequence[Row]) -> list[str]:
    """A sentence for each change but a beginning by what was asked for."""
    return [
        f"From {minute_text(row['time'])} UTC on {row['score_kind']} scores{_because(row)}."
        for number, row in enumerate(changes)
        if number or row["complaint"]
    ]


def _because(row: Row) -> str:
    return f": {row['complaint']}" if row["complaint"] else ""


def scorer_words(served: Row | None) -> Iterator[str]:
    """Why a minute was not scored by what its run asks for; nothing where it was.

    served: of `sql/why/scorer.sql`; None: the run asks for a rule.
    """
    if served is not None and served["complaint"] is not None:
        yield f"asked for was {served['wanted']}: {served['complaint']}"
