"""Training rows of a generated market of signals, with an edge of known size planted into it, or none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from hydra.arrays import TIME, Floats
from hydra.durations import EPOCH, MICROSECOND, MINUTE_US
from hydra.training.labels.label_rows import LabelCounts
from hydra.training.training_rows import TrainingRows
from hydra.training.uniqueness import with_uniqueness

START = datetime(2025, 1, 1, tzinfo=UTC)
PAIRS = 4
FEATURES = tuple(f"feature_{number}" for number in range(8))
GAIN_BPS, LOSS_BPS = 60.0, -50.0


def planted_rows(
    edge: float, rows: int = 2_400, days: int = 180, seed: int = 1, longest_minutes: int = 240
) -> TrainingRows:
    """Signals at random minutes; the log odds of a win are `edge` times the sum of two features, less 0.3.

    A trade that wins brings GAIN_BPS, one that loses LOSS_BPS. The rule's score knows nothing.
    """
    chance = np.random.default_rng(seed)
    start = np.sort(chance.integers(0, days * 1_440 - longest_minutes, rows))
    matrix = chance.standard_normal((rows, len(FEATURES)))
    matrix[chance.random(rows) < 0.05, 5] = np.nan
    won = chance.random(rows) < truth(matrix, edge)
    first_us = (START - EPOCH) // MICROSECOND
    start_us = first_us + start * MINUTE_US + 2_000_000
    lasting = chance.integers(20, longest_minutes, rows) * MINUTE_US
    net_bps = np.where(won, GAIN_BPS, LOSS_BPS) + chance.normal(0, 5, rows)
    frame = pl.DataFrame(
        {
            "instrument_id": chance.integers(1, PAIRS + 1, rows).astype(np.int16),
            "time": pl.Series(start_us).cast(TIME),
            "source": ["OI_DIVERGENCE"] * rows,
            "label": won.astype(np.int8),
            "label_start": pl.Series(start_us).cast(TIME),
            "label_end": pl.Series(start_us + lasting).cast(TIME),
            "net_bps": net_bps,
            "score": chance.uniform(0.4, 0.7, rows),
            **{name: matrix[:, place] for place, name in enumerate(FEATURES)},
        }
    )
    return TrainingRows(
        frame=with_uniqueness(frame).with_columns(pl.col(FEATURES).fill_nan(None)),
        features=FEATURES,
        label="managed_trade",
        counts=LabelCounts(rows, rows, {}),
        period=(START, START + timedelta(days=days)),
        cost_version="costs-1",
    )


def truth(matrix: Floats, edge: float) -> Floats:
    """The probability that a row of features wins."""
    chances: Floats = 1 / (1 + np.exp(0.3 - edge * (matrix[:, 0] + matrix[:, 1])))
    return chances
