"""What a run records of the model that scores its signals."""

from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from hydra.domain import TradingMode
from hydra.registry.manifest import read_manifest
from hydra.registry.serving import startable
from hydra.registry.store import StoredModel, read_model
from hydra.trading.parameters import Rules

MODEL_KEY: Final = "model"
"""The key of a model's record in `runs.config`."""


def labels_end(model: StoredModel) -> datetime:
    """Up to when what a model was trained on can tell of the market: training data and a label's horizon."""
    return model.trained_to + timedelta(minutes=read_manifest(model.manifest).label_horizon_minutes)


def model_record(model: StoredModel) -> dict[str, Any]:
    """The part of `runs.config` that names a model."""
    described = {
        "title": model.title,
        "sha256": model.sha256,
        "trained_from": model.trained_from.isoformat(),
        "labels_to": labels_end(model).isoformat(),
    }
    return {MODEL_KEY: described}


def scorer_record(connection: psycopg.Connection, rules: Rules, mode: TradingMode) -> dict[str, Any]:
    """The part of `runs.config` that names the model with which a run starts; empty: a rule scores.

    Raises:
        StopError: the rules name a model that cannot be used.
    """
    served = startable(connection, rules.scoring.scorer, needs_publication=mode.is_at_exchange)
    if served is None or served.sha256 is None:
        return {}
    return model_record(read_model(connection, served.scorer.kind))
