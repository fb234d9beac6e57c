"""A model as files for others: FOLDER/YYYY-MM-DD/models/BTC-USDT_model.pkl and BTC-USDT_metadata.json.

The names are those that readers of such folders expect. What is in the file is the stored artifact in its own
format, never a pickle: the metadata say which format, and its sha256. A model serves every pair alike: the
files of two pairs differ in the symbol only.
Source: docs/architecture.md, law 8; C101.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import psycopg

from hydra.db import queries
from hydra.errors import StopError
from hydra.registry.load import load_scorer
from hydra.registry.manifest import read_manifest
from hydra.registry.store import StoredModel, read_gates, read_model
from hydra.universe import UNIVERSE


@dataclass(frozen=True)
class ExportedModel:
    """What was written: the folder, and the names of the files in it."""

    folder: Path
    files: tuple[str, ...]


def export_model(
    connection: psycopg.Connection, title: str, target: Path, now: datetime, pairs: Sequence[str] = ()
) -> ExportedModel:
    """Write a registered model below the folder `target`. pairs: their bases; none: all of the universe.

    Each file appears whole or not at all, the metadata last; a second export of the day replaces the first.

    Raises:
        StopError: there is no such model, or the folder cannot be written.
        BadDataError: it cannot be loaded here: what cannot be proven is not given away.
    """
    model = read_model(connection, title)
    artifact = _checked_artifact(connection, model)
    gates = {one.gate: one for one in read_gates(connection, model.model_id)}
    folder = target / f"{now:%Y-%m-%d}" / "models"
    files: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for base in pairs or [pair.base for pair in UNIVERSE]:
            symbol = f"{base}-USDT"
            names = (f"{symbol}_model.pkl", f"{symbol}_metadata.json")
            described = {"symbol": symbol, "model_file": names[0], **_metadata(model, now), "gates": gates}
            _write(folder / names[0], artifact)
            _write(folder / names[1], _as_json(described))
            files += names
    except OSError as error:
        raise StopError(f"{folder} cannot be written: {error.strerror or error}") from None
    return ExportedModel(folder, tuple(files))


def _checked_artifact(connection: psycopg.Connection, model: StoredModel) -> bytes:
    row = connection.execute(queries.load("models/artifact"), {"model_id": model.model_id}).fetchone()
    if row is None:
        raise StopError(f"the model {model.title} is gone from the database")
    artifact, manifest = bytes(row[0]), read_manifest(model.manifest)
    load_scorer(model.title, model.kind, artifact, model.sha256, manifest, manifest.features)
    return artifact


def _metadata(model: StoredModel, now: datetime) -> dict[str, Any]:
    return {
        "model_id": model.title,
        "format": model.kind,
        "is_pickle": False,
        "sha256": model.sha256,
        "status": model.status.value,
        "is_chosen": model.is_serving,
        "created_at": model.created_at.isoformat(),
        "exported_at": now.isoformat(),
        "label": model.label,
        "feature_set_version": model.feature_set_version,
        "feature_count": len(model.manifest["features"]),
        "trained_from": model.trained_from.isoformat(),
        "trained_to": model.trained_to.isoformat(),
        "training_window_days": (model.trained_to - model.trained_from).days,
        "code_version": model.code_version,
        "manifest": model.manifest,
    }


def _as_json(record: dict[str, Any]) -> bytes:
    def plain(value: object) -> object:
        return {name: getattr(value, name) for name in ("number", "bound", "is_passed", "words")}

    return json.dumps(record, default=plain, indent=2, sort_keys=True).encode() + b"\n"


def _write(path: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
