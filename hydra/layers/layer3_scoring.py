"""Layer 3, score and choice: how good is each signal, and which one goes to layer 4.

The rule's score is a score, never a probability (law 6). Scoring does not filter; the gates do (C06).
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from hydra.bounds import Fraction
from hydra.domain import ReasonCode, VolatilityRegime
from hydra.layers.layer2_matrix import REASON_TYPE

RULE_SCORE: Final = "rule"
_STRONG_FUNDING: Final = 0.0005
_CASCADE_RISK: Final = 0.3


@dataclass(frozen=True, slots=True)
class ScoringParameters:
    """ML_SCORE_THRESHOLD and MIN_SIGNAL_CONFIDENCE, both inclusive (C118)."""

    score_threshold: Fraction = 0.45
    min_confidence: Fraction = 0.50


def rule_based_signal_score(
    confidence: pl.Expr, volatility_regime: pl.Expr, funding_rate: pl.Expr, cascade_probability: pl.Expr
) -> pl.Expr:
    """Score 0..1 of a signal by rule.

    Formula: confidence x 1.1 (vol normal) x 1.1 (abs(funding) > 0.0005) x 0.8 (vol high)
        x 0.7 (cascade > 0.3), at most 1
    Source: ML document, "Signal Scorer (Rule-Based)"; C34.
    """
    is_normal = volatility_regime == VolatilityRegime.NORMAL.value
    is_high = volatility_regime == VolatilityRegime.HIGH.value
    score = confidence * _factor(is_normal, 1.1)
    score *= _factor(funding_rate.abs() > _STRONG_FUNDING, 1.1)
    score *= _factor(is_high, 0.8)
    score *= _factor(cascade_probability > _CASCADE_RISK, 0.7)
    return pl.min_horizontal(pl.lit(1.0), score)


def _factor(condition: pl.Expr, factor: float) -> pl.Expr:
    return pl.when(condition).then(factor).otherwise(1.0)


def score_by_rule(firings: pl.DataFrame) -> pl.DataFrame:
    """`firings` (see `generate`) with score and score_kind; no row is dropped."""
    score = rule_based_signal_score(
        pl.col("confidence"),
        pl.col("volatility_regime"),
        pl.col("funding_rate"),
        pl.col("gate_cascade_probability"),
    )
    return firings.with_columns(score.alias("score"), pl.lit(RULE_SCORE).alias("score_kind"))


def choose(scored: pl.DataFrame, parameters: ScoringParameters) -> pl.DataFrame:
    """`scored` by time, pair and rank, with score_approved, approved, chosen and reason_code.

    approved: passed the gates of confidence and score. chosen: the one of its pair and minute that goes on.

    Formula: approved = score >= 0.45; sort by (approved, confidence), highest first
    Source: layers document, "Scoring Flow"; README document, "Decision Gates"; C06, C118. Equal ones keep
        the order of the generators.
    """
    score_approved = pl.col("score") >= parameters.score_threshold
    judged = scored.with_columns(
        score_approved.alias("score_approved"),
        (score_approved & (pl.col("confidence") >= parameters.min_confidence)).alias("approved"),
    )
    ranked = judged.sort(
        "time",
        "instrument_id",
        "approved",
        "score_approved",
        "confidence",
        descending=[False, False, True, True, True],
        maintain_order=True,
    )
    is_first = pl.any_horizontal(
        pl.col(key).ne_missing(pl.col(key).shift()) for key in ("time", "instrument_id")
    )
    chosen = ranked.with_columns((is_first & pl.col("approved")).alias("chosen"))
    return chosen.with_columns(_reason(parameters).alias("reason_code"))


def _reason(parameters: ScoringParameters) -> pl.Expr:
    return (
        pl.when(pl.col("chosen"))
        .then(pl.lit(ReasonCode.SIGNAL_CHOSEN.value, dtype=REASON_TYPE))
        .when(pl.col("approved"))
        .then(pl.lit(ReasonCode.SIGNAL_OUTRANKED.value, dtype=REASON_TYPE))
        .when(pl.col("confidence") < parameters.min_confidence)
        .then(pl.lit(ReasonCode.CONFIDENCE_LOW.value, dtype=REASON_TYPE))
        .otherwise(pl.lit(ReasonCode.SCORE_LOW.value, dtype=REASON_TYPE))
    )
