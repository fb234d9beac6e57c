"""Whether registered models can be used here: artifact, libraries, features, scores of their examples."""

from dataclasses import dataclass

import psycopg

from hydra.errors import BadDataError, StopError
from hydra.registry.manifest import read_manifest
from hydra.registry.serving import SIGNAL_SCORER, loaded
from hydra.registry.store import StoredModel, list_models, load_model, read_model


@dataclass(frozen=True)
class VerifiedModel:
    """complaint: why it cannot be used here; None: it can."""

    model: StoredModel
    complaint: str | None


def verify_models(connection: psycopg.Connection, title: str | None = None) -> list[VerifiedModel]:
    """Load one model, or all, as a run would.

    Raises:
        StopError: there is no model of this title.
    """
    models = list_models(connection) if title is None else [read_model(connection, title)]
    return [VerifiedModel(model, _complaint(connection, model)) for model in models]


def _complaint(connection: psycopg.Connection, model: StoredModel) -> str | None:
    try:
        if model.name == SIGNAL_SCORER:
            loaded(connection, model)
        else:
            load_model(connection, model, read_manifest(model.manifest).features)
    except (BadDataError, StopError) as error:
        return str(error)
    return None
