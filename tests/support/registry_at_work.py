"""`python -m tests.support.registry_at_work URL publish|export FOLDER`: works until killed, a line a step."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

import psycopg

from hydra.db.engine import connect
from hydra.registry.export import export_model
from hydra.registry.gates import judge
from hydra.registry.logistic import KIND
from hydra.registry.publishing import publish, roll_back
from hydra.registry.store import StoredModel, register_model
from tests.support.model_scene import TRAINING, good_rows, small_artifact, small_manifest

NAME: Final = "signal-scorer"
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def registered(connection: psycopg.Connection, intercept: float) -> StoredModel:
    """A candidate that passed every gate."""
    artifact = small_artifact(intercept)
    return register_model(
        connection, NAME, KIND, artifact, small_manifest(artifact), TRAINING, judge(good_rows())
    )


def _publish(connection: psycopg.Connection) -> None:
    """Register and publish one after the other; each third takes the one before back."""
    for number in count(1):
        publish(connection, registered(connection, number / 100).title, "ann", "better")
        print(number, flush=True)
        if number % 3 == 0:
            roll_back(connection, NAME, "bob", "loses")


def _export(connection: psycopg.Connection, folder: Path) -> None:
    """Two models in turn into one folder."""
    titles = [registered(connection, intercept).title for intercept in (0.25, 0.5)]
    for number in count():
        export_model(connection, titles[number % 2], folder, NOW)
        print(number, flush=True)


if __name__ == "__main__":
    with closing(connect(sys.argv[1], autocommit=True)) as opened:
        if sys.argv[2] == "publish":
            _publish(opened)
        else:
            _export(opened, Path(sys.argv[3]))
