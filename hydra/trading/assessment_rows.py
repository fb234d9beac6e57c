"""Layer 2's verdicts and the features behind them as rows of hydra.assessments and hydra.features. No I/O.

Source: docs/architecture.md, law 2; C110 (the vector used is stored), C111 (ages and states of the inputs).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS
from hydra.features.vectors import LAYER_2_QUANTITIES_V1, REGIME_FEATURES_V1, SIGNAL_SCORER_FEATURES_V1
from hydra.layers.layer2_data_health import AGE_COLUMNS, INPUTS, InputHealth
from hydra.layers.layer2_matrix import reasons_of
from hydra.layers.layer2_statistical import assessment_words
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import GENERATOR_INPUTS
from hydra.trading.row_writer import Row
from hydra.trading.runs import Run

_OF_A_SIGNAL: Final = frozenset(SIGNAL_SCORER_FEATURES_V1[:9])
_OF_AN_ASSESSMENT: Final = frozenset(
    name for name in SIGNAL_SCORER_FEATURES_V1 if name.startswith(("regime_", "volatility_regime"))
)
STORED_FEATURES: Final = tuple(
    name
    for name in dict.fromkeys(
        (*LAYER_2_QUANTITIES_V1, *REGIME_FEATURES_V1, *SIGNAL_SCORER_FEATURES_V1, *GENERATOR_INPUTS)
    )
    if name not in _OF_A_SIGNAL | _OF_AN_ASSESSMENT
)
"""The elements of `hydra.features.vector`, in order. Columns of the signal are in hydra.signals, the codes of
regime and volatility in hydra.assessments."""

_STATES: Final = {
    InputHealth.FRESH: "ok",
    InputHealth.NOT_RECORDED: "not_recorded",
    InputHealth.STALE: "stale",
    InputHealth.MISSING: "missing",
    InputHealth.WIDE: "wide",
    InputHealth.OFF: "off",
}
_MEASURED: Final = (*GENERATOR_INPUTS, "volatility_percentile")
_FURTHER: Final = ("last_close", "spread_bps", "data_outage_seconds", "entries_allowed")


@dataclass(frozen=True)
class AssessedMinute:
    """Layer 2's verdicts on a minute, a row a pair, and when the newest fact of each pair became known."""

    rows: pl.DataFrame
    newest_known_at: dict[int, datetime]


def feature_rows(run: Run, cycle: Cycle, minute: AssessedMinute) -> list[Row]:
    """Rows of hydra.features."""
    vectors = minute.rows.select(STORED_FEATURES).rows()
    return [
        feature_row(run, cycle, instrument_id, vector, minute.newest_known_at.get(instrument_id))
        for instrument_id, vector in zip(minute.rows["instrument_id"], vectors, strict=True)
    ]


def feature_row(
    run: Run,
    cycle: Cycle,
    instrument_id: int,
    vector: Sequence[float | None],
    newest_known_at: datetime | None,
) -> Row:
    """A row of hydra.features. vector: STORED_FEATURES in their order."""
    return {
        "run_id": cycle.run_id,
        "instrument_id": instrument_id,
        "time": cycle.time,
        "feature_set_version": run.feature_set_version,
        "vector": vector,
        "newest_known_at": newest_known_at,
    }


def assessment_rows(cycle: Cycle, assessed: pl.DataFrame) -> list[Row]:
    """Rows of hydra.assessments; `numbers` holds every input with its state and age."""
    return [assessment_row(cycle, row) for row in assessed.iter_rows(named=True)]


def assessment_row(cycle: Cycle, row: dict[str, Any]) -> Row:
    """A row of hydra.assessments."""
    return {
        "run_id": cycle.run_id,
        "instrument_id": row["instrument_id"],
        "time": cycle.time,
        "tradability": row["tradability"],
        "reason_code": row["reason_code"],
        "reason": assessment_words(row),
        "regime": row["regime"],
        "volatility_regime": row["volatility_regime"],
        "volatility_zscore": row["realized_volatility_zscore"],
        "realized_volatility": row["realized_volatility"],
        "cascade_probability": row["gate_cascade_probability"],
        "liquidation_velocity": row["liq_velocity"],
        "expected_range_low_1h": row["expected_range_1h_low"],
        "expected_range_high_1h": row["expected_range_1h_high"],
        "regime_break_alert": False,
        "numbers": _numbers(row),
    }


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    inputs = {
        name: {
            "state": _STATES[InputHealth(row[f"health_{name}"])],
            "age_seconds": row.get(AGE_COLUMNS.get(name, "")),
        }
        for name in INPUTS
    }
    reasons = [code.value for code in reasons_of(row["reason_bits"])]
    own = [name for name in ADAPTIVE_THRESHOLDS if name in row]
    measured = {name: row[name] for name in (*_MEASURED, *own)}
    further = {name: row[name] for name in _FURTHER}
    return {"inputs": inputs, "reasons": reasons, "measured": measured, **further}
