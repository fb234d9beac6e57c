"""Layer 2, decision matrix: ALLOW, RESTRICT or BLOCK, with every reason.

Source: layers document, "Decision Matrix"; C04, C10, C15, C20, C116.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from hydra.bounds import CascadeWarning, Fraction, FundingRate
from hydra.domain import ReasonCode, TradabilityStatus, VolatilityRegime
from hydra.layers.layer2_data_health import INPUTS, InputHealth

# Most severe first: the first reason that applies is the verdict's reason code.
BLOCKING: Final = (
    ReasonCode.DATA_MISSING,
    ReasonCode.DATA_STALE,
    ReasonCode.CLOCK_OFF,
    ReasonCode.SPREAD_WIDE,
    ReasonCode.CASCADE,
    ReasonCode.VOLATILITY_EXTREME,
)
RESTRICTING: Final = (
    ReasonCode.WARMING_UP,
    ReasonCode.CASCADE_WARNING,
    ReasonCode.VOLATILITY_HIGH,
    ReasonCode.FUNDING_EXTREME,
)
REASONS: Final = (*BLOCKING, *RESTRICTING)
REASON_TYPE: Final = pl.Enum([code.value for code in ReasonCode])
TRADABILITY_TYPE: Final = pl.Enum([status.value for status in TradabilityStatus])


CASCADE_BLOCK: Final = 0.7
"""Above this cascade score layer 2 blocks the pair and the kill switch fires (C20)."""


@dataclass(frozen=True, slots=True)
class MatrixParameters:
    """cascade_block and funding_restrict are printed; cascade_restrict: C10; the flag: C04."""

    cascade_block: Fraction = CASCADE_BLOCK
    cascade_restrict: CascadeWarning = 0.6
    funding_restrict: FundingRate = 0.001
    funding_restrict_blocks_entries: bool = False


def decision_matrix(
    volatility_regime: pl.Expr,
    cascade_probability: pl.Expr,
    funding_rate: pl.Expr,
    parameters: MatrixParameters,
) -> dict[ReasonCode, pl.Expr]:
    """True where a row of the matrix applies, by reason. Reads the `health_<input>` columns.

    Formula: data health fail: BLOCK; vol extreme: BLOCK; cascade > 70%: BLOCK; vol high: RESTRICT;
        funding > 0.1%: RESTRICT; else ALLOW
    Source: layers document, "Decision Matrix"; C10 (cascade >= 0.6: RESTRICT), C15 (both signs of
        funding), C12 (no rank of the volatility yet: RESTRICT).
    """
    cascade = cascade_probability
    return {
        ReasonCode.DATA_MISSING: _any_input_is(InputHealth.MISSING),
        ReasonCode.DATA_STALE: _any_input_is(InputHealth.STALE),
        ReasonCode.CLOCK_OFF: _any_input_is(InputHealth.OFF),
        ReasonCode.SPREAD_WIDE: _any_input_is(InputHealth.WIDE),
        ReasonCode.CASCADE: cascade > parameters.cascade_block,
        ReasonCode.VOLATILITY_EXTREME: volatility_regime == VolatilityRegime.EXTREME.value,
        ReasonCode.WARMING_UP: volatility_regime.is_null(),
        ReasonCode.CASCADE_WARNING: cascade.is_between(parameters.cascade_restrict, parameters.cascade_block),
        ReasonCode.VOLATILITY_HIGH: volatility_regime == VolatilityRegime.HIGH.value,
        ReasonCode.FUNDING_EXTREME: funding_rate.abs() > parameters.funding_restrict,
    }


def _any_input_is(state: InputHealth) -> pl.Expr:
    return pl.any_horizontal(pl.col(f"health_{name}") == state.value for name in INPUTS)


def with_tradability(
    frame: pl.DataFrame, applying: dict[ReasonCode, pl.Expr], parameters: MatrixParameters
) -> pl.DataFrame:
    """`frame` with reason_bits (see `reasons_of`), tradability, reason_code and entries_allowed."""
    bits = pl.sum_horizontal(
        applying[code].fill_null(value=False).cast(pl.Int16) * (1 << place)
        for place, code in enumerate(REASONS)
    )
    counted = frame.with_columns(bits.cast(pl.Int16).alias("reason_bits"))
    return counted.with_columns(_verdict(parameters))


@lru_cache(maxsize=64)
def _verdict(parameters: MatrixParameters) -> tuple[pl.Expr, ...]:
    return (
        _tradability().alias("tradability"),
        _most_severe_reason().alias("reason_code"),
        _entries_allowed(parameters).alias("entries_allowed"),
    )


_BLOCK_LIMIT: Final = 1 << len(BLOCKING)
_FUNDING_ONLY: Final = 1 << REASONS.index(ReasonCode.FUNDING_EXTREME)


def _tradability() -> pl.Expr:
    bits = pl.col("reason_bits")
    return (
        pl.when(bits % _BLOCK_LIMIT != 0)
        .then(pl.lit(TradabilityStatus.BLOCK.value, dtype=TRADABILITY_TYPE))
        .when(bits != 0)
        .then(pl.lit(TradabilityStatus.RESTRICT.value, dtype=TRADABILITY_TYPE))
        .otherwise(pl.lit(TradabilityStatus.ALLOW.value, dtype=TRADABILITY_TYPE))
    )


def _most_severe_reason() -> pl.Expr:
    """The reason of the lowest bit that is set."""
    reason = pl.lit(ReasonCode.NORMAL.value, dtype=REASON_TYPE)
    for place in reversed(range(len(REASONS))):
        is_set = (pl.col("reason_bits") // (1 << place)) % 2 == 1
        reason = pl.when(is_set).then(pl.lit(REASONS[place].value, dtype=REASON_TYPE)).otherwise(reason)
    return reason


def _entries_allowed(parameters: MatrixParameters) -> pl.Expr:
    """ALLOW, or RESTRICT by funding alone, whose printed action is "reduce leverage" (C04)."""
    if parameters.funding_restrict_blocks_entries:
        return pl.col("reason_bits") == 0
    return pl.col("reason_bits").is_in([0, _FUNDING_ONLY])


def reasons_of(bits: int) -> tuple[ReasonCode, ...]:
    """Every reason in `reason_bits`, most severe first; (NORMAL,) if there is none."""
    found = tuple(code for place, code in enumerate(REASONS) if bits >> place & 1)
    return found or (ReasonCode.NORMAL,)
