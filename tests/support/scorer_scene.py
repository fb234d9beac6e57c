"""A logistic model that reads all 49 features of the signal scorer, registered and published."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import msgspec
import numpy as np
import psycopg

from hydra.features.vectors import SIGNAL_SCORER_FEATURES_V1
from hydra.features.version import FEATURE_SET_VERSION
from hydra.registry.gates import GateResult, judge
from hydra.registry.logistic import KIND, read_logistic, write_logistic
from hydra.registry.manifest import Example, Manifest
from hydra.registry.publishing import publish
from hydra.registry.serving import SIGNAL_SCORER
from hydra.registry.store import StoredModel, register_model
from tests.support.model_scene import TRAINING, good_rows

PASSED: Final[tuple[GateResult, ...]] = judge(good_rows())
ALL: Final = SIGNAL_SCORER_FEATURES_V1


def broad_artifact(seed: int = 7, features: Sequence[str] = ALL) -> bytes:
    """Weights drawn by `seed`; the scales keep the scores apart and inside 0..1."""
    chance = np.random.default_rng(seed)
    count = len(features)
    scales = np.array([scale_of(name) for name in features])
    return write_logistic(tuple(features), np.zeros(count), scales, chance.normal(0, 0.2, count), 0.1)


def scale_of(name: str) -> float:
    """About how large a feature is."""
    large = {"rsi_14": 50.0, "minutes_to_funding": 400.0, "bid_depth_usd": 5e6, "ask_depth_usd": 5e6}
    small = {"return_": 1e-2, "price_": 1e-2, "atr_": 1e-2, "funding_rate": 1e-4, "funding_momentum": 1e-3}
    fits = [size for begin, size in small.items() if name.startswith(begin)]
    return large.get(name, fits[0] if fits else 1.0)


def broad_manifest(artifact: bytes) -> Manifest:
    """The manifest of an artifact, with three examples as it scores them."""
    scorer = read_logistic(artifact)
    rows = np.random.default_rng(1).normal(0, 1, (3, len(scorer.features)))
    scored = zip(rows.tolist(), scorer.probabilities(rows).tolist(), strict=True)
    return Manifest(
        features=scorer.features,
        libraries={"numpy": version("numpy")},
        label_horizon_minutes=240,
        cost_model_version="1",
        data_hash="d",
        seeds={"numpy": 7},
        threads=1,
        trials=20,
        examples=tuple(Example(tuple(row), score) for row, score in scored),
    )


def register_scorer(
    connection: psycopg.Connection,
    seed: int = 7,
    features: Sequence[str] = ALL,
    trained_to: datetime = datetime(2025, 5, 1, tzinfo=UTC),
) -> StoredModel:
    """The next version of signal-scorer: a candidate."""
    artifact = broad_artifact(seed, features)
    training = msgspec.structs.replace(
        TRAINING,
        feature_set_version=FEATURE_SET_VERSION,
        trained_to=trained_to,
        vault_from=trained_to,
        vault_to=datetime(2026, 8, 1, tzinfo=UTC),
    )
    return register_model(
        connection, SIGNAL_SCORER, KIND, artifact, broad_manifest(artifact), training, PASSED
    )


def publish_scorer(connection: psycopg.Connection, seed: int = 7) -> StoredModel:
    """The next version of signal-scorer, published: it is the chosen one."""
    model = register_scorer(connection, seed)
    publish(connection, model.title, "ann", "better")
    return model
