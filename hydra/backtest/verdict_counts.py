"""Layer 4's reasons, and counts of verdicts by pair, hour, layer, outcome and reason.

Source: docs/architecture.md, law 2.
"""

from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import TIME, Codes, Flags
from hydra.backtest.columns import REASON_CODES, TRADABILITIES, DecisionColumns
from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation_log import SimulationLog
from hydra.domain import ReasonCode, TradabilityStatus
from hydra.durations import HOUR_MINUTES, HOUR_US
from hydra.layers.layer4_risk import ENTRY_GATES

_INDEX: Final = {code: index for index, code in enumerate(REASON_CODES)}
_KEY: Final = ("instrument_id", "hour", "layer", "passed", "reason_code")


def killed_pair_minutes(log: SimulationLog, shape: tuple[int, int]) -> Flags:
    """(minutes, pairs): True where a kill switch stops the pair in layer 4's verdict."""
    killed = np.zeros(shape, np.bool_)
    for row, stopped in log.stopped:
        killed[row:] = stopped
    return killed


def decision_reasons(columns: DecisionColumns, log: SimulationLog) -> tuple[Codes, Flags]:
    """(minutes, pairs): layer 4's reason, an index of REASON_CODES, and True where it approved."""
    gate = log.minutes.gate
    gates = np.array([_INDEX[code] for code in ENTRY_GATES], np.int8)
    reasons: Codes = np.full(gate.shape, _INDEX[ReasonCode.NO_SIGNAL], np.int8)
    reasons[gate >= 0] = gates[gate[gate >= 0]]
    approved = np.zeros(gate.shape, np.bool_)
    for pair_minute, verdict in log.verdicts.items():
        reasons[pair_minute] = _INDEX[verdict.reason_code]
        approved[pair_minute] = verdict.decision is not None and verdict.decision.approved
    killed = killed_pair_minutes(log, gate.shape)
    reasons[killed] = _INDEX[ReasonCode.KILL_SWITCH]
    unexplained = (columns.chosen >= 0) & (reasons == _INDEX[ReasonCode.NO_SIGNAL])
    if unexplained.any():
        raise AssertionError("every chosen signal has a verdict of layer 4")
    return reasons, approved


def verdict_counts(market: BacktestMarket, columns: DecisionColumns, log: SimulationLog) -> pl.DataFrame:
    """Rows of hydra.veto_counts without the run."""
    reasons, approved = decision_reasons(columns, log)
    allowed = columns.tradability == TRADABILITIES.index(TradabilityStatus.ALLOW)
    parts = [
        _of_pair_minutes(market, 2, columns.reason, allowed),
        _of_signals(columns.scored),
        _of_pair_minutes(market, 4, reasons, approved),
    ]
    return pl.concat(parts).sort(_KEY)


def _of_pair_minutes(market: BacktestMarket, layer: int, reasons: Codes, passed: Flags) -> pl.DataFrame:
    hours = np.repeat(market.minutes // HOUR_MINUTES, reasons.shape[1])
    ids = np.tile(np.array(market.instrument_ids, np.int64), reasons.shape[0])
    packed = (hours * 65_536 + ids) * 256 + reasons.ravel().astype(np.int64) * 2 + passed.ravel()
    values, counts = np.unique(packed, return_counts=True)
    codes = pl.Series("reason_code", [code.value for code in REASON_CODES])
    return pl.DataFrame(
        {
            "instrument_id": pl.Series(values // 256 % 65_536).cast(pl.Int16),
            "hour": (pl.Series(values // 256 // 65_536) * HOUR_US).cast(TIME),
            "layer": pl.Series(np.full(len(values), layer)).cast(pl.Int16),
            "passed": values % 2 == 1,
            "reason_code": codes[values % 256 // 2],
            "verdicts": pl.Series(counts).cast(pl.Int32),
        }
    )


def _of_signals(scored: pl.DataFrame) -> pl.DataFrame:
    return (
        scored.group_by(
            "instrument_id",
            pl.col("time").dt.truncate("1h").alias("hour"),
            pl.lit(3, pl.Int16).alias("layer"),
            pl.col("approved").alias("passed"),
            pl.col("reason_code").cast(pl.String),
        )
        .agg(pl.len().cast(pl.Int32).alias("verdicts"))
        .select(*_KEY, "verdicts")
    )
