"""Layer 3, the gates of confidence and score, and the choice of one signal a pair for layer 4."""

from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import AfterValidator, ValidationInfo

from hydra.bounds import AS_RECORDED, Fraction
from hydra.domain import ReasonCode
from hydra.layers.layer2_matrix import REASON_TYPE
from hydra.layers.scorer import PUBLISHED, SCORERS, names_model


def _known_kind(kind: str, info: ValidationInfo) -> str:
    is_known = kind in SCORERS or kind == PUBLISHED or names_model(kind)
    if not is_known and info.context != AS_RECORDED:
        raise ValueError(f"it has to be one of {', '.join(SCORERS)}, {PUBLISHED}, or a model: name@version")
    return kind


@dataclass(frozen=True, slots=True)
class ScoringParameters:
    """ML_SCORE_THRESHOLD and MIN_SIGNAL_CONFIDENCE, both inclusive (C118).

    scorer: a kind of `SCORERS`; `PUBLISHED`; or a model, name@version.
    """

    scorer: Annotated[str, AfterValidator(_known_kind)] = "rule"
    score_threshold: Fraction = 0.45
    min_confidence: Fraction = 0.50


def choose(scored: pl.DataFrame, parameters: ScoringParameters) -> pl.DataFrame:
    """`scored` by time, pair and rank, with score_approved, approved, chosen and reason_code.

    scored: signals with score and refusal (see `apply_requirements`). approved: not refused, and above the
    limits of confidence and score. chosen: the first approved one of its pair and minute.

    Formula: approved = score >= 0.45; sort by (approved, confidence), highest first
    Source: layers document, "Scoring Flow"; README document, "Decision Gates"; C06, C118 (ties keep the
        order of the generators).
    """
    score_approved = pl.col("score") >= parameters.score_threshold
    gated = scored.with_columns(
        score_approved.alias("score_approved"),
        (
            score_approved & (pl.col("confidence") >= parameters.min_confidence) & pl.col("refusal").is_null()
        ).alias("approved"),
    )
    ranked = gated.sort(
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
        .when(pl.col("refusal").is_not_null())
        .then(pl.col("refusal"))
        .when(pl.col("confidence") < parameters.min_confidence)
        .then(pl.lit(ReasonCode.CONFIDENCE_LOW.value, dtype=REASON_TYPE))
        .otherwise(pl.lit(ReasonCode.SCORE_LOW.value, dtype=REASON_TYPE))
    )
