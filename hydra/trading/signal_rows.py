"""Layer 3 on the signals of a minute: score, gates and choice; and their rows for hydra.signals.

Source: layers document, "LAYER 3: ALPHA GENERATION"; C03, C06, C17, C118, C129.
"""

from typing import Any, Final

import polars as pl

from hydra.domain import ReasonCode
from hydra.layers.layer3_news import gate_news
from hydra.layers.layer3_scoring import choose
from hydra.layers.layer3_signals import apply_requirements, generate, thesis_words
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import generator_inputs
from hydra.trading.parameters import Rules
from hydra.trading.row_writer import Row
from hydra.trading.scoring import Scoring, rules_alone, scored


def fired_signals(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Every signal in `frame`, before it is scored (see `generate` and `apply_requirements`)."""
    return apply_requirements(generate(frame, rules.signals), rules.signals)


def judged_signals(firings: pl.DataFrame, rules: Rules, scoring: Scoring) -> pl.DataFrame:
    """`firings` with score, verdict and reason (see `choose` and `gate_news`)."""
    choices = choose(scored(firings, scoring), rules.scoring)
    return gate_news(choices, hold_blocks=rules.news_hold_blocks)


def choose_signals(frame: pl.DataFrame, rules: Rules, scoring: Scoring | None = None) -> pl.DataFrame:
    """Every signal in `frame` with score, verdict and reason. scoring: None: by the rule that `rules` name.

    Raises:
        StopError: they name a model, and it is not given.
    """
    known = scoring or rules_alone(rules.scoring.scorer)
    return judged_signals(fired_signals(frame, rules), rules, known)


def signal_row(cycle: Cycle, row: dict[str, Any], rules: Rules) -> Row:
    """A row of hydra.signals."""
    inputs = generator_inputs(is_adaptive=rules.signals.is_adaptive)
    numbers = {name: row[name] for name in (*inputs, "thesis_strength", "score_approved")}
    return {
        "run_id": cycle.run_id,
        "instrument_id": row["instrument_id"],
        "time": cycle.time,
        "source": row["source"],
        "side": row["side"],
        "confidence": row["confidence"],
        "expected_return": row["expected_return"],
        "expected_adverse_excursion": row["expected_adverse_excursion"],
        "holding_period_minutes": row["holding_period_minutes"],
        "regime": row["regime"],
        "score": row["score"],
        "score_kind": row["score_kind"],
        "approved": row["approved"],
        "chosen": row["chosen"],
        "reason_code": row["reason_code"],
        "reason": signal_words(row, rules),
        "thesis": thesis_words(row),
        "metadata": {**numbers, "cascade_probability": row["gate_cascade_probability"]},
    }


_TEMPLATES: Final = {
    ReasonCode.SIGNAL_CHOSEN: "score {score:.2f} and confidence {confidence:.2f}: the best of the minute",
    ReasonCode.SIGNAL_OUTRANKED: "score {score:.2f}, confidence {confidence:.2f}: another ranks higher",
    ReasonCode.CONFIDENCE_LOW: "confidence {confidence:.2f} is below {least_confidence:.2f}",
    ReasonCode.SCORE_LOW: "score {score:.2f} is below {least_score:.2f}",
    ReasonCode.NO_CASCADE: "no cascade behind it: the liquidation z-score of the last hour is at most "
    "{zscore} of {min_zscore:g}, the liquidated share of open interest {velocity} of {min_velocity:g}",
    ReasonCode.NEWS_HOLD: "the news analyst says hold",
    ReasonCode.NEWS_EXIT: "the news analyst says exit",
    ReasonCode.NEWS_AGAINST: "the news analyst is {news_action}",
}


def signal_words(row: dict[str, Any], rules: Rules) -> str:
    """The reason of layer 3's verdict in words, with the deciding numbers."""
    numbers = {
        "least_confidence": rules.scoring.min_confidence,
        "least_score": rules.scoring.score_threshold,
        "zscore": _known(row["liq_zscore_max_1h"], ".2f"),
        "velocity": _known(row["liq_velocity"], ".4f"),
        "min_zscore": rules.signals.reversal_min_zscore,
        "min_velocity": rules.signals.reversal_min_velocity,
    }
    return _TEMPLATES[ReasonCode(row["reason_code"])].format(**numbers, **row)


def _known(value: float | None, digits: str) -> str:
    return "unknown" if value is None else format(value, digits)
