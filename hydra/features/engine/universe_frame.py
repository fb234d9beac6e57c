"""Every pair at the instants of some decisions, for features that compare pairs."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hydra.arrays import Integers
from hydra.features.engine.lateness import DecisionInstants
from hydra.features.facts import MarketFacts


@dataclass(frozen=True)
class UniverseRows:
    """frame: instrument_id and time, every pair with candles at every instant, by instant and pair.

    own: per decision its row in `frame`.
    """

    frame: pl.DataFrame
    own: Integers


def universe_rows(facts: MarketFacts, decisions: pl.DataFrame) -> UniverseRows:
    """The pairs of `facts.candles_1m` and those of `decisions`, at each instant of `decisions`."""
    instants = DecisionInstants.of(decisions)
    traded = facts.candles_1m["instrument_id"].unique().to_numpy()
    pairs = np.union1d(traded.astype(np.int64), instants.instruments)
    times, place = np.unique(instants.time_us, return_inverse=True)
    frame = pl.DataFrame(
        {
            "instrument_id": pl.Series(np.tile(pairs, len(times)), dtype=pl.Int16),
            "time": pl.Series(np.repeat(times, len(pairs))).cast(decisions.schema["time"]),
        }
    )
    own = place * len(pairs) + np.searchsorted(pairs, instants.instruments[instants.rank])
    return UniverseRows(frame, own)
