"""Layer 3, the scorers of signals. `scoring.scorer` names the one in use: a rule of `SCORERS` or a model.

A new rule is a class of its own and an entry in `SCORERS`. The features that it `needs` are computed, stored
and passed to it. Models are registered, not written here (docs/registry.md).
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

import polars as pl

from hydra.domain import VolatilityRegime

_STRONG_FUNDING: Final = 0.0005
_CASCADE_RISK: Final = 0.3


class Scorer(Protocol):
    @property
    def kind(self) -> str:
        """The value of `signals.score_kind`: "rule", or a model's name@version."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The features that `score` reads, besides the columns of `generate` and of layer 2's verdict."""

    def score(self, frame: pl.DataFrame) -> pl.Series:
        """The score of each row of `frame`, 0..1; null: it has none, the rule scores this row.

        The score of a rule is no probability. frame: signals (see `generate`) with the columns of `needs`;
        null where unknown.
        """


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


class RuleBasedScorer:
    """`rule_based_signal_score` as a `Scorer`."""

    kind: Final = "rule"
    needs: Final = ("funding_rate",)

    def score(self, frame: pl.DataFrame) -> pl.Series:
        """See `Scorer`."""
        score = rule_based_signal_score(
            pl.col("confidence"),
            pl.col("volatility_regime"),
            pl.col("funding_rate"),
            pl.col("gate_cascade_probability"),
        )
        return frame.select(score.alias("score")).to_series()


SCORERS: Final[Mapping[str, Scorer]] = {scorer.kind: scorer for scorer in (RuleBasedScorer(),)}
"""Every scorer that is a rule, by its kind."""

SCORER_INPUTS: Final = tuple(dict.fromkeys(name for scorer in SCORERS.values() for name in scorer.needs))
"""The features that any rule needs."""

TWIN: Final[Scorer] = SCORERS["rule"]
"""What scores where a model cannot."""

PUBLISHED: Final = "published"
"""The value of `scoring.scorer` for the version that the registry says is chosen."""

_MODEL_TITLE: Final = re.compile(r"[a-z][a-z0-9-]{0,62}@[1-9][0-9]{0,8}")


def names_model(scorer: str) -> bool:
    """Whether a value of `scoring.scorer` names a version of a model: name@version."""
    return _MODEL_TITLE.fullmatch(scorer) is not None


def with_score(firings: pl.DataFrame, scorer: Scorer) -> pl.DataFrame:
    """`firings` (see `generate`) with score and score_kind; no row is dropped (C06)."""
    score = scorer.score(firings).cast(pl.Float64).alias("score")
    kind = pl.lit(scorer.kind)
    if score.null_count() and scorer is not TWIN:
        kind = pl.when(score.is_null()).then(pl.lit(TWIN.kind)).otherwise(kind)
        score = score.fill_null(TWIN.score(firings).cast(pl.Float64))
    return firings.with_columns(score, kind.alias("score_kind"))
