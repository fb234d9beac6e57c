"""Layer 2's regime for the scorer, from the context columns of the decision.

In training these columns must be the out-of-fold or rule-based regime, never a prediction on rows that the
classifier was fitted on.
"""

import polars as pl

from hydra.domain import Regime
from hydra.features.facts import Grid
from hydra.features.feature import Feature


def _flag(regime: Regime) -> Feature:
    return Feature(
        name=f"regime_{regime.name}",
        unit="0 or 1",
        window="layer 2",
        inputs=("decision.regime",),
        null_rule="N0; null without a regime",
        pit="E",
        grid=Grid.DECISION,
        source="ML document, regime_encoded; C14, C50",
        description=f"1 if layer 2's regime is {regime.name}",
        expression=(pl.col("regime") == regime.value).cast(pl.Float64),
        lowest=0.0,
        highest=1.0,
    )


FEATURES = (
    *(_flag(regime) for regime in Regime),
    Feature(
        name="volatility_regime_encoded",
        unit="0..4",
        window="layer 2",
        inputs=("decision.volatility_regime",),
        null_rule="N0; null without a regime",
        pit="B",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; C11",
        description="low 0, normal 1, elevated 2, high 3, extreme 4",
        expression=pl.col("volatility_regime").cast(pl.Float64),
        lowest=0.0,
        highest=4.0,
    ),
)
