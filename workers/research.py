"""Trials of sweeps on worker processes: `dramatiq --use-spawn workers.research --queues research`.

A message says only which study may have a planned trial; ml.trials says which one. These processes take no
messages of runs: a trial takes seconds, and decisions must not wait for it.
Source: docs/architecture.md, law 1.
"""

import dramatiq
import psycopg

from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import DatabaseError, HydraError
from hydra.research.sweep import TrialScorer
from hydra.runtime.research_queue import ACTOR, QUEUE
from hydra.settings import load_settings
from workers import broker

TIME_LIMIT_MS = 3_600_000

_SCORERS: dict[int, TrialScorer] = {}


@dramatiq.actor(
    broker=broker,
    actor_name=ACTOR,
    queue_name=QUEUE,
    time_limit=TIME_LIMIT_MS,
    throws=(HydraError, psycopg.OperationalError),
)
def score_trial(study_id: int) -> None:
    """Score the next planned trial of a study, if one is left.

    Raises:
        HydraError: the market of the study cannot be read.
        psycopg.OperationalError: the server went away; the trial stays planned.
    """
    if study_id not in _SCORERS:
        # Only the market of the current study is kept in memory.
        _SCORERS.clear()
        url = database_url(load_settings(), Role.WORKER)
        connection = connect(url, autocommit=True)
        _SCORERS[study_id] = TrialScorer(connection, url, study_id)
    try:
        _SCORERS[study_id].score_next()
    except (DatabaseError, psycopg.OperationalError):
        # Its connection may be lost; the next message opens another.
        _SCORERS.clear()
        raise
