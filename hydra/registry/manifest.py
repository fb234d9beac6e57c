"""What a model says of itself beside its artifact: stored with it, checked when it is loaded.

Source: docs/architecture.md, law 8; C88.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from hydra.errors import BadDataError


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of features (null: unknown) and the probability that the model gave it when it was stored."""

    values: tuple[float | None, ...]
    probability: float


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """features: in the order of the matrix. libraries: the version of each that computes the scores.

    label_horizon_minutes: how far a label looks ahead. seeds: by what they seed; threads: of the training.
    trials: how many fits were scored before this one was chosen. metrics_source: gates judge scores out of
    sample only (C88). is_forced: trained although there was less data than the least.
    """

    features: tuple[str, ...]
    libraries: dict[str, str]
    label_horizon_minutes: int
    cost_model_version: str
    data_hash: str
    seeds: dict[str, int]
    threads: int
    trials: int
    examples: tuple[Example, ...]
    metrics_source: Literal["walk_forward"] = "walk_forward"
    is_forced: bool = False


class Training(msgspec.Struct, frozen=True):
    """On what a model was trained, and what was kept aside: columns of ml.models; instants in UTC."""

    feature_set_version: str
    label: str
    trained_from: datetime
    trained_to: datetime
    vault_from: datetime
    vault_to: datetime
    code_version: str


def manifest_as_json(manifest: Manifest) -> Any:
    """The manifest as values that JSON can hold."""
    return msgspec.to_builtins(manifest)


def read_manifest(record: Any) -> Manifest:
    """The manifest of a stored record.

    Raises:
        BadDataError: a field is missing, unknown or of another type.
    """
    try:
        return msgspec.convert(record, Manifest)
    except msgspec.ValidationError as error:
        raise BadDataError(f"the manifest cannot be read ({error}): register the model again") from None
