"""A small model with its manifest, and evidence that passes every gate."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import numpy as np

from hydra.ledger.overfitting import MarketTrials
from hydra.registry.gates import ScoredRows, Search
from hydra.registry.logistic import read_logistic, write_logistic
from hydra.registry.manifest import Example, Manifest, Training

FEATURES: Final = ("funding_rate", "oi_delta_pct")
TRAINING: Final = Training(
    feature_set_version="1",
    label="net_edge_bps",
    trained_from=datetime(2025, 1, 1, tzinfo=UTC),
    trained_to=datetime(2025, 6, 1, tzinfo=UTC),
    vault_from=datetime(2025, 6, 1, tzinfo=UTC),
    vault_to=datetime(2025, 8, 1, tzinfo=UTC),
    code_version="abc",
)


def small_artifact(intercept: float = 0.25) -> bytes:
    means, scales, weights = np.array([0.0001, 0.5]), np.array([0.0002, 2.0]), np.array([0.7, -0.3])
    return write_logistic(FEATURES, means, scales, weights, intercept)


def small_manifest(artifact: bytes | None = None) -> Manifest:
    scorer = read_logistic(artifact or small_artifact())
    values = ((0.0003, 1.5), (None, -0.5))
    rows = np.array([[np.nan if one is None else one for one in row] for row in values])
    scored = zip(values, scorer.probabilities(rows), strict=True)
    return Manifest(
        features=FEATURES,
        libraries={"numpy": version("numpy")},
        label_horizon_minutes=30,
        cost_model_version="1",
        data_hash="d",
        seeds={"numpy": 7},
        threads=1,
        trials=20,
        examples=tuple(Example(row, float(probability)) for row, probability in scored),
    )


def good_rows(skill: float = 1.5, rows: int = 6_000, days: int = 120, seed: int = 3) -> ScoredRows:
    """Outcomes with a true log odds of `skill` x a normal number; the model knows it, the twin does not."""
    chance = np.random.default_rng(seed)
    model = 1 / (1 + np.exp(-skill * chance.standard_normal(rows)))
    won = chance.random(rows) < model
    day = np.datetime64("2025-01-01") + np.arange(rows) * days // rows
    taken = model > 0.6
    net_bps = np.where(taken, np.where(won, 30.0, -25.0), np.nan)
    daily = np.array([np.nansum(net_bps[day == one]) / 1e5 for one in np.unique(day)])
    trials = [chance.normal(0.0, 0.01, days) for _ in range(20)]
    return ScoredRows(
        model=model,
        twin=np.full(rows, float(won.mean())) + chance.normal(0, 0.01, rows),
        won=won,
        uniqueness=np.full(rows, 0.2),
        day=day,
        net_bps=net_bps,
        daily_returns=daily,
        search=Search(MarketTrials.of(trials), np.stack([daily, *trials], axis=1)),
    )
