"""The sequence model's input: windows of 100 closed minutes, 14 numbers a minute, scaled within the window.

Scaling uses only the window itself, so no scaler can leak from training into test. Windows are views of one
array until they are read.
Source: docs/features.md; C53 (input_dim is the length of SEQUENCE_FEATURES_V1).
"""

from dataclasses import replace
from typing import Final, TypeVar

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hydra.arrays import Floats, Integers
from hydra.durations import MINUTE_US
from hydra.errors import BadDataError
from hydra.features.engine.lateness import NOMINAL_LAG_US, integers
from hydra.features.evaluate import feature_matrix
from hydra.features.expressions import ZERO_DEVIATION
from hydra.features.facts import MarketFacts

SEQUENCE_MINUTES: Final = 100
MASKED: Final = ("oi_delta_pct", "ob_imbalance")
"""Features for which a window also returns a mask of unknown steps (their value is 0 there)."""

SEQUENCE_STEPS: Final = (
    "last_open", "last_high", "last_low", "last_close", "log_traded_value", "log_return",
    "log_return_deviation", "funding_rate", "oi_delta_pct", "ob_imbalance", "liq_imbalance", "rsi_14",
    "macd_norm", "bb_position",
)  # fmt: skip
"""The columns of the catalogue behind SEQUENCE_FEATURES_V1, in its order."""

_KEY: Final = ("instrument_id", "time")
_BAR_LAG: Final = pl.duration(microseconds=NOMINAL_LAG_US["candles_1m"])
# A window, and the history that its first step needs: five times the slower average of the MACD.
_BARS_OF_A_STEP: Final = SEQUENCE_MINUTES + 5 * 26
_REQUIRED: Final = [0, 1, 2, 3, 4, 5, 6, 12, 13]
_PRICES: Final = slice(0, 4)
_CLOSE, _VOLUME, _FUNDING, _RSI = 3, 4, 7, 11
_FUNDING_BPS: Final = 1e4
_NEUTRAL_RSI: Final = 50.0

_Number = TypeVar("_Number", bound=np.generic)


def sequence_steps(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """The steps of sequences, unscaled: a row a decision, for `SequenceWindows` of one pair at a time.

    decisions: instrument_id and time, minute after minute; those of the 99 minutes before the first wanted
    window included. Funding, open interest, book and liquidations are as known at their step; a bar that
    came late is placed at its minute; bars_known_at says from when all bars of the step are known.

    Raises:
        BadDataError: as `feature_matrix`.
    """
    prompt = facts.candles_1m.with_columns((pl.col("time") + _BAR_LAG).alias("known_at"))
    steps = feature_matrix(replace(facts, candles_1m=prompt), decisions, SEQUENCE_STEPS)
    return steps.join(_bars_known_at(facts.candles_1m), on=_KEY, how="left", maintain_order="left")


def _bars_known_at(candles: pl.DataFrame) -> pl.DataFrame:
    """Per decision that reads it last: when that bar and all bars of its windows were known."""
    known = pl.col("known_at").rolling_max(_BARS_OF_A_STEP, min_samples=1).over("instrument_id")
    return candles.select("instrument_id", pl.col("time") + _BAR_LAG, known.alias("bars_known_at"))


class SequenceWindows:
    """The windows of one pair without a bar missing at the decision, in order of time.

    ends: per window the row of `steps` at which it ends, its decision.
    """

    def __init__(self, steps: pl.DataFrame) -> None:
        """steps: what `sequence_steps` gave for one pair and consecutive minutes, each two seconds after
            its bar's close.

        Raises:
            BadDataError: two pairs, or minutes that do not follow each other.
        """
        _check_minutes(steps)
        raw = steps.select(pl.col(SEQUENCE_STEPS).fill_null(np.nan)).to_numpy()
        self._windows = _windows_of(raw)
        whole = _windows_of(np.isfinite(raw[:, _REQUIRED])).all(axis=(1, 2))
        known = steps.select(pl.col("bars_known_at") <= pl.col("time")).to_series().fill_null(value=False)
        ends = np.flatnonzero(whole) + SEQUENCE_MINUTES - 1
        self.ends: Integers = ends[known.to_numpy()[ends]]

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.ends)

    def values(self, places: slice | Integers) -> Floats:
        """The windows at `places` (0 to len - 1), scaled: float64 (windows, 100, 14), oldest step first.

        The last axis is SEQUENCE_FEATURES_V1. An unknown funding rate, open interest, book, liquidation or
        RSI is 0; every other number is known.
        """
        window = self._at(places).copy()
        window[:, :, _PRICES] = window[:, :, _PRICES] / window[:, -1:, _CLOSE : _CLOSE + 1] - 1
        window[:, :, _VOLUME] = _z_scores(window[:, :, _VOLUME])
        window[:, :, _FUNDING] *= _FUNDING_BPS
        window[:, :, _RSI] = window[:, :, _RSI] / _NEUTRAL_RSI - 1
        return np.nan_to_num(window, copy=False, nan=0.0)

    def masks(self, places: slice | Integers) -> NDArray[np.bool_]:
        """Where MASKED features are unknown: bool (windows, 100, 2)."""
        columns = [SEQUENCE_STEPS.index(name) for name in MASKED]
        return np.isnan(self._at(places)[:, :, columns])

    def _at(self, places: slice | Integers) -> Floats:
        return self._windows[self.ends[places] - SEQUENCE_MINUTES + 1]


def _check_minutes(steps: pl.DataFrame) -> None:
    if steps["instrument_id"].n_unique() > 1:
        raise BadDataError("steps of several pairs; partition them by instrument_id first")
    if (np.diff(integers(steps["time"])) != MINUTE_US).any():
        raise BadDataError("steps are not a minute apart; ask for a decision at every minute")


def _windows_of(rows: NDArray[_Number]) -> NDArray[_Number]:
    """(rows - 99, 100, columns): a view, nothing is copied."""
    if len(rows) < SEQUENCE_MINUTES:
        return np.empty((0, SEQUENCE_MINUTES, rows.shape[1]), dtype=rows.dtype)
    return sliding_window_view(rows, SEQUENCE_MINUTES, axis=0).transpose(0, 2, 1)


def _z_scores(values: Floats) -> Floats:
    """z within each row, std1; 0 where a row has no variance (C113)."""
    mean, deviation = values.mean(axis=1, keepdims=True), values.std(axis=1, ddof=1, keepdims=True)
    flat = deviation <= ZERO_DEVIATION * np.abs(mean)
    scores: Floats = np.where(flat, 0.0, (values - mean) / np.where(flat, 1.0, deviation))
    return scores
