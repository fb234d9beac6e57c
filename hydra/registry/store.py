"""Models in schema ml: registered once with what their gates said, never changed.

Source: docs/architecture.md, law 8.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hydra.db import queries
from hydra.domain import ModelStatus, PublicationAction
from hydra.errors import StopError
from hydra.outside_text import shown
from hydra.registry.gates import GateResult
from hydra.registry.load import load_scorer, sha256_of
from hydra.registry.manifest import Manifest, Training, manifest_as_json, read_manifest
from hydra.registry.scorer import ServedScorer

_TITLE: Final = re.compile(r"([a-z][a-z0-9-]{0,62})@([1-9][0-9]{0,8})")
MODEL_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
NAME_RULE: Final = "it begins with a small letter; then small letters, digits and hyphens"
LARGEST_ARTIFACT_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True)
class StoredModel:
    """A row of ml.registered_models."""

    model_id: int
    name: str
    version: int
    kind: str
    status: ModelStatus
    is_serving: bool
    is_pinned: bool
    manifest: Any
    sha256: str
    feature_set_version: str
    label: str
    trained_from: datetime
    trained_to: datetime
    vault_from: datetime
    vault_to: datetime
    code_version: str
    created_at: datetime

    @property
    def title(self) -> str:
        """name@version."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class LoggedPublication:
    """A row of ml.publications; serving_version: what served from then on, None: the rule."""

    action: PublicationAction
    version: int
    serving_version: int | None
    is_pinned: bool
    operator: str
    reason: str
    recorded_at: datetime


def register_model(
    connection: psycopg.Connection,
    name: str,
    kind: str,
    artifact: bytes,
    manifest: Manifest,
    training: Training,
    gates: Sequence[GateResult],
) -> StoredModel:
    """Store a model with what its gates said, as a candidate: the next version of its name.

    It is loaded first, so that nothing is registered that could not serve here.

    Raises:
        StopError: its name is none, its ranges overlap or have no length, it is too large, or a gate stands
            twice.
        BadDataError: it cannot be loaded.
    """
    _check(name, artifact, training, gates)
    sha256 = sha256_of(artifact)
    load_scorer(f"the new {name}", kind, artifact, sha256, manifest, manifest.features)
    values = {
        "name": name,
        "kind": kind,
        "artifact": artifact,
        "sha256": sha256,
        "manifest": Jsonb(manifest_as_json(manifest)),
        **{field: getattr(training, field) for field in training.__struct_fields__},
    }
    with connection.transaction():
        lock_name(connection, name)
        row = connection.execute(queries.load("models/add_model"), values).fetchone()
        if row is None:
            raise AssertionError("an insert of one row returns it")
        for gate in gates:
            connection.execute(
                queries.load("models/add_gate"),
                {
                    "model_id": row[0],
                    "gate": gate.gate,
                    "number": gate.number,
                    "bound": gate.bound,
                    "is_passed": gate.is_passed,
                    "words": gate.words,
                },
            )
        return read_model(connection, f"{name}@{row[1]}")


def _check(name: str, artifact: bytes, training: Training, gates: Sequence[GateResult]) -> None:
    if not MODEL_NAME.fullmatch(name):
        raise StopError(f"{shown(name)} is no name of a model: {NAME_RULE}")
    if len(artifact) > LARGEST_ARTIFACT_BYTES:
        raise StopError(f"the artifact of {name} has {len(artifact):,} bytes, more than the registry takes")
    if len({gate.gate for gate in gates}) != len(gates):
        raise StopError(f"a gate of {name} stands twice: judge each once")
    instants = (training.trained_from, training.trained_to, training.vault_from, training.vault_to)
    if not instants[0] < instants[1] <= instants[2] < instants[3]:
        raise StopError(f"the vault of {name} has to begin after its training data end, and both need a span")


def lock_name(connection: psycopg.Connection, name: str) -> None:
    """Let others that change models of this name wait for the end of the transaction."""
    connection.execute(queries.load("models/lock"), {"name": name})


def list_models(
    connection: psycopg.Connection, name: str | None = None, version: int | None = None
) -> list[StoredModel]:
    """All models, those of a name, or one version of it; by name and version."""
    with connection.cursor(row_factory=class_row(StoredModel)) as cursor:
        found = cursor.execute(queries.load("models/models"), {"name": name, "version": version})
        return [replace(row, status=ModelStatus(row.status)) for row in found]


def read_model(connection: psycopg.Connection, title: str) -> StoredModel:
    """The model that name@version names.

    Raises:
        StopError: there is none, or that is not how a model is named.
    """
    parts = _TITLE.fullmatch(title)
    if parts is None:
        raise StopError(f"a model is named name@version, e.g. signal-scorer@3, not {title}")
    found = list_models(connection, parts[1], int(parts[2]))
    if not found:
        raise StopError(f"there is no model {title}: `hydra models list` names them")
    return found[0]


def read_gates(connection: psycopg.Connection, model_id: int) -> tuple[GateResult, ...]:
    """What the gates said of a model, by their names."""
    with connection.cursor(row_factory=class_row(GateResult)) as cursor:
        return tuple(cursor.execute(queries.load("models/gates"), {"model_id": model_id}).fetchall())


def read_log(connection: psycopg.Connection, name: str) -> list[LoggedPublication]:
    """The log of a name, newest last."""
    with connection.cursor(row_factory=class_row(LoggedPublication)) as cursor:
        found = cursor.execute(queries.load("models/log"), {"name": name})
        return [replace(row, action=PublicationAction(row.action)) for row in found]


def load_model(connection: psycopg.Connection, model: StoredModel, features: Sequence[str]) -> ServedScorer:
    """The scorer of a registered model. features: the columns that will be passed, in their order.

    Raises:
        BadDataError: see `load_scorer`.
    """
    row = connection.execute(queries.load("models/artifact"), {"model_id": model.model_id}).fetchone()
    if row is None:
        raise StopError(f"the model {model.title} is gone from the database")
    manifest = read_manifest(model.manifest)
    return load_scorer(model.title, model.kind, bytes(row[0]), model.sha256, manifest, features)
