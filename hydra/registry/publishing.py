"""Publish, pin, roll back, retire: each adds one row to the log, whose newest row says what serves.

A transaction holds the lock of the name, so two operators act one after the other. Whatever is refused, or
fails, leaves the version that serves as it is.
"""

from typing import Final

import psycopg

from hydra.db import queries
from hydra.domain import ModelStatus, PublicationAction
from hydra.errors import BadDataError, StopError
from hydra.registry.gates import failed_gates
from hydra.registry.manifest import read_manifest
from hydra.registry.store import (
    StoredModel,
    list_models,
    load_model,
    lock_name,
    read_gates,
    read_model,
)

PUBLICATIONS_CHANNEL: Final = "hydra_publications"
"""The PostgreSQL channel that announces every row of the log; the payload is the name."""


def serving_model(connection: psycopg.Connection, name: str) -> StoredModel | None:
    """The version of a name that serves; None: none does, the rule decides."""
    return next((model for model in list_models(connection, name) if model.is_serving), None)


def publish(connection: psycopg.Connection, title: str, operator: str, reason: str) -> StoredModel | None:
    """Publish a candidate: it serves from now on, unless another version is pinned. Returns what serves.

    A refusal is a row of the log too.

    Raises:
        StopError: a gate is missing or not passed, the model cannot be loaded here, or it is no candidate.
    """
    with connection.transaction():
        model = _locked(connection, title)
        if model.status is not ModelStatus.CANDIDATE:
            raise StopError(
                f"{title} is {model.status.lower()} already: a candidate is published, `hydra models pin` "
                "makes a published version serve again"
            )
        serving = serving_model(connection, model.name)
        refusal = _refusal(connection, model)
        is_pinned = serving is not None and serving.is_pinned
        if refusal:
            _log(
                connection, model, PublicationAction.REFUSED, serving, operator, refusal, is_pinned=is_pinned
            )
        else:
            serves = serving if is_pinned else model
            _log(
                connection, model, PublicationAction.PUBLISHED, serves, operator, reason, is_pinned=is_pinned
            )
    if refusal:
        stays = f"{serving.title} stays" if serving else "no model serves, the rule decides"
        raise StopError(f"{title} is not published: {refusal}; {stays}")
    return serving_model(connection, model.name)


def pin(connection: psycopg.Connection, title: str, operator: str, reason: str) -> StoredModel:
    """Let a published version serve, whatever is published later.

    Raises:
        StopError: it was never published, is retired, or cannot be loaded here.
    """
    with connection.transaction():
        model = _locked(connection, title)
        _need_published(model, "pinned")
        _need_loadable(connection, model)
        _log(connection, model, PublicationAction.PINNED, model, operator, reason, is_pinned=True)
        return read_model(connection, title)


def unpin(connection: psycopg.Connection, name: str, operator: str, reason: str) -> StoredModel:
    """Let the next published version take over from the pinned one, which serves until then.

    Raises:
        StopError: none is pinned.
    """
    with connection.transaction():
        lock_name(connection, name)
        serving = serving_model(connection, name)
        if serving is None or not serving.is_pinned:
            raise StopError(f"no version of {name} is pinned: there is nothing to release")
        _log(connection, serving, PublicationAction.UNPINNED, serving, operator, reason, is_pinned=False)
        return read_model(connection, serving.title)


def roll_back(connection: psycopg.Connection, name: str, operator: str, reason: str) -> StoredModel:
    """Let the published version before the one that serves do so again. Returns it. A pin is released.

    Raises:
        StopError: no model of this name serves, none is before it, or that cannot be loaded here.
    """
    with connection.transaction():
        lock_name(connection, name)
        models = list_models(connection, name)
        serving = next((model for model in models if model.is_serving), None)
        if serving is None:
            raise StopError(f"no version of {name} serves: there is nothing to roll back")
        before = [
            model
            for model in models
            if model.status is ModelStatus.PUBLISHED and model.version < serving.version
        ]
        if not before:
            raise StopError(
                f"no published version is before {serving.title}: `hydra models retire {serving.title}` "
                "lets the rule decide"
            )
        _need_loadable(connection, before[-1])
        _log(
            connection, serving, PublicationAction.ROLLED_BACK, before[-1], operator, reason, is_pinned=False
        )
        return read_model(connection, before[-1].title)


def retire(connection: psycopg.Connection, title: str, operator: str, reason: str) -> StoredModel | None:
    """Let a version never serve again; if it serves, the rule decides. Returns what serves.

    Raises:
        StopError: it is retired already.
    """
    with connection.transaction():
        model = _locked(connection, title)
        if model.status is ModelStatus.RETIRED:
            raise StopError(f"{title} is retired already")
        serving = serving_model(connection, model.name)
        serves = None if serving is None or serving.model_id == model.model_id else serving
        is_pinned = serves is not None and serves.is_pinned
        _log(connection, model, PublicationAction.RETIRED, serves, operator, reason, is_pinned=is_pinned)
    return serves


def _locked(connection: psycopg.Connection, title: str) -> StoredModel:
    """The model as it is once nobody else changes its name's log."""
    lock_name(connection, read_model(connection, title).name)
    return read_model(connection, title)


def _refusal(connection: psycopg.Connection, model: StoredModel) -> str | None:
    """Why a candidate may not be published; None where it may."""
    failed = failed_gates(read_gates(connection, model.model_id))
    if failed:
        return "; ".join(failed)
    return _load_complaint(connection, model)


def _load_complaint(connection: psycopg.Connection, model: StoredModel) -> str | None:
    try:
        load_model(connection, model, read_manifest(model.manifest).features)
    except BadDataError as error:
        return str(error)
    return None


def _need_loadable(connection: psycopg.Connection, model: StoredModel) -> None:
    complaint = _load_complaint(connection, model)
    if complaint:
        raise StopError(f"{complaint}; what serves stays")


def _need_published(model: StoredModel, done: str) -> None:
    if model.status is not ModelStatus.PUBLISHED:
        raise StopError(f"{model.title} is {model.status.lower()}: only a published version can be {done}")


def _log(
    connection: psycopg.Connection,
    model: StoredModel,
    action: PublicationAction,
    serves: StoredModel | None,
    operator: str,
    reason: str,
    *,
    is_pinned: bool,
) -> None:
    values = {
        "name": model.name,
        "model_id": model.model_id,
        "action": action,
        "serving_model_id": serves.model_id if serves else None,
        "is_pinned": is_pinned,
        "operator": operator,
        "reason": reason,
        "channel": PUBLICATIONS_CHANNEL,
    }
    connection.execute(queries.load("models/add_publication"), values)
