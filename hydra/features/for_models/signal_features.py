"""The 49 numbers that the signal scorer sees of a signal, by the expressions of the catalogue, as in service.

Source: ML document, SIGNAL_SCORER_FEATURES; C50.
"""

from typing import Final

import polars as pl

from hydra.errors import BadDataError
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MarketFacts
from hydra.features.vectors import SIGNAL_SCORER_FEATURES_V1

SIGNAL_CONTEXT: Final[dict[str, pl.DataType]] = {
    "side": pl.String(),
    "confidence": pl.Float64(),
    "source": pl.String(),
    "expected_return": pl.Float64(),
    "expected_adverse_excursion": pl.Float64(),
    "regime": pl.Int64(),
    "volatility_regime": pl.Int64(),
}
"""What a signal itself says, and layer 2's codes at its minute."""


def signal_features(facts: MarketFacts, signals: pl.DataFrame) -> pl.DataFrame:
    """SIGNAL_SCORER_FEATURES_V1 as Float64 columns, in that order, a row for each of `signals`.

    signals: instrument_id (Int16), time (the decision's instant, UTC) and SIGNAL_CONTEXT, in any order; two
    signals may share a minute. Unknown values are null.

    Raises:
        BadDataError: names the columns that are missing; or a fact is off its grid.
    """
    missing = [name for name in ("instrument_id", "time", *SIGNAL_CONTEXT) if name not in signals.columns]
    if missing:
        raise BadDataError(f"signals lack the columns {', '.join(missing)}")
    decisions = signals.select(
        "instrument_id", "time", *(pl.col(name).cast(kind) for name, kind in SIGNAL_CONTEXT.items())
    )
    return feature_matrix(facts, decisions, SIGNAL_SCORER_FEATURES_V1).select(SIGNAL_SCORER_FEATURES_V1)
