"""Layer 2's verdicts from facts: for one minute as it closes, or for many minutes at once.

Both use the same features and rules. Only the last bits of the features may differ, because many minutes
share intermediate results.
Source: docs/architecture.md, law 2; C110 (the vector used is stored), C111, C116.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from hydra.arrays import TIME
from hydra.features.engine.decision_frame import decision_frame, decision_frames
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MarketFacts
from hydra.layers.layer2_statistical import StatisticalParameters, assess
from hydra.trading.assessment_rows import STORED_FEATURES

_ALREADY_FRAMED = ("instrument_id", "time", "last_close")


def assess_minute(
    facts: MarketFacts,
    instrument_ids: Sequence[int],
    as_of: datetime,
    parameters: StatisticalParameters,
    memory: GridMemory,
) -> pl.DataFrame:
    """One row per instrument, in the given order, with ages, features and layer 2's verdict.

    A pair without any fact has a row too; its required inputs are missing.
    """
    ids = pl.Series("instrument_id", instrument_ids, dtype=pl.Int16()).to_frame()
    known = decision_frame(facts, as_of, memory).drop("time")
    framed = ids.join(known, on="instrument_id", how="left", maintain_order="left")
    dated = framed.with_columns(pl.lit(as_of, dtype=TIME).alias("time"))
    features = feature_matrix(facts, dated.select("instrument_id", "time"), STORED_FEATURES, memory)
    return assess(dated.hstack(features.drop(_ALREADY_FRAMED)), parameters)


def assess_each(
    facts: MarketFacts, decisions: pl.DataFrame, parameters: StatisticalParameters
) -> pl.DataFrame:
    """One row for each of `decisions` (instrument_id and time, any order), as `assess_minute` gives it."""
    features = feature_matrix(facts, decisions, STORED_FEATURES).drop(_ALREADY_FRAMED)
    return assess(decision_frames(facts, decisions).hstack(features), parameters)
